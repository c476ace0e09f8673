import fc from 'fast-check';
import { Query } from 'mingo';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { isJsonObject } from '../../src/document/json.ts';
import { compileFilter } from '../../src/query/filter-compiler.ts';
import { type FilterInput, parseFilter } from '../../src/query/filter-parser.ts';
import { makeDocument } from './make-document.ts';

/**
 * mingo is an independent implementation of MongoDB's queries. It is not MongoDB: where the two differ we follow MongoDB,
 * and each such case is named here and left out of the comparison. `mongodb-meaning.test.ts` states what we do there.
 */
const departures: readonly {
  readonly reason: string;
  readonly applies: (condition: Condition, body: JsonObject) => boolean;
}[] = [
  {
    reason: 'MongoDB: null and what is missing are also gte and lte null. mingo: only null is',
    applies: ({ operator, operand }) => (operator === 'gte' || operator === 'lte') && operand === null,
  },
  {
    reason:
      "MongoDB: objects compare by their keys in order, lists element by element. mingo: lists' elements are sorted first",
    applies: ({ operator, operand }) => comparisons.has(operator) && typeof operand === 'object' && operand !== null,
  },
  {
    reason: 'MongoDB: `all` means that each value is equal, also to a value that is in no list. mingo: asks for a list',
    applies: ({ operator, path }, body) => operator === 'all' && !Array.isArray(literally(body, path)),
  },
  {
    reason: 'MongoDB: `in` compares lists with lists. mingo: only with elements',
    applies: ({ operator, operand }) =>
      (operator === 'in' || operator === 'notIn') && Array.isArray(operand) && operand.some(Array.isArray),
  },
  {
    reason: 'MongoDB: a list has the types of its elements too. mingo: it is a list only',
    applies: ({ operator, path }, body) => operator === 'type' && Array.isArray(literally(body, path)),
  },
  {
    reason: 'MongoDB: fields of a scalar element do not exist. mingo: takes the scalar for the value of the field',
    applies: ({ operator, operand, path }, body) => {
      const list = literally(body, path);
      return operator === 'some' && hasPath(operand) && Array.isArray(list) && !list.every(isJsonObject);
    },
  },
  {
    reason:
      'MongoDB: elements of a list on the path that lack the rest of it offer a missing value, an empty list none. mingo: ' +
      'they make one list of what was found, which itself exists, is a list, has a size and equals lists',
    applies: ({ operator, operand, path }, body) =>
      crossesList(body, path) &&
      (['exists', 'type', 'size', 'all', 'some'].includes(operator) ||
        comparedValues(operator, operand).some((value) => typeof value === 'object')),
  },
  {
    reason:
      'MongoDB: every list on the path is looked into. mingo: puts what it finds below two of them in lists of lists',
    applies: ({ path }, body) => listsOnPath(body, path.split('.')) > 1,
  },
];

const comparisons = new Set(['gt', 'gte', 'lt', 'lte']);

interface Condition {
  readonly path: string;
  readonly operator: string;
  readonly operand: unknown;
}

function literally(body: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = body;
  for (const key of path.split('.')) value = isJsonObject(value) ? value[key] : undefined;
  return value;
}

function crossesList(body: JsonObject, path: string): boolean {
  const parents = path.split('.').slice(0, -1);
  return parents.some((_, index) => Array.isArray(literally(body, parents.slice(0, index + 1).join('.'))));
}

function comparedValues(operator: string, operand: unknown): unknown[] {
  return (operator === 'in' || operator === 'notIn') && Array.isArray(operand) ? operand : [operand];
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

function hasPath(filter: unknown): boolean {
  return isJsonObject(filter) && 'path' in filter;
}

const scalars: fc.Arbitrary<JsonValue> = fc.constantFrom(null, true, false, 0, 1, 2, -1.5, '', 'a', 'b', 'ab');
const keys = fc.constantFrom('a', 'b', 'c');

/** There is no list directly in a list: mingo takes those apart, where MongoDB looks at them by index only. */
const { value: values } = fc.letrec<{ value: JsonValue; list: JsonValue[]; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    { weight: 3, arbitrary: scalars },
    { weight: 2, arbitrary: tie('list') },
    { weight: 3, arbitrary: tie('object') },
  ),
  list: fc.array(fc.oneof(scalars, tie('object')), { maxLength: 3 }),
  object: fc.dictionary(keys, tie('value'), { maxKeys: 3, noNullPrototype: true }),
}));
const bodies: fc.Arbitrary<JsonObject> = fc.dictionary(keys, values, { maxKeys: 3, noNullPrototype: true });

const paths = fc.constantFrom('a', 'a', 'b', 'a.b', 'b.a', 'a.b.c', 'a.0', 'a.1.b');
const operands = fc.oneof({ weight: 4, arbitrary: scalars }, { weight: 1, arbitrary: values });
const texts = fc.constantFrom('', 'a', 'b', 'ab');
const operandLists = fc.array(operands, { maxLength: 3 });

/** Operators as a client writes them, one or two beside a path. */
const scalarOperators: fc.Arbitrary<FilterInput> = fc
  .uniqueArray(
    fc.oneof(
      fc.tuple(fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte'), operands),
      fc.tuple(fc.constantFrom('in', 'notIn', 'all'), operandLists),
      fc.tuple(fc.constant('exists'), fc.boolean()),
      fc.tuple(fc.constant('type'), fc.constantFrom('STRING', 'NUMBER', 'BOOLEAN', 'NULL', 'OBJECT', 'ARRAY')),
      fc.tuple(fc.constantFrom('startsWith', 'endsWith'), texts),
      fc.tuple(fc.constant('regex'), fc.constantFrom('a', '^b', 'b$', '^a?b$', '.')),
      fc.tuple(fc.constant('size'), fc.nat(2)),
    ),
    { minLength: 1, maxLength: 2, selector: ([operator]) => (/With|regex/.test(operator) ? '$regex' : operator) },
  )
  .map((entries) => Object.fromEntries(entries));

const operatorsOnPath = fc.oneof(
  { weight: 5, arbitrary: scalarOperators },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        scalarOperators,
        fc.tuple(paths, scalarOperators).map(([path, operators]) => ({ path, ...operators })),
      )
      .map((some): FilterInput => ({ some })),
  },
);

const { filter: filters } = fc.letrec<{ filter: FilterInput }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: fc.tuple(paths, operatorsOnPath).map(([path, operators]) => ({ path, ...operators })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('and', 'or'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
        .map(([combination, list]) => ({ [combination]: list })),
    },
    { weight: 1, arbitrary: tie('filter').map((not) => ({ not })) },
  ),
}));

const mongoTypes: Record<string, string> = {
  STRING: 'string',
  NUMBER: 'number',
  BOOLEAN: 'bool',
  NULL: 'null',
  OBJECT: 'object',
  ARRAY: 'array',
};

function toMongo(filter: FilterInput): Record<string, unknown> {
  if (filter.and) return { $and: filter.and.map(toMongo) };
  if (filter.or) return { $or: filter.or.map(toMongo) };
  if (filter.not) return { $nor: [toMongo(filter.not)] };
  const { path, ...operators } = filter;
  const conditions = Object.entries(operators).map(([operator, operand]) => mongoOperator(operator, operand));
  if (path) return { $and: conditions.map((condition) => ({ [path]: condition })) };
  return Object.assign({}, ...conditions);
}

function mongoOperator(operator: string, operand: unknown): Record<string, unknown> {
  switch (operator) {
    case 'notIn':
      return { $nin: operand };
    case 'type':
      return { $type: mongoTypes[String(operand)] };
    case 'startsWith':
      return { $regex: `^${operand}` };
    case 'endsWith':
      return { $regex: `${operand}$` };
    case 'some':
      return { $elemMatch: toMongo(operand as FilterInput) };
    default:
      return { [`$${operator}`]: operand };
  }
}

/** Every operator of the filter with its path. Inside `some` the paths start at an element: each element is its own body. */
function* conditionsOf(filter: FilterInput, body: JsonObject): Iterable<[Condition, JsonObject]> {
  for (const part of [...(filter.and ?? []), ...(filter.or ?? []), ...(filter.not ? [filter.not] : [])]) {
    yield* conditionsOf(part, body);
  }
  const { and, or, not, path, ...operators } = filter;
  for (const [operator, operand] of Object.entries(operators)) {
    if (path) yield [{ path, operator, operand }, body];
    if (operator !== 'some' || !path) continue;
    const list = literally(body, path);
    for (const element of Array.isArray(list) ? list : []) {
      const { path: inner = 'element', ...innerOperators } = operand as FilterInput;
      const root = inner === 'element' ? { element } : element;
      for (const [innerOperator, innerOperand] of Object.entries(innerOperators)) {
        if (isJsonObject(root) && inner) {
          yield [{ path: inner, operator: innerOperator, operand: innerOperand }, root];
        }
      }
    }
  }
}

describe('filters', () => {
  it('mean what mingo takes them to mean, but for the departures that are named here', () => {
    let compared = 0;
    let fitting = 0;
    const pairs = 8_000;
    const applied = new Set<string>();
    fc.assert(
      fc.property(bodies, filters, (body, filter) => {
        for (const [condition, root] of conditionsOf(filter, body)) {
          const departure = departures.find(({ applies }) => applies(condition, root));
          if (departure === undefined) continue;
          applied.add(departure.reason);
          return;
        }
        const ours = compileFilter(parseFilter(filter))(makeDocument(body));
        expect(ours).toBe(new Query(toMongo(filter)).test(body));
        compared++;
        if (ours) fitting++;
      }),
      { numRuns: pairs },
    );
    // The comparison would prove nothing if most pairs were left out, or if the filters fitted nothing.
    expect(compared).toBeGreaterThan(pairs / 2);
    expect(fitting).toBeGreaterThan(pairs / 10);
    expect([...applied].sort()).toEqual(departures.map(({ reason }) => reason).sort());
  });
});
