import type { DocumentNode } from 'graphql';

/**
 * Parsed documents by their text, the ones used last. Clients send few texts many times when they use variables; texts
 * that hold their values come once, so that long ones are not worth keeping, and the memory stays bounded.
 */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>();
  readonly #documentsMax: number;
  readonly #charactersMax: number;

  constructor({ documentsMax = 1_000, charactersMax = 4_096 } = {}) {
    this.#documentsMax = documentsMax;
    this.#charactersMax = charactersMax;
  }

  get(text: string): DocumentNode | undefined {
    const document = this.#documents.get(text);
    if (document !== undefined) this.#keep(text, document);
    return document;
  }

  set(text: string, document: DocumentNode): void {
    if (text.length <= this.#charactersMax) this.#keep(text, document);
  }

  /** A `Map` iterates in the order of insertion: the first key is the one that was used the longest time ago. */
  #keep(text: string, document: DocumentNode): void {
    this.#documents.delete(text);
    this.#documents.set(text, document);
    if (this.#documents.size <= this.#documentsMax) return;
    for (const oldest of this.#documents.keys()) {
      this.#documents.delete(oldest);
      return;
    }
  }
}
