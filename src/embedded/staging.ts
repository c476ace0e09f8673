import type { Document, TableReference } from '../document/document.ts';
import { SecondaryIndex } from './index/secondary-index.ts';
import type { IndexRecord, TableRecord } from './log/record.ts';
import { ShardedMap } from './sharded-map.ts';
import { StagedKeys } from './staged-keys.ts';
import type { State } from './state.ts';

/** What a commit in flight did to a document; `document` is undefined when it erased it. */
interface StagedDocument {
  readonly sequence: number;
  readonly document: Document | undefined;
}

/** `definition` is undefined when the commit in flight dropped the table. */
interface StagedTable {
  readonly sequence: number;
  readonly definition: TableDefinition | undefined;
}

interface Sequenced {
  readonly sequence: number;
}

type Entries<Value extends Sequenced> = Pick<ShardedMap<string, Value>, 'get' | 'set' | 'delete'>;

interface StagedIndexChange {
  readonly sequence: number;
  readonly tableId: string;
  /** Undefined when the commit in flight dropped it. */
  readonly staged: StagedIndex | undefined;
}

export interface TableDefinition {
  readonly reference: TableReference;
  /** Null for the default table until it is given settings. */
  readonly record: TableRecord | null;
}

/** An index as preparation sees it. */
export interface StagedIndex {
  readonly record: IndexRecord;
  /** That of the state, which holds what is applied; an empty one while the index itself is in flight. */
  readonly index: SecondaryIndex;
}

/**
 * The database as it will be when every commit in flight is durable: the state, overlaid with what those commits wrote.
 * Preparation reads and writes it; readers never see it.
 *
 * Life cycle of a commit in it: `begin`, any number of puts, drops and erasures, then `stage` (it is in flight now) or `rollBack`; later
 * `settle`, once it is applied to the state, or `clear`, when the log refused it and with it all commits behind it. One is in it at a time up to
 * `stage`, however long that takes; those ahead may `settle` meanwhile, or be lost, and then it is to be given up.
 */
export class Staging {
  readonly #state: State;
  /** By id. */
  #documents = new ShardedMap<string, StagedDocument>();
  /** By name. */
  readonly #tables = new Map<string, StagedTable>();
  /** Of tables that a commit in flight dropped, by id: which commit did last. */
  readonly #drops = new Map<string, { readonly sequence: number }>();
  /** By id. */
  readonly #indexes = new Map<string, StagedIndexChange>();
  readonly #keys = new StagedKeys();
  /** What the commit being prepared wrote over, to take it back. */
  readonly #undo: (() => void)[] = [];
  #sequence: number;
  #readInFlight = false;
  #losses = 0;

  constructor(state: State) {
    this.#state = state;
    this.#sequence = state.sequence;
  }

  /** The newest sequence in flight, or applied when none is. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * Whether the commit that was prepared last read anything that a commit still in flight had written. If it was rejected,
   * the rejection may be told only once that is durable: otherwise a client would learn of a write that may yet be lost.
   */
  get readInFlight(): boolean {
    return this.#readInFlight;
  }

  /** How many times commits in flight were lost. */
  get losses(): number {
    return this.#losses;
  }

  /** @returns the sequence that the commit will have. */
  begin(): number {
    this.#readInFlight = false;
    this.#undo.length = 0;
    return this.#sequence + 1;
  }

  document(id: string): Document | undefined {
    const staged = this.#documents.get(id);
    if (staged !== undefined) this.#read(staged);
    const document = staged === undefined ? this.#state.document(id) : staged.document;
    if (document === undefined || this.#drops.size === 0) return document;
    return this.#isDropped(document.table.id, document.sequence) ? undefined : document;
  }

  table(name: string): TableDefinition | undefined {
    const staged = this.#tables.get(name);
    if (staged === undefined) return this.#state.table(name);
    this.#read(staged);
    return staged.definition;
  }

  /** All indexes of a table, those that are being filled, too. */
  indexesOf(tableId: string): readonly StagedIndex[] {
    const indexes: StagedIndex[] = [];
    if (!this.#isDropped(tableId, this.#state.sequence)) {
      for (const index of this.#state.tableById(tableId)?.indexes.values() ?? []) {
        if (!this.#indexes.has(index.record.id)) indexes.push({ record: index.record, index });
      }
    }
    if (this.#indexes.size === 0) return indexes;
    for (const change of this.#indexes.values()) {
      if (change.tableId !== tableId) continue;
      this.#read(change);
      if (change.staged !== undefined && !this.#isDropped(tableId, change.sequence)) indexes.push(change.staged);
    }
    return indexes;
  }

  /** The live documents, as staging sees them, that have a key which the index gives to one document only, and which `document` has. */
  *documentsWithKeysOf({ index }: StagedIndex, document: Document): Iterable<Document> {
    // Lists may have many keys, so those of another document are looked up, not searched for.
    const texts = index.uniqueKeyTexts(document);
    let known: ReadonlySet<string> | undefined;
    // What an index finds is a superset: a key of it may be a whole list, which is no unique key.
    for (const other of index.documentsWithKeysOf(document)) {
      if (this.document(other.id) !== other) continue;
      known ??= new Set(texts);
      for (const text of index.uniqueKeyTexts(other)) {
        if (!known.has(text)) continue;
        yield other;
        break;
      }
    }
    for (const text of texts) {
      for (const other of this.#keys.documentsWith(index, text)) {
        if (other.id !== document.id && this.document(other.id) === other) yield other;
      }
    }
  }

  /** What commits in flight have left of their documents in a table. */
  *documentsInFlightOf(tableId: string): Iterable<Document> {
    for (const { document: staged } of this.#documents.values()) {
      const document = staged === undefined ? undefined : this.document(staged.id);
      if (document?.table.id === tableId) yield document;
    }
  }

  putDocument(document: Document): void {
    this.#set(this.#documents, document.id, { sequence: document.sequence, document });
    const indexes = this.indexesOf(document.table.id);
    if (!indexes.some(({ record }) => record.unique)) return;
    this.#undo.push(() => this.#keys.remove(document));
    for (const { record, index } of indexes) if (record.unique) this.#keys.add(index, document);
  }

  /** From here on there is no document with this id, whatever the state still holds. */
  eraseDocument(id: string): void {
    this.#set(this.#documents, id, { sequence: this.#sequence + 1, document: undefined });
  }

  putTable(record: TableRecord): TableDefinition {
    const reference = this.table(record.name)?.reference ?? Object.freeze({ id: record.id, name: record.name });
    const definition = { reference, record };
    this.#set(this.#tables, record.name, { sequence: this.#sequence + 1, definition });
    return definition;
  }

  /** @param left what stays of it: the default table does. */
  dropTable({ id, name }: TableReference, left: TableDefinition | undefined): void {
    this.#set(this.#tables, name, { sequence: this.#sequence + 1, definition: left });
    this.#set(this.#drops, id, { sequence: this.#sequence + 1 });
  }

  putIndex(record: IndexRecord): void {
    const { id, tableId } = record;
    const existing = this.indexesOf(tableId).find((index) => index.record.id === id);
    const index = existing?.index ?? new SecondaryIndex(record);
    this.#set(this.#indexes, id, { sequence: this.#sequence + 1, tableId, staged: { record, index } });
    if (!record.unique || existing !== undefined) return;
    // Documents whose commits are ahead of the index are in its way like those behind it.
    this.#undo.push(() => this.#keys.forget(id));
    for (const document of this.documentsInFlightOf(tableId)) this.#keys.add(index, document);
  }

  dropIndex({ id, tableId }: IndexRecord): void {
    this.#set(this.#indexes, id, { sequence: this.#sequence + 1, tableId, staged: undefined });
  }

  stage(): void {
    this.#undo.length = 0;
    this.#sequence += 1;
  }

  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo.length = 0;
  }

  /** Forgets what the commit did to a document, now that the state has it; what a commit behind it did stays. */
  settleDocument(sequence: number, document: Document): void {
    if (this.#documents.get(document.id)?.sequence === sequence) this.#documents.delete(document.id);
    this.#keys.remove(document);
  }

  /** The same of what it did to tables and indexes. */
  settleDefinitions(sequence: number): void {
    settleAll(this.#tables, sequence);
    settleAll(this.#drops, sequence);
    settleAll(this.#indexes, sequence);
  }

  /** Forgets every commit in flight, and the one that is being prepared: the next one follows the state again. */
  clear(): void {
    this.#losses += 1;
    this.#undo.length = 0;
    this.#documents = new ShardedMap();
    this.#tables.clear();
    this.#drops.clear();
    this.#indexes.clear();
    this.#keys.clear();
    this.#sequence = this.#state.sequence;
  }

  #read({ sequence }: { readonly sequence: number }): void {
    if (sequence <= this.#sequence) this.#readInFlight = true;
  }

  /** Whether what commit `sequence` put into the table is gone with it. */
  #isDropped(tableId: string, sequence: number): boolean {
    const dropped = this.#drops.get(tableId);
    if (dropped === undefined || dropped.sequence <= sequence) return false;
    this.#read(dropped);
    return true;
  }

  #set<Value extends Sequenced>(map: Entries<Value>, key: string, value: Value): void {
    const previous = map.get(key);
    this.#undo.push(() => {
      // What the state has by now was settled meanwhile, or is about to be.
      if (previous === undefined || previous.sequence <= this.#state.sequence) map.delete(key);
      else map.set(key, previous);
    });
    map.set(key, value);
  }
}

function settleAll(map: Map<string, { readonly sequence: number }>, sequence: number): void {
  if (map.size === 0) return;
  for (const [key, value] of map) if (value.sequence === sequence) map.delete(key);
}
