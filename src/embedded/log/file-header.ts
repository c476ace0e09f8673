import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { MalformedError, UnknownKindError } from './log-error.ts';
import { writeUuid } from './uuid-bytes.ts';

/** The only version there is so far. A higher one is refused, a lower one will always be read. */
export const formatVersion = 1;

/** What the headers of all files have in common (FORMAT.md, "Segment"), behind which each has fields of its own. */
const magicBytes = 8;
const versionAt = magicBytes;
const lengthAt = versionAt + 2;
const zerosAt = lengthAt + 2;
export const databaseIdAt = zerosAt + 4;

/** A header without its own fields and its checksum. */
export function beginHeader(magic: Buffer, length: number, databaseId: string): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.set(magic, 0);
  bytes.writeUInt16LE(formatVersion, versionAt);
  bytes.writeUInt16LE(length, lengthAt);
  writeUuid(bytes, databaseIdAt, databaseId);
  return bytes;
}

/** Fills in the checksum, in the last four bytes. */
export function endHeader(bytes: Buffer): Buffer {
  const checksumAt = bytes.length - 4;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, checksumAt)), checksumAt);
  return bytes;
}

/**
 * Checks what headers have in common. The length and the checksum come first: they are where they are in every version, so a newer
 * one is told from damage.
 * @throws {MalformedError} @throws {UnknownKindError}
 */
export function checkHeader(bytes: Buffer, magic: Buffer, expectedLength: number): void {
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

/** @throws {UnknownKindError} when a newer version has put something there. */
export function checkZeros(bytes: Buffer, from: number, to: number): void {
  for (let at = from; at < to; at += 1) if (bytes[at] !== 0) throw new UnknownKindError('a header with flags');
}
