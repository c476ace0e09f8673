import type { Filter } from './filter.ts';
import type { Order } from './order.ts';

/** Which documents a reader sees: live ones, all, or archived ones. */
export type Archived = 'EXCLUDE' | 'INCLUDE' | 'ONLY';

/** Which documents, in which order. It is data: an engine compiles it for itself. */
export interface FindQuery {
  /** All tables when absent. A table that does not exist holds no documents. */
  readonly table?: string | undefined;
  readonly filter: Filter;
  /** Most significant first. Empty means the order of creation. */
  readonly orderBy: readonly Order[];
  readonly archived: Archived;
}

/**
 * Which part of the list: its `first` documents or its `last` ones (the first 100 when neither is given), between the
 * cursors `after` and `before`, as in the Relay specification. `offset` passes over so many at the end that is read from, and goes
 * without a cursor. What clients of pages may send is for `parsePageRequest` to check.
 */
export interface PageRequest {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
  readonly offset?: number | undefined;
}
