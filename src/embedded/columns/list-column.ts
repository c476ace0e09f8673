import type { Document } from '../../document/document.ts';
import {
  type Column,
  type ColumnEntry,
  type ColumnSource,
  type EntryReader,
  entryReader,
} from '../../query/column-predicate.ts';
import { ElementBits } from '../../query/element-bits.ts';
import type { ColumnMemory } from './column-memory.ts';

/** What a chunk of a column takes beside its entries. */
const chunkBytes = 100;
/** Of an entry; a number that is no small integer is an object beside it. */
const entryBytes = 8;
const numberBytes = 16;

/**
 * A column for a list of documents, chunk by chunk, as scans come to them. It holds the values that the documents have, and no document.
 * Life cycle: made by a scan, gone for good after `drop`.
 */
export class ListColumn {
  readonly source: ColumnSource;
  /** What the fingerprints of lists mean, when it is one of fingerprints. */
  readonly bits = new ElementBits();
  readonly #read: EntryReader;
  readonly #memory: ColumnMemory;
  readonly #onDrop: () => void;
  readonly #chunks = new Map<readonly Document[], ColumnEntry[]>();
  #isDropped = false;
  bytes = 0;
  /** When it was used last, and when it was asked for before that. */
  usedAt: number;
  usedBefore: number;

  /** @param askedBefore when it was asked for before. @param onDrop called when it is dropped. */
  constructor(source: ColumnSource, askedBefore: number, memory: ColumnMemory, onDrop: () => void) {
    this.source = source;
    this.#read = entryReader(source, this.bits);
    this.#memory = memory;
    this.#onDrop = onDrop;
    this.usedBefore = askedBefore;
    this.usedAt = memory.use(this);
  }

  use(): void {
    this.usedBefore = this.usedAt;
    this.usedAt = this.#memory.use(this);
  }

  /** The entries of all documents of a chunk; null when there is no room for them. */
  entries(chunk: readonly Document[]): Column | null {
    const known = this.#chunks.get(chunk);
    const have = known?.length ?? 0;
    if (known !== undefined && have === chunk.length) return known;
    if (this.#isDropped) return null;
    const bytes = (chunk.length - have) * entryBytes + (known === undefined ? chunkBytes : 0);
    if (!this.#memory.take(bytes, this)) {
      if (this.bytes === 0) this.drop(); // or whoever replaces documents would pass it for nothing
      return null;
    }
    this.bytes += bytes;
    const read = this.#read;
    // Made at its size, a list has no room to spare. Only the last chunk grows.
    const entries = known ?? new Array<ColumnEntry>(chunk.length);
    let numbers = 0;
    for (let index = have; index < chunk.length; index += 1) {
      const document = chunk[index];
      const entry = document === undefined ? undefined : read(document.body);
      entries[index] = entry;
      numbers += ownBytes(entry);
    }
    this.#chunks.set(chunk, entries);
    const hasRoom = this.#memory.take(numbers, this);
    this.bytes += numbers;
    if (hasRoom) return entries;
    this.#memory.add(numbers);
    this.forget(chunk);
    if (this.bytes === 0) this.drop();
    return null;
  }

  /** A document of a chunk was replaced by its next version. */
  replace(chunk: readonly Document[], index: number, document: Document): void {
    const entries = this.#chunks.get(chunk);
    if (entries === undefined || index >= entries.length) return;
    const entry = this.#read(document.body);
    const bytes = ownBytes(entry) - ownBytes(entries[index]);
    entries[index] = entry;
    if (bytes > 0 && !this.#memory.take(bytes, this)) {
      this.drop();
      return;
    }
    this.bytes += bytes;
    if (bytes < 0) this.#memory.add(bytes);
  }

  /** A chunk has other documents than it had. */
  forget(chunk: readonly Document[]): void {
    const entries = this.#chunks.get(chunk);
    if (entries === undefined) return;
    this.#chunks.delete(chunk);
    let bytes = chunkBytes + entries.length * entryBytes;
    for (const entry of entries) bytes += ownBytes(entry);
    this.#count(-bytes);
  }

  drop(): void {
    this.#isDropped = true;
    this.#memory.remove(this);
    this.#chunks.clear();
    this.#onDrop();
  }

  #count(bytes: number): void {
    this.bytes += bytes;
    this.#memory.add(bytes);
  }
}

function ownBytes(entry: ColumnEntry): number {
  return typeof entry === 'number' && (entry | 0) !== entry ? numberBytes : 0;
}
