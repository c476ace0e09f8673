import type { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { FrameSalt } from '../log/frame.ts';
import { MalformedError, UnknownKindError } from '../log/log-error.ts';
import { recordKinds } from '../log/record.ts';
import { uuidBytes } from '../log/uuid-bytes.ts';

/** FORMAT.md, "Snapshot". */
export const blockKinds = { content: 1, index: 2 } as const;

/** Entries are of the kinds of records, and have their payloads. */
export const entryKinds = {
  table: recordKinds.putTable,
  index: recordKinds.putIndex,
  setting: recordKinds.putSetting,
  document: recordKinds.putDocument,
  key: recordKinds.putKey,
} as const;

/** A content block ends with the entry that reaches this. */
export const blockPayloadBytes = 64 * 1024;

/** An entry's length, and its kind. */
export const entryHeaderBytes = 4 + 1;

/** An id, and an offset. */
export const indexEntryBytes = uuidBytes + 8;
export const indexEntriesInBlock = Math.floor(blockPayloadBytes / indexEntryBytes);

const entryCountAt = 4;
const kindAt = entryCountAt + 4;
const zerosAt = kindAt + 1;
const payloadChecksumAt = zerosAt + 3;
const checksumAt = payloadChecksumAt + 4;
export const blockHeaderBytes = checksumAt + 4;

export interface BlockHeader {
  readonly payloadLength: number;
  readonly entryCount: number;
  readonly kind: number;
  readonly payloadChecksum: number;
}

/**
 * Fills in the header of a block whose payload stands behind it already.
 * @param block the header's place and the payload. @param offset where in the file the block will be.
 */
export function writeBlockHeader(
  block: Buffer,
  offset: number,
  salt: FrameSalt,
  { kind, entryCount }: Pick<BlockHeader, 'kind' | 'entryCount'>,
): void {
  const seed = salt.seedAt(offset);
  const payload = block.subarray(blockHeaderBytes);
  block.writeUInt32LE(payload.length, 0);
  block.writeUInt32LE(entryCount, entryCountAt);
  block[kindAt] = kind;
  block.fill(0, zerosAt, payloadChecksumAt);
  block.writeUInt32LE(crc32(payload, seed), payloadChecksumAt);
  block.writeUInt32LE(crc32(block.subarray(0, checksumAt), seed), checksumAt);
}

/**
 * Reads the header at `at`, all of which is in the buffer.
 * @param offset where in the file it is.
 * @throws {MalformedError} when there is none. @throws {UnknownKindError} for what a newer version may have written.
 */
export function readBlockHeader(bytes: Buffer, at: number, offset: number, salt: FrameSalt): BlockHeader {
  if (crc32(bytes.subarray(at, at + checksumAt), salt.seedAt(offset)) !== bytes.readUInt32LE(at + checksumAt)) {
    throw new MalformedError('no valid block header');
  }
  const kind = bytes.readUInt8(at + kindAt);
  if (kind !== blockKinds.content && kind !== blockKinds.index) throw new UnknownKindError(`a block of kind ${kind}`);
  for (let zero = at + zerosAt; zero < at + payloadChecksumAt; zero += 1) {
    if (bytes[zero] !== 0) throw new UnknownKindError('a block with flags');
  }
  return {
    payloadLength: bytes.readUInt32LE(at),
    entryCount: bytes.readUInt32LE(at + entryCountAt),
    kind,
    payloadChecksum: bytes.readUInt32LE(at + payloadChecksumAt),
  };
}

/** @throws {MalformedError} when the payload behind the header at `at` is not what that says. */
export function checkPayload(bytes: Buffer, at: number, offset: number, header: BlockHeader, salt: FrameSalt): void {
  const start = at + blockHeaderBytes;
  const checksum = crc32(bytes.subarray(start, start + header.payloadLength), salt.seedAt(offset));
  if (checksum !== header.payloadChecksum) throw new MalformedError("a block whose payload's checksum does not hold");
}
