import type { Document } from '../document/document.ts';
import type { Path } from '../document/path.ts';
import type { AggregateQuery, DocumentGroup } from '../query/aggregate-query.ts';
import type { Archived, FindQuery, PageRequest } from '../query/find-query.ts';
import type { QueryExplanation } from '../query/query-explanation.ts';
import type { ChangeStream, ChangesRequest } from './changes.ts';
import type { DocumentScan } from './document-scan.ts';
import type { IdempotentRequest } from './idempotent-request.ts';
import type { Commit, CommitOptions, Operation } from './operation.ts';
import type { Principal } from './principal.ts';
import type { DatabaseStatus } from './status.ts';
import type { IndexDefinition, Table, TableIndex, TableSettingsChange } from './table.ts';

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
   * Opens a read view at the newest sequence, or at an older one where the engine still has it. No promise where the engine needs none.
   * The caller closes it; one left open past the engine's deadline fails its readers with `LIMIT_EXCEEDED`.
   * Of what was erased since a view of the past shows nothing, and of tables what they are now. What it must hold in memory, it reads when it is asked for.
   * @throws {DatabaseError} `HISTORY_GONE` with `oldest` when `at` is older than what is kept, here or, when it is pruned meanwhile, by what reads;
   *   `INVALID_ARGUMENT` for a commit that is still to come; `OVERLOADED` when too many views are open.
   */
  view(principal: Principal, at?: AsOf): ReadView | Promise<ReadView>;

  /**
   * Applies the operations in order, all or nothing, as one commit. Resolves once it is durable, as the engine's `durability` says, and visible.
   * @throws {DatabaseError} `NOT_FOUND`, `VERSION_CONFLICT`, `ALREADY_ARCHIVED`, `NOT_ARCHIVED`, `ALREADY_EXISTS` or
   *   `INVALID_ARGUMENT` with nothing written, and `operation` (an index) in the evidence when there are several;
   *   `STORAGE_FULL`, `MEMORY_FULL` or `OVERLOADED` with nothing written; `OUTCOME_UNKNOWN` when the disk failed under the write.
   *   With `idempotency`: what came of the request when it was made before, or `IDEMPOTENCY_KEY_REUSED` when another one had the key; `OVERLOADED`
   *   when no more keys can be remembered.
   *   A `VERSION_CONFLICT` tells `changedPaths`, where the current version differs from the one that was sent, if the engine still has that.
   */
  commit(principal: Principal, operations: readonly Operation[], options?: CommitOptions): Promise<Commit>;

  /**
   * The commit that this request of the principal has made, while its key is remembered; null when it has made none. One that is being carried out is
   * waited for. For who must know before it can tell the operations: `commit` looks by itself.
   * @throws {DatabaseError} `IDEMPOTENCY_KEY_REUSED` when another request has the key.
   */
  replay(principal: Principal, request: IdempotentRequest): Promise<Commit | null>;

  /**
   * Makes an empty table, as one commit. Tables are made on first use, too, without settings.
   * @throws {DatabaseError} `ALREADY_EXISTS`; `INVALID_ARGUMENT` for a schema that is none.
   */
  createTable(principal: Principal, name: string, settings: TableSettingsChange): Promise<Table>;

  /**
   * Changes the settings that are given, as one commit, once every live document of the table is known to fit them. With `dryRun` nothing is
   * written: it only throws what it would have thrown. Reads and writes go on meanwhile.
   * @throws {DatabaseError} `NOT_FOUND`; `INVALID_ARGUMENT`; `SCHEMA_VIOLATION` with `documents`, the first 20 that do not fit, each with its
   *   `id` and `violations`, and `count`, of all of them; `UNIQUE_VIOLATION` as `createIndex`.
   */
  updateTable(principal: Principal, name: string, change: TableSettingsChange, dryRun: boolean): Promise<Table>;

  /**
   * Erases the table with its documents and indexes, as one commit. The default table stays, without documents, indexes and settings.
   * @throws {DatabaseError} `NOT_FOUND`, `TABLE_READ_ONLY`.
   */
  dropTable(principal: Principal, name: string): Promise<void>;

  /**
   * Makes an index, as two commits: from the first on new writes obey it, with the second it is filled and queries use it. Resolves then. Reads and
   * writes go on meanwhile. A table that is not there is made.
   * @throws {DatabaseError} `ALREADY_EXISTS`; `UNIQUE_VIOLATION` with `path` and `conflictingIds`, two documents, when it cannot be unique: then
   *   there is no index.
   */
  createIndex(principal: Principal, definition: IndexDefinition): Promise<TableIndex>;

  /** As one commit. @throws {DatabaseError} `NOT_FOUND`. */
  dropIndex(principal: Principal, table: string, paths: readonly Path[]): Promise<void>;

  /**
   * Tells of commits behind one, those that were made and those that will be: each that concerns the filter exactly once, whole and in order, however
   * slowly they are asked for. A list of a view is brought up to date by the changes behind the view's sequence, without gap or doubling.
   * The first event comes at once: `Progress`, when there is nothing to tell yet.
   * @throws {DatabaseError} `OVERLOADED` when too many are subscribed.
   */
  changes(principal: Principal, request: ChangesRequest): Promise<ChangeStream>;

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
   * A version of the document that the view has under this id, archived or not. Null when it has none, or none of this number (from 1) yet, or when
   * `archived` (`INCLUDE` when absent) does not admit the version as it was. What was erased has no history.
   * @throws {DatabaseError} `HISTORY_GONE` with `oldest` when it had one that is not kept any more.
   */
  documentVersion(id: string, version: number, archived?: Archived): Promise<Document | null>;

  /** The kept versions of that document, newest first: at most `limit`, of those below version `before`, or else from the newest on. */
  documentHistory(id: string, page: HistoryPage): Promise<readonly Document[]>;

  /** The number of the oldest version of that document that is kept; null when the view has none under this id. */
  oldestDocumentVersion(id: string): Promise<number | null>;

  /**
   * One page of the documents that fit, in the order asked for; ties are broken by creation, then id.
   * @throws {DatabaseError} `INVALID_ARGUMENT` for a cursor that is not of this query's order.
   */
  findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage>;

  /** All the documents that fit, in the order asked for, in batches that a reader can pause between. */
  scanDocuments(query: FindQuery): DocumentScan;

  countDocuments(query: FindQuery): Promise<number>;

  /**
   * The groups in their order.
   * @throws {DatabaseError} `LIMIT_EXCEEDED` for more groups, or more distinct values, than the engine keeps at once.
   */
  aggregateDocuments(query: AggregateQuery): Promise<readonly DocumentGroup[]>;

  /** Null when there is none. */
  table(name: string): Promise<Table | null>;

  /** By name. */
  tables(): Promise<readonly Table[]>;

  /** How the queries so far were answered, in the order in which they ended. */
  readonly explanations: readonly QueryExplanation[];

  /** Idempotent. A view that is used after it was closed throws. */
  close(): void;
}

export interface HistoryPage {
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface DocumentPage {
  readonly documents: readonly Document[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}
