import { expect, test } from 'vitest';
import { segmentFileName } from '../../src/embedded/log/log-files.ts';
import type { CommitRecord } from '../../src/embedded/log/record.ts';
import { decodeNewestSegment } from '../../src/embedded/log/segment-header.ts';
import { DatabaseError } from '../../src/errors.ts';
import { appendFrame, logDirectory, openLog, putCommit } from '../embedded/log/log-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { type FaultInjector, type OperationKind, SimulatedFileSystem } from './simulated-file-system.ts';

/** Makes a new segment every two frames. */
const segmentBytesMax = 400;
const framesInWorkload = 7;
const firstSegment = `${logDirectory}/00000000000000000001.log`;

interface Outcome {
  /** Newest commit that was acknowledged, and newest that was tried. */
  acknowledged: number;
  attempted: number;
  errors: unknown[];
}

/** Opens, appends frame after frame whatever comes of it, closes. Goes on after an error, to see it refused. */
async function runWorkload(fileSystem: SimulatedFileSystem, frames = framesInWorkload): Promise<Outcome> {
  const outcome: Outcome = { acknowledged: 0, attempted: 0, errors: [] };
  const random = new SeededRandom(1);
  try {
    const { log, recovered } = await openLog(fileSystem, { segmentBytesMax });
    outcome.acknowledged = recovered.length;
    outcome.attempted = recovered.length;
    for (let frame = 0; frame < frames; frame += 1) {
      const sequence = outcome.acknowledged + 1;
      outcome.attempted = Math.max(outcome.attempted, sequence);
      try {
        await appendFrame(log, [putCommit(sequence)], random);
        outcome.acknowledged = sequence;
      } catch (error) {
        outcome.errors.push(error);
      }
    }
    await log.close();
  } catch (error) {
    outcome.errors.push(error);
  }
  return outcome;
}

/** Whatever was recovered is what was written, all that was acknowledged is there, and nothing that nobody wrote. */
function expectPromiseKept(recovered: readonly CommitRecord[], outcome: Outcome, context: string): void {
  expect(recovered, context).toEqual(recovered.map((_, index) => putCommit(index + 1)));
  expect(recovered.length, context).toBeGreaterThanOrEqual(outcome.acknowledged);
  expect(recovered.length, context).toBeLessThanOrEqual(outcome.attempted);
}

/** Lets the nth operation of some kinds meet a fault. */
function atNth(nth: number, kinds: readonly OperationKind[], fault: ReturnType<FaultInjector>): FaultInjector {
  let count = 0;
  return (kind) => {
    if (!kinds.includes(kind)) return undefined;
    count += 1;
    return count === nth ? fault : undefined;
  };
}

test.each<[OperationKind, string]>([
  ['write', 'EIO'],
  ['datasync', 'EIO'],
  ['datasync', 'ENOSPC'],
  ['sync', 'EIO'],
  ['sync', 'ENOSPC'],
  ['syncDirectory', 'EIO'],
  ['rename', 'EIO'],
  ['open', 'EIO'],
])(
  'a %s that fails with %s is not acknowledged, poisons the log, and loses nothing, over restart and power cut',
  async (kind, code) => {
    let seen = 0;
    for (let nth = 1; ; nth += 1) {
      const fileSystem = new SimulatedFileSystem();
      let triggered = false;
      const inject = atNth(nth, [kind], { kind: 'error', code, writtenBytes: (nth * 37) % 200 });
      fileSystem.inject = (...operation) => {
        const fault = inject(...operation);
        triggered ||= fault !== undefined;
        return fault;
      };
      const outcome = await runWorkload(fileSystem);
      if (!triggered) break;
      seen += 1;
      expect(outcome.errors.length).toBeGreaterThan(0);
      for (const error of outcome.errors) {
        if (error instanceof DatabaseError) expect(error.code).toBe('OUTCOME_UNKNOWN');
        else expect(error).toMatchObject({ code });
      }

      // The pages of the failed sync are clean now and not on disk: only what recovery writes again survives the cut.
      const restarted = fileSystem.killProcess();
      const { recovered } = await openLog(restarted, { segmentBytesMax });
      expectPromiseKept(recovered, outcome, `${kind} ${nth}`);
      const afterCut = await openLog(restarted.cutPower(new SeededRandom(nth)), { segmentBytesMax });
      expect(afterCut.recovered).toEqual(recovered);
    }
    expect(seen).toBeGreaterThan(2);
  },
);

test('after the disk failed every append is refused at once, without touching the disk', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log, events } = await openLog(fileSystem);
  fileSystem.inject = atNth(1, ['datasync'], { kind: 'error', code: 'EIO' });
  const random = new SeededRandom(1);
  await expect(appendFrame(log, [putCommit(1)], random)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  const { operations } = fileSystem;
  await expect(appendFrame(log, [putCommit(1)], random)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  await log.close();
  expect(fileSystem.operations).toBe(operations);
  expect(events.map(({ kind }) => kind)).toEqual(['segmentStarted', 'failed']);
});

test('a full disk refuses, wherever it fills up, and takes writes again once there is room', async () => {
  const full = new SimulatedFileSystem();
  await runWorkload(full);
  const sizeOfAll = Object.values(full.contents()).join('').length / 2;
  let refusals = 0;
  for (let capacity = 300; capacity <= sizeOfAll + 200; capacity += 7) {
    const fileSystem = new SimulatedFileSystem();
    const { log } = await openLog(fileSystem, { segmentBytesMax });
    const random = new SeededRandom(2);
    fileSystem.capacity = capacity;
    let sequence = 1;
    for (; sequence <= framesInWorkload; sequence += 1) {
      const before = fileSystem.contents();
      try {
        await appendFrame(log, [putCommit(sequence)], random);
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORAGE_FULL' });
        refusals += 1;
        const after = fileSystem.contents();
        for (const path of Object.keys(before).filter((name) => name.endsWith('.log'))) {
          expect(after[path]?.startsWith(before[path] ?? ''), path).toBe(true);
        }
        break;
      }
    }
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    const afterRefusal = await openLog(fileSystem.cutPower(new SeededRandom(capacity)), { segmentBytesMax });
    expectPromiseKept(
      afterRefusal.recovered,
      { acknowledged: sequence - 1, attempted: sequence - 1, errors: [] },
      `${capacity}`,
    );
  }
  expect(refusals).toBeGreaterThan(50);
});

test('writing goes on in the same log when there is room again', async () => {
  for (let capacity = 400; capacity < 3000; capacity += 11) {
    const fileSystem = new SimulatedFileSystem();
    const { log } = await openLog(fileSystem, { segmentBytesMax });
    const random = new SeededRandom(2);
    fileSystem.capacity = capacity;
    for (let sequence = 1; sequence <= framesInWorkload; sequence += 1) {
      try {
        await appendFrame(log, [putCommit(sequence)], random);
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORAGE_FULL' });
        await expect(appendFrame(log, [putCommit(sequence)], random)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
        fileSystem.capacity = Number.POSITIVE_INFINITY;
        await appendFrame(log, [putCommit(sequence)], random);
      }
    }
    const segments = fileSystem.names(logDirectory).filter((name) => name.endsWith('.log'));
    const newest = decodeNewestSegment(fileSystem.readBytes(`${logDirectory}/newest`));
    expect(segmentFileName(newest.firstSequence)).toBe(segments.at(-1));
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    await log.close();
    const { recovered, log: reopened } = await openLog(fileSystem, { segmentBytesMax });
    expect(recovered).toHaveLength(framesInWorkload);
    expect(reopened.report.clean).toBe(true);
    expect(fileSystem.names(logDirectory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  }
});

test('of a write that was refused for want of room nothing is left, durably', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem);
  const before = fileSystem.contents();
  for (let room = 0; room < 200; room += 9) {
    fileSystem.capacity = fileSystem.readBytes(firstSegment).length + 64 + room;
    const append = appendFrame(log, [putCommit(1, { text: 'x'.repeat(2000) })], new SeededRandom(1));
    await expect(append).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(fileSystem.contents()).toEqual(before);
  }
  expect(fileSystem.cutPower(new SeededRandom(1)).contents()).toEqual(before);
});

test.each<OperationKind>(['truncate', 'sync'])(
  'a full disk on which even the %s fails poisons the log',
  async (kind) => {
    const fileSystem = new SimulatedFileSystem();
    const { log } = await openLog(fileSystem);
    const random = new SeededRandom(1);
    await appendFrame(log, [putCommit(1)], random);
    const size = fileSystem.readBytes(firstSegment).length;
    fileSystem.capacity = size + 64 + 100;
    fileSystem.inject = atNth(1, [kind], { kind: 'error', code: 'EIO' });
    await expect(appendFrame(log, [putCommit(2)], random)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    await expect(appendFrame(log, [putCommit(2)], random)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect((await openLog(fileSystem.killProcess())).recovered).toEqual([putCommit(1)]);
  },
);

test('a clean stop without room for the seal leaves it out, and loses nothing', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log, events } = await openLog(fileSystem);
  await appendFrame(log, [putCommit(1)], new SeededRandom(1));
  fileSystem.capacity = fileSystem.readBytes(firstSegment).length + 64;
  await log.close();
  expect(events.at(-1)?.kind).toBe('noSpace');
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  const { recovered, log: reopened } = await openLog(fileSystem);
  expect(recovered).toEqual([putCommit(1)]);
  expect(reopened.report).toMatchObject({ clean: false, truncatedBytes: 0 });
});

test('writes that take only some of the bytes are gone on with', async () => {
  const fileSystem = new SimulatedFileSystem();
  let size = 0;
  fileSystem.inject = (kind) => {
    if (kind !== 'write') return undefined;
    size = (size % 97) + 1;
    return { kind: 'short', writtenBytes: size };
  };
  const outcome = await runWorkload(fileSystem);
  expect(outcome).toMatchObject({ acknowledged: framesInWorkload, errors: [] });
  expectPromiseKept((await openLog(fileSystem)).recovered, outcome, 'short writes');
});

test('a recovery that crashes at any operation, again and again, ends where an undisturbed one does', async () => {
  const torn = async (): Promise<SimulatedFileSystem> => {
    const fileSystem = new SimulatedFileSystem();
    const { log } = await openLog(fileSystem);
    const random = new SeededRandom(1);
    await appendFrame(log, [putCommit(1)], random);
    await appendFrame(log, [putCommit(2)], random);
    const next = fileSystem.killProcess();
    const bytes = next.readBytes(firstSegment);
    next.replaceBytes(firstSegment, bytes.subarray(0, bytes.length - 5));
    next.replaceBytes(`${logDirectory}/00000000000000000009.log.tmp`, Buffer.of(1));
    return next;
  };
  const undisturbed = await torn();
  await openLog(undisturbed);
  const expected = undisturbed.contents();
  const operations = undisturbed.operations;
  expect(operations).toBeGreaterThan(10);
  for (let crash = 1; crash <= operations; crash += 1) {
    for (const powerCut of [false, true]) {
      const random = new SeededRandom(crash);
      let fileSystem = await torn();
      // Two crashes in a row, the second at a place that follows from the first.
      for (const [round, nth] of [crash, (crash * 7) % operations || 1].entries()) {
        let count = 0;
        fileSystem.inject = () => {
          count += 1;
          return count === nth ? { kind: 'stop', writtenBytes: random.below(300) } : undefined;
        };
        const crashed = await openLog(fileSystem).then(
          () => false,
          () => true,
        );
        // The second recovery may have so little left to do that it never comes to the place.
        if (round === 0) expect(crashed).toBe(true);
        fileSystem = powerCut ? fileSystem.cutPower(random) : fileSystem.killProcess();
      }
      const { recovered } = await openLog(fileSystem);
      expect(recovered).toEqual([putCommit(1)]);
      expect(fileSystem.contents(), `crash ${crash}, power cut ${powerCut}`).toEqual(expected);
    }
  }
});

/** A log of so many frames on a disk that has not one byte left. */
async function fullDisk(frames: number, stop: 'clean' | 'killed'): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem, { segmentBytesMax });
  const random = new SeededRandom(1);
  for (let sequence = 1; sequence <= frames; sequence += 1) await appendFrame(log, [putCommit(sequence)], random);
  if (stop === 'clean') await log.close();
  const stopped = fileSystem.killProcess();
  stopped.capacity = Object.values(stopped.contents()).join('').length / 2;
  return stopped;
}

test.each(['clean', 'killed'] as const)(
  'on a full disk a log that was stopped (%s) opens with all that is in it, refuses writes, and takes them once there is room',
  async (stop) => {
    for (let frames = 1; frames <= framesInWorkload; frames += 1) {
      const fileSystem = await fullDisk(frames, stop);
      const before = fileSystem.contents();
      const { log, recovered, events } = await openLog(fileSystem, { segmentBytesMax });
      expect(recovered).toEqual(Array.from({ length: frames }, (_, index) => putCommit(index + 1)));
      expect([events.map(({ kind }) => kind), log.foundNoSpace]).toEqual([['noSpace'], true]);
      expect(fileSystem.contents()).toEqual(before);
      const random = new SeededRandom(frames);
      const next = putCommit(frames + 1);
      await expect(appendFrame(log, [next], random)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      fileSystem.capacity = Number.POSITIVE_INFINITY;
      await appendFrame(log, [next], random);
      expect(log.foundNoSpace).toBe(false);
      const afterCut = await openLog(fileSystem.cutPower(random), { segmentBytesMax });
      expect(afterCut.recovered).toEqual([...recovered, next]);
    }
  },
);

test('what a log shows that was opened on a full disk survives a power cut, whatever failed in the process before', async () => {
  let opened = 0;
  for (const kind of ['write', 'datasync', 'sync', 'syncDirectory', 'rename', 'open'] as const) {
    for (let nth = 1; nth <= 40; nth += 1) {
      const failing = new SimulatedFileSystem();
      failing.inject = atNth(nth, [kind], { kind: 'error', code: 'EIO', writtenBytes: (nth * 37) % 200 });
      const outcome = await runWorkload(failing);
      const fileSystem = failing.killProcess();
      fileSystem.capacity = Object.values(fileSystem.contents()).join('').length / 2;
      const context = `${kind} ${nth}`;
      const random = new SeededRandom(nth);
      try {
        const { recovered } = await openLog(fileSystem, { segmentBytesMax });
        opened += 1;
        expectPromiseKept(recovered, outcome, context);
        const afterCut = await openLog(fileSystem.cutPower(random), { segmentBytesMax });
        expect(afterCut.recovered, context).toEqual(recovered);
      } catch (error) {
        // A torn tail must be kept, and a segment without frames made anew: for that there is no room.
        expect(error, context).toMatchObject({ code: 'STORAGE_FULL' });
        const afterCut = await openLog(fileSystem.cutPower(random), { segmentBytesMax });
        expectPromiseKept(afterCut.recovered, outcome, context);
      }
    }
  }
  expect(opened).toBeGreaterThan(100);
});

test('an opening on a full disk that crashes at any operation changes nothing', async () => {
  const undisturbed = await fullDisk(3, 'killed');
  await openLog(undisturbed, { segmentBytesMax });
  for (let crash = 1; crash <= undisturbed.operations; crash += 1) {
    for (const powerCut of [false, true]) {
      const fileSystem = await fullDisk(3, 'killed');
      let count = 0;
      fileSystem.inject = () => {
        count += 1;
        return count === crash ? { kind: 'stop', writtenBytes: crash * 11 } : undefined;
      };
      await expect(openLog(fileSystem, { segmentBytesMax })).rejects.toThrow();
      const random = new SeededRandom(crash);
      const { recovered } = await openLog(powerCut ? fileSystem.cutPower(random) : fileSystem.killProcess());
      expect(recovered).toEqual([1, 2, 3].map((sequence) => putCommit(sequence)));
    }
  }
});

test('on a full disk a torn tail, whose bytes are to be kept, is left where it is, and the log does not open', async () => {
  const fileSystem = await fullDisk(3, 'killed');
  const newest = `${logDirectory}/${fileSystem
    .names(logDirectory)
    .filter((name) => name.endsWith('.log'))
    .at(-1)}`;
  fileSystem.replaceBytes(newest, Buffer.concat([fileSystem.readBytes(newest), Buffer.from('torn')]));
  fileSystem.capacity += 4;
  const before = fileSystem.contents();
  await expect(openLog(fileSystem)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(fileSystem.contents()).toEqual(before);
});

test('on a full disk a log whose newest segment is not the one that is recorded as such does not open', async () => {
  const fileSystem = await fullDisk(framesInWorkload, 'killed');
  const earlier = await fullDisk(1, 'killed');
  fileSystem.replaceBytes(`${logDirectory}/newest`, earlier.readBytes(`${logDirectory}/newest`));
  await expect(openLog(fileSystem)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  expect((await openLog(fileSystem)).recovered).toHaveLength(framesInWorkload);
});
