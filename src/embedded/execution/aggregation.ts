import type { JsonValue } from '../../document/json.ts';
import { resolvePath } from '../../document/path.ts';
import { compareValues } from '../../document/value-order.ts';
import type { AggregateQuery, DocumentGroup, Measure } from '../../query/aggregate-query.ts';
import { Aggregator, groupOf, type MeasuredGroup } from '../../query/aggregator.ts';
import type { Filter } from '../../query/filter.ts';
import type { FindQuery } from '../../query/find-query.ts';
import { sortInSlices } from '../index/sliced-sort.ts';
import { countDocuments } from './query-count.ts';
import { type ExecutionContext, QueryExecution } from './query-execution.ts';
import { findPage } from './query-page.ts';

/**
 * Groups and measures the documents of a query. Counts, least and greatest values of all of them together are read off the indexes that tell
 * them; else every document that fits is looked at.
 * @throws {LimitExceededError} for more than `groupsMax` groups or distinct values.
 */
export async function aggregate(
  context: ExecutionContext,
  query: AggregateQuery,
  groupsMax: number,
): Promise<readonly DocumentGroup[]> {
  const results = await readOff(context, query);
  if (results !== null) return [groupOf(query, { key: [], results })].slice(0, query.first);
  const aggregator = new Aggregator(query, groupsMax);
  await new QueryExecution(context, findQuery(query), 'aggregate', { kind: 'count' }).forEach((document) => {
    aggregator.add(document);
  });
  const pause = () => (context.scanTurns.over ? context.scanTurns.next() : undefined);
  const measured: MeasuredGroup[] = [];
  for (const group of aggregator.groups()) {
    const paused = pause();
    if (paused !== undefined) await paused;
    measured.push(await withSortedValues(query, group, pause));
  }
  const compare = aggregator.comparison();
  const byGroup = (a: number, b: number) => compare(groupAt(measured, a), groupAt(measured, b));
  const order = await sortInSlices(measured.length, byGroup, pause);
  const groups: DocumentGroup[] = [];
  for (const number of order.subarray(0, query.first)) {
    const paused = pause();
    if (paused !== undefined) await paused;
    groups.push(groupOf(query, groupAt(measured, number)));
  }
  return groups;
}

/** The group with the values of each `distinct` in their order. */
async function withSortedValues(
  { measures }: AggregateQuery,
  { key, results }: MeasuredGroup,
  pause: () => Promise<void> | undefined,
): Promise<MeasuredGroup> {
  const sorted: JsonValue[] = [];
  for (const [index, result] of results.entries()) {
    if (measures[index]?.kind !== 'distinct' || !Array.isArray(result)) {
      sorted.push(result);
      continue;
    }
    const order = await sortInSlices(result.length, (a, b) => compareValues(result[a], result[b]), pause);
    sorted.push(Array.from(order, (number): JsonValue => result[number]));
  }
  return { key, results: sorted };
}

function groupAt(groups: readonly MeasuredGroup[], number: number): MeasuredGroup {
  const group = groups[number];
  if (group === undefined) throw new RangeError(`there is no group ${number} among ${groups.length}`);
  return group;
}

/** The result of each measure; null when one of them takes a look at the documents. */
async function readOff(context: ExecutionContext, query: AggregateQuery): Promise<readonly JsonValue[] | null> {
  if (query.groupBy.length > 0) return null;
  const extremes = new Map<Measure, QueryExecution>();
  for (const measure of query.measures) {
    if (measure.kind === 'count') continue;
    if (measure.kind !== 'min' && measure.kind !== 'max') return null;
    const { path } = measure;
    const isValue: Filter = { kind: 'ne', path, value: null };
    const find: FindQuery = {
      ...findQuery(query),
      filter: { kind: 'and', filters: [query.filter, isValue] },
      orderBy: [{ path, direction: measure.kind === 'min' ? 'ASC' : 'DESC' }],
    };
    const execution = new QueryExecution(context, find, 'aggregate', { kind: 'page', documents: 1 });
    if (!execution.readsOneKeyInOrder) return null;
    extremes.set(measure, execution);
  }
  const hasCount = extremes.size < query.measures.length;
  const count = hasCount
    ? await countDocuments(new QueryExecution(context, findQuery(query), 'aggregate', { kind: 'count' }))
    : 0;
  const results: JsonValue[] = [];
  for (const measure of query.measures) {
    const extreme = extremes.get(measure);
    if (extreme === undefined || measure.kind === 'count') {
      results.push(count);
      continue;
    }
    const { documents } = await findPage(extreme, { first: 1 });
    const [document] = documents;
    results.push(document === undefined ? null : (resolvePath(document, measure.path) ?? null));
  }
  return results;
}

function findQuery({ table, filter, archived }: AggregateQuery): FindQuery {
  return { table, filter, archived, orderBy: [] };
}
