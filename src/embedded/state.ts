import { type Document, defaultTable, type TableReference } from '../document/document.ts';
import { documentBytes } from './document-bytes.ts';
import { compareCreation, DocumentList } from './document-list.ts';
import type { CommitRecord, LogRecord, TableRecord } from './log/record.ts';

/** A table in memory: its definition and its documents, archived ones included. */
export interface TableState {
  readonly reference: TableReference;
  readonly record: TableRecord | null; // null for the default table, which has none in the log
  readonly documents: DocumentList;
}

/** The state after one commit. */
export interface LoadedState {
  readonly sequence: number;
  readonly committedAt: number;
  readonly tables: readonly TableRecord[];
  readonly documents: Document[];
}

/** Told of every document version that a commit replaces or erases, before it does. */
export interface SupersedeListener {
  supersede(previous: Document): void;
  /** The document leaves the lists, too. */
  erase(previous: Document): void;
}

/**
 * The database in memory, as of `sequence`. It changes by `apply` alone, which recovery and live commits share: replay
 * applies what was decided, it never decides.
 */
export class State {
  readonly #documents = new Map<string, Document>();
  readonly #tables = new Map<string, TableState>();
  readonly #tableNames = new Map<string, string>();
  readonly #listeners = new Set<SupersedeListener>();
  /** Every document of every table. */
  readonly documents = new DocumentList();
  #bytes = 0;
  #supersededBytes = 0;
  #sequence = 0;
  #committedAt = 0;

  constructor() {
    this.#addTable({ reference: defaultTable, record: null, documents: new DocumentList() });
  }

  /** The newest commit applied; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** When the newest commit was made, in milliseconds since the Unix epoch; 0 before the first. */
  get committedAt(): number {
    return this.#committedAt;
  }

  /** About what the documents take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The same of all versions that were ever superseded while somebody listened: what a listener keeps is among those since it came. */
  get supersededBytes(): number {
    return this.#supersededBytes;
  }

  /** The tables that were made or given settings, sorted by id. */
  tableRecords(): TableRecord[] {
    const records: TableRecord[] = [];
    for (const { record } of this.#tables.values()) if (record !== null) records.push(record);
    return records.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  document(id: string): Document | undefined {
    return this.#documents.get(id);
  }

  table(name: string): TableState | undefined {
    return this.#tables.get(name);
  }

  addListener(listener: SupersedeListener): void {
    this.#listeners.add(listener);
  }

  removeListener(listener: SupersedeListener): void {
    this.#listeners.delete(listener);
  }

  /**
   * Begins with what a snapshot holds; goes on by `apply`. Sorts `documents`, which come sorted by id, in place.
   * @throws {Error} when it is not empty any more.
   */
  load({ sequence, committedAt, tables, documents }: LoadedState): void {
    if (this.#sequence !== 0) throw new Error(`a snapshot cannot follow commit ${this.#sequence}`);
    for (const table of tables) this.#putTable(table);
    for (const document of documents.sort(compareCreation)) this.#appendDocument(document);
    this.#sequence = sequence;
    this.#committedAt = committedAt;
  }

  /** @throws {Error} when the commit is not the next one: a bug in the log or the queue, never a client's doing. */
  apply(commit: CommitRecord): void {
    if (commit.sequence !== this.#sequence + 1) {
      throw new Error(`commit ${commit.sequence} cannot follow commit ${this.#sequence}`);
    }
    for (const record of commit.records) this.#applyRecord(record);
    this.#sequence = commit.sequence;
    this.#committedAt = commit.committedAt;
  }

  #applyRecord(record: LogRecord): void {
    switch (record.kind) {
      case 'putDocument':
        this.#putDocument(record.document);
        break;
      case 'eraseDocument':
        this.#eraseDocument(record.id);
        break;
      case 'putTable':
        this.#putTable(record.table);
        break;
      case 'dropTable':
        this.#dropTable(record.id);
        break;
      default:
        // The format knows these kinds already, this version of the engine has nothing that they would describe. To pass
        // over one would be to forget what a newer version promised.
        throw new Error(`a '${record.kind}' record needs a newer version of YaraDB`);
    }
  }

  #putDocument(document: Document): void {
    const previous = document.version === 1 ? undefined : this.#documents.get(document.id);
    if (previous !== undefined) {
      for (const listener of this.#listeners) listener.supersede(previous);
      this.#discount(previous);
    }
    const table = this.#tableOf(document);
    this.#bytes += documentBytes(document);
    this.#documents.set(document.id, document);
    this.documents.put(document);
    table.documents.put(document);
  }

  /** Puts a document that was created behind all that there are, which spares a comparison with the last of them. */
  #appendDocument(document: Document): void {
    const table = this.#tableOf(document);
    this.#bytes += documentBytes(document);
    this.#documents.set(document.id, document);
    this.documents.append(document);
    table.documents.append(document);
  }

  #tableOf({ id, table: { id: tableId, name } }: Document): TableState {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`document ${id} is of table ${tableId}, which is not there`);
    return table;
  }

  #eraseDocument(id: string): void {
    const document = this.#documents.get(id);
    // Once its versions have been erased on disk too, a replay does not come to see it (FORMAT.md, "Erasure on disk").
    if (document === undefined) return;
    for (const listener of this.#listeners) listener.erase(document);
    this.#discount(document);
    this.#documents.delete(id);
    this.documents.remove(document);
    this.#tables.get(document.table.name)?.documents.remove(document);
  }

  #discount(document: Document): void {
    const bytes = documentBytes(document);
    this.#bytes -= bytes;
    if (this.#listeners.size > 0) this.#supersededBytes += bytes;
  }

  #putTable(record: TableRecord): void {
    const existing = this.#tables.get(record.name);
    const reference = existing?.reference ?? Object.freeze({ id: record.id, name: record.name });
    this.#addTable({ reference, record, documents: existing?.documents ?? new DocumentList() });
  }

  #dropTable(id: string): void {
    const name = this.#tableNames.get(id);
    const table = name === undefined ? undefined : this.#tables.get(name);
    if (name === undefined || table === undefined) throw new Error(`table ${id} is to be dropped, but is not there`);
    // From the end, where nothing has to move up.
    for (const document of table.documents.toArray().reverse()) this.#eraseDocument(document.id);
    this.#tables.delete(name);
    this.#tableNames.delete(id);
  }

  #addTable(table: TableState): void {
    this.#tables.set(table.reference.name, table);
    this.#tableNames.set(table.reference.id, table.reference.name);
  }
}
