import { expect, test } from 'vitest';
import { CorruptionError } from '../../src/embedded/log/log-error.ts';
import type { CommitRecord } from '../../src/embedded/log/record.ts';
import { decodeSegmentHeader } from '../../src/embedded/log/segment-header.ts';
import type { DatabaseError } from '../../src/errors.ts';
import { HeldFileSystem } from '../embedded/held-file-system.ts';
import { appendFrame, logDirectory, openLog, putCommit } from '../embedded/log/log-fixture.ts';
import { ManualClock, someTicks } from './manual-clock.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFileSystem } from './simulated-file-system.ts';

const syncIntervalMs = 100;
const firstSegment = `${logDirectory}/00000000000000000001.log`;

/** Segments and the durability in their headers, oldest first. */
function durabilities(fileSystem: SimulatedFileSystem): string[] {
  return fileSystem
    .names(logDirectory)
    .filter((name) => name.endsWith('.log'))
    .map((name) => decodeSegmentHeader(fileSystem.readBytes(`${logDirectory}/${name}`)).durability);
}

/** Six frames of one commit each; a sync has covered the first three. As a killed process leaves them. */
async function threeSyncedThreeNot(): Promise<{ fileSystem: SimulatedFileSystem; ends: number[]; epoch: string }> {
  const fileSystem = new SimulatedFileSystem();
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const { log } = await openLog(fileSystem, { random, clock, syncIntervalMs });
  const ends: number[] = [];
  for (let sequence = 1; sequence <= 6; sequence += 1) {
    await appendFrame(log, [putCommit(sequence)], random);
    ends.push(fileSystem.readBytes(firstSegment).length);
    if (sequence === 3) await clock.advance(syncIntervalMs / 2);
  }
  return { fileSystem: fileSystem.killProcess(), ends, epoch: log.epoch };
}

const commitsTo = (last: number): CommitRecord[] => Array.from({ length: last }, (_, index) => putCommit(index + 1));

test('a commit is acknowledged once it is written, and synced half an interval later', async () => {
  const fileSystem = new SimulatedFileSystem();
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const { log } = await openLog(fileSystem, { clock, syncIntervalMs });
  const syncs: number[] = [];
  await appendFrame(log, [putCommit(1)], random);
  fileSystem.inject = (kind) => {
    if (kind === 'datasync') syncs.push(clock.monotonic());
    return undefined;
  };
  await clock.advance(30);
  await appendFrame(log, [putCommit(2)], random);
  expect(syncs).toEqual([]);
  await clock.advance(70);
  expect(syncs).toEqual([50]);
  await clock.advance(1000);
  expect(syncs).toEqual([50]);
  expect(clock.idle).toBe(true);
  await appendFrame(log, [putCommit(3)], random);
  await clock.advance(1000);
  expect(syncs).toEqual([50, 1150]);
  const { recovered } = await openLog(fileSystem.cutPower(random));
  expect(recovered).toEqual(commitsTo(3));
});

test('what is acknowledged and not on disk never spans more than the interval, however long a sync stalls', async () => {
  const disk = new SimulatedFileSystem();
  const fileSystem = new HeldFileSystem(disk);
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const { log } = await openLog(disk, { fileSystem, clock, syncIntervalMs });
  fileSystem.hold();
  await appendFrame(log, [putCommit(1)], random);
  await clock.advance(60); // the sync is under way now
  await appendFrame(log, [putCommit(2)], random);
  await clock.advance(40);
  let acknowledged = false;
  const third = appendFrame(log, [putCommit(3)], random).then(() => {
    acknowledged = true;
  });
  await clock.advance(30_000);
  expect(acknowledged).toBe(false);
  expect(log.busyMs).toBe(30_050);
  fileSystem.release();
  await third;
  await log.close();
  expect(log.busyMs).toBe(0);
  expect((await openLog(disk.cutPower(random))).recovered).toEqual(commitsTo(3));
});

test('a clean stop syncs and seals: nothing is lost, and the epoch goes on', async () => {
  const fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(1);
  const clock = new ManualClock();
  const { log } = await openLog(fileSystem, { clock, syncIntervalMs });
  await appendFrame(log, [putCommit(1)], random);
  await log.close();
  expect(clock.idle).toBe(true);
  const reopened = await openLog(fileSystem.cutPower(random), { syncIntervalMs });
  expect(reopened.recovered).toEqual(commitsTo(1));
  expect(reopened.log.epoch).toBe(log.epoch);
  expect(reopened.log.report).toMatchObject({ clean: true, epochBegun: false });
});

test('stops without a commit in between, clean or not, begin no epoch: there was nothing to lose', async () => {
  let fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem, { syncIntervalMs });
  for (const clean of [true, false, true]) {
    fileSystem = fileSystem.killProcess();
    const reopened = await openLog(fileSystem, { syncIntervalMs });
    expect(reopened.log.epoch).toBe(log.epoch);
    if (clean) await reopened.log.close();
  }
});

test('after an unclean stop a new epoch begins in a new segment, once', async () => {
  const { fileSystem, epoch } = await threeSyncedThreeNot();
  const random = new SeededRandom(3);
  const { log, recovered, events } = await openLog(fileSystem, { random, syncIntervalMs });
  expect(recovered).toEqual(commitsTo(6));
  expect(log.report).toMatchObject({ clean: false, epochBegun: true });
  expect(log.epoch).not.toBe(epoch);
  expect(events).toContainEqual({ kind: 'epochBegun', epoch: log.epoch, previousEpoch: epoch, firstSequence: 7 });
  const again = await openLog(fileSystem.killProcess(), { random: new SeededRandom(4), syncIntervalMs });
  expect(again.log.epoch).toBe(log.epoch);
  await appendFrame(again.log, [putCommit(7)], random);
  await again.log.close();
  const last = await openLog(fileSystem.killProcess());
  expect(last.recovered).toEqual(commitsTo(7));
  expect(last.log.epoch).toBe(log.epoch);
});

test('an epoch ends even when no commit of its last segment survived', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem, { syncIntervalMs });
  await appendFrame(log, [putCommit(1)], new SeededRandom(1));
  const header = fileSystem.readBytes(firstSegment).subarray(0, 128);
  const cut = fileSystem.killProcess();
  cut.replaceBytes(firstSegment, header);
  const reopened = await openLog(cut, { random: new SeededRandom(2), syncIntervalMs });
  expect(reopened.recovered).toEqual([]);
  expect(reopened.log.report).toMatchObject({ clean: false, epochBegun: true });
  expect(reopened.log.epoch).not.toBe(log.epoch);
  expect(reopened.log.databaseId).toBe(log.databaseId);
});

test('a recovery that crashes while an epoch begins, at any operation, ends with a new epoch all the same', async () => {
  const { fileSystem: undisturbed } = await threeSyncedThreeNot();
  const before = undisturbed.operations;
  await openLog(undisturbed, { random: new SeededRandom(2) });
  const operations = undisturbed.operations - before;
  expect(operations).toBeGreaterThan(10);
  for (let crash = 1; crash <= operations; crash += 1) {
    for (const powerCut of [false, true]) {
      const { fileSystem, epoch } = await threeSyncedThreeNot();
      let count = 0;
      fileSystem.inject = () => {
        count += 1;
        return count === crash ? { kind: 'stop', writtenBytes: crash } : undefined;
      };
      await expect(openLog(fileSystem, { random: new SeededRandom(crash) })).rejects.toThrow();
      const random = new SeededRandom(crash);
      const next = powerCut ? fileSystem.cutPower(random) : fileSystem.killProcess();
      const { log, recovered } = await openLog(next, { random: new SeededRandom(100 + crash) });
      const context = `crash ${crash}, power cut ${powerCut}`;
      expect(recovered, context).toEqual(commitsTo(powerCut ? recovered.length : 6));
      expect(recovered.length, context).toBeGreaterThanOrEqual(3);
      expect(log.epoch, context).not.toBe(epoch);
    }
  }
});

test('every byte of what no sync had covered may be damaged: it is a torn tail, and what is whole before it counts', async () => {
  const { fileSystem, ends } = await threeSyncedThreeNot();
  const bytes = fileSystem.readBytes(firstSegment);
  const newest = fileSystem.readBytes(`${logDirectory}/newest`);
  const random = new SeededRandom(5);
  const syncedEnd = ends[2] ?? 0;
  for (let offset = 0; offset < bytes.length; offset += 1) {
    const damaged = bytes.with(offset, (bytes[offset] ?? 0) ^ (1 << random.below(8)));
    // A second place, as a disk that wrote some sectors and not others leaves it.
    if (offset >= syncedEnd) damaged[syncedEnd + random.below(bytes.length - syncedEnd)] = 0;
    const disk = new SimulatedFileSystem();
    await disk.makeDirectory('/data');
    await disk.makeDirectory(logDirectory);
    await disk.syncDirectory('/');
    await disk.syncDirectory('/data');
    disk.replaceBytes(firstSegment, damaged);
    disk.replaceBytes(`${logDirectory}/newest`, newest);
    const context = `offset ${offset}`;
    const before = disk.contents();
    const opened = await openLog(disk, { syncIntervalMs }).catch((error: unknown) => error);
    if (offset < syncedEnd) {
      expect(opened, context).toBeInstanceOf(CorruptionError);
      expect(disk.contents()).toEqual(before);
      continue;
    }
    if (opened instanceof Error) throw new Error(context, { cause: opened });
    const whole = ends.findIndex((end, index) => {
      const start = ends[index - 1] ?? 128;
      return !damaged.subarray(start, end).every((byte, at) => byte === bytes[start + at]);
    });
    const { log, recovered } = opened as Awaited<ReturnType<typeof openLog>>;
    expect(recovered, context).toEqual(commitsTo(whole === -1 ? 6 : whole));
    expect(log.report.epochBegun, context).toBe(true);
    const again = await openLog(disk.cutPower(random));
    expect(again.recovered, context).toEqual(recovered);
  }
});

test('a frame that was written while a sync ran is not taken for synced by it', async () => {
  const disk = new SimulatedFileSystem();
  const fileSystem = new HeldFileSystem(disk);
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const { log } = await openLog(disk, { fileSystem, clock, syncIntervalMs });
  const ends: number[] = [];
  const append = async (sequence: number): Promise<void> => {
    await appendFrame(log, [putCommit(sequence)], random);
    ends.push(disk.readBytes(firstSegment).length);
  };
  await append(1);
  fileSystem.hold();
  await clock.advance(60);
  await append(2);
  fileSystem.release();
  await someTicks();
  await append(3);
  const killed = disk.killProcess();
  const bytes = killed.readBytes(firstSegment);
  killed.replaceBytes(firstSegment, bytes.with((ends[1] ?? 0) - 1, 0));
  expect((await openLog(killed)).recovered).toEqual(commitsTo(1));
});

test('a sync that fails in the background is told once, refuses what comes, and a restart finds what was acknowledged', async () => {
  const fileSystem = new SimulatedFileSystem();
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const failures: DatabaseError[] = [];
  const { log, events } = await openLog(fileSystem, {
    clock,
    syncIntervalMs,
    onFailure: (failure) => failures.push(failure),
  });
  for (let sequence = 1; sequence <= 3; sequence += 1) await appendFrame(log, [putCommit(sequence)], random);
  fileSystem.inject = (kind) => (kind === 'datasync' ? { kind: 'error', code: 'EIO' } : undefined);
  await clock.advance(syncIntervalMs);
  expect(failures).toMatchObject([{ code: 'OUTCOME_UNKNOWN' }]);
  expect(log.hasFailed).toBe(true);
  expect(events.at(-1)?.kind).toBe('failed');
  fileSystem.inject = null;
  const { operations } = fileSystem;
  await expect(appendFrame(log, [putCommit(4)], random)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  await clock.advance(1000);
  await log.close();
  expect(fileSystem.operations).toBe(operations);
  expect(failures).toHaveLength(1);

  // The pages of the failed sync are clean now and not on disk: recovery writes all of them again.
  const restarted = fileSystem.killProcess();
  expect((await openLog(restarted)).recovered).toEqual(commitsTo(3));
  expect((await openLog(restarted.cutPower(random))).recovered).toEqual(commitsTo(3));
});

test('an append whose write succeeds beside a sync that fails has an unknown outcome', async () => {
  const disk = new SimulatedFileSystem();
  const fileSystem = new HeldFileSystem(disk);
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const { log } = await openLog(disk, { fileSystem, clock, syncIntervalMs, onFailure: () => {} });
  await appendFrame(log, [putCommit(1)], random);
  fileSystem.hold();
  await clock.advance(syncIntervalMs);
  const waiting = appendFrame(log, [putCommit(2)], random);
  const outcome = expect(waiting).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  await someTicks();
  disk.inject = (kind) => (kind === 'datasync' ? { kind: 'error', code: 'EIO' } : undefined);
  fileSystem.release();
  await outcome;
});

test('a sync that fails while the segment is about to be sealed leaves it without a seal', async () => {
  const fileSystem = new SimulatedFileSystem();
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const failures: DatabaseError[] = [];
  const onFailure = (failure: DatabaseError) => failures.push(failure);
  const { log } = await openLog(fileSystem, { clock, syncIntervalMs, onFailure });
  await appendFrame(log, [putCommit(1)], random);
  const stall = Promise.withResolvers<void>();
  fileSystem.delay = (kind) => (kind === 'datasync' ? stall.promise : Promise.resolve());
  fileSystem.inject = (kind) => (kind === 'datasync' ? { kind: 'error', code: 'EIO' } : undefined);
  await clock.advance(syncIntervalMs);
  const rotation = log.rotate();
  const { operations } = fileSystem;
  stall.resolve();
  await expect(rotation).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  // The failed sync, and nothing behind it.
  expect(fileSystem.operations).toBe(operations + 1);
  expect(failures).toHaveLength(1);
  await log.close();
  expect(fileSystem.operations).toBe(operations + 1);
  expect((await openLog(fileSystem.killProcess())).recovered).toEqual(commitsTo(1));
});

test('a full disk refuses a frame, keeps the unsynced ones before it, and goes on when there is room', async () => {
  const fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(1);
  const { log } = await openLog(fileSystem, { clock: new ManualClock(), syncIntervalMs });
  await appendFrame(log, [putCommit(1)], random);
  await appendFrame(log, [putCommit(2)], random);
  fileSystem.capacity = fileSystem.readBytes(firstSegment).length + 64 + 50;
  await expect(appendFrame(log, [putCommit(3)], random)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect((await openLog(fileSystem.cutPower(random))).recovered).toEqual(commitsTo(2));
});

test('a segment holds frames of one durability, and each change of it makes a new one', async () => {
  let fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(1);
  const epochs = new Set<string>();
  let sequence = 0;
  for (const [interval, clean] of [
    [null, false],
    [syncIntervalMs, true],
    [null, false],
    [syncIntervalMs, false],
    [syncIntervalMs, true],
    [null, true],
  ] as const) {
    const { log, recovered } = await openLog(fileSystem, { random, syncIntervalMs: interval });
    expect(recovered).toEqual(commitsTo(sequence));
    epochs.add(log.epoch);
    for (let frame = 0; frame < 2; frame += 1) {
      sequence += 1;
      await appendFrame(log, [putCommit(sequence)], random);
    }
    if (clean) await log.close();
    fileSystem = fileSystem.killProcess();
  }
  expect(durabilities(fileSystem)).toEqual(['sync', 'interval', 'sync', 'interval', 'interval', 'sync']);
  expect(epochs.size).toBe(2);
  expect((await openLog(fileSystem.cutPower(random))).recovered).toEqual(commitsTo(sequence));
});

const runs = 300;
const crashesInRun = 4;

interface Ledger {
  /** Acknowledged or, having been read after a restart, observed. */
  acknowledged: number;
  /** Of those, what a sync that succeeded had covered: no power cut may lose it. */
  synced: number;
  /** What the next recovery must find: all that was acknowledged, unless the power was cut since. */
  kept: number;
  epoch: string | null;
  readonly attempted: CommitRecord[];
  /** Whether a recovery is under way: what it syncs is not yet known to be all that was acknowledged. */
  recovering: boolean;
}

async function writeUntilStopped(fileSystem: SimulatedFileSystem, ledger: Ledger, random: SeededRandom): Promise<void> {
  const clock = new ManualClock();
  const segmentBytesMax = 500 + random.below(6000);
  const { log, recovered } = await openLog(fileSystem, { random, segmentBytesMax, clock, syncIntervalMs });
  checkRecovered(recovered, log.epoch, ledger);
  for (let frame = 0; frame < 20; frame += 1) {
    const commits = Array.from({ length: 1 + random.below(3) }, (_, index) =>
      putCommit(ledger.acknowledged + 1 + index, { text: 'x'.repeat(random.below(1200)), tag: random.below(1e6) }),
    );
    ledger.attempted.push(...commits);
    await appendFrame(log, commits, random);
    ledger.acknowledged += commits.length;
    ledger.kept = ledger.acknowledged;
    if (random.chance(0.3)) await clock.advance(random.below(syncIntervalMs));
  }
  await log.close();
}

/** A prefix of what was tried survives, all that was synced is in it, and when anything was lost the epoch is another. */
function checkRecovered(recovered: readonly CommitRecord[], epoch: string, ledger: Ledger): void {
  expect(recovered).toEqual(ledger.attempted.slice(0, recovered.length));
  expect(recovered.length).toBeGreaterThanOrEqual(ledger.kept);
  if (recovered.length < ledger.acknowledged) expect(epoch).not.toBe(ledger.epoch);
  ledger.epoch = epoch;
  ledger.acknowledged = recovered.length;
  ledger.synced = recovered.length;
  ledger.kept = recovered.length;
  ledger.attempted.length = recovered.length;
  ledger.recovering = false;
}

test(`under \`interval\` a power cut leaves a prefix that holds all that was synced (seeds 1 to ${runs})`, async () => {
  let lost = 0;
  for (let seed = 1; seed <= runs; seed += 1) {
    const random = new SeededRandom(seed);
    const ledger: Ledger = { acknowledged: 0, synced: 0, kept: 0, epoch: null, attempted: [], recovering: true };
    let fileSystem = new SimulatedFileSystem();
    try {
      for (let crash = 0; crash <= crashesInRun; crash += 1) {
        const stop = crash === crashesInRun ? Number.POSITIVE_INFINITY : 1 + random.below(60);
        let count = 0;
        ledger.recovering = true;
        fileSystem.inject = (kind, path, size) => {
          count += 1;
          if (count === stop) return { kind: 'stop', writtenBytes: random.below(size + 1) };
          if (kind === 'datasync' && path.includes('.log') && !ledger.recovering) ledger.synced = ledger.acknowledged;
          return undefined;
        };
        await writeUntilStopped(fileSystem, ledger, random).catch((error: unknown) => {
          if (!fileSystem.stopped) throw error;
        });
        const powerCut = random.chance(0.8);
        if (powerCut) ledger.kept = ledger.synced;
        lost += ledger.acknowledged - ledger.kept;
        fileSystem = powerCut ? fileSystem.cutPower(random) : fileSystem.killProcess();
      }
      const { recovered, log } = await openLog(fileSystem, { random });
      checkRecovered(recovered, log.epoch, ledger);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  expect(lost).toBeGreaterThan(100);
});
