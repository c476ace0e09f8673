import type { SortKey } from '../../query/ordering.ts';
import type { IndexKey, IndexKeys } from './index-keys.ts';
import type { Place, SortedEntries } from './sorted-entries.ts';

/** An end of a range of keys: what begins with these components, or does not. */
export interface IndexBound {
  /** At most one for each path, most significant first. */
  readonly start: readonly SortKey[];
  readonly included: boolean;
}

/** Keys between two bounds; null: no bound. Ranges come sorted, and no two of them overlap. */
export interface IndexRange {
  readonly from: IndexBound | null;
  readonly to: IndexBound | null;
}

export const wholeIndex: readonly IndexRange[] = Object.freeze([Object.freeze({ from: null, to: null })]);

/** Whether the key comes before the range (negative), is in it (0), or comes behind it (positive). */
export function compareToRange(keys: IndexKeys, key: IndexKey, { from, to }: IndexRange): number {
  if (from !== null) {
    const difference = keys.compareStart(key, from.start);
    if (difference < 0 || (difference === 0 && !from.included)) return -1;
  }
  if (to !== null) {
    const difference = keys.compareStart(key, to.start);
    if (difference > 0 || (difference === 0 && !to.included)) return 1;
  }
  return 0;
}

/** The first of the ranges that the key is in or comes before, by bisection; as many as there are when it comes behind all of them. */
export function rangeAtOrBehind(keys: IndexKeys, key: IndexKey, ranges: readonly IndexRange[]): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range !== undefined && compareToRange(keys, key, range) > 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the entries of the range begin, and where they have ended. */
export function placesOf(
  entries: SortedEntries,
  { from, to }: IndexRange,
): { readonly begin: Place; readonly end: Place } {
  return {
    begin: from === null ? entries.begin : entries.placeOfStart(from.start, !from.included),
    end: to === null ? entries.end : entries.placeOfStart(to.start, to.included),
  };
}

export function countEntries(entries: SortedEntries, ranges: readonly IndexRange[]): number {
  let count = 0;
  for (const range of ranges) {
    const { begin, end } = placesOf(entries, range);
    count += entries.countBetween(begin, end);
  }
  return count;
}
