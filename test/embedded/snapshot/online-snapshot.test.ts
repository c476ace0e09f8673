import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { documentId, logDirectory, scheduleSoon, startTime } from '../log/log-fixture.ts';
import {
  contentsOf,
  create,
  documentsOf,
  openDatabase,
  segmentPath,
  snapshotPath,
  temporaryNames,
  update,
} from './database-fixture.ts';
import { readContent, snapshotDirectory } from './snapshot-fixture.ts';

/** Every look at it takes a millisecond, so that whatever works in slices makes many of them. */
function busyClock(): Clock {
  let milliseconds = 0;
  return {
    now: () => startTime,
    monotonic: () => {
      milliseconds += 1;
      return milliseconds;
    },
    yield: () => nextTick(),
    schedule: scheduleSoon,
  };
}

const byId = (a: Document, b: Document) => (a.id < b.id ? -1 : 1);

test('a snapshot is exactly the state at its sequence, whatever is written and read while it is taken', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem, { clock: busyClock() });
  const random = new SeededRandom(3);
  // Ids in no order of time, as clients may choose them.
  const numbers = Array.from({ length: 600 }, (_, index) => random.below(1_000_000) * 1000 + index);
  for (const number of numbers.slice(0, 500)) await create(database, number);
  const before = await documentsOf(database);
  const { sequence } = await database.status(anonymous);

  let taken = false;
  const snapshot = database.takeSnapshot().finally(() => {
    taken = true;
  });
  let written = 0;
  while (!taken) {
    await nextTick();
    const number = numbers[written];
    if (number === undefined || written >= 500) continue;
    await update(database, number, `changed ${written}`);
    if (written % 5 === 0) await create(database, numbers[500 + written / 5] ?? 0);
    if (written % 7 === 0) {
      await database.commit(anonymous, [{ kind: 'archive', id: documentId(number), version: 2 }]);
    }
    expect(database.getDocument(anonymous, documentId(number), 'INCLUDE')?.version).toBeGreaterThan(1);
    written += 1;
  }
  expect(written).toBeGreaterThan(20);
  expect(await snapshot).toMatchObject({ sequence, documents: before.length });
  const { documents } = await readContent(fileSystem, snapshotPath(sequence));
  expect(documents).toEqual(before.sort(byId));

  const after = await documentsOf(database);
  const { database: reopened } = await openDatabase(fileSystem.killProcess());
  expect(await documentsOf(reopened)).toEqual(after);
  expect((await reopened.status(anonymous)).recovery).toMatchObject({ snapshot: { sequence } });
});

test('a snapshot ends the segment that is written to, and the next commit begins another', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  await create(database, 1);
  await create(database, 2);
  const info = await database.takeSnapshot();
  const sealed = fileSystem.readBytes(segmentPath(1));
  await create(database, 3);
  expect(fileSystem.readBytes(segmentPath(1))).toEqual(sealed);
  expect(fileSystem.names(logDirectory)).toContain('00000000000000000003.log');
  expect(info).toEqual({
    sequence: 2,
    createdAt: startTime,
    documents: 2,
    bytes: fileSystem.readBytes(snapshotPath(2)).length,
    path: snapshotPath(2),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const { path: _, digest: __, ...status } = info;
  expect((await database.status(anonymous)).snapshot).toEqual(status);
});

test('when nothing was committed since the last snapshot that one is told of, and nothing is written', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  await create(database, 1);
  const first = await database.takeSnapshot();
  await database.historyIdle();
  const { operations } = fileSystem;
  expect(await database.takeSnapshot()).toEqual(first);
  expect(fileSystem.operations).toBe(operations);
  await database.close();
  const { database: reopened } = await openDatabase(fileSystem);
  await reopened.historyIdle();
  const before = contentsOf(fileSystem);
  expect(await reopened.takeSnapshot()).toEqual(first);
  expect(contentsOf(fileSystem)).toEqual(before);
});

test('of a database one state has one digest, however it came about', async () => {
  const digests = [];
  for (const moreSnapshots of [false, true]) {
    const { database } = await openDatabase(new SimulatedFileSystem());
    for (const number of [1, 2, 3]) {
      await create(database, number);
      if (moreSnapshots) await database.takeSnapshot();
    }
    digests.push((await database.takeSnapshot()).digest);
  }
  expect(digests[1]).toBe(digests[0]);
});

test('the two newest snapshots are kept, and the base', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  for (let number = 1; number <= 5; number += 1) {
    await create(database, number);
    const { path } = await database.takeSnapshot();
    if (number === 1) {
      fileSystem.replaceBytes(snapshotPath(1, 'base'), fileSystem.readBytes(path));
      fileSystem.deleteBytes(path);
    }
  }
  expect(fileSystem.names(snapshotDirectory)).toEqual([
    '00000000000000000001.base',
    '00000000000000000004.snapshot',
    '00000000000000000005.snapshot',
  ]);
});

test('a close while files are pinned leaves the snapshots that are not needed any more to a later one', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, events } = await openDatabase(fileSystem);
  await database.historyIdle();
  await database.pinFiles();
  for (let number = 1; number <= 3; number += 1) {
    await create(database, number);
    const taking = database.takeSnapshot();
    if (number < 3) await taking;
    else await untilNamed(fileSystem, '00000000000000000003.snapshot');
    if (number === 3) await Promise.all([taking, database.close()]);
  }
  expect(events.filter(({ kind }) => /Failed|NotRemoved/.test(kind))).toEqual([]);
  expect(fileSystem.names(snapshotDirectory)).toHaveLength(3);
  const { database: reopened } = await openDatabase(fileSystem);
  await create(reopened, 4);
  await reopened.takeSnapshot();
  expect(fileSystem.names(snapshotDirectory)).toEqual([
    '00000000000000000003.snapshot',
    '00000000000000000004.snapshot',
  ]);
});

async function untilNamed(fileSystem: SimulatedFileSystem, name: string): Promise<void> {
  while (!fileSystem.names(snapshotDirectory).includes(name)) await nextTick();
}

test('commands while one is being taken share the next one, which holds what was committed before them', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, events } = await openDatabase(fileSystem);
  await create(database, 1);
  const first = database.takeSnapshot();
  await create(database, 2);
  const [second, third] = [database.takeSnapshot(), database.takeSnapshot()];
  expect((await first).sequence).toBeLessThanOrEqual(2);
  expect((await second).sequence).toBe(2);
  expect(await third).toEqual(await second);
  expect(events.filter(({ kind }) => kind === 'snapshotTaken').length).toBeLessThanOrEqual(2);
  expect(temporaryNames(fileSystem)).toEqual([]);
});

test('a snapshot is taken by itself when the log has grown, and not before', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { database, events } = await openDatabase(fileSystem, { snapshotLogBytes: 10_000 });
  const text = 'x'.repeat(1000);
  for (let number = 1; number <= 7; number += 1) await create(database, number, text);
  expect(events.filter(({ kind }) => kind.startsWith('snapshot'))).toEqual([]);
  for (let number = 8; number <= 40; number += 1) {
    await create(database, number, text);
    await nextTick();
  }
  const taken = events.filter((event) => event.kind === 'snapshotTaken');
  expect(taken.length).toBeGreaterThan(1);
  expect(taken[0]).toMatchObject({ file: snapshotPath(taken[0]?.sequence ?? 0), milliseconds: 0 });
  // The larger the snapshot, the more of the log goes by until the next one.
  const gaps = taken.map(({ sequence }, index) => sequence - (taken[index - 1]?.sequence ?? 0));
  expect(gaps.at(-1)).toBeGreaterThan(gaps[0] ?? 0);
  await database.close();
});

test('the log behind the last snapshot counts over restarts', async () => {
  let fileSystem = new SimulatedFileSystem();
  const text = 'x'.repeat(1000);
  for (let number = 1; number <= 6; number += 1) {
    const { database } = await openDatabase(fileSystem, { snapshotLogBytes: 5000, random: new SeededRandom(number) });
    await create(database, number, text);
    fileSystem = fileSystem.killProcess();
  }
  const { database, events } = await openDatabase(fileSystem, { snapshotLogBytes: 5000 });
  await database.takeSnapshot();
  expect(events).toContainEqual(expect.objectContaining({ kind: 'snapshotTaken' }));
  await database.close();
});

test('a close gives up the snapshot that is being taken, and leaves nothing of it', async () => {
  for (let ticks = 0; ticks < 40; ticks += 1) {
    const fileSystem = new SimulatedFileSystem();
    const { database, events } = await openDatabase(fileSystem, { clock: busyClock() });
    for (let number = 1; number <= 12; number += 1) await create(database, number, 'x'.repeat(20_000));
    const outcomes = Promise.allSettled([database.takeSnapshot(), database.takeSnapshot()]);
    for (let tick = 0; tick < ticks; tick += 1) await nextTick();
    await database.close();
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'OVERLOADED' });
    }
    expect(events.filter(({ kind }) => kind === 'snapshotFailed')).toEqual([]);
    expect(temporaryNames(fileSystem)).toEqual([]);
    const { database: reopened } = await openDatabase(fileSystem);
    expect((await reopened.status(anonymous)).recovery).toMatchObject({ clean: true, damagedSnapshots: [] });
    expect(await documentsOf(reopened)).toHaveLength(12);
    await expect(database.takeSnapshot()).rejects.toMatchObject({ code: 'OVERLOADED' });
  }
});
