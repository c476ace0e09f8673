import { expect, test } from 'vitest';
import type { ReadView } from '../../../src/database/database.ts';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import { parsePath } from '../../../src/document/path.ts';
import { admits } from '../../../src/embedded/admits.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { EmbeddedDatabaseLimits } from '../../../src/embedded/embedded-database-options.ts';
import { type Clock, systemClock } from '../../../src/embedded/ports/clock.ts';
import { everything } from '../../../src/query/filter.ts';
import { compileFilter } from '../../../src/query/filter-compiler.ts';
import { parseFilter } from '../../../src/query/filter-parser.ts';
import type { FindQuery } from '../../../src/query/find-query.ts';
import { sortDocuments } from '../../../src/query/sort.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId } from '../log/log-fixture.ts';
import { documentsOf } from '../snapshot/database-fixture.ts';

const documents = 16;
const tables = ['default', 'one', 'two'] as const;

function open(
  fileSystem: SimulatedFileSystem,
  limits: Partial<EmbeddedDatabaseLimits>,
  clock: Clock = systemClock,
): Promise<EmbeddedDatabase> {
  return openEmbeddedDatabase({
    directory: dataDirectory,
    fileSystem,
    clock,
    random: new SeededRandom(1),
    limits: { segmentBytesMax: 3000, snapshotLogBytes: 6000, ...limits },
  });
}

/** The state after every commit, as a reader of then saw it, and what was erased. */
class Replay {
  readonly states: (readonly Document[])[] = [[]];
  /** By id, when that was last. */
  readonly #erased = new Map<string, number>();

  async take(database: EmbeddedDatabase, sequence: number): Promise<void> {
    this.states[sequence] = await documentsOf(database);
  }

  erased(id: string, sequence: number): void {
    this.#erased.set(id, sequence);
  }

  /** Without what was erased since: an erasure takes all that ever had the id. */
  at(sequence: number): readonly Document[] {
    const state = this.states[sequence] ?? [];
    return state.filter(({ id }) => (this.#erased.get(id) ?? 0) <= sequence);
  }
}

async function write(database: EmbeddedDatabase, replay: Replay, random: SeededRandom): Promise<number> {
  const { sequence: before } = await database.status(anonymous);
  const current = new Map((replay.states[before] ?? []).map((document) => [document.id, document]));
  if (random.chance(0.02)) {
    const table = random.pick(tables);
    await database.dropTable(anonymous, table).catch(() => undefined);
    const { sequence } = await database.status(anonymous);
    await replay.take(database, sequence);
    return sequence;
  }
  const operations: Operation[] = [];
  const touched = new Set<string>();
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const id = documentId(random.below(documents));
    const document = current.get(id);
    if (touched.has(id)) continue;
    touched.add(id);
    const body = { n: random.below(5), tags: [random.below(4), random.below(4)], text: 'x'.repeat(random.below(60)) };
    if (document === undefined) {
      operations.push({ kind: 'create', id, table: random.pick(tables), body });
      if (random.chance(0.3)) operations.push({ kind: 'update', id, version: 1, body: { n: 9 } });
    } else if (random.chance(0.06)) {
      operations.push({ kind: 'erase', id, version: document.version });
      replay.erased(id, before + 1);
      if (random.chance(0.5)) operations.push({ kind: 'create', id, table: random.pick(tables), body });
    } else if (document.archivedAt !== null) operations.push({ kind: 'restore', id });
    else if (random.chance(0.15)) operations.push({ kind: 'archive', id });
    else operations.push({ kind: 'update', id, version: document.version, body });
  }
  const { sequence } = await database.commit(anonymous, operations);
  if (sequence === null) throw new Error('there was something to write');
  await replay.take(database, sequence);
  return sequence;
}

function queries(random: SeededRandom): FindQuery {
  const filter = random.pick([
    everything,
    parseFilter({ path: 'n', eq: random.below(5) }),
    parseFilter({ path: 'n', gte: random.below(5) }),
    parseFilter({ path: 'tags', eq: random.below(4) }),
    parseFilter({ path: '$id', in: [0, 1, 2, 3].map(() => documentId(random.below(documents))) }),
  ]);
  const direction = random.pick(['ASC', 'DESC'] as const);
  const orderBy = random.pick([[], [{ path: parsePath(random.pick(['n', 'tags', '$version']), 'path'), direction }]]);
  const table = random.pick([null, ...tables]) ?? undefined;
  return { filter, orderBy, table, archived: random.pick(['EXCLUDE', 'INCLUDE', 'ONLY'] as const) };
}

function fitting(state: readonly Document[], { filter, table, archived, orderBy }: FindQuery): readonly Document[] {
  const matches = compileFilter(filter);
  return sortDocuments(
    state.filter(
      (document) =>
        (table === undefined || document.table.name === table) && admits(archived, document) && matches(document),
    ),
    orderBy,
  );
}

async function expectQuery(view: ReadView, expected: readonly Document[], random: SeededRandom): Promise<void> {
  const query = queries(random);
  const fits = fitting(expected, query);
  const found: Document[] = [];
  for await (const batch of view.scanDocuments(query)) found.push(...batch);
  expect(found).toEqual(fits);
  expect(await view.countDocuments(query)).toBe(fits.length);
  const first = 1 + random.below(4);
  expect((await view.findDocuments(query, { first })).documents).toEqual(fits.slice(0, first));
  const { filter, table, archived } = query;
  const groups = await view.aggregateDocuments({
    filter,
    table,
    archived,
    groupBy: [],
    measures: [{ kind: 'count', as: 'count' }],
    orderBy: [],
  });
  expect(groups).toEqual([{ key: {}, values: { count: fits.length } }]);
}

/** Opens the state of then and asks it everything, first either for a document or for many. */
async function expectPast(
  database: EmbeddedDatabase,
  replay: Replay,
  sequence: number,
  random: SeededRandom,
): Promise<void> {
  const expected = replay.at(sequence);
  const view = await database.view(anonymous, { sequence });
  expect(view.sequence).toBe(sequence);
  const byId = new Map(expected.map((document) => [document.id, document]));
  const getOne = async () => {
    const id = documentId(random.below(documents));
    expect(await view.getDocument(id, 'INCLUDE')).toEqual(byId.get(id) ?? null);
    const version = byId.get(id)?.version ?? 1;
    const [newest = null] = await view.documentHistory(id, { limit: 1 });
    expect(newest).toEqual(byId.get(id) ?? null);
    expect(await view.documentVersion(id, version)).toEqual(newest);
  };
  if (random.chance(0.5)) await getOne();
  await expectQuery(view, expected, random);
  await getOne();
  view.close();
}

test.each([1, 2, 3, 4, 5, 6])('a view of the past equals a replay up to there (seed %i)', async (seed) => {
  const random = new SeededRandom(seed);
  const fileSystem = new SimulatedFileSystem();
  const limits = { historyBytesMax: seed % 2 === 0 ? Number.POSITIVE_INFINITY : 20_000 };
  let database = await open(fileSystem, limits);
  const replay = new Replay();
  let newest = 0;
  for (let round = 0; round < 8; round += 1) {
    if (round === 1) {
      for (const [table, path] of [
        ['one', 'n'],
        ['one', 'tags'],
        ['default', 'n'],
      ] as const) {
        const paths = [parsePath(path, 'path')];
        await database.createIndex(anonymous, { table, paths, kind: 'ORDERED', unique: false, archived: 'INCLUDE' });
      }
      newest = (await database.status(anonymous)).sequence;
      for (let sequence = 1; sequence <= newest; sequence += 1)
        replay.states[sequence] ??= replay.states[sequence - 1] ?? [];
    }
    for (let count = 0; count < 35; count += 1) newest = await write(database, replay, random);
    if (round === 3) await database.eraseOnDisk();
    // Nothing is pruned between asking how far history goes and reading it.
    await database.takeSnapshot();
    await database.historyIdle();
    for (let count = 0; count < 5; count += 1) newest = await write(database, replay, random);
    await database.historyIdle();
    const { oldest } = (await database.status(anonymous)).history;
    for (let count = 0; count < 12; count += 1) {
      await expectPast(database, replay, oldest + random.below(newest - oldest + 1), random);
    }
    await expectPast(database, replay, oldest, random);
    if (oldest > 0) {
      const refusal = { code: 'HISTORY_GONE', evidence: { oldest } };
      await expect(database.view(anonymous, { sequence: oldest - 1 })).rejects.toMatchObject(refusal);
    }
    if (round % 3 === 2) {
      await database.close();
      database = await open(fileSystem, limits);
    }
  }
  if (seed % 2 === 1) expect((await database.status(anonymous)).history.oldest).toBeGreaterThan(0);
  await database.close();
});

test.each([1, 2, 3])('it stays so while others commit, drop and prune (seed %i)', async (seed) => {
  const random = new SeededRandom(seed);
  const database = await open(new SimulatedFileSystem(), { historyBytesMax: 12_000, segmentBytesMax: 1500 });
  const replay = new Replay();
  for (let count = 0; count < 60; count += 1) await write(database, replay, random);
  for (let round = 0; round < 60; round += 1) {
    const { sequence: newest, history } = await database.status(anonymous);
    const sequence = history.oldest + random.below(newest - history.oldest + 1);
    const view = await Promise.resolve(database.view(anonymous, { sequence })).catch(
      (error: { code?: string }) => error.code,
    );
    if (typeof view !== 'object') {
      expect(view).toBe('HISTORY_GONE');
      continue;
    }
    // What is erased from now on may be in the view and may not, so nothing is.
    const expected = replay.at(sequence);
    const found: Document[] = [];
    const reading = (async () => {
      for await (const batch of view.scanDocuments({ filter: everything, archived: 'INCLUDE', orderBy: [] })) {
        found.push(...batch);
      }
    })().catch((error: unknown) => error);
    for (let count = random.below(4); count > 0; count -= 1) await write(database, replay, random);
    const refused = await reading;
    view.close();
    if (refused !== undefined) expect(refused).toMatchObject({ code: 'HISTORY_GONE' });
    else {
      const stillThere = new Set(replay.at(sequence).map(({ id }) => id));
      expect(found.filter(({ id }) => stillThere.has(id))).toEqual(expected.filter(({ id }) => stillThere.has(id)));
    }
  }
  await database.close();
});

test('many documents of one segment, or of the base, are read in one pass over it', async () => {
  const limits = { historyBytesMax: 100_000, segmentBytesMax: 90_000, snapshotLogBytes: 1e9 };
  const database = await open(new SimulatedFileSystem(), limits);
  const ids = Array.from({ length: 200 }, (_, number) => documentId(number));
  const states: (readonly Document[])[] = [];
  for (let version = 0; version < 4; version += 1) {
    // Twice in one commit, so that two versions are of one sequence.
    const write = (id: string): Operation[] => [
      version === 0
        ? { kind: 'create', id, body: {} }
        : { kind: 'update', id, version: version * 2, body: { version, half: true } },
      { kind: 'update', id, version: version * 2 + 1, body: { version } },
    ];
    await database.commit(anonymous, ids.flatMap(write));
    states.push(await documentsOf(database));
    if (version < 2) await database.takeSnapshot();
    await database.historyIdle();
  }
  const { oldest } = (await database.status(anonymous)).history;
  expect(oldest).toBe(1);
  for (const sequence of [1, 2, 3, 4]) {
    const view = await database.view(anonymous, { sequence });
    const found: Document[] = [];
    for await (const batch of view.scanDocuments({ filter: everything, archived: 'INCLUDE', orderBy: [] })) {
      found.push(...batch);
    }
    expect(found).toEqual(states[sequence - 1]);
    view.close();
  }
  await database.close();
});

test('a time means the last commit at or before it', async () => {
  let now = 1_700_000_000_000;
  const fileSystem = new SimulatedFileSystem();
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    monotonic: () => systemClock.monotonic(),
    yield: () => systemClock.yield(),
    schedule: (...args) => systemClock.schedule(...args),
  };
  let database = await open(fileSystem, { segmentBytesMax: 1000 }, clock);
  const start = now;
  for (let number = 0; number < 40; number += 1) {
    now = start + number * 10;
    await database.commit(anonymous, [{ kind: 'create', id: documentId(number), body: { number } }]);
  }
  for (let restarts = 0; restarts < 2; restarts += 1) {
    for (const milliseconds of [0, 5, 9, 10, 195, 389, 390, 1e6]) {
      const view = await database.view(anonymous, { time: start + milliseconds });
      const commits = Math.min(40, Math.floor(milliseconds / 10) + 1);
      expect(view.sequence).toBe(commits);
      expect(await view.countDocuments({ filter: everything, archived: 'INCLUDE', orderBy: [] })).toBe(commits);
      view.close();
    }
    const view = await database.view(anonymous, { time: start - 1 });
    expect(await view.countDocuments({ filter: everything, archived: 'INCLUDE', orderBy: [] })).toBe(0);
    view.close();
    await database.close();
    database = await open(fileSystem, { segmentBytesMax: 1000 }, clock);
  }
  await database.close();
  database = await open(fileSystem, { segmentBytesMax: 1000, historyBytesMax: 2000, snapshotLogBytes: 1000 }, clock);
  for (let count = 0; count < 2; count += 1) {
    now = start + 2e6;
    await database.commit(anonymous, [{ kind: 'create', body: {} }]);
    await database.takeSnapshot();
  }
  await database.historyIdle();
  const { oldest } = (await database.status(anonymous)).history;
  expect(oldest).toBeGreaterThan(0);
  await expect(database.view(anonymous, { time: start })).rejects.toMatchObject({
    code: 'HISTORY_GONE',
    evidence: { oldest },
  });
  const view = await database.view(anonymous, { time: start + (oldest - 1) * 10 + 5 });
  expect(view.sequence).toBe(oldest);
  view.close();
  await database.close();
});

test('a view of the past holds no more than it may, and one document needs none of that', async () => {
  const database = await open(new SimulatedFileSystem(), { pastBytesMax: 20_000 });
  for (let number = 0; number < 60; number += 1) {
    const operations: Operation[] = [{ kind: 'create', id: documentId(number), body: { text: 'x'.repeat(300) } }];
    await database.commit(anonymous, operations);
  }
  for (let number = 0; number < 60; number += 1) {
    await database.commit(anonymous, [{ kind: 'update', id: documentId(number), version: 1, body: {} }]);
  }
  const query: FindQuery = { filter: everything, archived: 'INCLUDE', orderBy: [] };
  const early = await database.view(anonymous, { sequence: 60 });
  expect(await early.getDocument(documentId(3))).toMatchObject({ version: 1, body: { text: 'x'.repeat(300) } });
  await expect(early.countDocuments(query)).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    evidence: { limit: 20_000 },
  });
  early.close();
  const bytesBefore = (await database.status(anonymous)).memory.bytes;
  const late = await database.view(anonymous, { sequence: 105 });
  expect(await late.countDocuments(query)).toBe(60);
  expect((await database.status(anonymous)).memory.bytes).toBeGreaterThan(bytesBefore + 4000);
  const other = await database.view(anonymous, { sequence: 105 });
  await expect(other.countDocuments(query)).rejects.toMatchObject({ code: 'OVERLOADED' });
  other.close();
  late.close();
  const again = await database.view(anonymous, { sequence: 105 });
  expect(await again.countDocuments(query)).toBe(60);
  again.close();
  expect((await database.status(anonymous)).memory.bytes).toBe(bytesBefore);
  await database.close();
});
