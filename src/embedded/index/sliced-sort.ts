/** So many items are sorted at once: about half a millisecond. */
const runLength = 512;
/** So many items are merged before the caller is asked whether to go on. */
const stepLength = 512;

/**
 * Sorts items that are told by their numbers, from 0 on: stable, and giving way. `pause` is called every so often, and nothing goes on before what it
 * returns resolves. A merge sort of short runs between two lists of numbers: of a million items nothing is made that a garbage collection would
 * have to look at, which is what would keep others waiting longest.
 * @returns the numbers in the order of their items.
 */
export async function sortInSlices(
  count: number,
  compare: (a: number, b: number) => number,
  pause: () => Promise<void> | undefined,
): Promise<Int32Array> {
  let order = new Int32Array(count);
  for (let start = 0; start < count; start += runLength) {
    const run = order.subarray(start, start + runLength);
    for (let index = 0; index < run.length; index += 1) run[index] = start + index;
    run.sort(compare);
    await pause();
  }
  let target = new Int32Array(count);
  for (let length = runLength; length < count; length *= 2) {
    for (let start = 0; start < count; start += 2 * length) {
      await merge({ source: order, target, start, middle: start + length, end: start + 2 * length }, compare, pause);
    }
    [order, target] = [target, order];
  }
  return order;
}

/** Two runs of `source` next to each other, which go to the same place of `target` as one. */
interface Merge {
  readonly source: Int32Array;
  readonly target: Int32Array;
  readonly start: number;
  readonly middle: number;
  readonly end: number;
}

async function merge(
  { source, target, start, middle, end: wantedEnd }: Merge,
  compare: (a: number, b: number) => number,
  pause: () => Promise<void> | undefined,
): Promise<void> {
  const end = Math.min(wantedEnd, source.length);
  // One run alone, or two that are in order already, are joined at once.
  if (middle >= end || compare(source[middle - 1] ?? 0, source[middle] ?? 0) <= 0) {
    target.set(source.subarray(start, end), start);
    await pause();
    return;
  }
  let [left, right] = [start, middle];
  for (let at = start; at < end; at += 1) {
    if ((at - start) % stepLength === 0) await pause();
    const takesLeft = right >= end || (left < middle && compare(source[left] ?? 0, source[right] ?? 0) <= 0);
    target[at] = (takesLeft ? source[left] : source[right]) ?? 0;
    if (takesLeft) left += 1;
    else right += 1;
  }
}
