import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pythonJson } from '../../../src/cli/legacy/python-json.ts';

/** A document as the Python server wrote it down. Texts are what `json.dumps` printed. */
export interface LegacyDocumentText {
  readonly id: string;
  readonly name?: string;
  /** JSON. */
  readonly body: string;
  readonly hash?: string;
  /** JSON; absent in the second version. */
  readonly tableData?: string;
  readonly version?: number;
  readonly createdAt?: string;
  readonly updatedAt?: string | null;
  readonly archivedAt?: string | null;
}

/** `str()` of a time of Python, which the storage file and `create` have. */
export const created = '2025-10-31 12:00:00.123456+00:00';

export function hashOf(body: string): string {
  return createHash('sha256').update(pythonJson(body)).digest('hex');
}

/** Members in the order of the Python model. */
export function documentText(document: LegacyDocumentText): string {
  const { id, name = 'n', body, tableData, version = 1, createdAt = created } = document;
  const { hash = hashOf(body), updatedAt = null, archivedAt = null } = document;
  const table = tableData === undefined ? '' : `"table_data": ${tableData}, `;
  return (
    `{"_id": "${id}", "name": ${pythonJson(JSON.stringify(name))}, ${table}"body": ${body}, "body_hash": "${hash}", ` +
    `"created_at": "${createdAt}", "updated_at": ${textOrNull(updatedAt)}, "version": ${version}, "archived_at": ${textOrNull(archivedAt)}}`
  );
}

export function tableText(id: string, name: string, settings = '{}', indexes = '{}'): string {
  return (
    `{"_id": "${id}", "name": "${name}", "settings": ${settings}, "config_hash": null, "created_at": "${created}", ` +
    `"documents_count": 0, "indexes": ${indexes}}`
  );
}

/** `isoformat()` is what `update` and `archive` have. */
export function updateText(
  id: string,
  version: number,
  body: string,
  updatedAt = '2025-11-01T08:00:00.654321+00:00',
): string {
  return `{"op": "update", "doc_id": "${id}", "version": ${version}, "body": ${body}, "updated_at": "${updatedAt}"}`;
}

export function archiveText(id: string, version: number, updatedAt = '2025-11-02T09:00:00+00:00'): string {
  return `{"op": "archive", "doc_id": "${id}", "version": ${version}, "updated_at": "${updatedAt}"}`;
}

export function createText(document: LegacyDocumentText, op = 'create'): string {
  return `{"op": "${op}", "doc": ${documentText(document)}}`;
}

/** A data directory of the second version. */
export function writeLegacy2(directory: string, documents: readonly LegacyDocumentText[], log = ''): string {
  return writeLegacy(directory, `[${documents.map(documentText).join(', ')}]`, log);
}

/** A data directory of the third version. */
export function writeLegacy3(
  directory: string,
  tables: readonly string[],
  documents: readonly LegacyDocumentText[],
  log = '',
): string {
  const storage = `{"tables": [${tables.join(', ')}], "documents": [${documents.map(documentText).join(', ')}]}`;
  return writeLegacy(directory, storage, log);
}

/** Null leaves a file out. */
export function writeLegacy(directory: string, storage: string | null, log: string | null): string {
  mkdirSync(directory, { recursive: true });
  if (storage !== null) writeFileSync(join(directory, 'yaradb_storage.json'), storage);
  if (log !== null) writeFileSync(join(directory, 'yaradb_wal'), log);
  return directory;
}

function textOrNull(text: string | null): string {
  return text === null ? 'null' : `"${text}"`;
}
