import type { Document } from '../document/document.ts';
import type { DocumentChange } from '../document/document-change.ts';
import type { JsonObject, JsonValue } from '../document/json.ts';
import type { DatabaseError } from '../errors.ts';

/**
 * What a commit is made of. Bodies are exact JSON that a door has parsed; ids are lower-case UUIDs, which
 * `parseDocumentId` makes of what a client sent.
 */
export type Operation =
  | CreateOperation
  | UpdateOperation
  | PatchOperation
  | ArchiveOperation
  | RestoreOperation
  | EraseOperation
  | AssertOperation;

export interface CreateOperation {
  readonly kind: 'create';
  /** Given by the engine (UUIDv7) when absent. */
  readonly id?: string | undefined;
  /** Made on first use. The default table when absent. */
  readonly table?: string | undefined;
  /** The table's name when absent. */
  readonly name?: string | undefined;
  readonly body: JsonObject;
}

/** Replaces the body. */
export interface UpdateOperation {
  readonly kind: 'update';
  readonly id: string;
  readonly version: number;
  readonly body: JsonObject;
}

/** Changes a part of the body. */
export interface PatchOperation {
  readonly kind: 'patch';
  readonly id: string;
  /** Doors demand one for every change but an increment, which means the same whatever the version. */
  readonly version?: number | undefined;
  readonly change: DocumentChange;
  /** Of a merge patch: whether it is applied, too, when the document has changed since `version`, but not where the patch writes. */
  readonly rebase?: boolean | undefined;
}

export interface ArchiveOperation {
  readonly kind: 'archive';
  readonly id: string;
  readonly version?: number | undefined;
}

export interface RestoreOperation {
  readonly kind: 'restore';
  readonly id: string;
  readonly version?: number | undefined;
}

/** Takes the document away for good, archived or not: its id is free again. The version is required, so that nothing unseen goes. */
export interface EraseOperation {
  readonly kind: 'erase';
  readonly id: string;
  readonly version: number;
}

/**
 * A precondition: the live document is at `version`, or there is one at whatever version (`exists: true`), or there is none with this id,
 * archived ones included (`exists: false`). Writes nothing.
 */
export type AssertOperation =
  | { readonly kind: 'assert'; readonly id: string; readonly version: number }
  | { readonly kind: 'assert'; readonly id: string; readonly exists: boolean };

export interface CommitOptions {
  /** Whether only what would come of it is told, documents or errors, and nothing is written. */
  readonly dryRun?: boolean;
  /** Whether an error tells `operation`, its index, even when there is but one. */
  readonly namesOperation?: boolean;
  /** Has the request carried out once, however often it is made. With `dryRun` nothing is remembered, but what is remembered is told. */
  readonly idempotency?: Idempotency | undefined;
  /** Asked about each operation. All of them are admitted when absent. */
  readonly admission?: Admission;
}

export interface Idempotency {
  /** Of the principal, as `parseIdempotencyKey` admits it. Remembered from the commit on, for as long as the engine is told. */
  readonly key: string;
  /** What the client has asked for, where the operations follow from more than that; else it is the operations. */
  readonly request?: JsonValue;
}

/**
 * Whether the operation may know of its document. It is told of the table that the document is in, or is to be made in, as the commit itself finds it and
 * before anything else is said of the document, so that nothing can come in between. False: the operation is answered as if there was no document
 * with its id. What it throws refuses the commit.
 */
export type Admission = (operation: Operation, table: string) => boolean;

/** What a commit did. It is whole and, at `sync` durability, on disk before anyone sees it. */
export interface Commit {
  /** Null when nothing was written, as is `committedAt` (milliseconds since the Unix epoch). */
  readonly sequence: number | null;
  readonly committedAt: number | null;
  /** One per writing operation, in order: what it resulted in; of an `erase`, the version that it took away. */
  readonly documents: readonly Document[];
  /** Whether this is what came of the same request when it was made before. */
  readonly replayed: boolean;
  /** Of a replay whose documents are not all kept any more: `HISTORY_GONE`, with what is known. There are no `documents` then. */
  readonly documentsGone?: DatabaseError;
}
