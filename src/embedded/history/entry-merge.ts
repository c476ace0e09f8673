import { Heap } from '../heap.ts';
import type { IndexEntry } from './index-entry.ts';
import type { IndexedEntries } from './segment-lookup.ts';
import type { TimeSlice } from './time-slice.ts';

/** An entry, and the index that it is from. */
export interface MergedEntry {
  readonly entry: IndexEntry;
  readonly index: IndexedEntries;
}

/**
 * The entries of several indexes as if they were one: by subject, then id, the newest first. Holds some blocks of each in memory, so whoever
 * has very many indexes merges them in parts.
 * @param indexes in the order of their segments.
 */
export async function* mergeEntries(indexes: readonly IndexedEntries[], slice: TimeSlice): AsyncGenerator<MergedEntry> {
  const heap = new Heap<Head>(isBefore);
  for (const [rank, index] of indexes.entries()) {
    const cursor = new EntryCursor(index);
    const entry = await cursor.read();
    if (entry !== undefined) heap.add({ entry, index, cursor, rank });
  }
  for (let top = heap.top; top !== undefined; top = heap.top) {
    yield top;
    const { index, cursor, rank } = top;
    const entry = cursor.next() ?? (await cursor.read());
    if (entry === undefined) heap.removeTop();
    else heap.replaceTop({ entry, index, cursor, rank });
    if (slice.due) await slice.pause();
  }
}

/** The next entry of one index. */
interface Head extends MergedEntry {
  readonly cursor: EntryCursor;
  /** Of the segment among the others: higher is newer. */
  readonly rank: number;
}

class EntryCursor {
  readonly #entries: AsyncGenerator<readonly IndexEntry[]>;
  #block: readonly IndexEntry[] = [];
  #at = 0;

  constructor(index: IndexedEntries) {
    this.#entries = index.entries();
  }

  /** Undefined when it must be read first. */
  next(): IndexEntry | undefined {
    this.#at += 1;
    return this.#block[this.#at];
  }

  /** Reads on. Undefined behind the last entry. */
  async read(): Promise<IndexEntry | undefined> {
    const next = await this.#entries.next();
    this.#block = next.done === true ? [] : next.value;
    this.#at = 0;
    return this.#block[0];
  }
}

function isBefore(a: Head, b: Head): boolean {
  if (a.entry.subject !== b.entry.subject) return a.entry.subject < b.entry.subject;
  if (a.entry.id !== b.entry.id) return a.entry.id < b.entry.id;
  return a.rank > b.rank;
}
