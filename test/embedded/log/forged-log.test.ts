import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { FrameSalt, frameHeaderBytes, frameKinds, writeFrameHeader } from '../../../src/embedded/log/frame.ts';
import { initialLink, LinkBuilder } from '../../../src/embedded/log/link.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import { type CommitRecord, type EncodedCommit, encodeCommit, recordKinds } from '../../../src/embedded/log/record.ts';
import {
  encodeNewestSegment,
  encodeSegmentHeader,
  segmentHeaderBytes,
} from '../../../src/embedded/log/segment-header.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, commitOf, dataDirectory, logDirectory, openLog, putCommit, startTime } from './log-fixture.ts';

/*
 * Segments whose checksums all hold, but which no writer of this version writes: what a bug, another program or a newer version
 * could leave. Nothing of them may be believed.
 */

const segment = `${logDirectory}/00000000000000000001.log`;
const newest = `${logDirectory}/newest`;
const databaseId = '00010203-0405-4607-8809-0a0b0c0d0e0f';
const random = new SeededRandom(1);
const header = encodeSegmentHeader({
  databaseId,
  epoch: '10111213-1415-4617-9819-1a1b1c1d1e1f',
  salt: new Uint8Array(16).fill(5),
  previousSeal: new Uint8Array(32),
  firstSequence: 1,
  createdAt: startTime,
  durability: 'sync',
});
const salt = new FrameSalt(new Uint8Array(16).fill(5));

interface ForgedFrame {
  readonly kind?: number;
  readonly firstSequence?: number;
  readonly commitCount: number;
  readonly unsyncedBytes?: number;
  readonly payload: Buffer;
  /** What its link covers of the payload; with anything else the link does not hold. */
  readonly linked?: Buffer;
  /** Changes the header before its checksum is made again. */
  readonly patch?: (frame: Buffer) => void;
}

function forge(...frames: readonly ForgedFrame[]): Buffer {
  const parts: Buffer[] = [header];
  const builder = new LinkBuilder();
  let link = initialLink(header);
  let offset = segmentHeaderBytes;
  for (const { kind = frameKinds.commits, firstSequence = 1, commitCount, payload, ...more } of frames) {
    builder.begin(link, kind, firstSequence, commitCount);
    builder.add(more.linked ?? payload);
    link = builder.finish();
    const frame = Buffer.concat([Buffer.alloc(frameHeaderBytes), payload]);
    const { unsyncedBytes = 0 } = more;
    writeFrameHeader(frame, offset, salt, { kind, firstSequence, commitCount, unsyncedBytes, link });
    more.patch?.(frame);
    const checksumAt = frameHeaderBytes - 4;
    frame.writeUInt32LE(crc32(frame.subarray(0, checksumAt), salt.seedAt(offset)), checksumAt);
    parts.push(frame);
    offset += frame.length;
  }
  return Buffer.concat(parts);
}

/** A frame of these commits as the log writes it. */
function frameOf(...commits: readonly EncodedCommit[]): ForgedFrame {
  return {
    commitCount: commits.length,
    payload: Buffer.concat(commits.map(({ bytes }) => bytes)),
    linked: Buffer.concat(commits.map(({ linkBytes }) => linkBytes)),
  };
}

const encode = (commit: CommitRecord) => encodeCommit(commit, random);
const first = frameOf(encode(putCommit(1)));

/** A commit of one record, whose payload is put in the place of a `putSetting`'s. */
function frameWithRecord(kind: number, payload: Buffer): ForgedFrame {
  const name = 'x'.repeat(payload.length);
  const encoded = encode(commitOf(1, [{ kind: 'putSetting', setting: { name, value: null } }]));
  const bytes = Buffer.from(encoded.bytes);
  const recordAt = bytes.length - (4 + 16 + 1 + 16 + 4 + name.length + 'null'.length);
  const start = Buffer.from(bytes.subarray(0, recordAt + 4 + 16 + 1));
  start.writeUInt32LE(payload.length, recordAt);
  start[recordAt + 4 + 16] = kind;
  const whole = Buffer.concat([start, payload]);
  whole.writeUInt32LE(whole.length - 4, 0);
  return { commitCount: 1, payload: whole };
}

function seal(counts: readonly number[], flags: number, more = Buffer.alloc(0)): ForgedFrame {
  const payload = Buffer.alloc(25);
  for (const [place, count] of counts.entries()) payload.writeUInt32LE(count, place * 8);
  payload[24] = flags;
  return { kind: frameKinds.seal, firstSequence: 2, commitCount: 0, payload: Buffer.concat([payload, more]) };
}

async function open(bytes: Buffer, newestBytes = encodeNewestSegment({ databaseId, firstSequence: 1 })) {
  const fileSystem = new SimulatedFileSystem();
  for (const directory of [dataDirectory, logDirectory]) await fileSystem.makeDirectory(directory);
  fileSystem.replaceBytes(segment, bytes);
  fileSystem.replaceBytes(newest, newestBytes);
  return openLog(fileSystem);
}

test('what the forger forges without a fault is a log', async () => {
  const { recovered } = await open(forge(first, seal([1, 1, 1], 0)));
  expect(recovered).toEqual([putCommit(1)]);
});

const shortened = (frame: ForgedFrame, length: number): ForgedFrame => {
  const payload = Buffer.from(frame.payload);
  payload.writeUInt32LE(length, 0);
  return { ...frame, payload };
};

const emptyNameKey = createHash('sha256').update('').digest().subarray(0, 16);

const indexPayload = (kind: number, flags: number, archived: number, paths = ['path']) =>
  Buffer.concat([
    Buffer.alloc(16 + 16 + 8),
    Buffer.of(kind, flags, archived, paths.length, 0),
    ...paths.map((path) => Buffer.concat([Buffer.of(path.length, 0, 0, 0), Buffer.from(path)])),
  ]);

test.each<[string, Buffer, string]>([
  ['a frame of commits has none', forge({ ...first, commitCount: 0 }), 'with 0 commits'],
  ['a frame begins with another commit', forge({ ...first, firstSequence: 2 }), 'instead of 1'],
  ['a commit is in the place of another', forge(frameOf(encode(putCommit(2)))), 'in the place of 1'],
  [
    'bytes are left over behind the commits',
    forge({ ...first, payload: Buffer.concat([first.payload, Buffer.of(0)]) }),
    'left over behind the commits',
  ],
  ['a commit is longer than its frame', forge(shortened(first, first.payload.length)), 'a length of'],
  ['a commit ends before its fields do', forge(shortened(first, 10)), 'are left'],
  ['a commit goes on behind its records', forge({ ...first, payload: grown(first.payload) }), 'left over'],
  ['a sequence is none', forge({ ...first, payload: unsafe(first.payload) }), 'not an integer'],
  ['a frame of `sync` has unsynced bytes', forge({ ...first, unsyncedBytes: 1 }), 'unsynced bytes'],
  ['the link does not hold', forge({ ...first, linked: Buffer.of(1) }), 'the link'],
  ['a seal counts otherwise', forge(first, seal([1, 1, 2], 0)), 'the seal counts'],
  ['a seal is too long', forge(first, seal([1, 1, 1], 0, Buffer.of(0))), 'too long'],
  [
    'an erased record has another length than a digest',
    forge(frameWithRecord(recordKinds.erased, Buffer.alloc(31))),
    'an erased record',
  ],
  [
    'a setting is not JSON',
    forge(frameWithRecord(recordKinds.putSetting, Buffer.concat([emptyNameKey, Buffer.from([0, 0, 0, 0, 0x7b])]))),
    'not JSON',
  ],
  [
    'a setting is under the key of another',
    forge(frameWithRecord(recordKinds.putSetting, Buffer.from([...Buffer.alloc(20), ...Buffer.from('null')]))),
    'not its own',
  ],
  ['an index has no paths', forge(frameWithRecord(recordKinds.putIndex, indexPayload(1, 0, 0, []))), 'no paths'],
])('a log is damaged when %s', async (_, bytes, reason) => {
  const error = await open(bytes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CorruptionError);
  expect(error).toMatchObject({ reason: expect.stringContaining(reason) });
});

function grown(payload: Buffer): Buffer {
  const whole = Buffer.concat([payload, Buffer.of(0)]);
  whole.writeUInt32LE(whole.length - 4, 0);
  return whole;
}

function unsafe(payload: Buffer): Buffer {
  const copy = Buffer.from(payload);
  copy.fill(0xff, 4, 11);
  return copy;
}

test.each<[string, Buffer]>([
  ['a frame with flags', forge({ ...first, patch: (frame) => frame.writeUInt8(1, 10) })],
  ['a frame of an unknown kind', forge({ ...first, kind: 7 })],
  ['a seal with flags', forge(first, seal([1, 1, 1], 2))],
  ['a request with unknown flags', forge(frameWithRecord(recordKinds.request, Buffer.of(4)))],
  ['an index of an unknown kind', forge(frameWithRecord(recordKinds.putIndex, indexPayload(3, 0, 0)))],
  ['an index with unknown flags', forge(frameWithRecord(recordKinds.putIndex, indexPayload(1, 4, 0)))],
  ['an index of unknown documents', forge(frameWithRecord(recordKinds.putIndex, indexPayload(1, 0, 3)))],
  ['a record of an unknown kind', forge(frameWithRecord(99, Buffer.alloc(4)))],
  ['a segment of unknown durability', withHeader((bytes) => bytes.writeUInt8(9, 112))],
])('a log is of a newer version when it has %s', async (_, bytes) => {
  await expect(open(bytes)).rejects.toBeInstanceOf(NewerFormatError);
});

function withHeader(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(header);
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
  return bytes;
}

test('a header of a version that there never was is damage', async () => {
  await expect(open(withHeader((bytes) => bytes.writeUInt16LE(0, 8)))).rejects.toBeInstanceOf(CorruptionError);
});

test('a record of the newest segment that goes on behind its end is damaged', async () => {
  const longer = Buffer.concat([encodeNewestSegment({ databaseId, firstSequence: 1 }), Buffer.of(0)]);
  await expect(open(forge(first), longer)).rejects.toBeInstanceOf(CorruptionError);
});

test('a file that cannot be read is no damage: the error of the system is told', async () => {
  for (const path of [segment, newest]) {
    const fileSystem = new SimulatedFileSystem();
    const { log } = await openLog(fileSystem);
    await appendFrame(log, [putCommit(1)], random);
    const restarted = fileSystem.killProcess();
    const openFile = restarted.open.bind(restarted);
    restarted.open = async (name, mode) => {
      const file = await openFile(name, mode);
      if (name !== path) return file;
      const read = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
      return Object.assign(Object.create(file), { size: () => file.size(), close: () => file.close(), read });
    };
    await expect(openLog(restarted)).rejects.toMatchObject({ code: 'EIO' });
  }
});

test('a log that is used otherwise than it says refuses', async () => {
  const { log } = await openLog(new SimulatedFileSystem());
  await log.append([]);
  const appending = appendFrame(log, [putCommit(1)], random);
  const refused = [appendFrame(log, [putCommit(2)], random), log.rotate(), log.close()];
  const outcomes = await Promise.allSettled(refused);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await appending;
  // Twice the same memory, which nobody touches: a frame of two of them would be too large for its length.
  const half = Buffer.allocUnsafeSlow(2 ** 30);
  const huge = [2, 3].map((sequence) => ({ sequence, bytes: half, linkBytes: Buffer.alloc(0), recordCount: 0 }));
  await expect(log.append(huge)).rejects.toThrow(RangeError);
  await log.close();
  await log.close();
  await expect(log.rotate()).rejects.toThrow('once it is closed');
  await expect(appendFrame(log, [putCommit(2)], random)).rejects.toThrow('once it is closed');
});

test('a start that finds no room to make a log, or to go on with one that holds nothing, says so', async () => {
  const fileSystem = new SimulatedFileSystem();
  fileSystem.capacity = 100;
  await expect(openLog(fileSystem)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  await openLog(fileSystem);
  const restarted = fileSystem.killProcess();
  restarted.inject = (kind, path) =>
    kind === 'write' && path.endsWith('newest.tmp') ? { kind: 'error', code: 'ENOSPC' } : undefined;
  await expect(openLog(restarted)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
});
