import type { SortKey } from '../../query/ordering.ts';
import { countEntries, type IndexBound, type IndexRange } from '../index/index-range.ts';
import type { SecondaryIndex } from '../index/secondary-index.ts';
import { type Condition, commonRanges, type PathConstraint } from './filter-condition.ts';
import { isPoint, type KeyBound, type KeyRanges } from './key-range.ts';

/** So many ranges an index is asked for at most: combinations of values at several paths multiply. */
const rangeCountMax = 10_000;
/** Of many ranges, so many are counted, and the others estimated after them: counting takes a microsecond or two for each. */
const countedRangesMax = 64;

/** What an index is asked for. */
export interface IndexQuestion {
  readonly ranges: readonly IndexRange[];
  /** Entries in them, about. */
  readonly estimated: number;
  /** Whether a document has an entry in them exactly when it meets the condition, and one only. */
  readonly exact: boolean;
}

/**
 * The ranges of the index in which all documents that meet the condition are; null when it says nothing about the index's first path.
 * @param hasLists Whether documents may have lists at the path of this number or on the way, and so several keys.
 */
export function questionFor(
  index: SecondaryIndex,
  condition: Condition,
  hasLists: (path: number) => boolean,
): IndexQuestion | null {
  const { paths } = index.record;
  let starts: readonly (readonly SortKey[])[] = [[]];
  let ranges: readonly IndexRange[] | null = null;
  /** So many of the first paths are asked for. */
  let asked = 0;
  for (const text of paths) {
    const found = rangesAt(index, hasLists(asked), text, condition.constraints, starts);
    if (found === null || starts.length * found.length > rangeCountMax) break;
    asked += 1;
    if (!found.every(isPoint)) {
      ranges = combine(starts, found, (start, { from, to }) => ({
        from: boundOf(start, from),
        to: boundOf(start, to),
      }));
      break;
    }
    starts = combine(starts, found, (start, { from }) => [...start, from?.key]);
  }
  if (asked === 0 || (index.groups !== null && (ranges !== null || asked < paths.length))) return null;
  ranges ??= starts.map(pointOf);
  const exact =
    condition.exact &&
    condition.alternatives.length === 0 &&
    condition.constraints.every(({ text }) => paths.lastIndexOf(text, asked - 1) !== -1) &&
    !paths.some((_, number) => hasLists(number));
  return { ranges, estimated: estimate(index, ranges), exact };
}

function combine<Start, End, Result>(
  starts: readonly Start[],
  ends: readonly End[],
  join: (start: Start, end: End) => Result,
): Result[] {
  const results: Result[] = [];
  for (const start of starts) for (const end of ends) results.push(join(start, end));
  return results;
}

export function pointOf(start: readonly SortKey[]): IndexRange {
  const bound = { start, included: true };
  return { from: bound, to: bound };
}

/** Whether the range is one key of the index, whole. */
export function isWholeKey(index: SecondaryIndex, { from, to }: IndexRange): boolean {
  return from !== null && from === to && from.start.length === index.keys.width;
}

function boundOf(start: readonly SortKey[], bound: KeyBound | null): IndexBound | null {
  if (bound !== null) return { start: [...start, bound.key], included: bound.included };
  return start.length === 0 ? null : { start, included: true };
}

/**
 * The keys at one path of the index. Where documents have several, each constraint may be met by another one of them, so the one that
 * leaves the fewest entries is taken. (To intersect what two of them, or two indexes, give seldom pays. Among 1 M documents, trying the
 * smaller set of candidates took 3.2 ms for 4,700 and 2.8 ms for 10,000 of them, beside 125,000 of the other index, and 24 ms for 125,000 beside
 * 200,000; asking a set of the smaller ones for each of the larger ones 4.6, 6.1 and 31 ms. Only 4,700 beside 10,000 took less with a set, 0.9 ms
 * instead of 1.5. Merging two lists in the order of creation took longest in the three cases where each list is of one key.)
 */
function rangesAt(
  index: SecondaryIndex,
  severalKeys: boolean,
  text: string,
  constraints: readonly PathConstraint[],
  starts: readonly (readonly SortKey[])[],
): KeyRanges | null {
  const ofPath = constraints.filter(
    (constraint) =>
      constraint.text === text && (index.groups === null || !severalKeys || constraint.ranges.every(isPoint)),
  );
  const [first, ...others] = ofPath;
  if (first === undefined) return null;
  if (!severalKeys) return commonRanges(ofPath);
  let best = first.ranges;
  if (others.length === 0) return best;
  const [start = []] = starts;
  const count = (ranges: KeyRanges) =>
    estimate(
      index,
      ranges.map(({ from, to }) => ({ from: boundOf(start, from), to: boundOf(start, to) })),
    );
  let least = count(best);
  for (const { ranges } of others) {
    const entries = count(ranges);
    if (entries >= least) continue;
    best = ranges;
    least = entries;
  }
  return best;
}

function estimate({ sorted, groups }: SecondaryIndex, ranges: readonly IndexRange[]): number {
  const step = Math.ceil(ranges.length / countedRangesMax);
  const counted = step <= 1 ? ranges : ranges.filter((_, number) => number % step === 0);
  if (counted.length === 0) return 0;
  const entries =
    sorted !== null
      ? countEntries(sorted, counted)
      : counted.reduce((sum, { from }) => sum + (groups?.count(from?.start ?? []) ?? 0), 0);
  return Math.round((entries * ranges.length) / counted.length);
}
