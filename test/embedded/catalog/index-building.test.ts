import { expect, test } from 'vitest';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { IndexDefinition, Table } from '../../../src/database/table.ts';
import type { Document } from '../../../src/document/document.ts';
import { parsePath } from '../../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { EmbeddedDatabaseLimits } from '../../../src/embedded/embedded-database-options.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import type { StorageEvent } from '../../../src/embedded/storage-event.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { documentId, scheduleSoon, startTime } from '../log/log-fixture.ts';

const definition: IndexDefinition = {
  table: 't',
  paths: [parsePath('n', 'paths')],
  kind: 'ORDERED',
  unique: false,
  archived: 'EXCLUDE',
};

/** Every look at it is a long time later: whatever works in slices gives way at each step. Told of each pause. */
class HastyClock implements Clock {
  onYield: () => void = () => {};
  yields = 0;
  #now = 0;

  now(): number {
    return startTime;
  }

  monotonic(): number {
    this.#now += 10;
    return this.#now;
  }

  async yield(): Promise<void> {
    this.yields += 1;
    this.onYield();
    await new Promise((resolve) => setImmediate(resolve));
  }

  readonly schedule = scheduleSoon;
}

interface Opened {
  readonly database: EmbeddedDatabase;
  readonly clock: HastyClock;
  readonly events: StorageEvent[];
}

async function open(fileSystem: SimulatedFileSystem, limits: Partial<EmbeddedDatabaseLimits> = {}): Promise<Opened> {
  const clock = new HastyClock();
  const events: StorageEvent[] = [];
  const onStorageEvent = (event: StorageEvent) => {
    if (event.kind.startsWith('index')) events.push(event);
  };
  const random = new SeededRandom(1);
  const wide = { ...limits, viewMsMax: Number.POSITIVE_INFINITY };
  const options = { directory: '/data', fileSystem, clock, random, limits: wide, onStorageEvent };
  return { database: await openEmbeddedDatabase(options), clock, events };
}

async function create(database: EmbeddedDatabase, number: number, n: number = number): Promise<void> {
  await database.commit(anonymous, [{ kind: 'create', table: 't', id: documentId(number), body: { n } }]);
}

async function tableOf(database: EmbeddedDatabase): Promise<Table | null> {
  const view = await database.view(anonymous);
  const table = await view.table('t');
  view.close();
  return table;
}

function anyChange({ id, version, archivedAt }: Document, random: SeededRandom, next: number): Operation {
  const update: Operation = { kind: 'update', id, version, body: { n: [next, -next] } };
  const changes: Operation[] = [update, update, { kind: 'archive', id }, { kind: 'erase', id, version }];
  return archivedAt === null ? (changes[random.below(4)] ?? update) : { kind: 'restore', id };
}

/** Resolves when no index is being filled any more. */
async function built(database: EmbeddedDatabase): Promise<void> {
  while ((await database.status(anonymous)).indexBuilds.length > 0)
    await new Promise((resolve) => setImmediate(resolve));
}

test('an index gives way at each document, tells how far it is, and holds in the end what is there', async () => {
  for (const [seed, kind] of (['ORDERED', 'HASH'] as const).entries()) {
    const { database, clock, events } = await open(new SimulatedFileSystem());
    for (let number = 1; number <= 40; number += 1) await create(database, number);
    const random = new SeededRandom(seed);
    const writing: Promise<unknown>[] = [];
    const told: number[] = [];
    let next = 1000;
    clock.onYield = () => {
      void database.status(anonymous).then(({ indexBuilds }) => {
        for (const { table, paths, filled } of indexBuilds) {
          expect([table, paths]).toEqual(['t', ['n']]);
          told.push(filled);
        }
      });
      const id = documentId(1 + random.below(40));
      const current = database.getDocument(anonymous, id, 'INCLUDE');
      next += 1;
      const written: Promise<unknown> =
        current === null ? create(database, next) : database.commit(anonymous, [anyChange(current, random, next)]);
      // Two changes of one document may have met.
      writing.push(written.catch(() => undefined));
    };
    const made = await database.createIndex(anonymous, { ...definition, kind });
    clock.onYield = () => {};
    await Promise.all(writing);
    expect(clock.yields).toBeGreaterThan(30);
    expect(made.state).toBe('READY');
    expect(new Set(told).size).toBeGreaterThan(20);
    const table = await tableOf(database);
    const index = table?.indexes[0];
    expect(index?.filled).toBe(table?.documentCount);
    expect(events).toMatchObject([{ kind: 'indexReady', table: 't', paths: ['n'] }]);
    // One that is filled at once, out of the same documents, has the same entries.
    await database.createIndex(anonymous, { ...definition, kind, paths: [parsePath('$id', 'paths')] });
    await database.dropIndex(anonymous, 't', definition.paths);
    const again = await database.createIndex(anonymous, { ...definition, kind });
    expect(again.entries).toBe(index?.entries);
    await database.close();
  }
});

test('what is written while a unique index is filled meets what is still to be filled in', async () => {
  const { database, clock } = await open(new SimulatedFileSystem());
  for (let number = 1; number <= 10; number += 1) await create(database, number);
  let written: Promise<unknown> = Promise.resolve();
  clock.onYield = () => {
    clock.onYield = () => {};
    written = create(database, 11, 9);
  };
  await expect(database.createIndex(anonymous, { ...definition, unique: true })).rejects.toMatchObject({
    code: 'UNIQUE_VIOLATION',
    evidence: { conflictingIds: expect.arrayContaining([documentId(9), documentId(11)]) },
  });
  await written;
  expect(await tableOf(database)).toMatchObject({ documentCount: 11, indexes: [] });
  await database.close();
});

test("a document that gives its value to another while the index is filled is in nobody's way", async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, clock } = await open(fileSystem);
  for (let number = 1; number <= 10; number += 1) await create(database, number);
  const written: Promise<unknown>[] = [];
  const filled = Promise.withResolvers<void>();
  // The commit that begins the index gives way once before it is applied.
  const begun = clock.yields + 1;
  clock.onYield = () => {
    if (clock.yields === begun + 10) filled.resolve();
    if (clock.yields <= begun || written.length > 0) return;
    // On its way to the disk until the index has been through all documents.
    fileSystem.delay = () => filled.promise;
    written.push(
      database.commit(anonymous, [
        { kind: 'update', id: documentId(9), version: 1, body: { n: 90 } },
        { kind: 'update', id: documentId(1), version: 1, body: { n: 9 } },
      ]),
    );
  };
  expect(await database.createIndex(anonymous, { ...definition, unique: true })).toMatchObject({ entries: 10 });
  await Promise.all(written);
  await expect(create(database, 11, 9)).rejects.toMatchObject({ evidence: { conflictingId: documentId(1) } });
  await create(database, 12, 1);
  await database.close();
});

test('a schema is not set over a document that was changed behind the place up to which they were looked at', async () => {
  const schema = { properties: { n: { maximum: 100 } } };
  for (const changes of [1, 150]) {
    const { database, clock } = await open(new SimulatedFileSystem());
    for (let number = 1; number <= 160; number += 1) await create(database, number, 1);
    const written: Promise<unknown>[] = [];
    clock.onYield = () => {
      if (clock.yields < 155 || written.length > 0) return;
      for (let number = 1; number <= changes; number += 1) {
        const id = documentId(number);
        written.push(database.commit(anonymous, [{ kind: 'update', id, version: 1, body: { n: 101 } }]));
      }
    };
    await expect(database.updateTable(anonymous, 't', { schema }, false)).rejects.toMatchObject({
      code: 'SCHEMA_VIOLATION',
      evidence: { count: changes },
    });
    await Promise.all(written);
    expect((await tableOf(database))?.settings.schema).toBeNull();
    await database.close();
  }
});

test.each([
  ['the index', (database: EmbeddedDatabase) => database.dropIndex(anonymous, 't', definition.paths)],
  ['its table', (database: EmbeddedDatabase) => database.dropTable(anonymous, 't')],
])('%s may be dropped while it is filled', async (_, drop) => {
  const { database, clock } = await open(new SimulatedFileSystem());
  for (let number = 1; number <= 10; number += 1) await create(database, number);
  const dropped: Promise<unknown>[] = [];
  clock.onYield = () => {
    clock.onYield = () => {};
    dropped.push(drop(database));
  };
  await expect(database.createIndex(anonymous, definition)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await Promise.all(dropped);
  expect((await tableOf(database))?.indexes ?? []).toEqual([]);
  await database.createIndex(anonymous, definition);
  await database.close();
});

test('a stop ends the filling, and the next start goes on with it', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, clock, events } = await open(fileSystem);
  for (let number = 1; number <= 10; number += 1) await create(database, number);
  let closed: Promise<void> = Promise.resolve();
  clock.onYield = () => {
    if (clock.yields > 3) closed = database.close();
  };
  await expect(database.createIndex(anonymous, definition)).rejects.toMatchObject({ code: 'OVERLOADED' });
  await closed;
  expect(events).toEqual([]);
  const reopened = await open(fileSystem);
  await built(reopened.database);
  expect(await tableOf(reopened.database)).toMatchObject({ indexes: [{ state: 'READY', entries: 10 }] });
  expect(reopened.events).toMatchObject([{ kind: 'indexReady' }]);
  await reopened.database.close();
  const again = await open(fileSystem);
  expect(await tableOf(again.database)).toMatchObject({ indexes: [{ state: 'READY', entries: 10 }] });
  expect(again.events).toEqual([]);
  await again.database.close();
});

test('the next start drops an index that turns out not to be unique', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, clock } = await open(fileSystem);
  for (let number = 1; number <= 10; number += 1) await create(database, number, number % 9);
  let closed: Promise<void> = Promise.resolve();
  clock.onYield = () => {
    if (clock.yields > 3) closed = database.close();
  };
  await expect(database.createIndex(anonymous, { ...definition, unique: true })).rejects.toMatchObject({
    code: 'OVERLOADED',
  });
  await closed;
  const reopened = await open(fileSystem);
  // From the first commit on it is obeyed, also where it is not filled yet.
  const attempt = create(reopened.database, 11, 5);
  await expect(attempt.then(() => 'written'))
    .resolves.toBe('written')
    .catch(() => {});
  await built(reopened.database);
  expect(await tableOf(reopened.database)).toMatchObject({ indexes: [] });
  expect(reopened.events).toMatchObject([{ kind: 'indexRefused', cause: { code: 'UNIQUE_VIOLATION' } }]);
  await reopened.database.close();
});

test('when there is no room for its second commit it is left, and the next start makes it ready', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, clock, events } = await open(fileSystem);
  for (let number = 1; number <= 3; number += 1) await create(database, number);
  clock.onYield = () => {
    clock.onYield = () => {};
    fileSystem.inject = (kind) => (kind === 'write' ? { kind: 'error', code: 'ENOSPC' } : undefined);
  };
  await expect(database.createIndex(anonymous, definition)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(events).toMatchObject([{ kind: 'indexLeft', cause: { code: 'STORAGE_FULL' } }]);
  fileSystem.inject = null;
  expect(await tableOf(database)).toMatchObject({ indexes: [{ state: 'BUILDING', filled: 3, documents: 3 }] });
  await create(database, 4);
  await database.close();
  const reopened = await open(fileSystem);
  await built(reopened.database);
  expect(await tableOf(reopened.database)).toMatchObject({ indexes: [{ state: 'READY', entries: 4 }] });
  await reopened.database.close();
});

test('what indexes take counts as memory: one for which there is none is dropped again', async () => {
  const { database } = await open(new SimulatedFileSystem(), { memoryBytesMax: 10_500 });
  for (let number = 1; number <= 20; number += 1) await create(database, number);
  const { memory } = await database.status(anonymous);
  expect(memory.bytes).toBeLessThan(10_500);
  const list = Array.from({ length: 300 }, (_, n) => n);
  await database.commit(anonymous, [{ kind: 'update', id: documentId(1), version: 1, body: { n: list } }]);
  await expect(database.createIndex(anonymous, definition)).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  expect(await tableOf(database)).toMatchObject({ indexes: [] });
  await database.close();
});

test('a table has as many indexes as it may, and no more', async () => {
  const { database } = await open(new SimulatedFileSystem(), { indexesMax: 2 });
  for (const path of ['a', 'b']) {
    await database.createIndex(anonymous, { ...definition, paths: [parsePath(path, 'paths')] });
  }
  await expect(database.createIndex(anonymous, definition)).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    evidence: { limit: 2 },
  });
  await database.close();
});

test('a schema is not put for a default table that was dropped, and begun anew, while its documents were looked at', async () => {
  const { database, clock } = await open(new SimulatedFileSystem());
  const put = (number: number, body: { n?: number }) =>
    database.commit(anonymous, [{ kind: 'create', id: documentId(number), body }]);
  for (let number = 1; number <= 40; number += 1) await put(number, { n: number });
  const updated = database
    .updateTable(anonymous, 'default', { schema: { required: ['n'] } }, false)
    .catch((error) => error);
  while (clock.yields < 3) await new Promise((resolve) => setImmediate(resolve));
  await database.dropTable(anonymous, 'default');
  await put(41, {});
  expect(await updated).toMatchObject({ code: 'NOT_FOUND' });
  await put(42, {});
  await database.close();
});
