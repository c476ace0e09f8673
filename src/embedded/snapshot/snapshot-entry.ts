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

  get isDocument(): boolean {
    return this.kind === entryKinds.document;
  }

  /** Where the payload of the record begins: with its id or key, whatever the kind. */
  get recordStart(): number {
    return this.start + entryHeaderBytes + (this.isDocument || this.kind === entryKinds.key ? 8 : 0);
  }

  get id(): string {
    return readUuid(this.payload, this.recordStart);
  }

  /** Of a document: the commit that wrote this version; of a key: the one that the request has made. */
  get sequence(): number {
    return readInt64(this.payload, this.start + entryHeaderBytes);
  }

  /** Reads the payload of the record. */
  recordReader(): ByteReader {
    return new ByteReader(this.payload, this.recordStart, this.end);
  }
}

/** The kinds in the order in which a snapshot has them. */
const kindsInOrder: readonly number[] = [
  entryKinds.table,
  entryKinds.index,
  entryKinds.setting,
  entryKinds.document,
  entryKinds.key,
];

/**
 * Sees to it that entries come in their order: kind by kind, each sorted by id, no id twice.
 * Life cycle: one for one snapshot, told of every entry from the first to the last.
 */
export class EntryOrder {
  readonly #lastId = Buffer.alloc(uuidBytes);
  /** The place of its kind among the kinds; -1 before the first entry. */
  #last = -1;
  readonly #counts = { tables: 0, indexes: 0, settings: 0, documents: 0, keys: 0 };

  /** Whether the entry, whose id stands at `idAt`, may follow those so far; if so, it is the last of them now. */
  admits(kind: number, payload: Buffer, idAt: number): boolean {
    const place = kindsInOrder.indexOf(kind);
    if (place < this.#last) return false;
    if (place === this.#last && compareUuids(this.#lastId, 0, payload, idAt) >= 0) return false;
    copyUuid(payload, idAt, this.#lastId);
    this.#last = place;
    this.#count(kind);
    return true;
  }

  /** How many there were of each kind. */
  get counts(): EntryCounts {
    return this.#counts;
  }

  #count(kind: number): void {
    switch (kind) {
      case entryKinds.table:
        this.#counts.tables += 1;
        break;
      case entryKinds.index:
        this.#counts.indexes += 1;
        break;
      case entryKinds.setting:
        this.#counts.settings += 1;
        break;
      case entryKinds.key:
        this.#counts.keys += 1;
        break;
      default:
        this.#counts.documents += 1;
    }
  }
}

export interface EntryCounts {
  readonly tables: number;
  readonly indexes: number;
  readonly settings: number;
  readonly documents: number;
  /** Idempotency keys. */
  readonly keys: number;
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
    if (!kindsInOrder.includes(kind)) throw new UnknownKindError(`an entry of kind ${kind}`);
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
