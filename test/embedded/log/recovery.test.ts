import { expect, test } from 'vitest';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, commitOf, logDirectory, type OpenedLog, openLog, putCommit } from './log-fixture.ts';

/** Makes the second frame of the workload begin a new segment. */
const segmentBytesMax = 400;
const frames: readonly (readonly CommitRecord[])[] = [[putCommit(1), putCommit(2)], [putCommit(3)], [putCommit(4)]];
const commits = frames.flat();
const firstSegment = `${logDirectory}/00000000000000000001.log`;
const secondSegment = `${logDirectory}/00000000000000000003.log`;
const newest = `${logDirectory}/newest`;

interface Workload {
  readonly fileSystem: SimulatedFileSystem;
  /** The size of the second segment after each of its frames. */
  readonly ends: readonly number[];
}

/** Two segments: commits 1 and 2, sealed; then 3 and 4, left as a killed process leaves them, or stopped cleanly. */
async function workload({ clean, seed = 1 }: { clean: boolean; seed?: number }): Promise<Workload> {
  const fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(seed);
  const { log } = await openLog(fileSystem, { random, segmentBytesMax });
  const ends: number[] = [];
  for (const frame of frames) {
    await appendFrame(log, frame, random);
    if (fileSystem.names(logDirectory).length > 2) ends.push(fileSystem.readBytes(secondSegment).length);
  }
  if (clean) await log.close();
  return { fileSystem: fileSystem.killProcess(), ends };
}

/** A disk with the same files, which a test may damage. */
function copyOf(fileSystem: SimulatedFileSystem, contents: Record<string, string>): void {
  for (const name of fileSystem.names(logDirectory)) {
    if (!(`${logDirectory}/${name}` in contents)) fileSystem.deleteBytes(`${logDirectory}/${name}`);
  }
  for (const [path, bytes] of Object.entries(contents)) fileSystem.replaceBytes(path, Buffer.from(bytes, 'hex'));
}

/** Opens, and closes only the files. Of a refusal it is checked that it touched nothing. */
async function tryOpen(fileSystem: SimulatedFileSystem): Promise<OpenedLog | Error> {
  const before = fileSystem.contents();
  try {
    return await openLog(fileSystem, { segmentBytesMax });
  } catch (error) {
    if (!(error instanceof CorruptionError || error instanceof NewerFormatError)) throw error;
    expect(fileSystem.contents()).toEqual(before);
    return error;
  }
}

test('a log that was stopped cleanly opens with every commit, and again, and leaves nothing behind', async () => {
  const { fileSystem } = await workload({ clean: true });
  const before = fileSystem.contents();
  for (let round = 0; round < 3; round += 1) {
    const { log, recovered } = await openLog(fileSystem, { segmentBytesMax });
    expect(recovered).toEqual(commits);
    expect(log.report).toMatchObject({ segments: 2, frames: 3, commits: 4, truncatedBytes: 0, clean: true });
    await log.close();
  }
  expect(fileSystem.contents()).toEqual(before);
});

test('ids are kept from the moment they were reported, before the first write and over restarts', async () => {
  const fileSystem = new SimulatedFileSystem();
  const { log } = await openLog(fileSystem, { random: new SeededRandom(11) });
  const reopened = await openLog(fileSystem.killProcess(), { random: new SeededRandom(12) });
  expect(reopened.log.databaseId).toBe(log.databaseId);
  expect(reopened.log.epoch).toBe(log.epoch);
  expect(reopened.log.report).toMatchObject({ segments: 1, commits: 0, clean: true });
});

test('writing goes on after a clean stop in a new segment, after an unclean one in the same', async () => {
  const random = new SeededRandom(3);
  for (const clean of [true, false]) {
    const { fileSystem } = await workload({ clean });
    const { log } = await openLog(fileSystem, { segmentBytesMax: 10_000 });
    await appendFrame(log, [putCommit(5)], random);
    expect(fileSystem.names(logDirectory).filter((name) => name.endsWith('.log'))).toHaveLength(clean ? 3 : 2);
    const { recovered, log: reopened } = await openLog(fileSystem.killProcess());
    expect(recovered).toEqual([...commits, putCommit(5)]);
    expect(reopened.report.clean).toBe(false);
  }
});

test('cut at any offset, the newest segment gives its whole frames, and what is cut off is set aside', async () => {
  const { fileSystem, ends } = await workload({ clean: false });
  const contents = fileSystem.contents();
  const bytes = fileSystem.readBytes(secondSegment);
  for (let length = 0; length < bytes.length; length += 1) {
    copyOf(fileSystem, contents);
    fileSystem.replaceBytes(secondSegment, bytes.subarray(0, length));
    const opened = await tryOpen(fileSystem);
    if (length < 128) {
      expect(opened, `length ${length}`).toBeInstanceOf(CorruptionError);
      continue;
    }
    if (opened instanceof Error) throw opened;
    const whole = ends.filter((end) => end <= length);
    const truncatedBytes = length - (whole.at(-1) ?? 128);
    expect(opened.recovered, `length ${length}`).toEqual(commits.slice(0, 2 + whole.length));
    expect(opened.log.report.truncatedBytes).toBe(truncatedBytes);
    const torn = fileSystem.names(logDirectory).filter((name) => name.startsWith('torn-'));
    expect(torn).toHaveLength(truncatedBytes > 0 ? 1 : 0);
    for (const name of torn) {
      expect(fileSystem.readBytes(`${logDirectory}/${name}`)).toEqual(bytes.subarray(length - truncatedBytes, length));
    }
    const again = await openLog(fileSystem, { segmentBytesMax });
    expect(again.recovered).toEqual(opened.recovered);
    expect(again.log.report.truncatedBytes).toBe(0);
    await again.log.close();
  }
});

test('cut at any offset, a segment before the newest is refused', async () => {
  const { fileSystem } = await workload({ clean: false });
  const bytes = fileSystem.readBytes(firstSegment);
  for (let length = 0; length < bytes.length; length += 1) {
    fileSystem.replaceBytes(firstSegment, bytes.subarray(0, length));
    expect(await tryOpen(fileSystem), `length ${length}`).toBeInstanceOf(CorruptionError);
  }
});

test.each([true, false])(
  'every byte flipped or zeroed is noticed, or changes no answer (clean stop: %s)',
  async (clean) => {
    const { fileSystem, ends } = await workload({ clean });
    const contents = fileSystem.contents();
    const random = new SeededRandom(5);
    let tails = 0;
    for (const path of Object.keys(contents)) {
      const bytes = fileSystem.readBytes(path);
      for (let offset = 0; offset < bytes.length; offset += 1) {
        const byte = bytes[offset] ?? 0;
        for (const damaged of new Set([byte ^ (1 << random.below(8)), byte ^ 0xff, 0])) {
          if (damaged === byte) continue;
          copyOf(fileSystem, contents);
          fileSystem.replaceBytes(path, bytes.with(offset, damaged));
          const opened = await tryOpen(fileSystem);
          if (opened instanceof CorruptionError) continue;
          if (opened instanceof Error) throw opened;
          // Only the very last frame can be mistaken for a torn write: a seal holds no commits, so it loses none.
          const lastFrameAt = ends.at(clean ? -1 : -2) ?? 0;
          expect(path === secondSegment && offset >= lastFrameAt, `${path} ${offset}`).toBe(true);
          expect(opened.recovered).toEqual(clean ? commits : commits.slice(0, -1));
          expect(opened.log.report).toMatchObject({ clean: false, truncatedBytes: bytes.length - lastFrameAt });
          expect(opened.events).toContainEqual(expect.objectContaining({ kind: 'tailCut', offset: lastFrameAt }));
          tails += 1;
        }
      }
    }
    expect(tails).toBeGreaterThan(0);
  },
);

test('zeros behind the last frame, as some file systems leave them, are cut off and not kept', async () => {
  const { fileSystem } = await workload({ clean: false });
  const bytes = fileSystem.readBytes(secondSegment);
  fileSystem.replaceBytes(secondSegment, Buffer.concat([bytes, Buffer.alloc(4096)]));
  const { recovered, log } = await openLog(fileSystem);
  expect(recovered).toEqual(commits);
  expect(log.report).toMatchObject({ truncatedBytes: 4096, clean: false });
  expect(fileSystem.readBytes(secondSegment)).toEqual(bytes);
  expect(fileSystem.names(logDirectory).filter((name) => name.startsWith('torn-'))).toEqual([]);
});

test('anything behind a seal is refused', async () => {
  const { fileSystem } = await workload({ clean: true });
  fileSystem.replaceBytes(secondSegment, Buffer.concat([fileSystem.readBytes(secondSegment), Buffer.of(0)]));
  expect(await tryOpen(fileSystem)).toBeInstanceOf(CorruptionError);
});

test('bytes that are a frame elsewhere in the segment are plain data in a commit, whole or torn', async () => {
  const { fileSystem, ends } = await workload({ clean: false });
  const frame = fileSystem.readBytes(secondSegment).subarray(128, ends[0]);
  const { log } = await openLog(fileSystem);
  const holding = commitOf(5, [], { requestDigest: Buffer.concat([frame, frame]) });
  await appendFrame(log, [holding], new SeededRandom(9));
  const whole = await openLog(fileSystem.killProcess());
  expect(Buffer.from(whole.recovered.at(-1)?.requestDigest ?? [])).toEqual(holding.requestDigest);

  const bytes = fileSystem.killProcess().readBytes(secondSegment);
  const cut = fileSystem.killProcess();
  cut.replaceBytes(secondSegment, bytes.subarray(0, -1));
  const torn = await openLog(cut);
  expect(torn.recovered).toEqual(commits);
  expect(torn.log.report.truncatedBytes).toBeGreaterThan(2 * frame.length);
});

test('a document whose text holds the mark of the segment is plain data, whole or torn', async () => {
  const fileSystem = new SimulatedFileSystem();
  const random = { bytes: (size: number) => new Uint8Array(size).fill(0x41) };
  const { log } = await openLog(fileSystem, { random });
  const commit = putCommit(1, { text: 'A'.repeat(500) });
  await appendFrame(log, [commit], random);
  const bytes = fileSystem.readBytes(firstSegment);
  expect((await openLog(fileSystem.killProcess())).recovered).toEqual([commit]);
  const cut = fileSystem.killProcess();
  cut.replaceBytes(firstSegment, bytes.subarray(0, -1));
  expect((await openLog(cut)).log.report.truncatedBytes).toBe(bytes.length - 128 - 1);
});

test('a frame that was damaged is refused when the one after it was torn', async () => {
  const { fileSystem, ends } = await workload({ clean: false });
  const bytes = fileSystem.readBytes(secondSegment);
  const damaged = bytes.with((ends[0] ?? 0) - 1, 0).subarray(0, (ends[0] ?? 0) + 10);
  fileSystem.replaceBytes(secondSegment, damaged);
  const error = await tryOpen(fileSystem);
  expect(error).toBeInstanceOf(CorruptionError);
  expect(error).toMatchObject({ position: { file: secondSegment, offset: 128, sequence: 3 } });
});

test.each<[string, (fileSystem: SimulatedFileSystem) => void]>([
  ['the first is missing', (fileSystem) => fileSystem.deleteBytes(firstSegment)],
  ['the newest is missing', (fileSystem) => fileSystem.deleteBytes(secondSegment)],
  [
    'all are missing',
    (fileSystem) => {
      fileSystem.deleteBytes(firstSegment);
      fileSystem.deleteBytes(secondSegment);
    },
  ],
  ['the record of the newest is missing', (fileSystem) => fileSystem.deleteBytes(newest)],
  [
    'one is there twice',
    (fileSystem) =>
      fileSystem.replaceBytes(`${logDirectory}/00000000000000000005.log`, fileSystem.readBytes(firstSegment)),
  ],
  [
    'one is in the place of another',
    (fileSystem) => fileSystem.replaceBytes(secondSegment, fileSystem.readBytes(firstSegment)),
  ],
  [
    'two are swapped',
    (fileSystem) => {
      const first = fileSystem.readBytes(firstSegment);
      fileSystem.replaceBytes(firstSegment, fileSystem.readBytes(secondSegment));
      fileSystem.replaceBytes(secondSegment, first);
    },
  ],
  [
    'one has a name of no known form',
    (fileSystem) => fileSystem.replaceBytes(`${logDirectory}/copy of 1.log`, fileSystem.readBytes(firstSegment)),
  ],
])('segments are refused when %s', async (_, damage) => {
  for (const clean of [true, false]) {
    const { fileSystem } = await workload({ clean });
    damage(fileSystem);
    expect(await tryOpen(fileSystem)).toBeInstanceOf(CorruptionError);
  }
});

test('segments of another database are refused, one of them or all', async () => {
  const other = (await workload({ clean: true, seed: 2 })).fileSystem;
  for (const foreign of [[firstSegment], [secondSegment], [firstSegment, secondSegment], [newest]]) {
    const { fileSystem } = await workload({ clean: true });
    for (const path of foreign) fileSystem.replaceBytes(path, other.readBytes(path));
    expect(await tryOpen(fileSystem), foreign.join()).toBeInstanceOf(CorruptionError);
  }
});

test('segments of two histories of one database are refused together', async () => {
  const { fileSystem } = await workload({ clean: true });
  const { fileSystem: other } = await workload({ clean: true });
  const ids = fileSystem.readBytes(firstSegment).subarray(0, 128);
  expect(other.readBytes(firstSegment).subarray(0, 128)).toEqual(ids);
  for (const name of other.names(logDirectory)) other.deleteBytes(`${logDirectory}/${name}`);
  other.replaceBytes(firstSegment, ids);
  const random = new SeededRandom(8);
  const { log } = await openLog(other, { random, segmentBytesMax });
  for (const frame of frames) await appendFrame(log, frame, random);
  await log.close();
  expect((await openLog(other)).recovered).toEqual(commits);
  fileSystem.replaceBytes(firstSegment, other.readBytes(firstSegment));
  const error = await tryOpen(fileSystem);
  expect(error).toMatchObject({ position: { file: secondSegment }, reason: expect.stringContaining('seal') });
});

test('a commit that was left out or repeated by whoever wrote the frames is refused', async () => {
  const { fileSystem } = await workload({ clean: false });
  const { log } = await openLog(fileSystem);
  const random = new SeededRandom(4);
  await expect(appendFrame(log, [putCommit(6)], random)).rejects.toThrow(RangeError);
  await expect(appendFrame(log, [putCommit(5), putCommit(5)], random)).rejects.toThrow(RangeError);
  await appendFrame(log, [putCommit(5), putCommit(6)], random);
});

test('of torn tails that pile up the newest 8 are kept, and files left half made are removed', async () => {
  let { fileSystem } = await workload({ clean: false });
  fileSystem.replaceBytes(`${logDirectory}/00000000000000000005.log.tmp`, Buffer.of(1));
  const random = new SeededRandom(6);
  for (let sequence = 5; sequence < 17; sequence += 1) {
    const { log } = await openLog(fileSystem);
    await appendFrame(log, [putCommit(sequence)], random);
    fileSystem = fileSystem.killProcess();
    fileSystem.replaceBytes(secondSegment, Buffer.concat([fileSystem.readBytes(secondSegment), Buffer.of(sequence)]));
  }
  await openLog(fileSystem);
  const names = fileSystem.names(logDirectory);
  const torn = names.filter((name) => name.startsWith('torn-'));
  expect(torn).toHaveLength(8);
  expect(torn.map((name) => fileSystem.readBytes(`${logDirectory}/${name}`)[0])).toEqual([
    9, 10, 11, 12, 13, 14, 15, 16,
  ]);
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
