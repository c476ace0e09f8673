import { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from '../document/json.ts';
import { bodyPath, escapeKey, isDocumentFieldPath, type Path, parsePath } from '../document/path.ts';
import { InvalidArgumentError } from '../errors.ts';
import { everything, type Filter, type JsonType } from './filter.ts';
import { FilterBudget } from './filter-budget.ts';
import { defaultFilterLimits, type FilterLimits } from './limits.ts';
import { matchField } from './match-parser.ts';
import { comparisonFilter, listFilter, modFilter, regexFilter, sizeFilter } from './path-filter.ts';

/**
 * Makes a frozen filter of an object in MongoDB's language: `{"level": {"$gte": 5}, "$or": [{"a": 1}, {"b": 2}]}`. All of its
 * fields are ANDed, and an empty object fits every document.
 *
 * - A plain value means that the whole value of the field is equal, as in `match`: lists are not looked into, and null is not
 *   what is missing. A key that holds a dot is tried as that very key, and as a path.
 * - An object whose keys begin with `$` holds operators, with MongoDB's meaning. Its key is a path in the one grammar, so
 *   `a\.b` is the key `a.b`, and `\$a` the key `$a`.
 * - `$id`, `$createdAt` and the others of the path grammar name the document's own fields.
 *
 * @param argument What the client calls the object, for the errors' paths; empty when it is the whole request.
 * @throws {InvalidArgumentError} For an operator that is unknown, or has a wrong operand.
 * @throws {LimitExceededError} For what is over `limits`.
 */
export function parseMongodbFilter(
  value: JsonValue,
  argument: string,
  limits: FilterLimits = defaultFilterLimits,
): Filter {
  const place: Place = { argument, depth: 1, element: false };
  return new MongodbFilterParser(limits).parse(expectFields(value, place), place);
}

/** Where in the input the parser is. */
interface Place {
  /** In the one path grammar, starting at the argument. */
  readonly argument: string;
  readonly depth: number;
  /** Whether paths start at an element of a list, that is, inside `$elemMatch`. */
  readonly element: boolean;
}

const elementItself: Path = bodyPath([]);

const combinations = ['$and', '$or', '$nor'];
const pathOperators = [
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$exists',
  '$type',
  '$not',
  '$regex',
  '$options',
  '$all',
  '$size',
  '$elemMatch',
  '$mod',
];

class MongodbFilterParser {
  readonly #budget: FilterBudget;

  constructor(limits: FilterLimits) {
    this.#budget = new FilterBudget(limits);
  }

  parse(fields: JsonObject, place: Place): Filter {
    this.#budget.checkDepth(place.depth, place.argument);
    this.#budget.countNodes(1, place.argument);
    const parts = Object.entries(fields).map(([key, value]) => {
      const at = inner(place, key);
      if (key === '$and' || key === '$or' || key === '$nor') return this.#parseCombination(key, value, at);
      return this.#parseField(key, value, at);
    });
    return conjunction(parts);
  }

  #parseCombination(key: '$and' | '$or' | '$nor', value: JsonValue, place: Place): Filter {
    const expected = 'a list of at least one filter';
    const list = expectList(value, place.argument, expected);
    if (list.length === 0) throw wrongOperand(place.argument, expected);
    const filters = list.map((filter, index) => {
      const at = { ...inner(place, String(index)), depth: place.depth + 1 };
      return this.parse(expectFields(filter, at), at);
    });
    if (key === '$and') return conjunction(filters);
    const anyOf: Filter = Object.freeze({ kind: 'or', filters: Object.freeze(filters) });
    return key === '$or' ? anyOf : negation(anyOf);
  }

  #parseField(key: string, value: JsonValue, place: Place): Filter {
    const isOwn = key.startsWith('$');
    if (isOwn && (place.element || !isDocumentFieldPath(key))) throw unknownOperator(key, combinations, place);
    const operators = isJsonObject(value) ? operatorsOf(value, place) : undefined;
    if (operators === undefined) {
      this.#budget.countNodes(1, place.argument);
      if (!isOwn) return matchField(key, value);
      return comparisonFilter('equalField', parsePath(key, place.argument), value, place.argument);
    }
    return conjunction(this.#parseOperators(parsePath(key, place.argument), operators, place));
  }

  #parseOperators(path: Path, operators: JsonObject, place: Place): Filter[] {
    this.#budget.countNodes(Object.keys(operators).length, place.argument);
    return Object.entries(operators).flatMap(([operator, operand]) => {
      const at = inner(place, operator);
      if (operator === '$options') {
        if (Object.hasOwn(operators, '$regex')) return [];
        throw wrongOperand(at.argument, '$regex beside it');
      }
      if (operator === '$regex') return [this.#parseRegex(path, operand, operators, place)];
      return [this.#parseOperator(operator, path, operand, at)];
    });
  }

  #parseOperator(operator: string, path: Path, operand: JsonValue, place: Place): Filter {
    const { argument } = place;
    switch (operator) {
      case '$eq':
      case '$ne':
      case '$gt':
      case '$gte':
      case '$lt':
      case '$lte':
        return comparisonFilter(comparisonKinds[operator], path, operand, argument);
      case '$in':
      case '$nin': {
        const kind = operator === '$in' ? 'in' : 'notIn';
        return listFilter(kind, path, expectValues(operand, argument), argument, this.#budget);
      }
      case '$all':
        return this.#parseAll(path, operand, place);
      case '$exists':
        return Object.freeze({ kind: 'exists', path, exists: parseExists(operand, argument) });
      case '$type':
        return parseType(path, operand, argument);
      case '$size':
        return sizeFilter(path, operand, argument);
      case '$mod':
        return modFilter(path, operand, argument);
      case '$not':
        return negation(this.#parseNot(path, operand, place));
      case '$elemMatch':
        return this.#parseElemMatch(path, operand, place);
      default:
        throw unknownOperator(operator, pathOperators, place);
    }
  }

  #parseNot(path: Path, operand: JsonValue, place: Place): Filter {
    this.#budget.checkDepth(place.depth + 1, place.argument);
    const operators = isJsonObject(operand) ? operatorsOf(operand, place) : undefined;
    if (operators === undefined) throw wrongOperand(place.argument, 'an object of operators, such as {"$gt": 5}');
    return conjunction(this.#parseOperators(path, operators, { ...place, depth: place.depth + 1 }));
  }

  /** As in MongoDB, an object of operators is about the element itself, any other one about its fields. */
  #parseElemMatch(path: Path, operand: JsonValue, place: Place): Filter {
    const at: Place = { ...place, depth: place.depth + 1, element: true };
    const fields = expectFields(operand, place);
    const [first] = Object.keys(fields);
    const isAboutElement = first?.startsWith('$') && !combinations.includes(first);
    const operators = isAboutElement ? operatorsOf(fields, place) : undefined;
    if (operators === undefined) return Object.freeze({ kind: 'some', path, filter: this.parse(fields, at) });
    this.#budget.checkDepth(at.depth, place.argument);
    return Object.freeze({
      kind: 'some',
      path,
      filter: conjunction(this.#parseOperators(elementItself, operators, at)),
    });
  }

  /** Each of the values, or, as in MongoDB, an element for each of the `$elemMatch`. */
  #parseAll(path: Path, operand: JsonValue, place: Place): Filter {
    const { argument } = place;
    const list = expectList(operand, argument, 'a list of values');
    const criteria = list.map((value) => (isJsonObject(value) ? elemMatchOf(value) : undefined));
    if (!criteria.some((value) => value !== undefined)) {
      return listFilter('all', path, expectValues(operand, argument), argument, this.#budget);
    }
    this.#budget.countNodes(list.length, argument);
    return conjunction(
      criteria.map((value, index) => {
        const at = inner(place, String(index));
        if (value === undefined) throw wrongOperand(at.argument, '$elemMatch, as in the rest of the list');
        return this.#parseElemMatch(path, value, inner(at, '$elemMatch'));
      }),
    );
  }

  #parseRegex(path: Path, pattern: JsonValue, operators: JsonObject, place: Place): Filter {
    const at = inner(place, '$regex').argument;
    if (typeof pattern !== 'string') throw wrongOperand(at, 'a regular expression, as a string');
    const options = Object.hasOwn(operators, '$options') ? operators.$options : '';
    if (typeof options !== 'string' || !/^[imsu]*$/.test(options)) {
      throw wrongOperand(
        inner(place, '$options').argument,
        'some of the letters i (any case), m (^ and $ at every line), s (. fits line ends too) and u (no effect)',
      );
    }
    const flags = [...new Set(options.replaceAll('u', ''))].join('');
    return regexFilter(path, flags === '' ? pattern : `(?${flags})${pattern}`, at, this.#budget);
  }
}

const comparisonKinds = { $eq: 'eq', $ne: 'ne', $gt: 'gt', $gte: 'gte', $lt: 'lt', $lte: 'lte' } as const;

/** MongoDB's names and numbers of the types that JSON has. It also tells kinds of numbers apart, which JSON does not. */
const types: ReadonlyMap<JsonValue, JsonType> = new Map<JsonValue, JsonType>([
  ['string', 'STRING'],
  ['number', 'NUMBER'],
  ['bool', 'BOOLEAN'],
  ['null', 'NULL'],
  ['object', 'OBJECT'],
  ['array', 'ARRAY'],
  [2, 'STRING'],
  [3, 'OBJECT'],
  [4, 'ARRAY'],
  [8, 'BOOLEAN'],
  [10, 'NULL'],
]);

function parseType(path: Path, operand: JsonValue, argument: string): Filter {
  const names = [...types.keys()].filter((name) => typeof name === 'string').join(', ');
  const list: JsonArray = Array.isArray(operand) ? operand : [operand];
  if (list.length === 0) throw wrongOperand(argument, `at least one of ${names}`);
  const filters = list.map((name): Filter => {
    const type = types.get(name);
    if (type === undefined) throw wrongOperand(argument, `one of ${names}, or a list of them`);
    return Object.freeze({ kind: 'type', path, type });
  });
  const [first, ...more] = filters;
  return first !== undefined && more.length === 0
    ? first
    : Object.freeze({ kind: 'or', filters: Object.freeze(filters) });
}

function parseExists(operand: JsonValue, argument: string): boolean {
  if (operand === true || operand === 1) return true;
  if (operand === false || operand === 0) return false;
  throw wrongOperand(argument, 'true or false');
}

/** The object when its keys are operators, undefined when it is plain data. */
function operatorsOf(value: JsonObject, place: Place): JsonObject | undefined {
  const keys = Object.keys(value);
  const operator = keys.find((key) => key.startsWith('$'));
  if (operator === undefined) return undefined;
  const plain = keys.find((key) => !key.startsWith('$'));
  if (plain === undefined) return value;
  const { argument } = inner(place, operator);
  throw new InvalidArgumentError(
    `${argument}: the operator stands beside the plain key '${plain}'. To compare with an object that has keys that begin with $, write {"$eq": …}`,
    { path: argument, expected: 'operators only, or plain keys only' },
  );
}

function elemMatchOf(value: JsonObject): JsonValue | undefined {
  return Object.keys(value).length === 1 && Object.hasOwn(value, '$elemMatch') ? value.$elemMatch : undefined;
}

function expectFields(value: JsonValue, { argument }: Place): JsonObject {
  if (isJsonObject(value)) return value;
  throw wrongOperand(argument, 'an object such as {"username": "alice", "level": {"$gte": 5}}');
}

function expectList(value: JsonValue, argument: string, expected: string): JsonArray {
  if (isJsonArray(value)) return value;
  throw wrongOperand(argument, expected);
}

/** As in MongoDB, operators do not go into these lists, so an object that seems to hold one is refused. */
function expectValues(value: JsonValue, argument: string): JsonArray {
  const list = expectList(value, argument, 'a list of values');
  for (const [index, element] of list.entries()) {
    if (isJsonObject(element) && Object.keys(element)[0]?.startsWith('$')) {
      throw wrongOperand(`${argument}.${index}`, 'a value. Operators are combined by $or and $and');
    }
  }
  return list;
}

function isJsonArray(value: JsonValue): value is JsonArray {
  return Array.isArray(value);
}

function wrongOperand(argument: string, expected: string): InvalidArgumentError {
  const subject = argument === '' ? 'The filter' : argument;
  return new InvalidArgumentError(`${subject}: expected ${expected}`, { path: argument, expected });
}

function unknownOperator(operator: string, known: readonly string[], place: Place): InvalidArgumentError {
  const elsewhere = combinations.includes(operator)
    ? 'It combines whole filters: {"$or": [{"a": {"$gt": 5}}, {"a": null}]}'
    : pathOperators.includes(operator)
      ? `It belongs to a field: {"field": {"${operator}": …}}`
      : `To name a key that begins with $, write '\\\\${operator}' with an operator: {"\\\\${operator}": {"$eq": 5}}`;
  return new InvalidArgumentError(
    `Unknown operator '${operator}': a key that begins with $ names an operator, and none of that name is known here. ${elsewhere}`,
    { path: place.argument, expected: `one of ${known.join(', ')}` },
  );
}

function conjunction(filters: readonly Filter[]): Filter {
  const [first, ...more] = filters;
  if (first === undefined) return everything;
  return more.length === 0 ? first : Object.freeze({ kind: 'and', filters: Object.freeze([...filters]) });
}

function negation(filter: Filter): Filter {
  return Object.freeze({ kind: 'not', filter });
}

function inner(place: Place, key: string): Place {
  const escaped = escapeKey(key);
  return { ...place, argument: place.argument === '' ? escaped : `${place.argument}.${escaped}` };
}
