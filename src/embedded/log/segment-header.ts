import { Buffer } from 'node:buffer';
import type { Durability } from '../../database/status.ts';
import { readInt64 } from './byte-reader.ts';
import { writeInt64 } from './byte-writer.ts';
import { beginHeader, checkHeader, checkZeros, databaseIdAt, endHeader } from './file-header.ts';
import { MalformedError, UnknownKindError } from './log-error.ts';
import { readUuid, writeUuid } from './uuid-bytes.ts';

export interface SegmentHeader {
  readonly databaseId: string;
  readonly epoch: string;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  /** The seal of the segment before; zeros in the first. */
  readonly previousSeal: Uint8Array;
  readonly firstSequence: number;
  readonly createdAt: number;
  /** Whether each of its frames was synced before it was acknowledged. */
  readonly durability: Durability;
}

export const saltBytes = 16;
export const sealBytes = 32;

const segmentMagic = Buffer.from('\x89YARALOG', 'latin1');
const epochAt = databaseIdAt + 16;
const saltAt = epochAt + 16;
const previousSealAt = saltAt + saltBytes;
const firstSequenceAt = previousSealAt + sealBytes;
const createdAtAt = firstSequenceAt + 8;
const durabilityAt = createdAtAt + 8;
const moreZerosAt = durabilityAt + 1;
const segmentChecksumAt = moreZerosAt + 11;
export const segmentHeaderBytes = segmentChecksumAt + 4;

const durabilityCodes: Readonly<Record<Durability, number>> = { sync: 0, interval: 1 };

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = beginHeader(segmentMagic, segmentHeaderBytes, header.databaseId);
  writeUuid(bytes, epochAt, header.epoch);
  bytes.set(header.salt, saltAt);
  bytes.set(header.previousSeal, previousSealAt);
  writeInt64(bytes, header.firstSequence, firstSequenceAt);
  writeInt64(bytes, header.createdAt, createdAtAt);
  bytes[durabilityAt] = durabilityCodes[header.durability];
  return endHeader(bytes);
}

/** @throws {MalformedError} when the file does not begin with a whole header. @throws {UnknownKindError} when it is a newer version's. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader {
  checkHeader(bytes, segmentMagic, segmentHeaderBytes);
  checkZeros(bytes, moreZerosAt, segmentChecksumAt);
  return {
    databaseId: readUuid(bytes, databaseIdAt),
    epoch: readUuid(bytes, epochAt),
    salt: Uint8Array.from(bytes.subarray(saltAt, saltAt + saltBytes)),
    previousSeal: Uint8Array.from(bytes.subarray(previousSealAt, previousSealAt + sealBytes)),
    firstSequence: readInt64(bytes, firstSequenceAt),
    createdAt: readInt64(bytes, createdAtAt),
    durability: decodeDurability(bytes.readUInt8(durabilityAt)),
  };
}

function decodeDurability(code: number): Durability {
  if (code === durabilityCodes.sync) return 'sync';
  if (code === durabilityCodes.interval) return 'interval';
  throw new UnknownKindError(`a segment of durability ${code}`);
}

/** The content of `log/newest`. */
export interface NewestSegment {
  readonly databaseId: string;
  readonly firstSequence: number;
}

const newestMagic = Buffer.from('\x89YARANEW', 'latin1');
const newestFirstSequenceAt = databaseIdAt + 16;
const newestZerosAt = newestFirstSequenceAt + 8;
const newestChecksumAt = newestZerosAt + 20;
export const newestSegmentBytes = newestChecksumAt + 4;

export function encodeNewestSegment(newest: NewestSegment): Buffer {
  const bytes = beginHeader(newestMagic, newestSegmentBytes, newest.databaseId);
  writeInt64(bytes, newest.firstSequence, newestFirstSequenceAt);
  return endHeader(bytes);
}

/** @throws {MalformedError} when these are not the bytes of such a file. @throws {UnknownKindError} when they are a newer version's. */
export function decodeNewestSegment(bytes: Buffer): NewestSegment {
  checkHeader(bytes, newestMagic, newestSegmentBytes);
  checkZeros(bytes, newestZerosAt, newestChecksumAt);
  if (bytes.length !== newestSegmentBytes)
    throw new MalformedError(`${bytes.length} bytes instead of ${newestSegmentBytes}`);
  return { databaseId: readUuid(bytes, databaseIdAt), firstSequence: readInt64(bytes, newestFirstSequenceAt) };
}
