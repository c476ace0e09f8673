import type { Archived } from './find-query.ts';
import type { KeyRangeExplanation, QueryAccess, QueryExplanation, QueryPlan } from './query-explanation.ts';

/** A query that took long, told without any value of a document or of a client: what it looked like, and how it was answered. */
export interface SlowQuery {
  readonly operation: QueryExplanation['operation'];
  /** Null: all tables. */
  readonly table: string | null;
  /** As `filterShape` writes it. */
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly archived: Archived;
  /** The commit that a query of the past was as of; null of the present. */
  readonly asOf: number | null;
  readonly plan: QueryPlan;
  readonly examined: number;
  readonly returned: number;
  readonly milliseconds: number;
  readonly suggestedIndex: QueryExplanation['suggestedIndex'];
}

/** The plan with `?` for each bound of its ranges: they are what the client sent. */
export function withoutValues({ access, order }: QueryPlan): QueryPlan {
  return { access: accessWithoutValues(access), order };
}

/** One query may have thousands of ranges: the first tell what they are like. */
const rangesTold = 3;

function accessWithoutValues(access: QueryAccess): QueryAccess {
  if (access.kind === 'union') return { ...access, parts: access.parts.slice(0, rangesTold).map(accessWithoutValues) };
  if (access.kind !== 'index') return access;
  return { ...access, ranges: access.ranges.slice(0, rangesTold).map(rangeWithoutValues) };
}

function rangeWithoutValues({ from, to, ...included }: KeyRangeExplanation): KeyRangeExplanation {
  return {
    ...(from === undefined ? {} : { from: from.map(() => '?') }),
    ...(to === undefined ? {} : { to: to.map(() => '?') }),
    ...included,
  };
}
