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
 * Which part of the list: `first` with `after`, `last` with `before`, or `offset` with `first`; never both ways and never
 * `offset` with a cursor. The doors check that with `parsePageRequest`.
 */
export interface PageRequest {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
  readonly offset?: number | undefined;
}
