import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { Durability } from '../../database/status.ts';
import { readInt64 } from './byte-reader.ts';
import { writeInt64 } from './byte-writer.ts';
import { MalformedError, UnknownKindError } from './log-error.ts';
import { readUuid, writeUuid } from './uuid-bytes.ts';

/** The only version there is so far. A higher one is refused, a lower one will always be read. */
export const formatVersion = 1;

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

const magicBytes = 8;
const versionAt = magicBytes;
const lengthAt = versionAt + 2;
const zerosAt = lengthAt + 2;
const databaseIdAt = zerosAt + 4;

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
    durability: decodeDurability(bytes[durabilityAt] ?? 0),
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

function beginHeader(magic: Buffer, length: number, databaseId: string): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.set(magic, 0);
  bytes.writeUInt16LE(formatVersion, versionAt);
  bytes.writeUInt16LE(length, lengthAt);
  writeUuid(bytes, databaseIdAt, databaseId);
  return bytes;
}

function endHeader(bytes: Buffer): Buffer {
  const checksumAt = bytes.length - 4;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, checksumAt)), checksumAt);
  return bytes;
}

/** The length and the checksum come first: they are where they are in every version, so a newer one is told from damage. */
function checkHeader(bytes: Buffer, magic: Buffer, expectedLength: number): void {
  if (bytes.length < zerosAt) throw new MalformedError(`${bytes.length} bytes are no header`);
  if (magic.compare(bytes, 0, magicBytes) !== 0) throw new MalformedError('it does not begin like a file of this kind');
  const length = bytes.readUInt16LE(lengthAt);
  if (length < databaseIdAt || length > bytes.length)
    throw new MalformedError(`a header of ${length} bytes in ${bytes.length}`);
  const checksumAt = length - 4;
  if (crc32(bytes.subarray(0, checksumAt)) !== bytes.readUInt32LE(checksumAt)) {
    throw new MalformedError("the header's checksum does not hold");
  }
  const version = bytes.readUInt16LE(versionAt);
  if (version > formatVersion) throw new UnknownKindError(`format version ${version}`);
  if (version < formatVersion || length !== expectedLength) {
    throw new MalformedError(`a header of version ${version} with ${length} bytes`);
  }
  checkZeros(bytes, zerosAt, databaseIdAt);
}

function checkZeros(bytes: Buffer, from: number, to: number): void {
  for (let at = from; at < to; at += 1) if (bytes[at] !== 0) throw new UnknownKindError('a header with flags');
}
