import type { JsonValue } from '../document/json.ts';

/** How an engine answered a query: a plan, and what it came to. Clients see it as it is, as JSON. */
export interface QueryExplanation {
  readonly operation: 'find' | 'count' | 'aggregate';
  readonly plan: QueryPlan;
  /** Documents that the filter was tried on. */
  readonly examined: number;
  /** Documents that were returned, counted or grouped. */
  readonly returned: number;
  readonly milliseconds: number;
  /** An index that would have spared most of the work; null when there is none to be thought of. */
  readonly suggestedIndex: {
    readonly table: string;
    readonly paths: readonly string[];
    readonly kind: 'HASH' | 'ORDERED';
  } | null;
}

export interface QueryPlan {
  readonly access: QueryAccess;
  /**
   * Where the order comes from: `none` was asked for or needed, the `index`'s own order, the `creation` order of the documents, a `sort` of all that
   * fit, or the best of them kept as they come (`top`).
   */
  readonly order: 'none' | 'index' | 'creation' | 'sort' | 'top';
}

export type QueryAccess =
  /** Every document of the table, or (null) of all tables. */
  | { readonly kind: 'scan'; readonly table: string | null; readonly documents: number }
  | {
      readonly kind: 'index';
      /** Null for `$id`, by which documents of all tables are found without an index of anybody's making. */
      readonly table: string | null;
      readonly paths: readonly string[];
      readonly indexKind: 'HASH' | 'ORDERED';
      readonly ranges: readonly KeyRangeExplanation[];
      /** Entries in the ranges, as the planner estimated them. */
      readonly estimated: number;
    }
  /** The documents that any of the parts gives, each once. */
  | { readonly kind: 'union'; readonly parts: readonly QueryAccess[] }
  /** Nothing can fit the filter. */
  | { readonly kind: 'nothing' };

/** Bounds on the values at the index's paths, most significant first. Absent: unbounded. */
export interface KeyRangeExplanation {
  readonly from?: readonly JsonValue[];
  readonly fromIncluded?: boolean;
  readonly to?: readonly JsonValue[];
  readonly toIncluded?: boolean;
}
