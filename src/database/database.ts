import type { Document } from '../document/document.ts';
import type { Archived, FindQuery, PageRequest } from '../query/find-query.ts';
import type { Commit, Operation } from './operation.ts';
import type { Principal } from './principal.ts';
import type { DatabaseStatus } from './status.ts';

/**
 * The one door that every API goes through, and what an engine must promise:
 *
 * - A commit is whole or absent, across any crash. At `sync` durability it is on disk before it is acknowledged or
 *   visible to any reader.
 * - Commits are ordered by `sequence`, and become visible in that order. No clock decides order.
 * - What a reader has seen is never lost. At `interval` durability this and the above hold for every crash but one of the machine,
 *   which may lose the last `syncIntervalMs` milliseconds of commits, and then begins a new epoch.
 *
 * Nothing here assumes memory, a file or one process: callers await every answer. `getDocument` alone may answer at once,
 * because it is the hot path.
 */
export interface Database {
  /** The document at this moment, or null when there is none that `archived` admits. `id` is a lower-case UUID. */
  getDocument(principal: Principal, id: string, archived?: Archived): Document | null | Promise<Document | null>;

  /**
   * Opens a read view at the newest sequence, or at an older one where the engine still has it.
   * The caller closes it; one left open past the engine's deadline fails its readers with `LIMIT_EXCEEDED`.
   * @throws {DatabaseError} `HISTORY_GONE` when `at` is older than what is kept, `OVERLOADED` when too many views are open.
   */
  view(principal: Principal, at?: AsOf): Promise<ReadView>;

  /**
   * Applies the operations in order, all or nothing, as one commit. Resolves once it is durable, as the engine's `durability` says, and visible.
   * @throws {DatabaseError} `NOT_FOUND`, `VERSION_CONFLICT`, `ALREADY_ARCHIVED`, `NOT_ARCHIVED`, `ALREADY_EXISTS` or
   *   `INVALID_ARGUMENT` with nothing written, and `operation` (an index) in the evidence when there are several;
   *   `STORAGE_FULL`, `MEMORY_FULL` or `OVERLOADED` with nothing written; `OUTCOME_UNKNOWN` when the disk failed under the write.
   */
  commit(principal: Principal, operations: readonly Operation[]): Promise<Commit>;

  /** Where the database stands. */
  status(principal: Principal): Promise<DatabaseStatus>;

  /** Waits for the commits under way, makes the end of the log recognisable as a clean one, and lets the data go. */
  close(): Promise<void>;
}

/** Exactly one of them. `time` (milliseconds) means the last commit at or before it. */
export type AsOf = { readonly sequence: number } | { readonly time: number };

/**
 * The database as of one sequence, however long the reader takes. Every reader that lasts longer than a tick goes
 * through one: lists, all root fields of one GraphQL query, snapshots, export.
 */
export interface ReadView {
  readonly sequence: number;

  getDocument(id: string, archived?: Archived): Document | null | Promise<Document | null>;

  /**
   * One page of the documents that fit, in the order asked for; ties are broken by creation, then id.
   * @throws {DatabaseError} `INVALID_ARGUMENT` for a cursor that is not of this query's order.
   */
  findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage>;

  /** All the documents that fit, in the order asked for, in batches that a reader can pause between. */
  scanDocuments(query: FindQuery): AsyncIterable<readonly Document[]>;

  countDocuments(query: FindQuery): Promise<number>;

  /** Idempotent. A view that is used after it was closed throws. */
  close(): void;
}

export interface DocumentPage {
  readonly documents: readonly Document[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}
