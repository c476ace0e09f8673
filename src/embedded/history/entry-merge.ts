import type { IndexEntry } from './index-entry.ts';
import type { SegmentIndex } from './segment-index.ts';
import type { TimeSlice } from './time-slice.ts';

/** An entry, and the index that it is from. */
export interface MergedEntry {
  readonly entry: IndexEntry;
  readonly index: SegmentIndex;
}

/**
 * The entries of several indexes as if they were one: by subject, then id, the newest first. Holds some blocks of each in memory, so whoever
 * has very many indexes merges them in parts.
 * @param indexes in the order of their segments.
 */
export async function* mergeEntries(indexes: readonly SegmentIndex[], slice: TimeSlice): AsyncGenerator<MergedEntry> {
  const heap: EntryCursor[] = [];
  for (const [rank, index] of indexes.entries()) {
    const cursor = new EntryCursor(index, rank);
    if (await cursor.advance()) heap.push(cursor);
  }
  for (let at = (heap.length >> 1) - 1; at >= 0; at -= 1) siftDown(heap, at);
  for (let first = heap[0]; first !== undefined; first = heap[0]) {
    const { current, index } = first;
    if (current === undefined) throw new Error('a cursor without an entry is in the heap');
    yield { entry: current, index };
    if (!(first.advanceInBlock() || (await first.advance()))) {
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) heap[0] = last;
    }
    siftDown(heap, 0);
    if (slice.due) await slice.pause();
  }
}

class EntryCursor {
  readonly index: SegmentIndex;
  /** Of the segment among the others: higher is newer. */
  readonly rank: number;
  readonly #entries: AsyncGenerator<IndexEntry[]>;
  #block: IndexEntry[] = [];
  #at = 0;

  constructor(index: SegmentIndex, rank: number) {
    this.index = index;
    this.rank = rank;
    this.#entries = index.entries();
  }

  get current(): IndexEntry | undefined {
    return this.#block[this.#at];
  }

  /** @returns false when the next entry must be read first. */
  advanceInBlock(): boolean {
    this.#at += 1;
    return this.#at < this.#block.length;
  }

  /** Reads on. @returns false when there is no further entry. */
  async advance(): Promise<boolean> {
    const next = await this.#entries.next();
    if (next.done === true) return false;
    this.#block = next.value;
    this.#at = 0;
    return true;
  }
}

function siftDown(heap: EntryCursor[], from: number): void {
  let at = from;
  for (;;) {
    let least = at;
    for (const child of [at * 2 + 1, at * 2 + 2]) if (isBefore(heap[child], heap[least])) least = child;
    const [a, b] = [heap[at], heap[least]];
    if (least === at || a === undefined || b === undefined) return;
    heap[at] = b;
    heap[least] = a;
    at = least;
  }
}

function isBefore(a: EntryCursor | undefined, b: EntryCursor | undefined): boolean {
  const [left, right] = [a?.current, b?.current];
  if (a === undefined || b === undefined || left === undefined || right === undefined) return false;
  if (left.subject !== right.subject) return left.subject < right.subject;
  if (left.id !== right.id) return left.id < right.id;
  return a.rank > b.rank;
}
