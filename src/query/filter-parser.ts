import type { JsonValue } from '../document/json.ts';
import { bodyPath, type Path, parsePath } from '../document/path.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Filter, JsonType } from './filter.ts';
import { FilterBudget } from './filter-budget.ts';
import { defaultFilterLimits, type FilterLimits } from './limits.ts';
import { parseMatch } from './match-parser.ts';
import { comparisonFilter, listFilter, modFilter, regexFilter, sizeFilter } from './path-filter.ts';

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
  /** The divisor and the remainder: whole numbers, of either sign. */
  readonly mod?: readonly (JsonValue | undefined)[] | null | undefined;
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
  readonly #budget: FilterBudget;

  constructor(limits: FilterLimits) {
    this.#budget = new FilterBudget(limits);
  }

  parse(input: FilterInput, place: Place): Filter {
    const { argument, depth } = place;
    this.#budget.checkDepth(depth, argument);
    this.#budget.countNodes(1, argument);
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
      parts.push(parseMatch(input.match, `${place.argument}.match`, this.#budget));
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
      this.#budget.countNodes(1, `${argument}.${operator}`);
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
    switch (operator) {
      case 'eq':
      case 'ne':
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte':
        return comparisonFilter(operator, path, input[operator] ?? null, argument);
      case 'contains':
        return { kind: operator, path, value: input.contains ?? null };
      case 'in':
      case 'notIn':
      case 'all': {
        const values = present(input[operator]).map((value) => value ?? null);
        return listFilter(operator, path, values, argument, this.#budget);
      }
      case 'exists':
        return { kind: operator, path, exists: present(input.exists) };
      case 'type':
        return { kind: operator, path, type: present(input.type) };
      case 'startsWith':
      case 'endsWith':
        return { kind: operator, path, text: present(input[operator]) };
      case 'regex':
        return regexFilter(path, present(input.regex), argument, this.#budget);
      case 'size':
        return sizeFilter(path, present(input.size), argument);
      case 'mod':
        return modFilter(
          path,
          present(input.mod).map((value) => value ?? null),
          argument,
        );
      case 'some':
        return { kind: operator, path, filter: this.parse(present(input.some), { ...place, element: true }) };
    }
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
  'mod',
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

function combination(kind: 'and' | 'or', filters: Filter[]): Filter {
  return Object.freeze({ kind, filters: Object.freeze(filters) });
}

function inner(place: Place, key: string): Place {
  return { ...place, argument: `${place.argument}.${key}`, depth: place.depth + 1 };
}
