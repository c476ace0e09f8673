import { type Document, defaultTable } from '../document/document.ts';
import { ColumnMemory } from './columns/column-memory.ts';
import { ListColumns } from './columns/list-columns.ts';
import { documentBytes } from './document-bytes.ts';
import { compareCreation } from './document-list.ts';
import type { TimeSlice } from './history/time-slice.ts';
import { RememberedKeys } from './idempotency/remembered-keys.ts';
import { SecondaryIndex } from './index/secondary-index.ts';
import { LargeDocumentList } from './large-document-list.ts';
import type {
  CommitRecord,
  Definitions,
  IndexRecord,
  KeyRecord,
  LogRecord,
  SettingRecord,
  TableRecord,
} from './log/record.ts';
import { settingKey } from './log/setting-key.ts';
import { type Registration, Registry } from './registry.ts';
import { ShardedMap } from './sharded-map.ts';
import { TableState } from './table-state.ts';
import { UnfinishedCommit } from './unfinished-commit.ts';

/** The state after one commit. */
export interface LoadedState {
  readonly sequence: number;
  readonly committedAt: number;
  readonly definitions: Definitions;
  readonly documents: Document[];
  readonly keys: KeyRecord[];
}

/** Told of every document version that a commit replaces or erases, before it does. */
export interface SupersedeListener {
  /** @param bytes about how many it takes in memory. */
  supersede(previous: Document, bytes: number): void;
  /** The document leaves the lists, too. */
  erase(previous: Document): void;
}

/** Told of every commit while it is applied: of each document what it was and what it became, then of the whole. */
export interface CommitListener {
  /** @param bytes about how many both versions take in memory. */
  put(document: Document, previous: Document | undefined, bytes: number): void;
  erase(previous: Document, bytes: number): void;
  /** The same for each document of a table that is dropped, which nobody has weighed. */
  drop(previous: Document): void;
  /** Called when the state is that after the commit. */
  committed(commit: CommitRecord): void;
}

/**
 * The database in memory, as of `sequence`. It changes by `apply` alone, which recovery and live commits share: replay
 * applies what was decided, it never decides.
 */
export class State {
  readonly #documents = new ShardedMap<string, Document>();
  readonly #tables = new Map<string, TableState>();
  readonly #tableNames = new Map<string, string>();
  /** By id. */
  readonly #indexes = new Map<string, { readonly table: TableState; readonly index: SecondaryIndex }>();
  /** By key. */
  readonly #settings = new Map<string, SettingRecord>();
  readonly #listeners = new Registry<SupersedeListener>();
  #commitListener: CommitListener | null = null;
  /** Every document of every table. */
  readonly documents: LargeDocumentList;
  /** What the columns of all lists take. */
  readonly columnMemory: ColumnMemory;
  /** Requests that are known again. */
  readonly keys = new RememberedKeys();
  #bytes = 0;
  #supersededBytes = 0;
  #sequence = 0;
  #committedAt = 0;
  #tablesDropped = 0;
  #unfinished: UnfinishedCommit | null = null;
  /** The one that the unfinished commit drops. */
  #leaving: TableState | null = null;
  /** Whether indexes follow the documents: not while a log is read, whoever only reads it needs none. */
  #fillsIndexes = false;

  constructor(columnMemory = new ColumnMemory()) {
    this.columnMemory = columnMemory;
    this.documents = new LargeDocumentList([], new ListColumns(columnMemory));
    this.#addTable(new TableState(defaultTable, null, columnMemory));
  }

  /** The newest commit applied; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** When the newest commit was made, in milliseconds since the Unix epoch; 0 before the first. */
  get committedAt(): number {
    return this.#committedAt;
  }

  /**
   * What the commit has done so far that is being applied in slices; null while there is none. Of documents, lists and indexes then hold what it has put already, as of
   * a sequence that is still to come, and no more what it has superseded.
   */
  get unfinished(): UnfinishedCommit | null {
    return this.#unfinished;
  }

  /** How many documents there are, those of an unfinished commit not counted. */
  get documentCount(): number {
    return this.#unfinished?.documentCount ?? this.documents.size;
  }

  /** How many tables were dropped since it was made. */
  get tablesDropped(): number {
    return this.#tablesDropped;
  }

  /** About what the documents, the indexes and the idempotency keys take in memory. */
  get bytes(): number {
    let bytes = this.#bytes + this.keys.bytes;
    for (const index of this.indexes()) bytes += index.bytes;
    return bytes;
  }

  /** The same of all versions that were ever superseded while somebody listened: what a listener keeps is among those since it came. */
  get supersededBytes(): number {
    return this.#supersededBytes;
  }

  /** Tables are those that were made or given settings. */
  definitions(): Definitions {
    const tables: TableRecord[] = [];
    for (const { record } of this.#tables.values()) if (record !== null) tables.push(record);
    const indexes: IndexRecord[] = [];
    for (const { record } of this.indexes()) indexes.push(record);
    const settings = sortById(Array.from(this.#settings, ([id, setting]) => ({ id, setting })));
    return {
      tables: sortById(tables),
      indexes: sortById(indexes),
      settings: settings.map(({ setting }) => setting),
    };
  }

  document(id: string): Document | undefined {
    const stored = this.#documents.get(id);
    if (this.#unfinished === null || (stored !== undefined && stored.sequence <= this.#sequence)) return stored;
    return this.#unfinished.document(id);
  }

  /** What stands in the lists, that of an unfinished commit included. */
  stored(id: string): Document | undefined {
    return this.#documents.get(id);
  }

  /** Resolves when there is no unfinished commit. */
  async whole(): Promise<void> {
    while (this.#unfinished !== null) await this.#unfinished.finished;
  }

  /** Whether its lists and indexes follow the documents: not those of a table that was dropped, or is being dropped. */
  isKept(table: TableState): boolean {
    return this.#leaving !== table && this.tableById(table.reference.id) === table;
  }

  table(name: string): TableState | undefined {
    return this.#tables.get(name);
  }

  tableById(id: string): TableState | undefined {
    const name = this.#tableNames.get(id);
    return name === undefined ? undefined : this.#tables.get(name);
  }

  /** In any order. */
  tables(): Iterable<TableState> {
    return this.#tables.values();
  }

  /** Those whose names begin with this, in any order. */
  *settings(prefix: string): Generator<SettingRecord> {
    for (const setting of this.#settings.values()) if (setting.name.startsWith(prefix)) yield setting;
  }

  /** Of all tables, in any order. */
  *indexes(): Generator<SecondaryIndex> {
    for (const { index } of this.#indexes.values()) yield index;
  }

  /**
   * Fills all indexes that are ready, and has all of them follow the documents from then on. To be called once what is on disk was read, before
   * the first commit.
   */
  async fillIndexes(slice: TimeSlice): Promise<void> {
    for (const { table, index } of this.#indexes.values()) {
      if (index.record.ready) await index.fill(table.documents, slice);
    }
    this.#fillsIndexes = true;
  }

  /** @returns what ends it. Told of something, a listener may end its own registration and no other. */
  addListener(listener: SupersedeListener): Registration {
    return this.#listeners.add(listener);
  }

  /** Has one that is told of every commit from now on; there is one at most. */
  setCommitListener(listener: CommitListener): void {
    this.#commitListener = listener;
  }

  /**
   * Begins with what a snapshot holds; goes on by `apply`. Sorts `documents` and `keys`, which come sorted by id, in place.
   * @throws {Error} when it is not empty any more.
   */
  load({ sequence, committedAt, definitions, documents, keys }: LoadedState): void {
    if (this.#sequence !== 0) throw new Error(`a snapshot cannot follow commit ${this.#sequence}`);
    for (const table of definitions.tables) this.#putTable(table);
    for (const index of definitions.indexes) this.#putIndex(index);
    for (const setting of definitions.settings) this.#putSetting(setting);
    for (const document of documents.sort(compareCreation)) this.#appendDocument(document);
    for (const key of keys.sort((a, b) => a.sequence - b.sequence)) this.keys.put(key);
    this.#sequence = sequence;
    this.#committedAt = committedAt;
  }

  /** @throws {Error} when the commit is not the next one: a bug in the log or the queue, never a client's doing. */
  apply(commit: CommitRecord): void {
    this.#checkNext(commit);
    for (const record of commit.records) {
      if (record.kind === 'dropTable') for (const _ of this.#dropTable(record.id));
      else this.#applyRecord(record);
    }
    this.#end(commit);
  }

  /** Whether a commit is of more records, or drops a table of more documents. */
  takesLong({ records }: CommitRecord, atOnceMax: number): boolean {
    if (records.length > atOnceMax) return true;
    return records.some(
      (record) => record.kind === 'dropTable' && (this.tableById(record.id)?.documents.size ?? 0) > atOnceMax,
    );
  }

  /**
   * As `apply`, in slices, during which nothing else may be applied. Until it is done readers see the state before: by `document`, and by views, which pass over
   * what is newer and are told of what is superseded.
   */
  async applyInSlices(commit: CommitRecord, slice: TimeSlice): Promise<void> {
    this.#checkNext(commit);
    const unfinished = new UnfinishedCommit(this.#sequence, this.documents.size, this.#supersededBytes);
    this.#unfinished = unfinished;
    for (const record of commit.records) {
      // Before each, so that none comes between the last, which may be a key, and the end.
      if (slice.due) await slice.pause();
      if (record.kind === 'dropTable') {
        for (const _ of this.#dropTable(record.id)) if (slice.due) await slice.pause();
      } else this.#applyRecord(record);
    }
    this.#unfinished = null;
    this.#end(commit);
    unfinished.finish();
  }

  #checkNext({ sequence }: CommitRecord): void {
    if (sequence === this.#sequence + 1 && this.#unfinished === null) return;
    throw new Error(`commit ${sequence} cannot follow commit ${this.#sequence}`);
  }

  #end(commit: CommitRecord): void {
    this.#sequence = commit.sequence;
    this.#committedAt = commit.committedAt;
    this.#commitListener?.committed(commit);
  }

  #applyRecord(record: Exclude<LogRecord, { readonly kind: 'dropTable' }>): void {
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
      case 'putIndex':
        this.#putIndex(record.index);
        break;
      case 'dropIndex':
        this.#dropIndex(record.id);
        break;
      case 'putSetting':
        this.#putSetting(record.setting);
        break;
      case 'putKey':
        this.keys.put(record.key);
        break;
    }
  }

  #putDocument(document: Document): void {
    const table = this.#tableOf(document);
    const previous = document.version === 1 ? undefined : this.#documents.get(document.id);
    let previousBytes = 0;
    if (previous !== undefined) {
      const replacedBytes = documentBytes(previous);
      this.#unfinished?.supersede(previous);
      this.#listeners.forEach((listener) => {
        listener.supersede(previous, replacedBytes);
      });
      this.#discount(table, replacedBytes);
      previousBytes = replacedBytes;
    }
    const bytes = documentBytes(document);
    this.#count(table, bytes);
    this.#commitListener?.put(document, previous, bytes + previousBytes);
    this.#documents.set(document.id, document);
    this.documents.put(document);
    table.put(previous, document, this.#fillsIndexes);
  }

  /** Puts a document that was created behind all that there are, which spares a comparison with the last of them. */
  #appendDocument(document: Document): void {
    const table = this.#tableOf(document);
    this.#count(table, documentBytes(document));
    this.#documents.set(document.id, document);
    this.documents.append(document);
    table.append(document);
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
    const table = this.#tableOf(document);
    this.#unfinished?.supersede(document);
    this.#listeners.forEach((listener) => {
      listener.erase(document);
    });
    const bytes = documentBytes(document);
    this.#discount(table, bytes);
    this.#commitListener?.erase(document, bytes);
    this.#documents.delete(id);
    this.documents.remove(document);
    table.remove(document);
  }

  #count(table: TableState, bytes: number): void {
    this.#bytes += bytes;
    table.bytes += bytes;
  }

  #discount(table: TableState, bytes: number): void {
    this.#bytes -= bytes;
    table.bytes -= bytes;
    if (this.#listeners.size > 0) this.#supersededBytes += bytes;
  }

  #putTable(record: TableRecord): void {
    const existing = this.#tables.get(record.name);
    if (existing !== undefined) existing.record = record;
    else this.#addTable(new TableState(Object.freeze({ id: record.id, name: record.name }), record, this.columnMemory));
  }

  /** In steps: at each, all lists but those of the table itself, which are not looked at any more, are without what has left by then. */
  *#dropTable(id: string): Generator<void, void> {
    const table = this.tableById(id);
    if (table === undefined) throw new Error(`table ${id} is to be dropped, but is not there`);
    this.#leaving = table;
    for (const documents of this.documents.removeAll(table.documents)) {
      for (const document of documents) {
        this.#unfinished?.supersede(document);
        this.#listeners.forEach((listener) => {
          listener.erase(document);
        });
        this.#commitListener?.drop(document);
        this.#documents.delete(document.id);
      }
      yield;
    }
    this.#leaving = null;
    this.#discount(table, table.bytes); // to weigh each document would take most of the time
    table.documents.columns?.close();
    for (const index of table.indexes.keys()) this.#indexes.delete(index);
    this.#tablesDropped += 1;
    this.#tables.delete(table.reference.name);
    this.#tableNames.delete(id);
    if (id === defaultTable.id) this.#addTable(new TableState(defaultTable, null, this.columnMemory));
  }

  #putIndex(record: IndexRecord): void {
    const table = this.tableById(record.tableId);
    if (table === undefined) throw new Error(`index ${record.id} is of table ${record.tableId}, which is not there`);
    const existing = table.indexes.get(record.id);
    if (existing !== undefined) {
      existing.record = record;
      return;
    }
    const index = new SecondaryIndex(record);
    table.indexes.set(record.id, index);
    this.#indexes.set(record.id, { table, index });
  }

  #dropIndex(id: string): void {
    const dropped = this.#indexes.get(id);
    if (dropped === undefined) throw new Error(`index ${id} is to be dropped, but is not there`);
    dropped.table.indexes.delete(id);
    this.#indexes.delete(id);
  }

  #putSetting(setting: SettingRecord): void {
    if (setting.value === null) this.#settings.delete(settingKey(setting.name));
    else this.#settings.set(settingKey(setting.name), setting);
  }

  #addTable(table: TableState): void {
    this.#tables.set(table.reference.name, table);
    this.#tableNames.set(table.reference.id, table.reference.name);
  }
}

function sortById<T extends { readonly id: string }>(records: T[]): T[] {
  return records.sort((a, b) => (a.id < b.id ? -1 : 1));
}
