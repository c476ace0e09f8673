import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import type { IndexDefinition } from '../../../src/database/table.ts';
import type { JsonObject, JsonValue } from '../../../src/document/json.ts';
import { parsePath } from '../../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { Filter } from '../../../src/query/filter.ts';
import { everything } from '../../../src/query/filter.ts';
import type { FindQuery } from '../../../src/query/find-query.ts';
import { parseMatch } from '../../../src/query/match-parser.ts';
import { parseMongodbFilter } from '../../../src/query/mongodb-filter-parser.ts';
import { type OrderInput, parseOrderBy } from '../../../src/query/order-parser.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';

let fileSystem: SimulatedFileSystem;
let database: EmbeddedDatabase;

async function open(): Promise<void> {
  database = await openEmbeddedDatabase({ directory: '/data', fileSystem });
}

beforeEach(async () => {
  fileSystem = new SimulatedFileSystem();
  await open();
});
afterEach(() => database.close());

async function create(bodies: readonly JsonObject[], table = 'people'): Promise<readonly string[]> {
  const { documents } = await database.commit(
    anonymous,
    bodies.map((body) => ({ kind: 'create', table, body })),
  );
  return documents.map(({ id }) => id);
}

async function index(kind: IndexDefinition['kind'], ...paths: string[]): Promise<void> {
  await database.createIndex(anonymous, {
    table: 'people',
    paths: paths.map((text) => parsePath(text, 'path')),
    kind,
    unique: false,
    archived: 'EXCLUDE',
  });
}

function queryOf(filter: Filter, orderBy: readonly OrderInput[] = []): FindQuery {
  return { table: 'people', filter, orderBy: parseOrderBy(orderBy), archived: 'EXCLUDE' };
}

async function find(query: FindQuery, first = 5) {
  const view = await database.view(anonymous);
  try {
    const { documents } = await view.findDocuments(query, { first });
    return { numbers: documents.map(({ body }) => body.n), explanation: view.explanations[0] };
  } finally {
    view.close();
  }
}

const people = Array.from({ length: 3_000 }, (_, n) => ({
  n,
  name: `user${(n * 7) % 3_000}`,
  level: n % 100,
  tags: [`tag${n % 30}`, 'all'],
  address: { city: `city${n % 50}` },
}));

describe('a query uses an index', () => {
  beforeEach(async () => {
    await create(people);
  });

  test.each<[string, IndexDefinition['kind'], string[], JsonObject, OrderInput[], unknown]>([
    ['for equality', 'HASH', ['name'], { name: 'user14' }, [], { order: 'creation', examined: 1 }],
    ['for an element of a list', 'HASH', ['tags'], { tags: { $eq: 'tag3' } }, [], { order: 'creation', examined: 6 }],
    [
      'for one of several values',
      'HASH',
      ['name'],
      { name: { $in: ['user7', 'user14'] } },
      [],
      { order: 'top', examined: 2 },
    ],
    [
      'for a nested path',
      'ORDERED',
      ['address.city'],
      { 'address.city': { $eq: 'city7' } },
      [],
      { order: 'creation', examined: 6 },
    ],
    ['for a range', 'ORDERED', ['n'], { n: { $gte: 10, $lt: 14 } }, [], { order: 'top', examined: 4 }],
    [
      'for the beginning of a text',
      'ORDERED',
      ['name'],
      { name: { $regex: '^user299' } },
      [],
      { order: 'top', examined: 11 },
    ],
    ['for a sort', 'ORDERED', ['n'], {}, [{ path: 'n', direction: 'DESC' }], { order: 'index', examined: 6 }],
    ['for a range and a sort', 'ORDERED', ['n'], { n: { $gt: 100 } }, [{ path: 'n' }], { order: 'index', examined: 6 }],
    [
      'for equality and a sort by another path',
      'ORDERED',
      ['level', 'n'],
      { level: 7 },
      [{ path: 'n', direction: 'DESC' }],
      { order: 'index', examined: 6 },
    ],
  ])('%s', async (_, kind, paths, filter, orderBy, expected) => {
    const query = queryOf(parseMongodbFilter(filter, ''), orderBy);
    const without = await find(query);
    expect(without.explanation?.plan.access.kind).toBe('scan');
    await index(kind, ...paths);
    const { numbers, explanation } = await find(query);
    expect(numbers).toEqual(without.numbers);
    expect({ order: explanation?.plan.order, examined: explanation?.examined }).toEqual(expected);
    expect(explanation?.plan.access).toMatchObject({ kind: 'index', table: 'people', paths, indexKind: kind });
  });

  test('for both sides of an or', async () => {
    await index('HASH', 'name');
    await index('ORDERED', 'n');
    const { numbers, explanation } = await find(
      queryOf(parseMongodbFilter({ $or: [{ name: 'user14' }, { n: { $lt: 3 } }] }, '')),
    );
    expect(numbers).toEqual([0, 1, 2]);
    expect(explanation).toMatchObject({ examined: 3, plan: { access: { kind: 'union' } } });
  });

  test('to count without looking at a document', async () => {
    await index('ORDERED', 'n');
    const view = await database.view(anonymous);
    expect(await view.countDocuments(queryOf(parseMongodbFilter({ n: { $gte: 1_000 } }, '')))).toBe(2_000);
    expect(await view.countDocuments(queryOf(everything))).toBe(3_000);
    expect(view.explanations.map(({ examined, returned }) => [examined, returned])).toEqual([
      [0, 2_000],
      [0, 3_000],
    ]);
    view.close();
  });

  test('also after a crash, and none that was dropped', async () => {
    await index('HASH', 'name');
    const query = queryOf(parseMongodbFilter({ name: 'user14' }, ''));
    fileSystem = fileSystem.cutPower(new SeededRandom(1));
    await open();
    expect(await find(query)).toMatchObject({ numbers: [2], explanation: { plan: { access: { kind: 'index' } } } });
    await database.dropIndex(anonymous, 'people', [parsePath('name', 'path')]);
    expect(await find(query)).toMatchObject({ numbers: [2], explanation: { plan: { access: { kind: 'scan' } } } });
  });

  test.each<[JsonObject, OrderInput[], unknown]>([
    [{ name: 'user14' }, [], { table: 'people', paths: ['name'], kind: 'HASH' }],
    [{ n: { $gt: 2_990 } }, [], { table: 'people', paths: ['n'], kind: 'ORDERED' }],
    [{ level: 7 }, [{ path: 'n' }], { table: 'people', paths: ['level', 'n'], kind: 'ORDERED' }],
    [{}, [{ path: 'n' }], { table: 'people', paths: ['n'], kind: 'ORDERED' }],
    [{ name: { $ne: 'nobody' } }, [], null],
    [
      { level: { $in: [7, 8] }, n: { $lt: 9 } },
      [{ path: 'name' }],
      { table: 'people', paths: ['level', 'n'], kind: 'ORDERED' },
    ],
    [{ $or: [{ name: 'user14' }, { n: { $lt: 3 } }] }, [], { table: 'people', paths: ['name'], kind: 'HASH' }],
    [{ $or: [{ tags: { $eq: 'tag99' } }, { n: { $lt: 3 } }] }, [], { table: 'people', paths: ['n'], kind: 'ORDERED' }],
    [{ $or: [{ name: 'user14' }, { tags: { $ne: 'all' } }] }, [], null],
    [{ 'address.city': 'nowhere' }, [], { table: 'people', paths: ['address.city'], kind: 'HASH' }],
    [{ tags: { $gt: 'tag99' } }, [], null],
  ])('that is suggested where it would spare most of a scan: %j, %j', async (filter, orderBy, expected) => {
    await index('HASH', 'tags');
    const { explanation } = await find(queryOf(parseMongodbFilter(filter, ''), orderBy));
    expect(explanation?.suggestedIndex).toEqual(expected);
  });
});

describe('a key that reads like a path', () => {
  const cityOf = (city: JsonValue) => queryOf(parseMatch({ 'address.city': city }, 'match'));

  beforeEach(async () => {
    await create(people);
  });

  test.each(['HASH', 'ORDERED'] as const)('is looked for in the index of the path (%s)', async (kind) => {
    await index(kind, 'address.city');
    expect(await find(cityOf('city7'), 100)).toMatchObject({
      numbers: people.filter(({ n }) => n % 50 === 7).map(({ n }) => n),
      explanation: { examined: 60, plan: { access: { kind: 'index', paths: ['address.city'] } } },
    });
    await create([
      { n: -1, 'address.city': 'city7' },
      { n: -2, 'address.city': 'city8' },
      { n: -3, address: [{ city: 'city7' }] },
    ]);
    const { numbers, explanation } = await find(cityOf('city7'), 100);
    expect(numbers).toEqual([...people.filter(({ n }) => n % 50 === 7).map(({ n }) => n), -1]);
    expect(explanation).toMatchObject({
      examined: 63,
      plan: { access: { kind: 'union', parts: [{ paths: ['address\\.city'], estimated: 2 }, { estimated: 61 }] } },
    });
  });

  test('is none of a document that lacks it: null is only null', async () => {
    await index('HASH', 'address.city');
    await create([{ n: -1, 'address.city': null }, { n: -2, address: { city: null } }, { n: -3 }]);
    expect((await find(cityOf(null))).numbers).toEqual([-1, -2]);
    const lacking = queryOf(parseMongodbFilter({ 'address\\.city': { $eq: null } }, ''));
    expect((await find(lacking, 5_000)).numbers).toHaveLength(3_003);
  });

  test('is seen by a view when no document has it any more', async () => {
    await index('HASH', 'address.city');
    const [id] = await create([{ n: -1, 'address.city': 'nowhere' }]);
    const view = await database.view(anonymous);
    await database.commit(anonymous, [{ kind: 'update', id: id ?? '', version: 1, body: { n: -1 } }]);
    const { documents } = await view.findDocuments(cityOf('nowhere'), {});
    expect(documents.map((document) => document.id)).toEqual([id]);
    expect(view.explanations).toMatchObject([{ examined: 1, plan: { access: { kind: 'union' } } }]);
    view.close();
  });

  test('lets the other paths of an index serve: for more fields, an order, a count', async () => {
    await index('ORDERED', 'address.city', 'level', 'n');
    const query = queryOf(parseMatch({ 'address.city': 'city7', level: 57 }, 'match'), [
      { path: 'n', direction: 'DESC' },
    ]);
    expect(await find(query, 2)).toMatchObject({ numbers: [2_957, 2_857], explanation: { plan: { order: 'index' } } });
    const view = await database.view(anonymous);
    expect(await view.countDocuments(query)).toBe(30);
    expect(view.explanations).toMatchObject([{ examined: 0 }]);
    view.close();
  });
});

test('a count is of what meets all of a filter, also where one side of an or can never be met', async () => {
  await create(people);
  await index('ORDERED', 'n');
  const filter = parseMongodbFilter({ level: 7, $or: [{ name: { $in: [] } }, { n: { $lt: 250 } }] }, '');
  const view = await database.view(anonymous);
  expect(await view.countDocuments(queryOf(filter))).toBe(3);
  view.close();
});

test('a count off an index takes null for what is missing only where the filter does', async () => {
  await create([{ n: 1, nick: null }, { n: 2 }, ...people.map(({ name }) => ({ nick: name }))]);
  await index('HASH', 'nick');
  const view = await database.view(anonymous);
  expect(await view.countDocuments(queryOf(parseMatch({ nick: null }, 'match')))).toBe(1);
  expect(await view.countDocuments(queryOf(parseMongodbFilter({ nick: { $eq: null } }, '')))).toBe(2);
  expect(view.explanations.map(({ examined }) => examined)).toEqual([2, 0]);
  view.close();
});

test('two bounds that different elements of a list meet are not one range', async () => {
  await index('ORDERED', 'a');
  await create([
    { n: 1, a: [0, 9] },
    { n: 2, a: 3 },
    { n: 3, a: [0] },
  ]);
  expect((await find(queryOf(parseMongodbFilter({ a: { $gt: 2, $lt: 5 } }, '')))).numbers).toEqual([1, 2]);
  expect((await find(queryOf(parseMongodbFilter({ a: { $elemMatch: { $gt: 2, $lt: 5 } } }, '')))).numbers).toEqual([]);
});

test('a view finds a list that no document has any more', async () => {
  await index('ORDERED', 'a');
  const [id] = await create([{ n: 1, a: [0, 9] }]);
  await create(Array.from({ length: 500 }, (_, n) => ({ n: n + 10, a: 100 + n })));
  const view = await database.view(anonymous);
  await database.commit(anonymous, [{ kind: 'update', id: id ?? '', version: 1, body: { n: 1, a: 50 } }]);
  const { documents } = await view.findDocuments(queryOf(parseMongodbFilter({ a: { $gt: 2, $lt: 5 } }, '')), {});
  expect(documents.map((document) => document.id)).toEqual([id]);
  expect(view.explanations).toMatchObject([{ plan: { access: { kind: 'index' } } }]);
  view.close();
});

test('an element that is no object lacks a field, and no index has that', async () => {
  await index('ORDERED', 'a.x');
  await create([{ n: 1, a: [[1]] }, ...Array.from({ length: 100 }, (_, n) => ({ n: n + 10, a: [{ x: 1 }] }))]);
  expect((await find(queryOf(parseMongodbFilter({ a: { $elemMatch: { x: { $eq: null } } } }, '')))).numbers).toEqual([
    1,
  ]);
});

test('of all tables, those that have an index use it', async () => {
  await index('HASH', 'name');
  await create(people);
  await create(
    [
      { n: -1, name: 'user14' },
      { n: -2, name: 'other' },
    ],
    'animals',
  );
  const { numbers, explanation } = await find({
    ...queryOf(parseMongodbFilter({ name: 'user14' }, '')),
    table: undefined,
  });
  expect(numbers).toEqual([2, -1]);
  expect(explanation).toMatchObject({ examined: 3, plan: { access: { kind: 'union' } } });
});

test('of all tables, those that have an index use it in a view that saw a table that is gone', async () => {
  await index('HASH', 'name');
  await create(people);
  await create([{ n: -1, name: 'user14' }], 'animals');
  await create([{ n: -2, name: 'user14' }], 'plants');
  const view = await database.view(anonymous);
  await database.dropTable(anonymous, 'plants');
  const query = { ...queryOf(parseMongodbFilter({ name: 'user14' }, '')), table: undefined };
  const { documents } = await view.findDocuments(query, {});
  expect(documents.map(({ body }) => body.n)).toEqual([2, -1, -2]);
  expect(view.explanations).toMatchObject([{ examined: 3, plan: { access: { kind: 'union' } } }]);
  view.close();
});
