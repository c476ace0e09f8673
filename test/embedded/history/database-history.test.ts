import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import type { StorageEvent } from '../../../src/embedded/storage-event.ts';
import type { DatabaseError } from '../../../src/errors.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId, logDirectory } from '../log/log-fixture.ts';
import { documentsOf } from '../snapshot/database-fixture.ts';
import { isOnDisk } from './history-database.ts';

interface Opened {
  readonly database: EmbeddedDatabase;
  readonly events: StorageEvent[];
  readonly failures: DatabaseError[];
}

async function open(fileSystem: SimulatedFileSystem, historyBytesMax = Number.POSITIVE_INFINITY): Promise<Opened> {
  const events: StorageEvent[] = [];
  const failures: DatabaseError[] = [];
  const database = await openEmbeddedDatabase({
    directory: dataDirectory,
    fileSystem,
    clock: systemClock,
    random: new SeededRandom(1),
    limits: { segmentBytesMax: 4000, snapshotLogBytes: 8000, historyBytesMax },
    onStorageEvent: (event) => events.push(event),
    onFailure: (error) => failures.push(error),
  });
  return { database, events, failures };
}

async function create(database: EmbeddedDatabase, number: number): Promise<void> {
  const body = { text: `body-of-${number}.` };
  await database.commit(anonymous, [{ kind: 'create', id: documentId(number), name: `name-of-${number}.`, body }]);
}

async function update(database: EmbeddedDatabase, number: number, round: number): Promise<void> {
  const body = { text: `body-of-${number}.`, round };
  await database.commit(anonymous, [{ kind: 'update', id: documentId(number), body, version: round }]);
}

async function erase(database: EmbeddedDatabase, number: number, version: number): Promise<number> {
  const { sequence } = await database.commit(anonymous, [{ kind: 'erase', id: documentId(number), version }]);
  if (sequence === null) throw new Error('an erasure is written');
  return sequence;
}

function isAnywhere(fileSystem: SimulatedFileSystem, number: number): boolean {
  return isOnDisk(fileSystem, `body-of-${number}.`) || isOnDisk(fileSystem, `name-of-${number}.`);
}

test('a database that is written to for long keeps its history within the bound, and loses nothing', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, events } = await open(fileSystem, 20_000);
  for (let number = 0; number < 20; number += 1) await create(database, number);
  for (let round = 1; round <= 20; round += 1) {
    for (let number = 0; number < 20; number += 1) await update(database, number, round);
    // The simulated disk answers at once: this is when the background has a turn.
    for (let turn = 0; turn < 20; turn += 1) await systemClock.yield();
  }
  const documents = await documentsOf(database);
  await database.close();
  const reopened = await open(fileSystem, 20_000);
  expect(await documentsOf(reopened.database)).toEqual(documents);
  // How far the background came is a matter of time: the bound holds once two snapshots stand behind what is beyond it.
  for (const number of [100, 101]) {
    await create(reopened.database, number);
    await reopened.database.takeSnapshot();
  }
  await reopened.database.historyIdle();
  const { history, sequence } = await reopened.database.status(anonymous);
  expect(history.oldest).toBeGreaterThan(0);
  expect(history.oldest).toBeLessThan(sequence);
  expect(history.bytes).toBeLessThanOrEqual(20_000);
  expect([...events, ...reopened.events].map(({ kind }) => kind)).not.toContain('historyFailed');
  const segments = fileSystem.names(logDirectory).filter((name) => name.endsWith('.log'));
  const sizes = segments.map((name) => fileSystem.readBytes(join(logDirectory, name)).length);
  // The one that is written to does not count, and is begun with each snapshot.
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(21_000);
  await reopened.database.close();
});

test('an erased document leaves the disk on command, wherever it was, and the status says so', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await open(fileSystem);
  for (let number = 0; number < 30; number += 1) await create(database, number);
  for (let number = 0; number < 30; number += 1) await update(database, number, 1);
  await database.takeSnapshot();
  for (let number = 0; number < 30; number += 1) await update(database, number, 2);
  // A snapshot that is under way still holds the document when it is erased.
  const snapshot = database.takeSnapshot();
  await update(database, 0, 3);
  const sequence = await erase(database, 7, 3);
  expect((await database.status(anonymous)).history.erasedOnDiskUpTo).toBeLessThan(sequence);
  await database.eraseOnDisk();
  await snapshot;
  expect((await database.status(anonymous)).history.erasedOnDiskUpTo).toBeGreaterThanOrEqual(sequence);
  expect(isAnywhere(fileSystem, 7)).toBe(false);
  expect(isAnywhere(fileSystem, 8)).toBe(true);
  const documents = await documentsOf(database);
  await database.close();
  const reopened = await open(fileSystem);
  expect(await documentsOf(reopened.database)).toEqual(documents);
  // The id is free again.
  await create(reopened.database, 7);
  await reopened.database.eraseOnDisk();
  expect(isAnywhere(fileSystem, 7)).toBe(true);
  await reopened.database.close();
});

test('an erasure on disk that finds no room, or is overtaken by a stop, says so and is done when it is asked for again', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await open(fileSystem);
  for (let number = 0; number < 40; number += 1) await create(database, number);
  await erase(database, 7, 1);
  await database.takeSnapshot();
  await database.historyIdle();
  fileSystem.capacity = Object.values(fileSystem.contents()).join('').length / 2 + 500;
  const refused = await database.eraseOnDisk().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'STORAGE_FULL', message: expect.stringContaining('still in some files') });
  expect(String(refused)).not.toContain(dataDirectory);
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  const overtaken = database.eraseOnDisk().catch((error: unknown) => error);
  await database.close();
  expect(await overtaken).toMatchObject({ code: 'OVERLOADED' });
  await expect(database.eraseOnDisk()).rejects.toMatchObject({ code: 'OVERLOADED' });

  const reopened = await open(fileSystem);
  expect(isAnywhere(fileSystem, 7)).toBe(true);
  const { erasedOnDiskUpTo, files } = await reopened.database.compact(anonymous);
  expect([erasedOnDiskUpTo, files > 0]).toEqual([41, true]);
  expect(isAnywhere(fileSystem, 7)).toBe(false);
  expect(await reopened.database.compact(anonymous)).toEqual({ erasedOnDiskUpTo: 41, files: 0 });
  await reopened.database.close();
});

test('writes and reads go on while an erasure rewrites the files', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await open(fileSystem);
  for (let number = 0; number < 60; number += 1) await create(database, number);
  await erase(database, 3, 1);
  const erased = database.eraseOnDisk();
  for (let number = 100; number < 160; number += 1) await create(database, number);
  await erased;
  expect(isAnywhere(fileSystem, 3)).toBe(false);
  const documents = await documentsOf(database);
  expect(documents).toHaveLength(119);
  await database.close();
  const reopened = await open(fileSystem);
  expect(await documentsOf(reopened.database)).toEqual(documents);
  await reopened.database.close();
});

test('a directory that could not be synced in the background ends all writing', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, failures } = await open(fileSystem);
  await create(database, 1);
  await erase(database, 1, 1);
  let failing = false;
  fileSystem.inject = (kind, path) => {
    // The one that gives the index its name, which only the background waits for.
    if (kind === 'rename' && path.endsWith('.index')) failing = true;
    return failing && kind === 'syncDirectory' && path === logDirectory ? { kind: 'error', code: 'EIO' } : undefined;
  };
  await expect(database.eraseOnDisk()).rejects.toThrow();
  expect(failures).toMatchObject([{ code: 'OUTCOME_UNKNOWN' }]);
  await expect(create(database, 2)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect((await database.status(anonymous)).writes).toBe('failed');
  await database.close();
});
