import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { IndexDefinition } from '../../../src/database/table.ts';
import { parsePath } from '../../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { HeldFileSystem } from '../held-file-system.ts';
import { documentId } from '../log/log-fixture.ts';

const id = documentId(1);
const create = (body: { n: number }, more: { id?: string; table?: string } = {}): Operation => ({
  kind: 'create',
  table: 't',
  body,
  ...more,
});
const uniqueIndex: IndexDefinition = {
  table: 't',
  paths: [parsePath('n', 'paths')],
  kind: 'HASH',
  unique: true,
  archived: 'EXCLUDE',
};

describe('what a commit on its way to the disk does to tables and indexes', () => {
  let disk: SimulatedFileSystem;
  let fileSystem: HeldFileSystem;
  let database: EmbeddedDatabase;

  beforeEach(async () => {
    disk = new SimulatedFileSystem();
    fileSystem = new HeldFileSystem(disk);
    database = await openEmbeddedDatabase({ directory: '/data', fileSystem });
  });

  afterEach(async () => {
    fileSystem.release();
    await database.close();
  });

  /** Starts these while the disk holds still, one behind the other; what they come to is told once it has let go. */
  async function inFlight(...started: readonly (() => Promise<unknown>)[]): Promise<unknown[]> {
    fileSystem.hold();
    const settled: boolean[] = started.map(() => false);
    const outcomes: Promise<unknown>[] = [];
    for (const [index, start] of started.entries()) {
      const outcome = start().catch((error: unknown) => error);
      outcomes.push(outcome.finally(() => (settled[index] = true)));
      for (let tick = 0; tick < 3; tick += 1) await nextTick();
    }
    expect(settled).toEqual(started.map(() => false));
    fileSystem.release();
    return Promise.all(outcomes);
  }

  const commit = (...operations: readonly Operation[]) => database.commit(anonymous, operations);

  it('decides about the name of a table', async () => {
    const [made, again, failed] = await inFlight(
      () => database.createTable(anonymous, 't', {}),
      () => database.createTable(anonymous, 't', {}),
      () =>
        database
          .updateTable(anonymous, 't', { schema: { required: ['n'] } }, false)
          .then(() => commit(create({ n: 1 }))),
    );
    expect(made).toMatchObject({ name: 't' });
    expect(again).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(failed).toMatchObject({ documents: [{ table: { name: 't' } }] });
  });

  it('decides whether a table takes writes, and what fits it', async () => {
    await commit(create({ n: 1 }, { id }));
    const [, , refused, unfit] = await inFlight(
      () => database.updateTable(anonymous, 't', { readOnly: true }, false),
      () => database.createTable(anonymous, 's', { schema: { properties: { n: { maximum: 1 } } } }),
      () => commit({ kind: 'archive', id }),
      () => commit(create({ n: 2 }, { table: 's' })),
    );
    expect(refused).toMatchObject({ code: 'TABLE_READ_ONLY' });
    expect(unfit).toMatchObject({ code: 'SCHEMA_VIOLATION' });
  });

  it('takes away the documents of a table that it drops, whose name and ids are free behind it', async () => {
    await commit(create({ n: 1 }, { id }));
    await database.createIndex(anonymous, uniqueIndex);
    const [updated, dropped, gone, again, twice] = await inFlight(
      () => commit({ kind: 'update', id, version: 1, body: { n: 2 } }),
      () => database.dropTable(anonymous, 't'),
      () => commit({ kind: 'archive', id }),
      () => commit(create({ n: 1 }, { id }), create({ n: 1 })),
      () => database.dropTable(anonymous, 't').then(() => database.dropTable(anonymous, 't')),
    );
    expect(updated).toMatchObject({ sequence: 4 });
    expect(dropped).toBeUndefined();
    expect(gone).toMatchObject({ code: 'NOT_FOUND' });
    expect(again).toMatchObject({ documents: [{ id, version: 1 }, { version: 1 }] });
    expect(twice).toMatchObject({ code: 'NOT_FOUND', evidence: { table: 't' } });
    expect(await database.status(anonymous)).toMatchObject({ documents: 0 });
  });

  it('of the default table, too, takes away what was there before and nothing that comes behind', async () => {
    await database.createIndex(anonymous, { ...uniqueIndex, table: 'default' });
    await commit(create({ n: 1 }, { id, table: 'default' }));
    const [, , gone, again] = await inFlight(
      () => commit(create({ n: 2 }, { table: 'default' })),
      () => database.dropTable(anonymous, 'default'),
      () => commit({ kind: 'assert', id, version: 1 }),
      () => commit(create({ n: 1 }, { id, table: 'default' }), create({ n: 1 }, { table: 'default' })),
    );
    expect(gone).toMatchObject({ code: 'NOT_FOUND' });
    expect(again).toMatchObject({ documents: [{ id }, {}] });
    expect(await database.status(anonymous)).toMatchObject({ documents: 2 });
  });

  it('has its values, and one that was refused has none', async () => {
    await database.createIndex(anonymous, uniqueIndex);
    const [, taken, refused, free] = await inFlight(
      () => commit(create({ n: 1 }, { id })),
      () => commit(create({ n: 1 })),
      () => commit(create({ n: 2 }), create({ n: 1 })),
      () => commit(create({ n: 2 })),
    );
    expect(taken).toMatchObject({ code: 'UNIQUE_VIOLATION', evidence: { path: 'n', conflictingId: id } });
    expect(refused).toMatchObject({ code: 'UNIQUE_VIOLATION', evidence: { operation: 1, conflictingId: id } });
    expect(free).toMatchObject({ documents: [{ body: { n: 2 } }] });
  });

  it('gives a value up that it takes away from a document', async () => {
    await database.createIndex(anonymous, uniqueIndex);
    await commit(create({ n: 1 }, { id }));
    const [, taken, back] = await inFlight(
      () => commit({ kind: 'update', id, version: 1, body: { n: 2 } }),
      () => commit(create({ n: 1 })),
      () => commit({ kind: 'update', id, version: 2, body: { n: 1 } }),
    );
    expect(taken).toMatchObject({ documents: [{ version: 1 }] });
    expect(back).toMatchObject({ code: 'UNIQUE_VIOLATION' });
  });

  it('is in the way of a unique index that is made behind it, which is in the way of those behind', async () => {
    await commit(create({ n: 5 }));
    const [, , made, behind] = await inFlight(
      () => commit(create({ n: 1 }, { id })),
      () => commit(create({ n: 2 })),
      () => database.createIndex(anonymous, uniqueIndex),
      () => commit(create({ n: 2 })),
    );
    expect(made).toMatchObject({ state: 'READY', entries: 3 });
    expect(behind).toMatchObject({ code: 'UNIQUE_VIOLATION' });
  });

  it('decides about an index of the same paths, and about one that it drops', async () => {
    await database.createIndex(anonymous, uniqueIndex);
    await commit(create({ n: 1 }));
    const [, twice, again, duplicate] = await inFlight(
      () => database.dropIndex(anonymous, 't', uniqueIndex.paths),
      () => database.dropIndex(anonymous, 't', uniqueIndex.paths),
      () => database.createIndex(anonymous, { ...uniqueIndex, unique: false }),
      () => commit(create({ n: 1 })),
    );
    expect(twice).toMatchObject({ code: 'NOT_FOUND' });
    expect(again).toMatchObject({ unique: false, state: 'READY', entries: 2 });
    expect(duplicate).toMatchObject({ sequence: 6 });
  });

  it('is all gone when there is no room for it: tables, indexes, and values', async () => {
    await database.createIndex(anonymous, { ...uniqueIndex, table: 'u' });
    const [first, ...outcomes] = await inFlight(
      () => commit(create({ n: 9 }, { table: 'u' })),
      () => {
        disk.inject = (kind) => (kind === 'write' ? { kind: 'error', code: 'ENOSPC' } : undefined);
        return commit(create({ n: 0 }, { table: 'u' }));
      },
      () => database.createTable(anonymous, 't', {}),
      () => database.createIndex(anonymous, uniqueIndex),
      () => commit(create({ n: 1 }, { table: 'u' })),
      () => database.dropTable(anonymous, 'u'),
    );
    expect(first).toMatchObject({ sequence: 3 });
    for (const outcome of outcomes) expect(outcome).toMatchObject({ code: 'STORAGE_FULL' });
    disk.inject = null;
    await commit(create({ n: 1 }, { table: 'u' }));
    await commit(create({ n: 0 }, { table: 'u' }));
    await database.createTable(anonymous, 't', {});
    await commit(create({ n: 1 }), create({ n: 1 }));
    expect(await database.status(anonymous)).toMatchObject({ documents: 5 });
  });
});
