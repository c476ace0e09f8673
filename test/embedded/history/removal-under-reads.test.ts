import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import type { File, OpenMode } from '../../../src/embedded/ports/file-system.ts';
import { snapshotFileName } from '../../../src/embedded/snapshot/snapshot-files.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { type OperationKind, SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId } from '../log/log-fixture.ts';
import { create, openDatabase } from '../snapshot/database-fixture.ts';
import { snapshotDirectory } from '../snapshot/snapshot-fixture.ts';

const mebibyte = 1024 * 1024;

/** A database whose snapshots are larger than what goes at once, with two of them, of which the older holds document 1, which was erased since. */
async function withErasure() {
  const fileSystem = new SimulatedFileSystem();
  const opened = await openDatabase(fileSystem, { clock: systemClock });
  const { database } = opened;
  await create(database, 1);
  for (let number = 2; number <= 10; number += 1) await create(database, number, 'x'.repeat(mebibyte));
  const oldest = await sequenceOf(database);
  await database.takeSnapshot();
  await create(database, 11);
  await database.takeSnapshot();
  await database.commit(anonymous, [{ kind: 'erase', id: documentId(1), version: 1 }]);
  return { ...opened, fileSystem, path: join(snapshotDirectory, snapshotFileName(oldest, 'snapshot')) };
}

async function sequenceOf(database: EmbeddedDatabase): Promise<number> {
  return (await database.status(anonymous)).sequence;
}

/** Holds one operation back until `release`. */
function hold(fileSystem: SimulatedFileSystem, kind: OperationKind, path: string) {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  fileSystem.delay = async (...operation) => {
    if (operation[0] !== kind || operation[1] !== path) return;
    reached.resolve();
    await released.promise;
  };
  return { reached: reached.promise, release: released.resolve };
}

test('a snapshot that an erasure is reading is not made shorter when a newer one has taken its place', async () => {
  const { database, events, fileSystem, path } = await withErasure();
  const { reached, release } = hold(fileSystem, 'open', `${path}.tmp`);
  const erased = database.eraseOnDisk();
  await reached;
  const removed = Promise.withResolvers<void>();
  fileSystem.inject = (kind, at) => {
    if (kind === 'remove' && at === path) removed.resolve();
    return undefined;
  };
  const taken = database.takeSnapshot();
  await removed.promise;
  for (let turn = 0; turn < 100; turn += 1) await systemClock.yield();
  release();
  await erased;
  await taken;
  expect(events.map(({ kind }) => kind)).not.toContain('historyFailed');
  expect(fileSystem.names(snapshotDirectory)).toHaveLength(2);
  await database.close();
});

/** Holds the reading of one file's middle back until `release`. */
class SlowlyReadFileSystem extends SimulatedFileSystem {
  slowPath = '';
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  readonly reached = this.#reached.promise;
  readonly release = this.#released.resolve;

  override async open(path: string, mode: OpenMode): Promise<File> {
    const file = await super.open(path, mode);
    if (mode !== 'read' || path !== this.slowPath) return file;
    const read = file.read.bind(file);
    file.read = async (target, position) => {
      if (position > mebibyte && position < 4 * mebibyte) {
        this.#reached.resolve();
        await this.#released.promise;
      }
      return read(target, position);
    };
    return file;
  }
}

test('a snapshot that is read to become the base is not made shorter when a newer one has taken its place', async () => {
  const fileSystem = new SlowlyReadFileSystem();
  const events: string[] = [];
  const database = await openEmbeddedDatabase({
    directory: dataDirectory,
    fileSystem,
    clock: systemClock,
    random: new SeededRandom(1),
    limits: { snapshotLogBytes: 1024 * mebibyte, historyBytesMax: 1 },
    onStorageEvent: ({ kind }) => events.push(kind),
  });
  for (let number = 1; number <= 10; number += 1) await create(database, number, 'x'.repeat(mebibyte));
  fileSystem.slowPath = join(snapshotDirectory, snapshotFileName(await sequenceOf(database), 'snapshot'));
  await database.takeSnapshot();
  await create(database, 11);
  await database.takeSnapshot();
  await fileSystem.reached;
  const removed = Promise.withResolvers<void>();
  fileSystem.inject = (kind, at) => {
    if (kind === 'remove' && at === fileSystem.slowPath) removed.resolve();
    return undefined;
  };
  await create(database, 12);
  const taken = database.takeSnapshot();
  await removed.promise;
  for (let turn = 0; turn < 100; turn += 1) await systemClock.yield();
  fileSystem.release();
  await taken;
  await database.historyIdle();
  expect(events).not.toContain('historyFailed');
  expect(events).toContain('historyPruned');
  await database.close();
});
