import type { JsonObject } from '../document/json.ts';
import type { Path } from '../document/path.ts';
import type { Filter } from './filter.ts';
import type { Archived } from './find-query.ts';
import type { Direction } from './order.ts';

/** Which documents, grouped by what, and what is to be told of each group. It is data: an engine compiles it for itself. */
export interface AggregateQuery {
  /** All tables when absent. */
  readonly table?: string | undefined;
  readonly filter: Filter;
  readonly archived: Archived;
  /** The groups are of documents with equal values at these paths; what is missing is null. None: one group, of all documents, even of none. */
  readonly groupBy: readonly Path[];
  readonly measures: readonly Measure[];
  /** Most significant first; ties, and no order at all, by the key. */
  readonly orderBy: readonly GroupOrder[];
  /** All groups when absent, which are limited. */
  readonly first?: number | undefined;
}

/** `as` is the name of the result among the `values` of a group. */
export type Measure =
  | { readonly kind: 'count'; readonly as: string }
  | { readonly kind: 'sum' | 'avg' | 'min' | 'max' | 'distinct'; readonly path: Path; readonly as: string };

/** `by`: the text of a path in `groupBy`, or the name of a measure. */
export interface GroupOrder {
  readonly by: string;
  readonly direction: Direction;
}

export interface DocumentGroup {
  /** The values at the paths of `groupBy`, under the texts of the paths. */
  readonly key: JsonObject;
  /** The results of the measures, under their names. */
  readonly values: JsonObject;
}
