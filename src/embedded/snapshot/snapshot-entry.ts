import { Buffer } from 'node:buffer';
import { ByteReader, readInt64 } from '../log/byte-reader.ts';
import { MalformedError, UnknownKindError } from '../log/log-error.ts';
import { compareUuids, copyUuid, readUuid, uuidBytes } from '../log/uuid-bytes.ts';
import { entryHeaderBytes, entryKinds } from './snapshot-block.ts';

/** An entry of content where it stands in the payload of its block, which is used again for the next. */
export class SnapshotEntry {
  readonly payload: Buffer;
  readonly kind: number;
  /** Where its length stands. */
  readonly start: number;
  readonly end: number;

  constructor(payload: Buffer, kind: number, start: number, end: number) {
    this.payload = payload;
    this.kind = kind;
    this.start = start;
    this.end = end;
  }

  get isTable(): boolean {
    return this.kind === entryKinds.table;
  }

  /** Where the payload of the record begins: with its id, whatever the kind. */
  get recordStart(): number {
    return this.start + entryHeaderBytes + (this.isTable ? 0 : 8);
  }

  get id(): string {
    return readUuid(this.payload, this.recordStart);
  }

  /** Of a document: the commit that wrote this version. */
  get sequence(): number {
    return readInt64(this.payload, this.start + entryHeaderBytes);
  }

  /** Reads the payload of the record. */
  recordReader(): ByteReader {
    return new ByteReader(this.payload, this.recordStart, this.end);
  }
}

/**
 * Sees to it that entries come in their order: tables before documents, each sorted by id, no id twice.
 * Life cycle: one for one snapshot, told of every entry from the first to the last.
 */
export class EntryOrder {
  readonly #lastId = Buffer.alloc(uuidBytes);
  #lastKind: number = entryKinds.table;
  tables = 0;
  documents = 0;

  /** Whether the entry, whose id stands at `idAt`, may follow those so far; if so, it is the last of them now. */
  admits(kind: number, payload: Buffer, idAt: number): boolean {
    const first = kind === entryKinds.table ? this.tables === 0 : this.documents === 0;
    if (kind === entryKinds.table && this.#lastKind !== kind) return false;
    if (!first && compareUuids(this.#lastId, 0, payload, idAt) >= 0) return false;
    copyUuid(payload, idAt, this.#lastId);
    this.#lastKind = kind;
    if (kind === entryKinds.table) this.tables += 1;
    else this.documents += 1;
    return true;
  }
}

const leastRecordBytes = uuidBytes;

/** The entries of a content block. @throws {MalformedError} @throws {UnknownKindError} */
export function readEntries(payload: Buffer, entryCount: number, order: EntryOrder): SnapshotEntry[] {
  const entries: SnapshotEntry[] = [];
  let at = 0;
  while (at < payload.length) {
    if (payload.length - at < entryHeaderBytes) throw new MalformedError('an entry without its length');
    const end = at + 4 + payload.readUInt32LE(at);
    const kind = payload.readUInt8(at + 4);
    if (kind !== entryKinds.table && kind !== entryKinds.document)
      throw new UnknownKindError(`an entry of kind ${kind}`);
    const entry = new SnapshotEntry(payload, kind, at, end);
    if (end > payload.length || entry.recordStart + leastRecordBytes > end) {
      throw new MalformedError(`an entry of ${end - at} bytes where ${payload.length - at} are left`);
    }
    if (!order.admits(kind, payload, entry.recordStart)) {
      throw new MalformedError(`entry ${entry.id} is not behind the one before it`);
    }
    entries.push(entry);
    at = end;
  }
  if (entries.length !== entryCount) {
    throw new MalformedError(`a block of ${entryCount} entries in which there are ${entries.length}`);
  }
  return entries;
}
