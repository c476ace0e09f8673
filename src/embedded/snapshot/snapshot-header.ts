import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { readInt64 } from '../log/byte-reader.ts';
import { writeInt64 } from '../log/byte-writer.ts';
import { beginHeader, checkHeader, checkZeros, databaseIdAt, endHeader } from '../log/file-header.ts';
import type { FrameSalt } from '../log/frame.ts';
import { MalformedError } from '../log/log-error.ts';
import { digestBytes } from '../log/record.ts';
import { saltBytes, sealBytes } from '../log/segment-header.ts';
import { readUuid, writeUuid } from '../log/uuid-bytes.ts';

/** FORMAT.md, "Snapshot". */
export interface SnapshotHeader {
  readonly databaseId: string;
  readonly epoch: string;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  /** Of the segment that ends with `sequence`; zeros when there was no commit yet. */
  readonly seal: Uint8Array;
  readonly sequence: number;
  /** When that was committed, in milliseconds since the Unix epoch; 0 when there was no commit. */
  readonly committedAt: number;
  readonly createdAt: number;
}

const snapshotMagic = Buffer.from('\x89YARASNP', 'latin1');
const epochAt = databaseIdAt + 16;
const saltAt = epochAt + 16;
const sealAt = saltAt + saltBytes;
const sequenceAt = sealAt + sealBytes;
const committedAtAt = sequenceAt + 8;
const createdAtAt = committedAtAt + 8;
const zerosAt = createdAtAt + 8;
const checksumAt = zerosAt + 4;
export const snapshotHeaderBytes = checksumAt + 4;

export function encodeSnapshotHeader(header: SnapshotHeader): Buffer {
  const bytes = beginHeader(snapshotMagic, snapshotHeaderBytes, header.databaseId);
  writeUuid(bytes, epochAt, header.epoch);
  bytes.set(header.salt, saltAt);
  bytes.set(header.seal, sealAt);
  writeInt64(bytes, header.sequence, sequenceAt);
  writeInt64(bytes, header.committedAt, committedAtAt);
  writeInt64(bytes, header.createdAt, createdAtAt);
  return endHeader(bytes);
}

/** @throws {MalformedError} when the file does not begin with a whole header. @throws {UnknownKindError} when it is a newer version's. */
export function decodeSnapshotHeader(bytes: Buffer): SnapshotHeader {
  checkHeader(bytes, snapshotMagic, snapshotHeaderBytes);
  checkZeros(bytes, zerosAt, checksumAt);
  return {
    databaseId: readUuid(bytes, databaseIdAt),
    epoch: readUuid(bytes, epochAt),
    salt: Uint8Array.from(bytes.subarray(saltAt, saltAt + saltBytes)),
    seal: Uint8Array.from(bytes.subarray(sealAt, sealAt + sealBytes)),
    sequence: readInt64(bytes, sequenceAt),
    committedAt: readInt64(bytes, committedAtAt),
    createdAt: readInt64(bytes, createdAtAt),
  };
}

/** What a snapshot holds, told behind it. */
export interface SnapshotFooter {
  /** Where the first index block begins; where the footer does when there is none. */
  readonly indexAt: number;
  readonly tables: number;
  readonly indexes: number;
  readonly settings: number;
  readonly documents: number;
  /** Idempotency keys. */
  readonly keys: number;
  /** Those that tell where documents are, too. */
  readonly blocks: number;
  /** SHA-256 over all entries, in hex: two snapshots of one state have the same. */
  readonly digest: string;
}

const footerMagic = Buffer.from('\x89YARAEND', 'latin1');
const indexAtAt = footerMagic.length;
const tablesAt = indexAtAt + 8;
const documentsAt = tablesAt + 8;
const blocksAt = documentsAt + 8;
const digestAt = blocksAt + 8;
const indexesAt = digestAt + digestBytes;
const settingsAt = indexesAt + 8;
const keysAt = settingsAt + 8;
const footerChecksumAt = keysAt + 4;
export const snapshotFooterBytes = footerChecksumAt + 4;

/** @param offset where in the file the footer will be. */
export function encodeSnapshotFooter(footer: SnapshotFooter, offset: number, salt: FrameSalt): Buffer {
  const bytes = Buffer.alloc(snapshotFooterBytes);
  bytes.set(footerMagic, 0);
  writeInt64(bytes, footer.indexAt, indexAtAt);
  writeInt64(bytes, footer.tables, tablesAt);
  writeInt64(bytes, footer.documents, documentsAt);
  writeInt64(bytes, footer.blocks, blocksAt);
  bytes.write(footer.digest, digestAt, digestBytes, 'hex');
  writeInt64(bytes, footer.indexes, indexesAt);
  writeInt64(bytes, footer.settings, settingsAt);
  bytes.writeUInt32LE(footer.keys, keysAt);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, footerChecksumAt), salt.seedAt(offset)), footerChecksumAt);
  return bytes;
}

/** @throws {MalformedError} when these are not the bytes of a footer at this offset. @throws {UnknownKindError} */
export function decodeSnapshotFooter(bytes: Buffer, offset: number, salt: FrameSalt): SnapshotFooter {
  if (bytes.length !== snapshotFooterBytes || footerMagic.compare(bytes, 0, footerMagic.length) !== 0) {
    throw new MalformedError('it does not end with the footer of a snapshot');
  }
  if (crc32(bytes.subarray(0, footerChecksumAt), salt.seedAt(offset)) !== bytes.readUInt32LE(footerChecksumAt)) {
    throw new MalformedError("the footer's checksum does not hold");
  }
  return {
    indexAt: readInt64(bytes, indexAtAt),
    tables: readInt64(bytes, tablesAt),
    indexes: readInt64(bytes, indexesAt),
    settings: readInt64(bytes, settingsAt),
    documents: readInt64(bytes, documentsAt),
    keys: bytes.readUInt32LE(keysAt),
    blocks: readInt64(bytes, blocksAt),
    digest: bytes.toString('hex', digestAt, digestAt + digestBytes),
  };
}
