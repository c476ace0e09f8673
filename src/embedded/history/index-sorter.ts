import { Buffer } from 'node:buffer';
import { type IndexEntry, indexEntryBytes, indexKeyBytes, writeIndexEntry } from './index-entry.ts';
import type { TimeSlice } from './time-slice.ts';

/** Sorted at once: a fraction of a millisecond. */
const runLength = 512;
const initialEntries = 4096;

/**
 * Gathers the entries of one segment in the order in which its records stand, and sorts them in slices. Holds them in memory as they will be on
 * disk: less than the segment itself takes, which recovery holds whole.
 */
export class IndexSorter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(initialEntries * indexEntryBytes);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(entry: IndexEntry): void {
    const at = this.#count * indexEntryBytes;
    if (at === this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    writeIndexEntry(this.#bytes, at, entry);
    this.#count += 1;
  }

  /** Copies the entry of this number, in the order of adding. */
  copy(number: number, target: Buffer, at: number): void {
    const start = number * indexEntryBytes;
    this.#bytes.copy(target, at, start, start + indexEntryBytes);
  }

  /** The numbers of the entries in the order of the index: a merge sort, whose runs and steps others get turns between. */
  async sort(slice: TimeSlice): Promise<Uint32Array> {
    // Of those that there are now: more may be added in the pauses.
    const count = this.#count;
    let from: Uint32Array = new Uint32Array(count);
    for (let start = 0; start < count; start += runLength) {
      const end = Math.min(start + runLength, count);
      for (let number = start; number < end; number += 1) from[number] = number;
      from.subarray(start, end).sort((a, b) => this.#compare(a, b));
      if (slice.due) await slice.pause();
    }
    let to: Uint32Array = new Uint32Array(count);
    for (let length = runLength; length < count; length *= 2) {
      for (let start = 0; start < count; start += length * 2) {
        await this.#mergeRuns(from, to, { start, length, count }, slice);
      }
      [from, to] = [to, from];
    }
    return from;
  }

  async #mergeRuns(
    from: Uint32Array,
    to: Uint32Array,
    { start, length, count }: { readonly start: number; readonly length: number; readonly count: number },
    slice: TimeSlice,
  ): Promise<void> {
    const middle = Math.min(start + length, count);
    const end = Math.min(start + length * 2, count);
    let left = start;
    let right = middle;
    for (let at = start; at < end; at += 1) {
      const leftNumber = numberAt(from, left);
      const rightNumber = numberAt(from, right);
      const takeLeft = right === end || (left < middle && this.#compare(leftNumber, rightNumber) < 0);
      to[at] = takeLeft ? leftNumber : rightNumber;
      if (takeLeft) left += 1;
      else right += 1;
      if (at % runLength === 0 && slice.due) await slice.pause();
    }
  }

  /** Of one subject and id the entry that was added later comes first: records stand in the order of their sequences and offsets. */
  #compare(a: number, b: number): number {
    const startA = a * indexEntryBytes;
    const startB = b * indexEntryBytes;
    const order = this.#bytes.compare(this.#bytes, startB, startB + indexKeyBytes, startA, startA + indexKeyBytes);
    return order === 0 ? b - a : order;
  }
}

/** 0 behind the end, where none is asked for in earnest. */
function numberAt(numbers: Uint32Array, at: number): number {
  return numbers[at] ?? 0;
}
