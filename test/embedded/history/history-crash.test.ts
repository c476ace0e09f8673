import { expect, test } from 'vitest';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { snapshotNames } from '../../../src/embedded/snapshot/snapshot-files.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { commitOf, documentId, documentOf, logDirectory } from '../log/log-fixture.ts';
import { type SnapshotContent, snapshotDirectory } from '../snapshot/snapshot-fixture.ts';
import { copyOf, HistoryDatabase, type HistoryDatabaseOptions, isOnDisk } from './history-database.ts';

/** A database that was stopped, all of it on disk, and what it holds. */
interface Prepared {
  readonly contents: Readonly<Record<string, string>>;
  readonly state: SnapshotContent;
  readonly bytes: number;
}

/** Six documents in several versions over some segments and snapshots; half of them are erased in the end, unless nothing is. */
async function prepare(snapshotAfter: readonly number[], erasedAfter = 14): Promise<Prepared> {
  const database = await HistoryDatabase.open(new SimulatedFileSystem(), { segmentBytesMax: 1000 });
  const commits: CommitRecord[] = [];
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    const number = sequence % 6;
    const body = { text: `body-of-${number}.`, round: sequence };
    const document = documentOf(sequence, body, { id: documentId(number), name: `name-of-${number}.` });
    const erased = { kind: 'eraseDocument' as const, id: documentId(number), previousSequence: sequence - 6 };
    const erases = sequence > erasedAfter && number % 2 === 1;
    commits.push(
      commitOf(sequence, [erases ? erased : { kind: 'putDocument', document }], { idempotencyKey: `key-${sequence}` }),
    );
  }
  for (const commit of commits) {
    await database.append([commit]);
    if (snapshotAfter.includes(commit.sequence)) await database.takeSnapshot();
  }
  await database.rotate();
  await database.keeper.idle();
  await database.close();
  return { contents: database.fileSystem.contents(), state: database.state, bytes: database.keeper.status.bytes };
}

type Work = (database: HistoryDatabase) => Promise<void>;

/** What must have come of it in the end, whatever happened in between. */
type Check = (database: HistoryDatabase) => void;

/** Opens, works, closes; whatever the machine makes of it. */
async function run(fileSystem: SimulatedFileSystem, options: HistoryDatabaseOptions, work: Work): Promise<void> {
  const database = await HistoryDatabase.open(fileSystem, options);
  await work(database);
  await database.close();
}

function stopAt(nth: number, random: SeededRandom) {
  let count = 0;
  return () => {
    count += 1;
    return count === nth ? { kind: 'stop' as const, writtenBytes: random.below(3000) } : undefined;
  };
}

/** Crashes at every operation, and once more on the way back; then what is there must be accepted, and finished. */
async function crashEverywhere(
  { contents, state }: Prepared,
  options: HistoryDatabaseOptions,
  work: Work,
  check: Check,
): Promise<void> {
  const undisturbed = await copyOf(contents);
  const before = undisturbed.operations;
  await run(undisturbed, options, async (database) => {
    await work(database);
    check(database);
  });
  const operations = undisturbed.operations - before;
  const names = Object.keys(undisturbed.contents()).sort();
  expect(operations).toBeGreaterThan(10);
  for (let crash = 1; crash <= operations; crash += 1) {
    // What a kill leaves behind is one of the things that a power cut may leave: it is tried now and then.
    for (const powerCut of crash % 4 === 0 ? [true, false] : [true]) {
      const context = `crash at ${crash} of ${operations}, ${powerCut ? 'power cut' : 'killed'}`;
      const random = new SeededRandom(crash);
      let fileSystem = await copyOf(contents);
      for (const nth of [crash, (crash * 7) % operations || 1]) {
        fileSystem.inject = stopAt(nth, random);
        await run(fileSystem, options, work).catch((error: unknown) => {
          if (!fileSystem.stopped) throw error;
        });
        fileSystem = powerCut ? fileSystem.cutPower(random) : fileSystem.killProcess();
        if (nth !== crash) continue;
        // Whatever was reached: it is a database, and the same one. After the second crash the run below finds that out.
        const looked = await HistoryDatabase.open(await copyOf(fileSystem.contents()), options);
        expect(looked.state, context).toEqual(state);
        await looked.close();
      }
      await run(fileSystem, options, async (database) => {
        expect(database.state, context).toEqual(state);
        await work(database);
        expect(
          database.events.filter(({ kind }) => kind === 'historyFailed'),
          context,
        ).toEqual([]);
        check(database);
      });
      expect(Object.keys(fileSystem.contents()).sort(), context).toEqual(names);
    }
  }
}

const prune: Work = (database) => database.keeper.idle();

function hasFloor(floor: number): Check {
  return ({ keeper, fileSystem }) => {
    expect(keeper.status.oldest).toBe(floor);
    const { snapshots } = snapshotNames(fileSystem.names(snapshotDirectory));
    expect(snapshots.filter(({ role }) => role === 'base').map(({ sequence }) => sequence)).toEqual([floor]);
    const segments = fileSystem.names(logDirectory).filter((name) => name.endsWith('.log'));
    expect(Math.min(...segments.map((name) => Number.parseInt(name, 10)))).toBe(floor + 1);
  };
}

const isErased: Check = ({ fileSystem, keeper, sequence }) => {
  expect(keeper.status.erasedOnDiskUpTo).toBe(sequence);
  for (const number of [0, 1, 2, 3, 4, 5]) {
    for (const text of [`body-of-${number}.`, `name-of-${number}.`]) {
      expect(isOnDisk(fileSystem, text), text).toBe(number % 2 === 0);
    }
  }
};

test('a crash at any operation of a merge, again and again, loses nothing, and the next start finishes it', async () => {
  const prepared = await prepare([19, 20]);
  await crashEverywhere(prepared, { bytesMax: prepared.bytes * 0.7 }, prune, hasFloor(9));
});

test('a crash at any operation of making a snapshot the base loses nothing, and the next start finishes it', async () => {
  const prepared = await prepare([12, 20]);
  await crashEverywhere(prepared, { bytesMax: prepared.bytes * 0.3 }, prune, hasFloor(12));
});

test('a crash at any operation of an erasure on disk loses nothing, and the next one leaves nothing behind', async () => {
  const prepared = await prepare([7, 14]);
  const torn = `${logDirectory}/torn-00000000000000000001-000000000000-00000000`;
  const contents = { ...prepared.contents, [torn]: Buffer.from('body-of-1.').toString('hex') };
  await crashEverywhere(
    { ...prepared, contents },
    {},
    (database) =>
      database.keeper.eraseOnDisk().then(
        () => {},
        () => {},
      ),
    isErased,
  );
});

test('a crash at any operation of a pruning that erases loses nothing, and the next one leaves nothing behind', async () => {
  const prepared = await prepare([12, 15]);
  const work: Work = async ({ keeper }) => {
    await keeper.idle();
    await keeper.eraseOnDisk().catch(() => {});
  };
  await crashEverywhere(prepared, { bytesMax: prepared.bytes * 0.7 }, work, isErased);
});

/** Fails every operation once; the process goes on or not, is started again, and then the power is cut. */
async function failEverywhere(
  prepared: Prepared,
  options: HistoryDatabaseOptions,
  work: Work,
  check: Check,
): Promise<void> {
  const undisturbed = await copyOf(prepared.contents);
  const before = undisturbed.operations;
  await run(undisturbed, options, work);
  const operations = undisturbed.operations - before;
  for (let failing = 1; failing <= operations; failing += 1) {
    const context = `EIO at ${failing} of ${operations}`;
    const random = new SeededRandom(failing);
    const fileSystem = await copyOf(prepared.contents);
    let count = 0;
    fileSystem.inject = () => {
      count += 1;
      return count === failing ? { kind: 'error', code: 'EIO' } : undefined;
    };
    // Under the recovery it fails as it is, under the log or the sync of its directory as a failed disk.
    await run(fileSystem, options, work).catch((error: unknown) => {
      expect(['EIO', 'OUTCOME_UNKNOWN'], context).toContain(error instanceof Error && 'code' in error && error.code);
    });
    const restarted = fileSystem.killProcess();
    await run(restarted, options, work);
    const cut = restarted.cutPower(random);
    await run(cut, options, async (database) => {
      expect(database.state, context).toEqual(prepared.state);
      await work(database);
      check(database);
    });
  }
}

test('whatever operation of a merge fails, a restart and then a power cut lose nothing', async () => {
  const prepared = await prepare([19, 20], 20);
  await failEverywhere(prepared, { bytesMax: prepared.bytes * 0.7 }, prune, hasFloor(9));
});

test('whatever operation of making a snapshot the base fails, a restart and then a power cut lose nothing', async () => {
  const prepared = await prepare([12, 20], 20);
  await failEverywhere(prepared, { bytesMax: prepared.bytes * 0.3 }, prune, hasFloor(12));
});
