import type { TableReference } from '../../document/document.ts';
import { defaultTable } from '../../document/document.ts';
import type { TableRecord } from '../../embedded/log/record.ts';
import { uuidBytes, uuidOfRandom } from '../../embedded/log/uuid-bytes.ts';
import type { FoundingDocument } from '../../embedded/maintenance/foundation.ts';
import type { Random } from '../../embedded/ports/random.ts';
import type { LegacyDatabase } from './legacy-database.ts';
import type { LegacyDocument } from './legacy-document.ts';

/** What a database is founded on. */
export interface LegacyFoundation {
  readonly tables: readonly TableRecord[];
  readonly documents: readonly FoundingDocument[];
  /** Names of tables that documents name and of which there was no record. */
  readonly tablesOfDocuments: readonly string[];
}

/** Any name but that of the default table, which is there without a record. */
const isRecorded = (name: string): boolean => name !== defaultTable.name;

/**
 * The tables and documents of the Python server as ours. Documents tell the name of their table, which counts; a table that the server
 * made on first use is in no log, and one that was dropped has left its documents behind: both are made of the documents.
 */
export function foundationOf({ tables, documents }: LegacyDatabase, now: number, random: Random): LegacyFoundation {
  const records = new Map<string, TableRecord>();
  const ids = new Set<string>([defaultTable.id]);
  const add = (name: string, wanted: string | null, createdAt: number): void => {
    const id = wanted !== null && isUuid(wanted) && !ids.has(wanted) ? wanted : uuidOfRandom(random.bytes(uuidBytes));
    ids.add(id);
    records.set(name, { id, name, createdAt, settings: {} });
  };
  for (const { id, name, createdAt } of tables.values()) if (isRecorded(name)) add(name, id, createdAt ?? now);
  const tablesOfDocuments: string[] = [];
  for (const { table, createdAt } of documents.values()) {
    if (table === null || !isRecorded(table.name) || records.has(table.name)) continue;
    tablesOfDocuments.push(table.name);
    add(table.name, table.id, createdAt);
  }
  const references = new Map(Array.from(records.values(), ({ id, name }) => [name, Object.freeze({ id, name })]));
  return {
    tables: [...records.values()],
    documents: Array.from(documents.values(), (document) => ofLegacy(document, references)),
    tablesOfDocuments,
  };
}

function ofLegacy(document: LegacyDocument, references: ReadonlyMap<string, TableReference>): FoundingDocument {
  const { id, name, table, body, version, createdAt, updatedAt, archivedAt } = document;
  const reference = (table === null ? undefined : references.get(table.name)) ?? defaultTable;
  return { id, table: reference, tableNamed: table !== null, name, body, version, createdAt, updatedAt, archivedAt };
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
