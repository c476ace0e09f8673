import { formatPath, type Path } from '../../document/path.ts';
import type { FindQuery } from '../../query/find-query.ts';
import { literalKeyOf } from '../../query/match-parser.ts';
import type { QueryExplanation } from '../../query/query-explanation.ts';
import { defaultLimits } from '../embedded-database-options.ts';
import type { IndexRecord } from '../log/record.ts';
import type { State } from '../state.ts';
import { type Condition, conditionOf, type PathConstraint } from './filter-condition.ts';
import { isPoint } from './key-range.ts';
import type { Plan } from './plan.ts';
import { requiredKey, settle } from './settled-condition.ts';

/** A scan of fewer documents takes less than a millisecond. */
const examinedMin = 1_000;
/** An index spares the documents that were examined in vain: it is suggested when they were so many times as many as the others. */
const examinedPerReturnedMin = 10;

type Suggestion = NonNullable<QueryExplanation['suggestedIndex']>;
type Choice = Omit<Suggestion, 'table'>;

/**
 * The index that would have spared most of a scan; null when there was none, it was little work, or no index could help. Where a filter is
 * an `or`, each of its sides needs one: it is the first that is not there.
 */
export function suggestedIndex(
  state: State,
  query: FindQuery,
  { access, order }: Plan,
  examined: number,
  returned: number,
): Suggestion | null {
  if (access.kind !== 'scan' || examined < examinedMin || examined < examinedPerReturnedMin * returned) return null;
  const table = access.table ?? largestTable(state);
  if (table === null) return null;
  const records = Array.from(state.table(table)?.indexes.values() ?? [], ({ record }) => record);
  const condition = withoutLiteralKeys(conditionOf(query.filter));
  const directions = new Set(query.orderBy.map(({ direction }) => direction));
  const ordered = order === 'top' && directions.size === 1 ? query.orderBy.map(({ path }) => formatPath(path)) : [];
  const choice =
    choiceFor(condition.constraints, ordered) ??
    choiceForAlternatives(condition.alternatives, records) ??
    choiceFor([], ordered, true);
  return choice === null || isThere(choice, records) ? null : { table, ...choice };
}

/** @param orderAlone whether an index that serves the order and no part of the filter is one. */
function choiceFor(
  constraints: readonly PathConstraint[],
  ordered: readonly string[],
  orderAlone = false,
): Choice | null {
  // All documents of a table have it in common, and by id they are found without an index of anybody's making.
  const served = constraints.filter(
    ({ text, ranges }) => text !== '$table' && !(text === '$id' && ranges.every(isPoint)),
  );
  const equal = served.find(({ ranges }) => ranges.every(isPoint));
  const other = served.find(({ ranges }) => !ranges.every(isPoint));
  if (equal === undefined) {
    if (other !== undefined) return { paths: [other.text], kind: 'ORDERED' };
    return orderAlone && ordered.length > 0 ? { paths: ordered, kind: 'ORDERED' } : null;
  }
  // Entries of several values are in no order but that of the values.
  const rest = ordered.length > 0 && equal.ranges.length === 1 ? ordered : other === undefined ? [] : [other.text];
  const paths = Array.from(new Set([equal.text, ...rest]));
  return paths.length === 1 || paths.length > defaultLimits.indexPathsMax
    ? { paths: [equal.text], kind: 'HASH' }
    : { paths, kind: 'ORDERED' };
}

function choiceForAlternatives(lists: Condition['alternatives'], records: readonly IndexRecord[]): Choice | null {
  for (const alternatives of lists) {
    const choices = alternatives.map(({ constraints }) => choiceFor(constraints, []));
    if (choices.includes(null)) continue;
    const missing = choices.find((choice) => choice !== null && !isThere(choice, records));
    if (missing !== undefined) return missing;
  }
  return null;
}

/** Whether there is an index that serves where this one would, or one of the same paths, of which there can be no other. */
function isThere({ paths, kind }: Choice, records: readonly IndexRecord[]): boolean {
  return records.some(
    (record) =>
      JSON.stringify(record.paths) === JSON.stringify(paths) ||
      (record.paths[0] === paths[0] && (record.kind === 'ORDERED' || (kind === 'HASH' && record.paths.length === 1))),
  );
}

/** A key that reads like a path is looked for in the index of the path. */
function withoutLiteralKeys(condition: Condition): Condition {
  const keys = new Set(pathsOf(condition).map(literalKeyOf));
  const isLiteral = (constraint: PathConstraint) => {
    const key = requiredKey(constraint);
    return key !== undefined && keys.has(key);
  };
  return settle(condition, isLiteral) ?? condition;
}

function pathsOf({ constraints, alternatives }: Condition): readonly Path[] {
  return [...constraints.map(({ path }) => path), ...alternatives.flat().flatMap(pathsOf)];
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
