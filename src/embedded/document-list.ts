import type { Document } from '../document/document.ts';

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
 * Few documents in the order of creation, with nothing beside them; of many there are `LargeDocumentList`s. A document is found by binary
 * search, so none has to know its place.
 */
export class DocumentList {
  readonly #documents: Document[] = [];

  get size(): number {
    return this.#documents.length;
  }

  at(index: number): Document | undefined {
    return this.#documents[index];
  }

  /** A copy, which stays as it is. */
  toArray(): Document[] {
    return [...this.#documents];
  }

  /** Where the first document after `key` stands: the end of the list when there is none. */
  indexAfter(key: CreationKey): number {
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

  remove(document: Document): void {
    const index = this.indexAfter(document) - 1;
    if (this.#documents[index]?.id === document.id) this.#documents.splice(index, 1);
  }
}
