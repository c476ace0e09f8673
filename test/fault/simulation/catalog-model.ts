import { isDeepStrictEqual } from 'node:util';
import type { Document } from '../../../src/document/document.ts';
import type { CommitRecord, IndexRecord, LogRecord, TableRecord } from '../../../src/embedded/log/record.ts';
import { type CatalogRequest, type SimulatedIndex, type SimulatedSettings, schemaOf, slotMaxOf } from './request.ts';

/** Who goes on, after a start, with filling the indexes that were being filled before it. */
const engine = 'yaradb';

/** What tables and indexes a database has, in the simplest words there are, and what they ask of documents. */
export class CatalogModel {
  /** By name. */
  readonly tables = new Map<string, TableRecord>();
  /** By id. */
  readonly indexes = new Map<string, IndexRecord>();
  /** Ids of indexes that have been ready at some time. */
  readonly #filled = new Set<string>();

  /** Whether that index has come to be, whatever became of it then. */
  wasFilled(id: string): boolean {
    return this.#filled.has(id);
  }

  putTable(table: TableRecord): void {
    this.tables.set(table.name, table);
  }

  /**
   * Takes the commit as what came of `request`.
   * @returns the ids of tables that it has dropped, with all that is in them; a text when it is something else, the model unchanged.
   */
  apply(commit: CommitRecord, request: CatalogRequest): readonly string[] | string {
    const { records, committedAt } = commit;
    const table = this.tables.get(request.table);
    switch (request.kind) {
      case 'createTable': {
        const [first, ...rest] = records;
        const made = first?.kind === 'putTable' ? first.table : undefined;
        const settings = storedSettings(request.settings);
        const expected = { id: made?.id, name: request.table, createdAt: committedAt, settings };
        if (table !== undefined) return `table ${request.table} was made twice`;
        if (made === undefined || !isDeepStrictEqual(made, expected)) return unexpected(commit);
        const { uniquePath: path } = request;
        const index = { kind: 'HASH', unique: true, archived: 'EXCLUDE' } as const;
        const indexes = path === null ? [] : [newIndex(rest[0], made.id, { path, ...index }, true, committedAt)];
        if (!isDeepStrictEqual(rest, indexes)) return unexpected(commit);
        break;
      }
      case 'updateTable': {
        const changed = { ...table, settings: storedSettings(request.settings) };
        if (table === undefined || !isDeepStrictEqual(records, [{ kind: 'putTable', table: changed }]))
          return unexpected(commit);
        break;
      }
      case 'dropTable': {
        if (table?.settings.readOnly === true) return `table ${request.table}, read-only, was dropped`;
        if (table === undefined || !isDeepStrictEqual(records, [{ kind: 'dropTable', id: table.id }]))
          return unexpected(commit);
        break;
      }
      case 'createIndex': {
        if (this.#isBuilders(commit)) break;
        const [first] = records;
        const made = table === undefined && first?.kind === 'putTable' ? first.table : undefined;
        const expectedTable = { id: made?.id, name: request.table, createdAt: committedAt, settings: {} };
        if (made !== undefined && !isDeepStrictEqual(made, expectedTable)) return unexpected(commit);
        const rest = made === undefined ? records : records.slice(1);
        const tableId = (table ?? made)?.id ?? '';
        if (this.indexOf(tableId, request.index.path) !== undefined) return `an index of ${tableId} was made twice`;
        const index = newIndex(rest[0], tableId, request.index, false, committedAt);
        if (!isDeepStrictEqual(rest, [index])) return unexpected(commit);
        break;
      }
      case 'dropIndex': {
        const index = this.indexOf(table?.id ?? '', request.path);
        if (index === undefined || !isDeepStrictEqual(records, [{ kind: 'dropIndex', id: index.id }]))
          return unexpected(commit);
        break;
      }
    }
    return this.#take(records);
  }

  /** Takes a commit that no client has asked for. @returns whether that may be. */
  applyEngines(commit: CommitRecord): boolean {
    if (commit.principal !== engine || !this.#isBuilders(commit)) return false;
    this.#take(commit.records);
    return true;
  }

  indexOf(tableId: string, path: string): IndexRecord | undefined {
    return [...this.indexes.values()].find((index) => index.tableId === tableId && index.paths[0] === path);
  }

  /** What is wrong with these documents in these tables; null when they may be there. */
  problemWith(documents: Iterable<Document>): string | null {
    const taken = new Set<string>();
    const unique = [...this.indexes.values()].filter((index) => index.unique && index.ready);
    for (const { id, table, body, archivedAt } of documents) {
      if (archivedAt !== null) continue;
      const { schema } = this.tables.get(table.name)?.settings ?? {};
      if (schema !== undefined && !(Number(body.slot) <= slotMaxOf(schema))) {
        return `document ${id} does not fit the schema of its table`;
      }
      for (const index of unique.filter(({ tableId }) => tableId === table.id)) {
        const key = `${index.id} ${body[index.paths[0] ?? '']}`;
        if (taken.has(key)) return `document ${id} has a value that another has, too, at ${index.paths[0]}`;
        taken.add(key);
      }
    }
    return null;
  }

  /** The second commit of an index: it was filled, or could not be, for its keys or the disk. */
  #isBuilders({ records }: CommitRecord): boolean {
    const [record, ...rest] = records;
    if (rest.length > 0) return false;
    if (record?.kind === 'dropIndex') return this.indexes.get(record.id)?.ready === false;
    if (record?.kind !== 'putIndex') return false;
    const known = this.indexes.get(record.index.id);
    return known?.ready === false && isDeepStrictEqual(record.index, { ...known, ready: true });
  }

  #take(records: readonly LogRecord[]): readonly string[] {
    const dropped: string[] = [];
    for (const record of records) {
      if (record.kind === 'putTable') this.putTable(record.table);
      if (record.kind === 'putIndex') this.indexes.set(record.index.id, record.index);
      if (record.kind === 'putIndex' && record.index.ready) this.#filled.add(record.index.id);
      if (record.kind === 'dropIndex') this.indexes.delete(record.id);
      if (record.kind !== 'dropTable') continue;
      dropped.push(record.id);
      for (const { id, name } of this.tables.values()) if (id === record.id) this.tables.delete(name);
      for (const { id, tableId } of this.indexes.values()) if (tableId === record.id) this.indexes.delete(id);
    }
    return dropped;
  }
}

function newIndex(
  record: LogRecord | undefined,
  tableId: string,
  { path, kind, unique, archived }: SimulatedIndex,
  ready: boolean,
  createdAt: number,
): LogRecord {
  const id = record?.kind === 'putIndex' ? record.index.id : '';
  return { kind: 'putIndex', index: { id, tableId, paths: [path], kind, unique, archived, ready, createdAt } };
}

function storedSettings({ slotMax, readOnly }: SimulatedSettings): TableRecord['settings'] {
  return { ...(slotMax === null ? {} : { schema: schemaOf(slotMax) }), ...(readOnly ? { readOnly } : {}) };
}

function unexpected({ sequence, records }: CommitRecord): string {
  return `commit ${sequence} left ${JSON.stringify(records)}`;
}
