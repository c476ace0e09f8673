import { countEntries } from '../index/index-range.ts';
import type { QueryExecution } from './query-execution.ts';

/** Counting the entries of a range takes a few microseconds. */
const rangesCountedAtOnce = 64;

/** How many documents fit the query of an execution: told without a look at them where counts or an index tell. */
export async function countDocuments(execution: QueryExecution): Promise<number> {
  const count = countOfAll(execution) ?? (await countOfIndex(execution)) ?? (await countOneByOne(execution));
  execution.end(count);
  return count;
}

/** Of all documents there are counts. */
function countOfAll({ context: { visible }, query }: QueryExecution): number | null {
  const { filter, table: name, archived } = query;
  if (filter.kind !== 'and' || filter.filters.length > 0 || !visible.isNewest) return null;
  let count = 0;
  for (const { reference, liveCount, archivedCount } of visible.state.tables()) {
    if (name !== undefined && reference.name !== name) continue;
    if (archived !== 'ONLY') count += liveCount;
    if (archived !== 'EXCLUDE') count += archivedCount;
  }
  return count;
}

/** The entries are the answer, when they say all and the view sees what the index holds. */
async function countOfIndex(execution: QueryExecution): Promise<number | null> {
  const { access } = execution.plan;
  if (access.kind !== 'index' || !access.exact) return null;
  const { check, visible } = execution.context;
  const { sorted, groups } = access.index;
  let count = 0;
  for (let start = 0; start < access.ranges.length; start += rangesCountedAtOnce) {
    const turn = execution.turn();
    if (turn !== undefined) await turn;
    check();
    if (!visible.isNewest) return null;
    const ranges = access.ranges.slice(start, start + rangesCountedAtOnce);
    if (sorted !== null) count += countEntries(sorted, ranges);
    else for (const { from } of ranges) count += groups?.count(from?.start ?? []) ?? 0;
  }
  return count;
}

async function countOneByOne(execution: QueryExecution): Promise<number> {
  const walk = execution.walk(1);
  let count = 0;
  for (let counts = true; counts; ) {
    const turn = execution.turn();
    if (turn !== undefined) await turn;
    const counted = execution.countSlice(walk);
    count += counted.fitting;
    if (counted.result === 'ended') return count;
    counts = counted.result === 'over';
  }
  await execution.run(walk, () => {
    count += 1;
    return false;
  });
  return count;
}
