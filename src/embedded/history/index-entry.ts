import type { Buffer } from 'node:buffer';
import { readInt64 } from '../log/byte-reader.ts';
import { writeInt64 } from '../log/byte-writer.ts';
import { readUuid, uuidBytes, writeUuid } from '../log/uuid-bytes.ts';

/** FORMAT.md, "Index of a segment". */
export const subjects = { table: 1, index: 2, setting: 3, document: 4, key: 5 } as const;

/** Where in a sealed segment a record stands that put, dropped or erased something. */
export interface IndexEntry {
  /** One of `subjects`. */
  readonly subject: number;
  /** Of the subject, a UUID, lower case; of a setting the key, in the same form. */
  readonly id: string;
  readonly sequence: number;
  /** Of the record, in the segment. */
  readonly offset: number;
  /** Of the whole record, in bytes. */
  readonly length: number;
  /** One of `recordKinds`. */
  readonly kind: number;
  /** CRC-32 of the whole record. */
  readonly checksum: number;
}

const idAt = 1;
const sequenceAt = idAt + uuidBytes;
const offsetAt = sequenceAt + 8;
const lengthAt = offsetAt + 8;
const kindAt = lengthAt + 4;
const checksumAt = kindAt + 1;
export const indexEntryBytes = checksumAt + 4;
/** What entries are sorted by first: subject and id. */
export const indexKeyBytes = sequenceAt;

export function writeIndexEntry(target: Buffer, at: number, entry: IndexEntry): void {
  target[at] = entry.subject;
  writeUuid(target, at + idAt, entry.id);
  writeInt64(target, entry.sequence, at + sequenceAt);
  writeInt64(target, entry.offset, at + offsetAt);
  target.writeUInt32LE(entry.length, at + lengthAt);
  target[at + kindAt] = entry.kind;
  target.writeUInt32LE(entry.checksum, at + checksumAt);
}

export function readIndexEntry(source: Buffer, at: number): IndexEntry {
  return {
    subject: source.readUInt8(at),
    id: readUuid(source, at + idAt),
    sequence: readInt64(source, at + sequenceAt),
    offset: readInt64(source, at + offsetAt),
    length: source.readUInt32LE(at + lengthAt),
    kind: source.readUInt8(at + kindAt),
    checksum: source.readUInt32LE(at + checksumAt),
  };
}

/** The bytes that entries of this subject and id begin with. */
export function writeIndexKey(target: Buffer, subject: number, id: string): void {
  target[0] = subject;
  writeUuid(target, idAt, id);
}
