import type { Document, TableReference } from '../document/document.ts';
import { BodyBytes } from './body-bytes.ts';
import type { ColumnMemory } from './columns/column-memory.ts';
import { ListColumns } from './columns/list-columns.ts';
import type { SecondaryIndex } from './index/secondary-index.ts';
import { LargeDocumentList } from './large-document-list.ts';
import type { TableRecord } from './log/record.ts';

/** A table in memory: its definition, its documents, archived ones included, and what follows from them. `State` alone changes it. */
export class TableState {
  readonly reference: TableReference;
  /** Null for the default table until it is given settings. */
  record: TableRecord | null;
  readonly documents: LargeDocumentList;
  /** By id. */
  readonly indexes = new Map<string, SecondaryIndex>();
  readonly bodyBytes: BodyBytes;
  /** About what its documents take in memory. `State` keeps it. */
  bytes = 0;
  readonly #watchers = new Set<(document: Document) => void>();
  #archivedCount = 0;

  constructor(reference: TableReference, record: TableRecord | null, columnMemory: ColumnMemory) {
    this.reference = reference;
    this.record = record;
    this.documents = new LargeDocumentList([], new ListColumns(columnMemory));
    this.bodyBytes = new BodyBytes(this.documents);
  }

  get archivedCount(): number {
    return this.#archivedCount;
  }

  /** Live documents. */
  get liveCount(): number {
    return this.documents.size - this.#archivedCount;
  }

  /** Calls `onPut` with every version that comes in. @returns what ends that. */
  watch(onPut: (document: Document) => void): () => void {
    this.#watchers.add(onPut);
    return () => this.#watchers.delete(onPut);
  }

  /** @param fillsIndexes whether the indexes follow. */
  put(previous: Document | undefined, document: Document, fillsIndexes: boolean): void {
    if (previous !== undefined) this.#discount(previous);
    this.documents.put(document);
    if (document.archivedAt !== null) this.#archivedCount += 1;
    this.bodyBytes.add(document);
    if (fillsIndexes) {
      for (const index of this.indexes.values()) {
        if (previous === undefined) index.add(document);
        else index.replace(previous, document);
      }
    }
    for (const onPut of this.#watchers) onPut(document);
  }

  /** Puts a document that was created behind all that there are. The indexes do not follow. */
  append(document: Document): void {
    this.documents.append(document);
    if (document.archivedAt !== null) this.#archivedCount += 1;
    this.bodyBytes.add(document);
  }

  remove(document: Document): void {
    this.#discount(document);
    this.documents.remove(document);
    for (const index of this.indexes.values()) index.remove(document);
  }

  #discount(previous: Document): void {
    if (previous.archivedAt !== null) this.#archivedCount -= 1;
    this.bodyBytes.remove(previous);
  }
}
