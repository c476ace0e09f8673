import type { Document } from '../document/document.ts';
import type { Predicate } from '../query/predicate-factory.ts';

/** The order of creation: by the commit that created the document, then by id. It never changes for a document. */
export function compareCreation(a: CreationKey, b: CreationKey): number {
  if (a.createdSequence !== b.createdSequence) return a.createdSequence - b.createdSequence;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export interface CreationKey {
  readonly createdSequence: number;
  readonly id: string;
}

/**
 * Documents in the order of creation. A dense array: scans run over it at the speed of memory, and appending, which is
 * what creation does, costs nothing. A document is found by binary search, so none has to know its place.
 */
export class DocumentList {
  readonly #documents: Document[] = [];

  get size(): number {
    return this.#documents.length;
  }

  at(index: number): Document | undefined {
    return this.#documents[index];
  }

  /** Where a search through it from `start` to `end`, which is not looked at, finds something; `end` when it does not. */
  search(search: Predicate['search'], start: number, end: number): number {
    return search(this.#documents, start, end, start < end ? 1 : -1);
  }

  /** As `Predicate.count`. */
  count(count: Predicate['count'], start: number, end: number, sequence: number): number {
    return count(this.#documents, start, end, sequence);
  }

  /** A copy, which stays as it is. */
  toArray(): Document[] {
    return [...this.#documents];
  }

  /** Where the first document after `key` stands: the end of the list when there is none, 0 without a key. */
  indexAfter(key: CreationKey | undefined): number {
    if (key === undefined) return 0;
    let low = 0;
    let high = this.#documents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const candidate = this.#documents[middle];
      if (candidate !== undefined && compareCreation(candidate, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts a version in the place of the one before it, or a new document in its place. */
  put(document: Document): void {
    const last = this.#documents.at(-1);
    if (last === undefined || compareCreation(last, document) < 0) {
      this.#documents.push(document);
      return;
    }
    const index = this.indexAfter(document);
    if (this.#documents[index - 1]?.id === document.id) this.#documents[index - 1] = document;
    else this.#documents.splice(index, 0, document);
  }

  /** Takes out all documents of another list, at once. Only what stands between its first and its last is looked at. */
  removeAll(removed: DocumentList): void {
    const first = removed.at(0);
    if (first === undefined) return;
    let next = 0;
    let kept = this.indexAfter(first) - 1;
    const end = this.indexAfter(removed.at(removed.size - 1) ?? first);
    for (let index = kept; index < end; index += 1) {
      const document = this.#documents[index];
      if (document === undefined) break;
      if (document === removed.at(next)) {
        next += 1;
        continue;
      }
      this.#documents[kept] = document;
      kept += 1;
    }
    this.#documents.splice(kept, end - kept);
  }

  /** In the order of creation. The list may change meanwhile only where a document is replaced by its next version. */
  [Symbol.iterator](): Iterator<Document> {
    return this.#documents.values();
  }

  /** Puts a document behind all others, where its place must be. */
  append(document: Document): void {
    this.#documents.push(document);
  }

  remove(document: Document): void {
    const index = this.indexAfter(document) - 1;
    if (this.#documents[index]?.id === document.id) this.#documents.splice(index, 1);
  }
}
