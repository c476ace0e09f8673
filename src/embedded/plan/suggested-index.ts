import { formatPath } from '../../document/path.ts';
import type { FindQuery } from '../../query/find-query.ts';
import type { QueryExplanation } from '../../query/query-explanation.ts';
import type { State } from '../state.ts';
import { conditionOf } from './filter-condition.ts';
import { isPoint } from './key-range.ts';
import type { Plan } from './plan.ts';

/** A scan of fewer documents takes less than a millisecond. */
const examinedMin = 1_000;
/** An index spares the documents that were examined in vain: it is suggested when they were so many times as many as the others. */
const examinedPerReturnedMin = 10;

/** The index that would have spared most of a scan; null when there was none, it was little work, or no index could help. */
export function suggestedIndex(
  state: State,
  query: FindQuery,
  { access, order }: Plan,
  examined: number,
  returned: number,
): QueryExplanation['suggestedIndex'] {
  if (access.kind !== 'scan' || examined < examinedMin || examined < examinedPerReturnedMin * returned) return null;
  const table = access.table ?? largestTable(state);
  const { constraints } = conditionOf(query.filter);
  const equal = constraints.find(({ ranges }) => ranges.every(isPoint))?.text;
  const other = constraints.find(({ ranges }) => !ranges.every(isPoint))?.text;
  const directions = new Set(query.orderBy.map(({ direction }) => direction));
  const ordered = order === 'top' && directions.size === 1 ? query.orderBy.map(({ path }) => formatPath(path)) : [];
  const rest =
    ordered.length > 0 && (equal !== undefined || other === undefined) ? ordered : other === undefined ? [] : [other];
  const paths = Array.from(new Set([...(equal === undefined ? [] : [equal]), ...rest]));
  const [first] = paths;
  if (table === null || first === undefined || first === '$id') return null;
  const isIndexed = Array.from(state.table(table)?.indexes.values() ?? []).some(
    ({ record }) => record.paths[0] === first,
  );
  if (isIndexed) return null;
  return { table, paths, kind: equal !== undefined && paths.length === 1 ? 'HASH' : 'ORDERED' };
}

function largestTable(state: State): string | null {
  let largest: string | null = null;
  let size = 0;
  for (const { reference, documents } of state.tables()) {
    if (documents.size <= size) continue;
    largest = reference.name;
    ({ size } = documents);
  }
  return largest;
}
