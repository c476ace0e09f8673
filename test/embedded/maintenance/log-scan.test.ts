import { expect, test } from 'vitest';
import type { Durability } from '../../../src/database/status.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { readLog } from '../../../src/embedded/log/recovery.ts';
import { type LogPart, scanLog, wholeLog } from '../../../src/embedded/maintenance/log-scan.ts';
import { ManualClock } from '../../fault/manual-clock.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import {
  appendFrame,
  commitOf,
  dataDirectory,
  documentOf,
  logDirectory,
  openLog,
  putCommit,
  stillClock,
} from '../log/log-fixture.ts';

const table = { id: '0190a000-0000-7000-8000-0000000000aa', name: 'users' };
const inTable = (sequence: number): CommitRecord =>
  commitOf(sequence, [{ kind: 'putDocument', document: documentOf(sequence, undefined, { table }) }]);
const frames: readonly (readonly CommitRecord[])[] = [
  [
    commitOf(1, [
      { kind: 'putTable', table: { ...table, createdAt: 1, settings: {} } },
      { kind: 'putDocument', document: documentOf(1, undefined, { table }) },
    ]),
    putCommit(2),
  ],
  [inTable(3)],
  [putCommit(4)],
  [inTable(5)],
  [putCommit(6)],
];
const firstSegment = `${logDirectory}/00000000000000000001.log`;
const secondSegment = `${logDirectory}/00000000000000000003.log`;

/**
 * Two segments: commits 1 and 2, sealed; then 3 to 6, left as a killed process leaves them, or stopped cleanly. At durability
 * `interval` a sync has covered commit 3 when 5 is written.
 */
async function workload(clean: boolean, durability: Durability = 'sync'): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(1);
  const clock = new ManualClock();
  const options = { random, clock, syncIntervalMs: durability === 'interval' ? 100 : null };
  const { log } = await openLog(fileSystem, options);
  await appendFrame(log, frames[0] ?? [], random);
  await log.close();
  const { log: second } = await openLog(fileSystem, options);
  for (const [index, frame] of frames.slice(1).entries()) {
    await appendFrame(second, frame, random);
    if (index === 1) await clock.advance(1000);
  }
  if (clean) await second.close();
  return fileSystem.killProcess();
}

async function scan(fileSystem: SimulatedFileSystem): Promise<LogPart[]> {
  const parts: LogPart[] = [];
  for await (const part of scanLog({ fileSystem, directory: dataDirectory, clock: stillClock, start: wholeLog }))
    parts.push(part);
  return parts;
}

const commitsOf = (parts: readonly LogPart[]): CommitRecord[] =>
  parts.flatMap((part) => (part.kind === 'frame' ? part.commits : []));
const problemsOf = (parts: readonly LogPart[]) =>
  parts.flatMap((part) => (part.kind === 'problem' ? [part.problem] : []));

/** What recovery makes of the log: every commit, or its refusal with the commits that it had read before. */
async function recover(fileSystem: SimulatedFileSystem) {
  const commits: CommitRecord[] = [];
  try {
    await readLog({
      fileSystem,
      directory: logDirectory,
      snapshotDirectory: `${dataDirectory}/snapshots`,
      clock: stillClock,
      onSnapshot: () => {},
      onCommit: (commit) => commits.push(commit),
    });
    return { commits, error: null };
  } catch (error) {
    return { commits, error };
  }
}

test.each([true, false])('a good log (stopped cleanly: %s) is read whole, without a problem', async (clean) => {
  const parts = await scan(await workload(clean));
  expect(commitsOf(parts)).toEqual(frames.flat());
  expect(problemsOf(parts)).toEqual([]);
  expect(parts.filter(({ kind }) => kind === 'segment')).toHaveLength(2);
});

// What the scan calls good must open, what it calls damaged must not: otherwise `verify` would promise what is not so.
test.each<[string, (bytes: Buffer, at: number) => Buffer]>([
  ['flipped', (bytes, at) => Buffer.from(bytes.with(at, (bytes[at] ?? 0) ^ 0x10))],
  ['cut', (bytes, at) => bytes.subarray(0, at)],
  ['zeroed to the end', (bytes, at) => Buffer.from(bytes).fill(0, at)],
])(
  'with any byte %s it finds a problem exactly where recovery refuses, and the same commits before it',
  async (_, damage) => {
    let refusals = 0;
    for (const clean of [true, false]) {
      const whole = await workload(clean);
      for (const path of [firstSegment, secondSegment, `${logDirectory}/newest`]) {
        const bytes = whole.readBytes(path);
        for (let at = 0; at < bytes.length; at += 1) {
          whole.replaceBytes(path, damage(bytes, at));
          const { commits, error } = await recover(whole);
          const parts = await scan(whole).catch((thrown: unknown) => thrown);
          if (error === null || error instanceof CorruptionError) {
            if (!Array.isArray(parts)) throw parts;
            const [first] = problemsOf(parts);
            expect(first === undefined, `${path} at ${at}: ${error} and ${first?.reason}`).toBe(error === null);
            expect(commitsOf(parts).slice(0, commits.length)).toEqual(commits);
            if (error === null) expect(commitsOf(parts)).toEqual(commits);
            else refusals += 1;
          } else {
            expect([error, parts]).toEqual([expect.any(NewerFormatError), expect.any(NewerFormatError)]);
          }
        }
        whole.replaceBytes(path, bytes);
      }
    }
    expect(refusals).toBeGreaterThan(1_000);
  },
);

test('behind a damaged frame it goes on, and finds every other frame', async () => {
  const fileSystem = await workload(true);
  const bytes = fileSystem.readBytes(firstSegment);
  // Within the commit that makes the table: documents of that table come later.
  fileSystem.replaceBytes(firstSegment, Buffer.from(bytes.with(260, (bytes[260] ?? 0) ^ 1)));
  const second = fileSystem.readBytes(secondSegment);
  // The header of the frame of commit 4, which says where the next one begins.
  const frameAt = second.indexOf(second.subarray(48, 56), 200);
  fileSystem.replaceBytes(secondSegment, Buffer.from(second.with(frameAt + 20, 0xff)));
  const parts = await scan(fileSystem);
  expect(commitsOf(parts).map(({ sequence }) => sequence)).toEqual([3, 5, 6]);
  expect(problemsOf(parts)).toMatchObject([
    { file: firstSegment, offset: 128, sequence: 1 },
    { file: secondSegment, offset: frameAt, sequence: 4 },
  ]);
});

test('a missing segment and one under a strange name are problems, the others are read', async () => {
  const fileSystem = await workload(true);
  fileSystem.replaceBytes(`${logDirectory}/copy.log`, fileSystem.readBytes(firstSegment));
  fileSystem.deleteBytes(firstSegment);
  const parts = await scan(fileSystem);
  expect(commitsOf(parts).map(({ sequence }) => sequence)).toEqual([3, 4, 5, 6]);
  expect(problemsOf(parts).map(({ reason }) => reason)).toEqual([
    'it begins with commit 3, the log before it ends before commit 1',
    'no segment has such a name',
  ]);
});

test('a torn end of the newest segment is told, and is no problem', async () => {
  const fileSystem = await workload(false);
  const bytes = fileSystem.readBytes(secondSegment);
  fileSystem.replaceBytes(secondSegment, bytes.subarray(0, -3));
  const parts = await scan(fileSystem);
  expect(problemsOf(parts)).toEqual([]);
  expect(parts.at(-1)).toMatchObject({ kind: 'tail', path: secondSegment, sequence: 6 });
});
