import type { Table, TableIndex } from '../database/table.ts';
import type { JsonObject } from '../document/json.ts';
import { formatPath } from '../document/path.ts';
import { formatTime } from '../document/timestamp.ts';

/** A table as REST clients know it. */
export interface RestTable {
  readonly id: string;
  readonly name: string;
  readonly mode: 'free' | 'strict';
  readonly documents_count: number;
  readonly is_read_only: boolean;
  readonly created_at: string | null;
}

export function toRestTable({ id, name, settings, documentCount, createdAt }: Table): RestTable {
  return {
    id,
    name,
    mode: settings.schema === null ? 'free' : 'strict',
    documents_count: documentCount,
    is_read_only: settings.readOnly,
    created_at: createdAt === null ? null : formatTime(createdAt),
  };
}

/** The table with its settings. */
export interface RestTableDetails extends RestTable {
  readonly schema_definition: JsonObject | null;
  readonly unique_fields: readonly string[];
  readonly indexes: readonly RestIndex[];
}

export function toRestTableDetails(table: Table): RestTableDetails {
  return {
    ...toRestTable(table),
    schema_definition: table.settings.schema,
    unique_fields: table.settings.uniquePaths,
    indexes: table.indexes.map(toRestIndex),
  };
}

export interface RestIndex {
  readonly type: RestIndexType;
  readonly field: string;
  readonly unique: boolean;
  readonly state: 'building' | 'ready';
  readonly entries: number;
  readonly created_at: string;
}

export type RestIndexType = 'hash' | 'btree';

/** The names of the predecessor. */
export const indexKindOfType = { hash: 'HASH', btree: 'ORDERED' } as const;

export function toRestIndex({ kind, paths, unique, state, entries, createdAt }: TableIndex): RestIndex {
  return {
    type: kind === 'HASH' ? 'hash' : 'btree',
    field: paths.map(formatPath).join(','),
    unique,
    state: state === 'READY' ? 'ready' : 'building',
    entries,
    created_at: formatTime(createdAt),
  };
}
