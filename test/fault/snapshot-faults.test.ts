import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import type { Document } from '../../src/document/document.ts';
import { CorruptionError } from '../../src/embedded/log/log-error.ts';
import { documentId, logDirectory } from '../embedded/log/log-fixture.ts';
import {
  contentsOf,
  create,
  diskOf,
  documentsOf,
  openDatabase,
  segmentPath,
  snapshotPath,
  temporaryNames,
} from '../embedded/snapshot/database-fixture.ts';
import { snapshotDirectory } from '../embedded/snapshot/snapshot-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { type OperationKind, SimulatedFileSystem } from './simulated-file-system.ts';

/** Commits 1 to 4, a snapshot of the first two. */
async function prepared(): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  for (let number = 1; number <= 4; number += 1) {
    await create(database, number);
    if (number === 2) await database.takeSnapshot();
  }
  await database.close();
  return diskOf(contentsOf(fileSystem));
}

/** The newest commit that was acknowledged. */
interface Outcome {
  acknowledged: number;
}

/** Opens, commits 5, takes a snapshot, commits 6, closes. */
async function run(fileSystem: SimulatedFileSystem, outcome: Outcome): Promise<void> {
  const { database } = await openDatabase(fileSystem, { random: new SeededRandom(9) });
  await create(database, 5);
  outcome.acknowledged = 5;
  await database.takeSnapshot();
  await create(database, 6);
  outcome.acknowledged = 6;
  await database.historyIdle();
  await database.close();
}

function ids(documents: readonly Document[]): string[] {
  return documents.map(({ id }) => id);
}

const firstIds = (count: number) => Array.from({ length: count }, (_, index) => documentId(index + 1));

/** All that was acknowledged is there, and nothing half made; and the database goes on. */
async function expectRecovers(fileSystem: SimulatedFileSystem, { acknowledged }: Outcome, context: string) {
  const { database } = await openDatabase(fileSystem, { random: new SeededRandom(10) });
  const found = ids(await documentsOf(database));
  expect(found.length, context).toBeGreaterThanOrEqual(acknowledged);
  expect(found, context).toEqual(firstIds(found.length));
  expect((await database.status(anonymous)).recovery.damagedSnapshots, context).toEqual([]);
  expect(temporaryNames(fileSystem), context).toEqual([]);
  await create(database, found.length + 1);
  expect(await database.takeSnapshot(), context).toMatchObject({ sequence: found.length + 1 });
  await database.close();
}

async function operationsOfRun(): Promise<number> {
  const fileSystem = await prepared();
  const before = fileSystem.operations;
  await run(fileSystem, { acknowledged: 4 });
  return fileSystem.operations - before;
}

test('a crash at any operation, with or without a power cut, loses nothing acknowledged and leaves nothing half made', async () => {
  const operations = await operationsOfRun();
  expect(operations).toBeGreaterThan(30);
  for (let crash = 1; crash <= operations; crash += 1) {
    for (const powerCut of [false, true]) {
      const random = new SeededRandom(crash);
      const fileSystem = await prepared();
      let count = 0;
      fileSystem.inject = () => {
        count += 1;
        return count === crash ? { kind: 'stop', writtenBytes: random.below(300) } : undefined;
      };
      const outcome: Outcome = { acknowledged: 4 };
      // What is done in the background fails for itself.
      await run(fileSystem, outcome).catch((error: unknown) => {
        if (!fileSystem.stopped) throw error;
      });
      expect(fileSystem.stopped, `crash ${crash}`).toBe(true);
      const restarted = powerCut ? fileSystem.cutPower(random) : fileSystem.killProcess();
      await expectRecovers(restarted, outcome, `crash ${crash}, power cut ${powerCut}`);
    }
  }
});

const kinds: readonly OperationKind[] = ['open', 'write', 'datasync', 'sync', 'rename', 'syncDirectory', 'remove'];

test.each(['EIO', 'ENOSPC'])(
  'a snapshot during which any operation fails with %s does the database no harm, and leaves nothing',
  async (code) => {
    let seen = 0;
    for (const kind of kinds) {
      for (let nth = 1; ; nth += 1) {
        const fileSystem = await prepared();
        // A third snapshot makes the first one superfluous, so that there is something to remove.
        const { database, events, failures } = await openDatabase(fileSystem, { random: new SeededRandom(9) });
        await database.takeSnapshot();
        await create(database, 5);
        let count = 0;
        fileSystem.inject = (operation, path) => {
          if (operation !== kind || !path.startsWith(snapshotDirectory)) return undefined;
          count += 1;
          return count === nth ? { kind: 'error', code, writtenBytes: 20 } : undefined;
        };
        const error = await database.takeSnapshot().then(
          () => null,
          (reason: unknown) => reason,
        );
        if (count < nth) break;
        seen += 1;
        const context = `${kind} ${nth}`;
        const told = events.map((event) => event.kind);
        // The first sync of the directory is the new one's name, the second that of the old one is gone.
        if (kind === 'remove' || (kind === 'syncDirectory' && nth === 2))
          expect(told, context).toContain('snapshotNotRemoved');
        else {
          expect(error, context).not.toBeNull();
          if (code === 'ENOSPC' && ['open', 'write', 'rename'].includes(kind)) {
            expect(error, context).toMatchObject({ code: 'STORAGE_FULL' });
          }
          expect(told, context).toContain('snapshotFailed');
        }
        expect(temporaryNames(fileSystem), context).toEqual([]);
        await create(database, 6);
        expect(failures, context).toEqual([]);
        expect(await database.takeSnapshot(), context).toMatchObject({ sequence: 6 });
        await expectRecovers(fileSystem.cutPower(new SeededRandom(nth)), { acknowledged: 6 }, context);
      }
    }
    expect(seen).toBeGreaterThan(5);
  },
);

test('on a disk that fills up anywhere a snapshot is refused, and taken when there is room', async () => {
  let refusals = 0;
  const size = Object.values(contentsOf(await prepared())).join('').length / 2;
  for (let room = 0; room < 1600; room += 13) {
    const fileSystem = await prepared();
    const { database, failures } = await openDatabase(fileSystem, { random: new SeededRandom(9) });
    fileSystem.capacity = size + room;
    let acknowledged = 4;
    const commit = (number: number) =>
      create(database, number).then(
        () => {
          acknowledged = number;
        },
        (error: unknown) => expect(error).toMatchObject({ code: 'STORAGE_FULL' }),
      );
    await commit(5);
    await database.takeSnapshot().catch((error: unknown) => {
      expect(error, `room ${room}`).toMatchObject({ code: 'STORAGE_FULL' });
      refusals += 1;
    });
    await database.historyIdle();
    expect(temporaryNames(fileSystem), `room ${room}`).toEqual([]);
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    await commit(acknowledged + 1);
    expect(await database.takeSnapshot()).toMatchObject({ sequence: acknowledged });
    expect(failures).toEqual([]);
    await expectRecovers(fileSystem.cutPower(new SeededRandom(room)), { acknowledged }, `room ${room}`);
  }
  expect(refusals).toBeGreaterThan(30);
});

test('a disk that fails under the seal of the segment fails the database, and loses nothing', async () => {
  const fileSystem = await prepared();
  const { database, failures } = await openDatabase(fileSystem);
  await create(database, 5);
  fileSystem.inject = (kind) => (kind === 'datasync' ? { kind: 'error', code: 'EIO' } : undefined);
  await expect(database.takeSnapshot()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(failures).toHaveLength(1);
  await expect(create(database, 6)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  await database.close().catch(() => {});
  const outcome = { acknowledged: 5 };
  await expectRecovers(fileSystem.cutPower(new SeededRandom(1)), outcome, 'seal');
});

test('a snapshot that the disk did not keep as it was written is given up', async () => {
  const fileSystem = await prepared();
  const { database } = await openDatabase(fileSystem);
  const bytes = (await operationOf(fileSystem, database)).length;
  for (let offset = 0; offset < bytes; offset += 5) {
    const disk = await prepared();
    const { database: writing, failures } = await openDatabase(disk);
    await create(writing, 5);
    disk.inject = (kind, path) => {
      if (kind !== 'sync' || !path.endsWith('.snapshot.tmp')) return undefined;
      const written = disk.readBytes(path);
      disk.replaceBytes(path, written.with(offset, (written[offset] ?? 0) ^ 8));
      return undefined;
    };
    await expect(writing.takeSnapshot(), `offset ${offset}`).rejects.toBeInstanceOf(CorruptionError);
    expect(failures).toEqual([]);
    expect(disk.names(snapshotDirectory)).toEqual(['00000000000000000002.snapshot']);
  }
});

async function operationOf(
  fileSystem: SimulatedFileSystem,
  database: Awaited<ReturnType<typeof openDatabase>>['database'],
) {
  await create(database, 5);
  await database.takeSnapshot();
  return fileSystem.readBytes(snapshotPath(5));
}

test('a start from a snapshot that crashes at any operation, again and again, ends where an undisturbed one does', async () => {
  const torn = async (): Promise<SimulatedFileSystem> => {
    const fileSystem = await prepared();
    const { database } = await openDatabase(fileSystem, { random: new SeededRandom(9) });
    await create(database, 5);
    await create(database, 6);
    const next = await diskOf(contentsOf(fileSystem));
    const bytes = next.readBytes(segmentPath(5));
    next.replaceBytes(segmentPath(5), bytes.subarray(0, -5));
    next.replaceBytes(`${snapshotPath(9)}.tmp`, Buffer.of(1));
    next.replaceBytes(`${logDirectory}/00000000000000000009.log.tmp`, Buffer.of(1));
    return next;
  };
  const undisturbed = await torn();
  await openDatabase(undisturbed);
  const expected = contentsOf(undisturbed);
  const { operations } = undisturbed;
  for (let crash = 1; crash <= operations; crash += 1) {
    for (const powerCut of [false, true]) {
      const random = new SeededRandom(crash);
      let fileSystem = await torn();
      for (const nth of [crash, (crash * 7) % operations || 1]) {
        let count = 0;
        fileSystem.inject = () => {
          count += 1;
          return count === nth ? { kind: 'stop', writtenBytes: random.below(300) } : undefined;
        };
        await openDatabase(fileSystem).catch(() => {});
        fileSystem = powerCut ? fileSystem.cutPower(random) : fileSystem.killProcess();
      }
      const { database } = await openDatabase(fileSystem);
      expect(ids(await documentsOf(database))).toEqual(firstIds(5));
      expect(contentsOf(fileSystem), `crash ${crash}, power cut ${powerCut}`).toEqual(expected);
    }
  }
});

const runs = 120;

test(`power cuts at any moment, with snapshots taken all the while, keep what was acknowledged (seeds 1 to ${runs})`, async () => {
  for (let seed = 1; seed <= runs; seed += 1) {
    const random = new SeededRandom(seed);
    let fileSystem = new SimulatedFileSystem();
    let acknowledged = 0;
    for (let crash = 0; crash < 4; crash += 1) {
      const stop = 1 + random.below(120);
      let count = 0;
      fileSystem.inject = (_, __, size) => {
        count += 1;
        return count === stop ? { kind: 'stop', writtenBytes: random.below(size + 1) } : undefined;
      };
      try {
        const { database } = await openDatabase(fileSystem, { random, snapshotLogBytes: 500 + random.below(2000) });
        const found = ids(await documentsOf(database));
        expect(found, `seed ${seed}`).toEqual(firstIds(found.length));
        expect(found.length, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
        acknowledged = found.length;
        for (let step = 0; step < 30; step += 1) {
          await create(database, acknowledged + 1, 'x'.repeat(random.below(400)));
          acknowledged += 1;
          if (random.chance(0.1)) await database.takeSnapshot();
        }
        await database.close();
      } catch (error) {
        if (!fileSystem.stopped) throw error;
      }
      fileSystem = random.chance(0.8) ? fileSystem.cutPower(random) : fileSystem.killProcess();
    }
    const { database } = await openDatabase(fileSystem, { random });
    const found = ids(await documentsOf(database));
    expect(found, `seed ${seed}`).toEqual(firstIds(found.length));
    expect(found.length, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
  }
});
