import { afterAll, beforeAll, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import type { IndexKind } from '../../src/database/table.ts';
import type { JsonValue } from '../../src/document/json.ts';
import { parsePath } from '../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { type AggregateInput, parseAggregate } from '../../src/query/aggregate-parser.ts';
import { everything, type Filter } from '../../src/query/filter.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';

let database: EmbeddedDatabase;

beforeAll(async () => {
  database = await openEmbeddedDatabase({ directory: '/data', fileSystem: new SimulatedFileSystem() });
  const odd: (JsonValue | undefined)[] = [7, 2.5, 'text', null, undefined, 11n ** 20n, -3, true];
  const values = [...odd, ...Array.from({ length: 92 }, (_, n) => 10 + n)];
  const bodies = values.map((value, n) => (value === undefined ? { n } : { n, value }));
  const { documents } = await database.commit(
    anonymous,
    bodies.map((body) => ({ kind: 'create', table: 'values', body })),
  );
  await database.commit(anonymous, [{ kind: 'archive', id: documents[6]?.id ?? '' }]); // the least number
  await database.commit(anonymous, [{ kind: 'create', table: 'lists', body: { value: [5, 1] } }]);
  await database.commit(anonymous, [{ kind: 'create', table: 'lists', body: { value: 3 } }]);
});
afterAll(() => database.close());

async function aggregate(table: string, input: AggregateInput, filter: Filter = everything) {
  const view = await database.view(anonymous);
  const groups = await view.aggregateDocuments({ table, filter, archived: 'EXCLUDE', ...parseAggregate(input) });
  view.close();
  return { groups, explanations: view.explanations };
}

async function withIndex<Result>(table: string, kind: IndexKind, run: () => Promise<Result>): Promise<Result> {
  const paths = [parsePath('value', 'path')];
  await database.createIndex(anonymous, { table, paths, kind, unique: false, archived: 'INCLUDE' });
  try {
    return await run();
  } finally {
    await database.dropIndex(anonymous, table, paths);
  }
}

const extremes: AggregateInput = {
  measures: [
    { count: true, as: 'count' },
    { min: 'value', as: 'min' },
    { max: 'value', as: 'max' },
  ],
};

test('distinct values come in their order, types included', async () => {
  const { groups } = await aggregate('values', { measures: [{ distinct: 'value', as: 'distinct' }] });
  const numbers = [2.5, 7, ...Array.from({ length: 92 }, (_, n) => 10 + n), 11n ** 20n];
  expect(groups).toEqual([{ key: {}, values: { distinct: [null, ...numbers, 'text', true] } }]);
});

test('counts, least and greatest values are read off an index, and are the same without', async () => {
  const scanned = await aggregate('values', extremes);
  expect(scanned.groups).toEqual([{ key: {}, values: { count: 99, min: 2.5, max: true } }]);
  expect(scanned.explanations).toMatchObject([
    { operation: 'aggregate', examined: 100, plan: { access: { kind: 'scan' } } },
  ]);
  await withIndex('values', 'ORDERED', async () => {
    const indexed = await aggregate('values', extremes);
    expect(indexed.groups).toEqual(scanned.groups);
    const examined = indexed.explanations.reduce((sum, explanation) => sum + explanation.examined, 0);
    expect(examined).toBeLessThan(9);
  });
});

test('of no documents at all they are 0 and null, however they are found', async () => {
  const none: Filter = { kind: 'gt', path: parsePath('value', 'path'), value: 'z' };
  const nothing = [{ key: {}, values: { count: 0, min: null, max: null } }];
  expect((await aggregate('values', extremes, none)).groups).toEqual(nothing);
  await withIndex('values', 'ORDERED', async () => {
    expect((await aggregate('values', extremes, none)).groups).toEqual(nothing);
  });
});

test('where a list has its elements in the index, it still counts as one value', async () => {
  const scanned = await aggregate('lists', extremes);
  expect(scanned.groups).toEqual([{ key: {}, values: { count: 2, min: 3, max: [5, 1] } }]);
  await withIndex('lists', 'ORDERED', async () => {
    expect((await aggregate('lists', extremes)).groups).toEqual(scanned.groups);
  });
});

test('a filter that an index serves is not tried on other documents', async () => {
  const sevens: Filter = { kind: 'eq', path: parsePath('value', 'path'), value: 7 };
  await withIndex('values', 'HASH', async () => {
    const { groups, explanations } = await aggregate(
      'values',
      { groupBy: ['n'], measures: [{ sum: 'value', as: 's' }] },
      sevens,
    );
    expect(groups).toEqual([{ key: { n: 0 }, values: { s: 7 } }]);
    expect(explanations).toMatchObject([{ examined: 1, returned: 1, plan: { access: { kind: 'index' } } }]);
  });
});

test('more groups than may be kept are refused', async () => {
  const limited = await openEmbeddedDatabase({
    directory: '/data',
    fileSystem: new SimulatedFileSystem(),
    limits: { groupsMax: 2 },
  });
  await limited.commit(
    anonymous,
    [1, 2, 3].map((n) => ({ kind: 'create', body: { n } })),
  );
  const view = await limited.view(anonymous);
  const query = parseAggregate({ groupBy: ['n'], measures: [{ count: true, as: 'n of n' }] });
  await expect(view.aggregateDocuments({ filter: everything, archived: 'EXCLUDE', ...query })).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    evidence: { limit: 2 },
  });
  view.close();
  await limited.close();
});
