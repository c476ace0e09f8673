import type { JsonValue } from '../document/json.ts';
import { bodyPath, type Path, parsePath } from '../document/path.ts';
import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import type { Filter, JsonType } from './filter.ts';
import { defaultFilterLimits, type FilterLimits } from './limits.ts';
import { parseMatch } from './match-parser.ts';
import { compileRegularExpression } from './regular-expression.ts';
import { isTime, timeOperand } from './time-operand.ts';

/**
 * A filter as clients write it: GraphQL's `DocumentFilter`, after coercion. A key that is absent, or null where null is no
 * value to compare with, asks for nothing.
 */
export interface FilterInput {
  readonly and?: readonly FilterInput[] | null | undefined;
  readonly or?: readonly FilterInput[] | null | undefined;
  readonly not?: FilterInput | null | undefined;
  readonly match?: JsonValue | undefined;
  readonly path?: string | null | undefined;
  readonly eq?: JsonValue | undefined;
  readonly ne?: JsonValue | undefined;
  readonly gt?: JsonValue | undefined;
  readonly gte?: JsonValue | undefined;
  readonly lt?: JsonValue | undefined;
  readonly lte?: JsonValue | undefined;
  readonly contains?: JsonValue | undefined;
  readonly in?: readonly JsonValue[] | null | undefined;
  readonly notIn?: readonly JsonValue[] | null | undefined;
  readonly all?: readonly JsonValue[] | null | undefined;
  readonly exists?: boolean | null | undefined;
  readonly type?: JsonType | null | undefined;
  readonly startsWith?: string | null | undefined;
  readonly endsWith?: string | null | undefined;
  readonly regex?: string | null | undefined;
  readonly size?: number | null | undefined;
  readonly some?: FilterInput | null | undefined;
}

/**
 * Makes a frozen filter of what a client wrote. All parts of one object are ANDed.
 *
 * An unset variable must not match everything. So an object that asks for nothing (`{}`, `{path: "x"}`, `{and: null}`) is
 * refused, wherever it stands: who wants every document leaves the filter out or writes `and: []`. For `eq`, `ne`, the
 * comparisons and `contains`, null is a value if the key is there; everywhere else it means absent.
 *
 * @param argument What the client calls the filter: the errors' paths start at it.
 * @throws {InvalidArgumentError} For a path without an operator, an operator without a path (except inside `some`, where it
 *   concerns the element itself), a path or a regular expression that is none, a document's field inside `some`.
 * @throws {LimitExceededError} For what is over `limits`.
 */
export function parseFilter(
  input: FilterInput,
  limits: FilterLimits = defaultFilterLimits,
  argument = 'filter',
): Filter {
  return new FilterParser(limits).parse(input, { argument, depth: 1, element: false });
}

/** Where in the input the parser is. */
interface Place {
  /** In the one path grammar, starting at the argument. */
  readonly argument: string;
  readonly depth: number;
  /** Whether paths start at an element of a list, that is, inside `some`. */
  readonly element: boolean;
}

const elementItself: Path = bodyPath([]);

class FilterParser {
  readonly #limits: FilterLimits;
  #nodeCount = 0;

  constructor(limits: FilterLimits) {
    this.#limits = limits;
  }

  parse(input: FilterInput, place: Place): Filter {
    const { argument, depth } = place;
    if (depth > this.#limits.depthMax) {
      throw new LimitExceededError(`${argument}: filters are nested more than ${this.#limits.depthMax} levels deep`, {
        limit: this.#limits.depthMax,
        actual: depth,
        path: argument,
      });
    }
    this.#count(1, argument);
    const parts = [...this.#parseCombinations(input, place), ...this.#parseOperators(input, place)];
    const [first, ...more] = parts;
    if (first === undefined) {
      throw new InvalidArgumentError(
        `${argument}: the filter asks for nothing, which is often caused by an unset variable. To fit every document, leave it out or write and: []`,
        { path: argument, expected: 'and, or, not, match, or a path with an operator' },
      );
    }
    return more.length === 0 ? first : combination('and', parts);
  }

  #parseCombinations(input: FilterInput, place: Place): Filter[] {
    const parts: Filter[] = [];
    for (const kind of ['and', 'or'] as const) {
      const filters = input[kind];
      if (filters === undefined || filters === null) continue;
      const parsed = filters.map((filter, index) => this.parse(filter, inner(place, `${kind}.${index}`)));
      parts.push(combination(kind, parsed));
    }
    if (input.not !== undefined && input.not !== null) {
      parts.push(Object.freeze({ kind: 'not', filter: this.parse(input.not, inner(place, 'not')) }));
    }
    if (input.match !== undefined && input.match !== null) {
      const match = parseMatch(input.match, `${place.argument}.match`, this.#limits);
      this.#count(match.kind === 'and' ? match.filters.length : 1, `${place.argument}.match`);
      parts.push(match);
    }
    return parts;
  }

  #parseOperators(input: FilterInput, place: Place): Filter[] {
    const operators = [...presentOperators(input)];
    const [first] = operators;
    const { path: text } = input;
    const { argument } = place;
    if (first === undefined) {
      if (text === undefined || text === null) return [];
      throw new InvalidArgumentError(
        `${argument}.path: the path '${text}' has no operator beside it, which is often caused by an unset variable`,
        { path: `${argument}.path`, expected: `an operator: ${operatorNames.join(', ')}` },
      );
    }
    const path = this.#parsePath(text, first, place);
    return operators.map((operator) => {
      this.#count(1, `${argument}.${operator}`);
      return Object.freeze(this.#parseOperator(operator, input, path, inner(place, operator)));
    });
  }

  #parsePath(text: string | null | undefined, operator: Operator, { argument, element }: Place): Path {
    if (text === undefined || text === null) {
      if (element) return elementItself;
      throw new InvalidArgumentError(
        `${argument}.${operator}: the operator has no path beside it. Only inside some does it concern the element itself`,
        { path: `${argument}.${operator}`, expected: 'a path beside it' },
      );
    }
    const path = parsePath(text, `${argument}.path`);
    if (!element || path.kind === 'body') return path;
    throw new InvalidArgumentError(
      `${argument}.path: inside some, paths start at the element, which has no '${text}'. To name a key that begins with $, write '\\${text}'`,
      { path: `${argument}.path`, expected: 'keys of the element' },
    );
  }

  #parseOperator(operator: Operator, input: FilterInput, path: Path, place: Place): Filter {
    const { argument } = place;
    const time = isTime(path);
    switch (operator) {
      case 'eq':
      case 'ne': {
        const value = input[operator] ?? null;
        return { kind: operator, path, value: time ? timeOperand(value, 'eq', argument) : value };
      }
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte': {
        const value = input[operator] ?? null;
        return { kind: operator, path, value: time ? timeOperand(value, operator, argument) : value };
      }
      case 'contains':
        return { kind: operator, path, value: input.contains ?? null };
      case 'in':
      case 'notIn':
      case 'all': {
        const given = input[operator] ?? [];
        if (operator === 'all') this.#count(given.length, argument);
        const values = time
          ? given.map((value, index) => timeOperand(value, 'eq', `${argument}.${index}`))
          : given.map((value) => value ?? null);
        return { kind: operator, path, values: Object.freeze(values) };
      }
      case 'exists':
        return { kind: operator, path, exists: present(input.exists) };
      case 'type':
        return { kind: operator, path, type: present(input.type) };
      case 'startsWith':
      case 'endsWith':
        return { kind: operator, path, text: present(input[operator]) };
      case 'regex': {
        const pattern = present(input.regex);
        compileRegularExpression(pattern, argument, this.#limits); // refuses it here, where its place is known
        return { kind: operator, path, pattern };
      }
      case 'size':
        return { kind: operator, path, size: parseSize(present(input.size), argument) };
      case 'some':
        return { kind: operator, path, filter: this.parse(present(input.some), { ...place, element: true }) };
    }
  }

  #count(nodes: number, argument: string): void {
    this.#nodeCount += nodes;
    const { nodeCountMax } = this.#limits;
    if (this.#nodeCount <= nodeCountMax) return;
    throw new LimitExceededError(`${argument}: the filter has more than ${nodeCountMax} parts`, {
      limit: nodeCountMax,
      actual: this.#nodeCount,
      path: argument,
    });
  }
}

/** The operators for which an explicit null is a value: `eq: null` asks for null. */
const valueOperators = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'contains'] as const;
const otherOperators = [
  'in',
  'notIn',
  'all',
  'exists',
  'type',
  'startsWith',
  'endsWith',
  'regex',
  'size',
  'some',
] as const;
const operatorNames = [...valueOperators, ...otherOperators];

type Operator = (typeof operatorNames)[number];

function* presentOperators(input: FilterInput): Iterable<Operator> {
  for (const operator of valueOperators) {
    if (Object.hasOwn(input, operator) && input[operator] !== undefined) yield operator;
  }
  for (const operator of otherOperators) {
    if (input[operator] !== undefined && input[operator] !== null) yield operator;
  }
}

/** The operand of an operator that `presentOperators` found. */
function present<Operand>(operand: Operand | null | undefined): Operand {
  if (operand === undefined || operand === null) throw new TypeError('An operator that is absent was parsed');
  return operand;
}

function parseSize(size: number, argument: string): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new InvalidArgumentError(`${argument}: no list has ${size} elements`, {
    path: argument,
    expected: 'a whole number from 0',
  });
}

function combination(kind: 'and' | 'or', filters: Filter[]): Filter {
  return Object.freeze({ kind, filters: Object.freeze(filters) });
}

function inner(place: Place, key: string): Place {
  return { ...place, argument: `${place.argument}.${key}`, depth: place.depth + 1 };
}
