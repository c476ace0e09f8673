/** So many items are sorted at once: about a millisecond. */
const runLength = 1_024;
/** So many items are merged before the caller is asked whether to go on. */
const stepLength = 1_024;

/**
 * Sorts as `toSorted` does, stable, but gives way: `pause` is called every so often, and nothing goes on before what it returns resolves.
 * A merge sort of short runs; those that are in order already are joined at once.
 */
export async function sortInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
  pause: () => Promise<void> | undefined,
): Promise<readonly Item[]> {
  let runs: (readonly Item[])[] = [];
  for (let start = 0; start < items.length; start += runLength) {
    runs.push(items.slice(start, start + runLength).sort(compare));
    await pause();
  }
  while (runs.length > 1) {
    const merged: (readonly Item[])[] = [];
    for (let index = 0; index < runs.length; index += 2) {
      const [a, b] = [runs[index], runs[index + 1]];
      if (a !== undefined) merged.push(b === undefined ? a : await merge(a, b, compare, pause));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge<Item>(
  a: readonly Item[],
  b: readonly Item[],
  compare: (a: Item, b: Item) => number,
  pause: () => Promise<void> | undefined,
): Promise<readonly Item[]> {
  const merged: Item[] = [];
  let [nextOfA, nextOfB] = [0, 0];
  while (nextOfA < a.length || nextOfB < b.length) {
    if (merged.length % stepLength === 0) await pause();
    const [left, right] = [a[nextOfA], b[nextOfB]];
    const takesLeft = nextOfB === b.length || (nextOfA < a.length && compare(left as Item, right as Item) <= 0);
    merged.push((takesLeft ? left : right) as Item);
    if (takesLeft) nextOfA += 1;
    else nextOfB += 1;
  }
  return merged;
}
