import type { Document } from '../document/document.ts';
import type { Filter } from '../query/filter.ts';

/** What a subscriber wants to be told. */
export interface ChangesRequest {
  /** All tables when absent. */
  readonly table?: string | undefined;
  /** Archived documents fit it like any other: whether a document is archived is one of its fields. */
  readonly filter: Filter;
  /** Commits behind this one, of which there may be none yet. Absent: those that are made from now on. */
  readonly after?: number | undefined;
  /** The epoch that `after` is of; not checked when absent. */
  readonly epoch?: string | undefined;
}

/**
 * What was committed, as one subscriber is told of it: each commit that changes something for its filter once, whole and in order.
 *
 * What was erased has no past: a commit that is told of later than the erasure is told without the document, and the erasure with its id alone. Neither
 * is a commit replayed for the documents of a table that was dropped since.
 */
export type ChangeEvent = ChangeSet | Progress | ResyncRequired;

/** One commit, as far as it concerns the filter. Subscribers who are told the same may be given the same object. */
export interface ChangeSet {
  readonly kind: 'changeSet';
  readonly sequence: number;
  readonly epoch: string;
  /** Milliseconds since the Unix epoch. */
  readonly committedAt: number;
  /** In the order in which the commit made them; at least one. */
  readonly changes: readonly DocumentChanged[];
}

/** Nothing for this filter up to here, behind what was told before. The stream can be resumed from it. */
export interface Progress {
  readonly kind: 'progress';
  readonly sequence: number;
  readonly epoch: string;
}

/**
 * The commits behind `after` cannot be told: they are not kept any more, are of another epoch, or drop a table whose documents are too many or not known
 * any more. It ends the stream: read the list again, and go on behind its sequence.
 */
export interface ResyncRequired {
  readonly kind: 'resyncRequired';
  readonly epoch: string;
  /** The least that `after` may be. */
  readonly oldest: number;
  readonly newest: number;
}

export interface DocumentChanged {
  readonly kind: ChangeKind;
  /** As the commit left it. Of one that was erased its id, and what else is not in its body, as far as that is known. */
  readonly document: Document;
  /** As it was before, whether it fitted the filter or not. Null for what was created or erased. */
  readonly before: Document | null;
}

/**
 * What became of a document: the first four when it fits the filter now, `LEFT` when it does not any more, `ERASED` when it is gone. One that comes to
 * fit by an update is `UPDATED`.
 */
export type ChangeKind = 'CREATED' | 'UPDATED' | 'ARCHIVED' | 'RESTORED' | 'ERASED' | 'LEFT';

/**
 * The events for one subscriber, as fast as it asks for them: what it has not asked for is kept nowhere for its sake.
 *
 * Life cycle: `next` until it resolves to null, or `close` at any time.
 */
export interface ChangeStream {
  /**
   * Waits for the next events: as many as there are, within a bound, and at least one. Null when the stream has ended: after `ResyncRequired`, by
   * `close`, or because the database is being closed. One call at a time.
   */
  next(): Promise<readonly ChangeEvent[] | null>;

  /** Ends the stream, also under a `next`. Idempotent. */
  close(): void;
}
