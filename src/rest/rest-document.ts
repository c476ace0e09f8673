import type { Commit } from '../database/operation.ts';
import type { Document } from '../document/document.ts';
import type { JsonObject } from '../document/json.ts';
import { formatTime } from '../document/timestamp.ts';

/** A document as REST clients know it, keys in the documented order. */
export interface RestDocument {
  readonly _id: string;
  readonly name: string;
  readonly body: JsonObject;
  readonly body_hash: string;
  readonly created_at: string;
  readonly updated_at: string | null;
  readonly version: number;
  readonly archived_at: string | null;
  /** Only when the creator named the table: clients of the predecessor's second version know no tables. */
  readonly table_data?: { readonly id: string; readonly name: string };
}

export function toRestDocument(document: Document): RestDocument {
  const rest = {
    _id: document.id,
    name: document.name,
    body: document.body,
    body_hash: document.bodyHash,
    created_at: formatTime(document.createdAt),
    updated_at: formatTimeOrNull(document.updatedAt),
    version: document.version,
    archived_at: formatTimeOrNull(document.archivedAt),
  };
  if (!document.tableNamed) return rest;
  return { ...rest, table_data: { id: document.table.id, name: document.table.name } };
}

/** A commit as REST clients know it. */
export interface RestCommit {
  /** Null when nothing was written, as is `committed_at`. */
  readonly sequence: number | null;
  readonly committed_at: string | null;
  readonly documents: readonly RestDocument[];
}

/** All of it but its documents, which may be many. */
export function toRestCommitHead({ sequence, committedAt }: Commit): Omit<RestCommit, 'documents'> {
  return { sequence, committed_at: formatTimeOrNull(committedAt) };
}

function formatTimeOrNull(time: number | null): string | null {
  return time === null ? null : formatTime(time);
}
