import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { sealFrameBytes } from '../../../src/embedded/history/sealed-segment.ts';
import { writeSegmentIndex } from '../../../src/embedded/history/segment-index-writer.ts';
import { walkSegment } from '../../../src/embedded/history/segment-walk.ts';
import { FrameSalt, frameHeaderBytes, frameKinds, writeFrameHeader } from '../../../src/embedded/log/frame.ts';
import { digestOf, initialLink, LinkBuilder } from '../../../src/embedded/log/link.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import { type EncodedCommit, encodeCommit, recordKinds } from '../../../src/embedded/log/record.ts';
import { encodeSegmentHeader, segmentHeaderBytes } from '../../../src/embedded/log/segment-header.ts';
import { SegmentWriter } from '../../../src/embedded/log/segment-writer.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { commitOf, dataDirectory, logDirectory, putCommit, startTime } from '../log/log-fixture.ts';
import { openSealed, pathOf, slice } from './history-fixture.ts';

/*
 * Sealed segments whose checksums all hold, but which no writer of this version writes. No index may be made of them.
 */

const path = pathOf('00000000000000000001.log');
const random = new SeededRandom(1);
const salt = new Uint8Array(16).fill(5);
const header = encodeSegmentHeader({
  databaseId: '00010203-0405-4607-8809-0a0b0c0d0e0f',
  epoch: '10111213-1415-4617-9819-1a1b1c1d1e1f',
  salt,
  previousSeal: new Uint8Array(32),
  firstSequence: 1,
  createdAt: startTime,
  durability: 'sync',
});
const start = {
  end: segmentHeaderBytes,
  link: initialLink(header),
  nextSequence: 1,
  frames: 0,
  commits: 0,
  records: 0,
};

/** An empty segment, and what writes to it from a position on. */
async function emptySegment() {
  const fileSystem = new SimulatedFileSystem();
  for (const directory of [dataDirectory, logDirectory]) await fileSystem.makeDirectory(directory);
  fileSystem.replaceBytes(path, header);
  const file = await fileSystem.open(path, 'write');
  const writerAt = (position = start) => new SegmentWriter(path, file, { salt, durability: 'sync' }, position);
  return { fileSystem, writerAt };
}

async function sealedSegment(...frames: readonly (readonly EncodedCommit[])[]): Promise<SimulatedFileSystem> {
  const { fileSystem, writerAt } = await emptySegment();
  const writer = writerAt();
  for (const commits of frames) await writer.append(commits);
  await writer.seal();
  return fileSystem;
}

async function makeIndex(fileSystem: SimulatedFileSystem): Promise<void> {
  await writeSegmentIndex(await openSealed(fileSystem, 1), { fileSystem, directory: logDirectory, slice });
}

const first = encodeCommit(putCommit(1), random);

/** A commit of one record of eight bytes that says it is of this kind. */
function commitWith(kind: number): EncodedCommit {
  const encoded = encodeCommit({ ...commitOf(1, []), idempotencyKey: 'key' }, random);
  const bytes = Buffer.from(encoded.bytes);
  const saltAt = bytes.length - (16 + 1 + 8);
  bytes[saltAt + 16] = kind;
  const digest = Buffer.from(digestOf(bytes.subarray(saltAt)), 'latin1');
  return { ...encoded, bytes, linkBytes: Buffer.concat([encoded.linkBytes.subarray(0, -32), digest]) };
}

test('what the forger forges without a fault is a segment', async () => {
  const fileSystem = await sealedSegment([first], [encodeCommit(putCommit(2), random)]);
  await makeIndex(fileSystem);
  expect(fileSystem.names(logDirectory)).toHaveLength(2);
});

test.each<[string, EncodedCommit, string]>([
  ['a commit is in the place of another', encodeCommit(putCommit(2), random), 'in the place of 1'],
  [
    'bytes are left over behind the commits',
    { ...first, bytes: Buffer.concat([first.bytes, Buffer.of(0)]) },
    'left over behind the commits',
  ],
  ['the link does not hold', { ...first, linkBytes: Buffer.of(1) }, 'the link'],
  ['the seal counts otherwise', { ...first, recordCount: 2 }, 'the seal counts'],
  ['an erased record has another length than a digest', commitWith(recordKinds.erased), 'an erased record'],
  ['a document has no id', commitWith(recordKinds.putDocument), 'without an id'],
])('a segment is damaged when %s', async (_, commit, reason) => {
  const fileSystem = await sealedSegment([commit]);
  const error = await makeIndex(fileSystem).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CorruptionError);
  expect(error).toMatchObject({ reason: expect.stringContaining(reason) });
  expect(fileSystem.names(logDirectory)).toHaveLength(1);
});

test('a segment is damaged when a frame begins with another commit, or a seal is not its end', async () => {
  const skipping = await emptySegment();
  await skipping.writerAt({ ...start, nextSequence: 2 }).seal();
  await expect(makeIndex(skipping.fileSystem)).rejects.toThrow('begins with commit 2');
  const twice = await emptySegment();
  const link = await twice.writerAt().seal();
  await twice.writerAt({ ...start, end: segmentHeaderBytes + sealFrameBytes, link }).seal();
  await expect(makeIndex(twice.fileSystem)).rejects.toThrow('a seal before the end');
});

test('a segment whose seal has flags is of a newer version', async () => {
  const { fileSystem } = await emptySegment();
  const frame = Buffer.alloc(sealFrameBytes);
  frame[sealFrameBytes - 1] = 2;
  const builder = new LinkBuilder();
  builder.begin(start.link, frameKinds.seal, 1, 0);
  builder.add(frame.subarray(frameHeaderBytes));
  writeFrameHeader(frame, segmentHeaderBytes, new FrameSalt(salt), {
    kind: frameKinds.seal,
    firstSequence: 1,
    commitCount: 0,
    unsyncedBytes: 0,
    link: builder.finish(),
  });
  fileSystem.replaceBytes(path, Buffer.concat([header, frame]));
  await expect(makeIndex(fileSystem)).rejects.toBeInstanceOf(NewerFormatError);
});

test('every byte of a segment flipped is noticed, when it is opened or walked through', async () => {
  const good = (await sealedSegment([first], [encodeCommit(putCommit(2), random)])).readBytes(path);
  for (let at = 0; at < good.length; at += 1) {
    const { fileSystem } = await emptySegment();
    fileSystem.replaceBytes(path, good.with(at, (good[at] ?? 0) ^ (1 << (at % 8))));
    const error = await makeIndex(fileSystem).catch((thrown: unknown) => thrown);
    if (error instanceof Error && error.message === 'segment 1 is not sealed') continue;
    expect(error instanceof CorruptionError || error instanceof NewerFormatError, `offset ${at}: ${error}`).toBe(true);
  }
});

test('a segment that becomes shorter while it is walked through is damaged', async () => {
  const fileSystem = await sealedSegment([first]);
  const segment = await openSealed(fileSystem, 1);
  const file = await fileSystem.open(path, 'write');
  await file.truncate(segment.bytes - sealFrameBytes - 1);
  const walk = walkSegment(segment, slice);
  await expect(walk.next()).rejects.toThrow('last 1 bytes are missing');
});

test('frames larger than what is read at once are walked through, and smaller ones behind them', async () => {
  const sizes = [10, 3_000_000, 10, 2_000_000, 600_000, 600_000];
  const frames = sizes.map((size, index) => [encodeCommit(putCommit(index + 1, { text: 'x'.repeat(size) }), random)]);
  const fileSystem = await sealedSegment(...frames);
  const lengths: number[] = [];
  for await (const { commits } of walkSegment(await openSealed(fileSystem, 1), slice)) {
    lengths.push(...commits.map(({ records }) => records.length));
  }
  expect(lengths).toEqual([1, 1, 1, 1, 1, 1]);
  await makeIndex(fileSystem);
});
