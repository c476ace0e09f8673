import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { FrameSalt, frameHeaderBytes, writeFrameHeader } from '../../../src/embedded/log/frame.ts';
import { NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { appendFrame, commitOf, documentOf, logDirectory, openLog, putCommit } from './log-fixture.ts';

const segment = `${logDirectory}/00000000000000000001.log`;
const frameAt = 128;
const firstRecordAt = frameAt + frameHeaderBytes + 4 + 8 + 8 + 1 + 'anonymous'.length + 4;
const recordSaltAt = firstRecordAt + 4;
const recordKindAt = recordSaltAt + 16;

/** One frame with one commit, which puts two documents; stopped cleanly. */
async function makeLog(): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  const random = new SeededRandom(1);
  const { log } = await openLog(fileSystem, { random });
  const documents = [documentOf(1), { ...documentOf(2), sequence: 1, createdSequence: 1 }];
  const commit = commitOf(
    1,
    documents.map((document) => ({ kind: 'putDocument', document })),
  );
  await appendFrame(log, [commit], random);
  await log.close();
  return fileSystem;
}

/** Puts a payload into the first frame as another program would, its checksums and its old link included. */
function rewriteFrame(bytes: Buffer, payload: Buffer, kind = 1): Buffer {
  const salt = new FrameSalt(bytes.subarray(48, 64));
  const frame = Buffer.concat([Buffer.alloc(frameHeaderBytes), payload]);
  const fields = { firstSequence: 1, commitCount: 1, unsyncedBytes: 0, link: bytes.subarray(164, 196) };
  writeFrameHeader(frame, frameAt, salt, { kind, ...fields });
  const sealAt = frameAt + frameHeaderBytes + bytes.readUInt32LE(frameAt + 12);
  const seal = Buffer.from(bytes.subarray(sealAt));
  writeFrameHeader(seal, frameAt + frame.length, salt, {
    kind: 2,
    firstSequence: 2,
    commitCount: 0,
    unsyncedBytes: 0,
    link: Buffer.from(seal.subarray(36, 68)),
  });
  return Buffer.concat([bytes.subarray(0, frameAt), frame, seal]);
}

function payloadOf(bytes: Buffer): Buffer {
  return bytes.subarray(frameAt + frameHeaderBytes, frameAt + frameHeaderBytes + bytes.readUInt32LE(frameAt + 12));
}

function withHeader(bytes: Buffer, at: number, value: number, length: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = value;
  changed.writeUInt32LE(crc32(changed.subarray(0, length - 4)), length - 4);
  return changed;
}

test.each<[string, string, (bytes: Buffer) => Buffer]>([
  ['a higher format version', segment, (bytes) => withHeader(bytes, 8, 2, 128)],
  ['a longer header of a higher version', segment, (bytes) => withHeader(withHeader(bytes, 8, 2, 128), 10, 192, 192)],
  ['an unknown flag in the header', segment, (bytes) => withHeader(bytes, 12, 1, 128)],
  [
    'a higher version in the record of the newest segment',
    `${logDirectory}/newest`,
    (bytes) => withHeader(bytes, 8, 2, 64),
  ],
  ['an unknown kind of frame', segment, (bytes) => rewriteFrame(bytes, payloadOf(bytes), 3)],
  [
    'an unknown kind of record',
    segment,
    (bytes) => rewriteFrame(bytes, payloadOf(Buffer.from(bytes.with(recordKindAt, 10)))),
  ],
])('%s is refused as newer, and nothing is touched', async (_, path, change) => {
  const fileSystem = await makeLog();
  fileSystem.replaceBytes(path, change(fileSystem.readBytes(path)));
  const before = fileSystem.contents();
  await expect(openLog(fileSystem)).rejects.toThrow(NewerFormatError);
  expect(fileSystem.contents()).toEqual(before);
});

/** The segment with the first record's payload replaced by its digest, as FORMAT.md says that an erasure does it. */
function eraseFirstRecord(bytes: Buffer, digest?: Buffer): Buffer {
  const payload = payloadOf(bytes);
  const at = firstRecordAt - frameAt - frameHeaderBytes;
  const end = at + 4 + 16 + 1 + payload.readUInt32LE(at);
  const covered = payload.subarray(at + 4, end);
  const erased = Buffer.alloc(4 + 16 + 1 + 32);
  erased.writeUInt32LE(32, 0);
  erased[4 + 16] = 255;
  erased.set(digest ?? createHash('sha256').update(covered).digest(), 4 + 16 + 1);
  const commit = Buffer.concat([payload.subarray(0, at), erased, payload.subarray(end)]);
  commit.writeUInt32LE(commit.length - 4, 0);
  return rewriteFrame(bytes, commit);
}

test('a record that was erased is passed over, and links, seal and counts hold without it', async () => {
  const fileSystem = await makeLog();
  fileSystem.replaceBytes(segment, eraseFirstRecord(fileSystem.readBytes(segment)));
  const { recovered, log } = await openLog(fileSystem);
  const document = { ...documentOf(2), sequence: 1, createdSequence: 1 };
  expect(recovered).toEqual([commitOf(1, [{ kind: 'putDocument', document }])]);
  expect(log.report.clean).toBe(true);
  await appendFrame(log, [putCommit(2)], new SeededRandom(2));
  await log.close();
  expect((await openLog(fileSystem)).recovered).toHaveLength(2);
});

test('a record that was replaced by anything but its digest breaks the link', async () => {
  const fileSystem = await makeLog();
  fileSystem.replaceBytes(segment, eraseFirstRecord(fileSystem.readBytes(segment), Buffer.alloc(32, 1)));
  await expect(openLog(fileSystem)).rejects.toThrow('link');
  const changed = await makeLog();
  const bytes = changed.readBytes(segment);
  changed.replaceBytes(segment, rewriteFrame(bytes, payloadOf(Buffer.from(bytes.with(recordSaltAt, 1)))));
  await expect(openLog(changed)).rejects.toThrow('link');
});
