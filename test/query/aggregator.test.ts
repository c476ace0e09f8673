import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { type AggregateInput, parseAggregate } from '../../src/query/aggregate-parser.ts';
import type { DocumentGroup } from '../../src/query/aggregate-query.ts';
import { Aggregator, groupOf } from '../../src/query/aggregator.ts';
import { everything } from '../../src/query/filter.ts';
import { makeDocument } from './make-document.ts';
import { refusal } from './refusal.ts';

function aggregate(bodies: readonly JsonObject[], input: AggregateInput, groupsMax = 100): readonly DocumentGroup[] {
  const query = { filter: everything, archived: 'EXCLUDE', ...parseAggregate(input) } as const;
  const aggregator = new Aggregator(query, groupsMax);
  for (const body of bodies) aggregator.add(makeDocument(body));
  const groups = [...aggregator.groups()].sort(aggregator.comparison()).slice(0, query.first);
  return groups.map((group) => groupOf(query, group));
}

/** The result of one measure of all the values. */
function measured(
  kind: 'sum' | 'avg' | 'min' | 'max' | 'distinct',
  values: readonly JsonValue[],
): JsonValue | undefined {
  const bodies = values.map((value) => ({ value }));
  return aggregate(bodies, { measures: [{ [kind]: 'value', as: 'result' }] })[0]?.values.result;
}

const people = [
  { name: 'a', address: { city: 'Kyiv' }, age: 30 },
  { name: 'b', address: { city: 'Lviv' }, age: 20 },
  { name: 'c', address: { city: 'Kyiv' }, age: 50 },
  { name: 'd' },
];

describe('groups', () => {
  test('are of documents with equal values at a nested path, in the order of the values; what is missing is null', () => {
    const measures = [
      { count: true, as: 'n' },
      { sum: 'age', as: 'total' },
      { avg: 'age', as: 'mean' },
    ];
    expect(aggregate(people, { groupBy: ['address.city'], measures })).toEqual([
      { key: { 'address.city': null }, values: { n: 1, total: 0, mean: null } },
      { key: { 'address.city': 'Kyiv' }, values: { n: 2, total: 80, mean: 40 } },
      { key: { 'address.city': 'Lviv' }, values: { n: 1, total: 20, mean: 20 } },
    ]);
  });

  test('of several paths have the value at each in their key', () => {
    const input = { groupBy: ['address.city', 'name'], measures: [{ count: true, as: 'n' }] };
    expect(aggregate(people, input).map(({ key }) => key)).toEqual([
      { 'address.city': null, name: 'd' },
      { 'address.city': 'Kyiv', name: 'a' },
      { 'address.city': 'Kyiv', name: 'c' },
      { 'address.city': 'Lviv', name: 'b' },
    ]);
  });

  test('without a path are one, also of no documents at all', () => {
    const measures = [
      { count: true, as: 'n' },
      { sum: 'x', as: 'sum' },
      { avg: 'x', as: 'avg' },
      { min: 'x', as: 'min' },
      { distinct: 'x', as: 'distinct' },
    ];
    expect(aggregate([], { measures })).toEqual([
      { key: {}, values: { n: 0, sum: 0, avg: null, min: null, distinct: [] } },
    ]);
    expect(aggregate([], { groupBy: ['x'], measures })).toEqual([]);
  });

  test('hold equal objects and lists together, whatever the order of keys, and tell 1 from "1" and true', () => {
    const bodies = [
      { k: { a: 1, b: [2] } },
      { k: { b: [2], a: 1 } },
      { k: [1] },
      { k: [1] },
      { k: 1 },
      { k: '1' },
      { k: true },
    ];
    const groups = aggregate(bodies, { groupBy: ['k'], measures: [{ count: true, as: 'n' }] });
    expect(groups.map(({ key, values }) => [key.k, values.n])).toEqual([
      [1, 1],
      ['1', 1],
      [{ a: 1, b: [2] }, 2],
      [[1], 2],
      [true, 1],
    ]);
  });

  test("may be of the document's own fields", () => {
    const groups = aggregate(people, { groupBy: ['$table'], measures: [{ max: '$version', as: 'newest' }] });
    expect(groups).toEqual([{ key: { $table: 'default' }, values: { newest: 1 } }]);
  });

  test('come in the order of a measure or of a path, ties by their keys, and only the first of them', () => {
    const bodies = ['a', 'b', 'b', 'c'].map((k) => ({ k }));
    const input = { groupBy: ['k'], measures: [{ count: true, as: 'n' }] };
    const keys = (more: Partial<AggregateInput>) => aggregate(bodies, { ...input, ...more }).map(({ key }) => key.k);
    expect(keys({ orderBy: [{ by: 'n', direction: 'DESC' }] })).toEqual(['b', 'a', 'c']);
    expect(keys({ orderBy: [{ by: 'n' }, { by: 'k', direction: 'DESC' }] })).toEqual(['c', 'a', 'b']);
    expect(keys({ orderBy: [{ by: 'n', direction: 'DESC' }], first: 2 })).toEqual(['b', 'a']);
    expect(keys({ first: 0 })).toEqual([]);
  });

  test('may have any name: __proto__ is one like any other', () => {
    const [group] = aggregate([{ ['__proto__']: 1 }], {
      groupBy: ['__proto__'],
      measures: [{ count: true, as: 'constructor' }],
    });
    expect(Object.entries(group?.values ?? {})).toEqual([['constructor', 1]]);
    expect(Object.getPrototypeOf(group?.key)).toBe(Object.prototype);
  });
});

describe('sum and avg', () => {
  test('are exact for integers of any size', () => {
    expect(measured('sum', [9007199254740991, 1, 1])).toBe(9007199254740993n);
    expect(measured('sum', [9007199254740993n, -1])).toBe(9007199254740992);
    expect(measured('sum', [9007199254740993n, -9007199254740993n])).toBe(0);
    expect(measured('sum', [1e300, 1, -1e300])).toBe(1);
    expect(measured('avg', [9007199254740993n, 9007199254740993n])).toBe(9007199254740992);
    expect(measured('avg', [1, 2])).toBe(1.5);
  });

  test('do not lose what is small beside what is large', () => {
    expect(
      measured(
        'sum',
        Array.from({ length: 10 }, () => 0.1),
      ),
    ).toBe(1);
    expect(measured('sum', [1e15 + 0.5, 0.3, -1e15 - 0.5])).toBe(0.3);
    expect(measured('sum', [1e308, 1e308, 0.5])).toBe(2n * BigInt(1e308));
  });

  test('pass over what is no number', () => {
    expect(measured('sum', ['1', true, null, [5], { a: 5 }, 2])).toBe(2);
    expect(measured('avg', ['1', null, 2, 4])).toBe(3);
  });
});

test('min and max are in the order of all values, and pass over null', () => {
  expect(measured('min', [null, 'b', 3, true])).toBe(3);
  expect(measured('max', [null, 'b', 3, [9]])).toEqual([9]);
  expect(measured('max', [9007199254740993n, 9007199254740992])).toBe(9007199254740993n);
  expect(measured('min', [null, null])).toBeNull();
});

test('distinct is the values, each once, null among them', () => {
  const values = measured('distinct', ['b', 1, 'b', null, [1], [1]]);
  expect(values).toHaveLength(4);
  expect(values).toEqual(expect.arrayContaining([null, 1, 'b', [1]]));
});

describe('what is asked wrongly is refused with its path', () => {
  const count = { count: true, as: 'n' };
  test.each([
    [{ measures: [{ as: 'n' }] }, 'measures.0'],
    [{ measures: [{ count: false, as: 'n' }] }, 'measures.0'],
    [{ measures: [{ count: true, sum: 'x', as: 'n' }] }, 'measures.0'],
    [{ measures: [{ sum: '', as: 'n' }] }, 'measures.0.sum'],
    [{ measures: [count, { sum: 'x', as: 'n' }] }, 'measures.1.as'],
    [{ measures: [count], groupBy: ['n'] }, 'measures.0.as'],
    [{ measures: [count], groupBy: ['$nothing'] }, 'groupBy.0'],
    [{ measures: [count], orderBy: [{ by: 'x' }] }, 'orderBy.0.by'],
    [{ measures: [count], first: -1 }, 'first'],
  ])('%j', (input, path) => {
    expect(refusal(() => parseAggregate(input))).toMatchObject({ code: 'INVALID_ARGUMENT', path });
  });
});

describe('limits', () => {
  const bodies = Array.from({ length: 4 }, (_, k) => ({ k }));

  test.each([{ groupBy: ['k'], measures: [{ count: true, as: 'n' }] }, { measures: [{ distinct: 'k', as: 'n' }] }])(
    'on what is kept at once: %j',
    (input) => {
      expect(refusal(() => aggregate(bodies, input, 3))).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 3 });
      expect(() => aggregate(bodies.slice(1), input, 3)).not.toThrow();
    },
  );

  test('on paths and measures', () => {
    const measures = Array.from({ length: 33 }, (_, index) => ({ count: true, as: `n${index}` }));
    expect(refusal(() => parseAggregate({ measures }))).toMatchObject({ code: 'LIMIT_EXCEEDED', actual: 33 });
    const groupBy = Array.from({ length: 9 }, (_, index) => `k${index}`);
    expect(refusal(() => parseAggregate({ groupBy, measures: [] }))).toMatchObject({ limit: 8, actual: 9 });
    const orderBy = Array.from({ length: 9 }, () => ({ by: 'n' }));
    expect(refusal(() => parseAggregate({ measures: [{ count: true, as: 'n' }], orderBy }))).toMatchObject({
      path: 'orderBy',
      limit: 8,
      actual: 9,
    });
  });
});

test('what a client stored is what is summed: its digits are not lost on the way', () => {
  const body = parseJson(Buffer.from('{"value": 12345678901234567891}'));
  expect(aggregate([body as JsonObject], { measures: [{ sum: 'value', as: 's' }] })[0]?.values.s).toBe(
    12345678901234567891n,
  );
});
