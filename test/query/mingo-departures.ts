import { isJsonObject, type JsonObject, type JsonValue } from '../../src/document/json.ts';

/** One operator of a filter at its path, and the object that the path starts at: a body, or an element inside `$elemMatch`. */
export interface Condition {
  readonly path: string;
  readonly operator: string;
  readonly operand: JsonValue;
  /** The operator as it was written: with the options of a regular expression. */
  readonly clause: JsonObject;
  readonly root: JsonObject;
  /** Whether the path is the element itself, as in `{$elemMatch: {$gt: 5}}`. */
  readonly element: boolean;
}

/** A way in which we answer otherwise than mingo. */
export interface Departure {
  /** A filter and a body that the two disagree about. */
  readonly example: readonly [JsonObject, JsonObject];
  /** Whether it explains that the two disagree about the condition. */
  readonly applies: (condition: Condition) => boolean;
}

/**
 * mingo is an independent implementation of MongoDB's queries, and no MongoDB. Where it differs from MongoDB we follow
 * MongoDB; `mongodb-meaning.test.ts` states what we do there. Where we differ from MongoDB ourselves, mingo does something of
 * its own. Both kinds are in the tables of `src/query/README.md`, by these names, and excuse a disagreement only where the one
 * operator that disagrees meets what is described.
 */
export const departures: Readonly<Record<string, Departure>> = {
  'null-range': {
    example: [{ a: { $gte: null } }, {}],
    applies: ({ operator, operand }) => (operator === '$gte' || operator === '$lte') && operand === null,
  },
  'compound-range': {
    example: [{ a: { $lt: [2, 1] } }, { a: [[1, 3]] }],
    applies: ({ operator, operand }) => ranges.has(operator) && isCompound(operand),
  },
  'all-of-scalar': {
    example: [{ a: { $all: [1] } }, { a: 1 }],
    applies: ({ operator, path, root }) => operator === '$all' && !Array.isArray(literally(root, path)),
  },
  'list-in-operands': {
    example: [{ a: { $in: [[1]] } }, { a: [1] }],
    applies: ({ operator, operand }) =>
      ['$in', '$nin', '$all'].includes(operator) && Array.isArray(operand) && operand.some(Array.isArray),
  },
  'type-of-elements': {
    example: [{ a: { $type: 'number' } }, { a: [1] }],
    applies: ({ operator, path, root }) => operator === '$type' && Array.isArray(literally(root, path)),
  },
  'scalar-element': {
    example: [{ a: { $elemMatch: { b: { $eq: 5 } } } }, { a: [5] }],
    applies: ({ operator, operand, path, root }) => {
      if (operator !== '$elemMatch' || !isJsonObject(operand) || isAboutElement(operand)) return false;
      return reachable(root, path).some((list) => Array.isArray(list) && !list.every(isJsonObject));
    },
  },
  'list-on-path': {
    example: [{ 'a.b': { $size: 0 } }, { a: [] }],
    applies: ({ operator, operand, path, root }) =>
      crossesList(root, path) &&
      (['$exists', '$type', '$size', '$all', '$elemMatch', '$not'].includes(operator) ||
        comparedValues(operator, operand).some((value) => typeof value === 'object')),
  },
  'lists-on-path': {
    example: [{ 'a.b': { $gt: 1 } }, { a: [{ b: [1] }, { b: [2] }] }],
    applies: ({ path, root }) => listsOnPath(root, path.split('.')) > 1,
  },
  'list-in-list': {
    example: [{ 'a.b': { $eq: 1 } }, { a: { b: [[1]] } }],
    applies: ({ path, root }) =>
      reachable(root, path).some((value) => Array.isArray(value) && value.some(Array.isArray)),
  },
  'index-on-path': {
    example: [{ 'a.0': { $gt: 0 } }, { a: [[1]] }],
    applies: ({ path, root }) => meetsIndex(root, path.split('.')),
  },
  'element-itself': {
    example: [{ a: { $elemMatch: { $gt: 0 } } }, { a: [[1]] }],
    applies: ({ element, path, root }) => element && Array.isArray(literally(root, path)),
  },
  'big-integer': {
    example: [{ a: { $gt: 1 } }, { a: 2n ** 53n + 1n }],
    applies: ({ operator, operand, path, root }) =>
      (hasBigint(operand) || reachable(root, path).some(hasBigint)) && operator !== '$regex' && operator !== '$size',
  },
  'code-points': {
    example: [{ a: { $gt: '\uffee' } }, { a: '😀' }],
    applies: ({ operator, operand, path, root }) =>
      (ranges.has(operator) && typeof operand === 'string' && /[\uD800-\uFFFF]/.test(operand)) ||
      (operator === '$regex' && reachable(root, path).some((value) => /[\uD800-\uDFFF]/.test(textOf(value)))),
  },
  'whole-division': {
    example: [{ a: { $mod: [4, 0] } }, { a: '8' }],
    applies: ({ operator, path, root }) =>
      operator === '$mod' &&
      reachable(root, path)
        .flat()
        .some((value) => !Number.isSafeInteger(value)),
  },
};

const ranges = new Set(['$gt', '$gte', '$lt', '$lte']);

export function isAboutElement(criteria: JsonObject): boolean {
  const [first] = Object.keys(criteria);
  return first?.startsWith('$') === true && !['$and', '$or', '$nor'].includes(first);
}

function isCompound(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null;
}

export function literally(body: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = body;
  for (const key of path.split('.')) value = isJsonObject(value) ? value[key] : undefined;
  return value;
}

/** Everything that the path could lead to by any reading of it: by key, by index, through lists of any depth. */
export function reachable(root: JsonValue | undefined, path: string): readonly JsonValue[] {
  const [key, ...rest] = path.split('.');
  const found: JsonValue[] = [];
  const visit = (value: JsonValue | undefined, keys: readonly string[]): void => {
    if (value === undefined) return;
    const [next, ...later] = keys;
    if (next === undefined) found.push(value);
    else if (Array.isArray(value)) {
      visit(value[Number(next)], later);
      for (const element of value) visit(element, keys);
    } else if (isJsonObject(value)) visit(value[next], later);
  };
  if (key !== undefined) visit(root, [key, ...rest]);
  return found;
}

function crossesList(body: JsonObject, path: string): boolean {
  const parents = path.split('.').slice(0, -1);
  return parents.some((_, index) => Array.isArray(literally(body, parents.slice(0, index + 1).join('.'))));
}

function comparedValues(operator: string, operand: JsonValue): readonly JsonValue[] {
  return (operator === '$in' || operator === '$nin') && Array.isArray(operand) ? operand : [operand];
}

/** How many lists lie inside each other on the path, its end included. */
function listsOnPath(value: JsonValue | undefined, [key, ...rest]: string[]): number {
  if (Array.isArray(value)) {
    if (key === undefined) return 1;
    const counts = value.map((element) => listsOnPath(element, [key, ...rest]));
    return 1 + Math.max(0, listsOnPath(value[Number(key)], rest), ...counts);
  }
  return isJsonObject(value) && key !== undefined ? listsOnPath(value[key], rest) : 0;
}

/**
 * Whether a key of digits meets a list where it means more, or less, than the one scalar at that index: the list has objects
 * too, which may have such a key; the element is a list itself; there is none, or none that the path could go on from.
 */
function meetsIndex(value: JsonValue | undefined, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return false;
  if (!Array.isArray(value)) return isJsonObject(value) && meetsIndex(value[key], rest);
  if (!/^\d+$/.test(key)) return value.some((object) => meetsIndex(object, [key, ...rest]));
  const element: JsonValue | undefined = value[Number(key)];
  return value.some(isJsonObject) || Array.isArray(element) || element === undefined || rest.length > 0;
}

function hasBigint(value: JsonValue | undefined): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasBigint);
  return typeof value === 'bigint';
}

function textOf(value: JsonValue): string {
  if (typeof value === 'object' && value !== null) return Object.values(value).map(textOf).join('');
  return String(value);
}
