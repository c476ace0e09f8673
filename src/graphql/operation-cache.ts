import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { PreparedDocument } from './prepared-document.ts';

export interface OperationCacheLimits {
  /** Documents that are kept. Default 1,000. */
  readonly documentsMax: number;
  /** Characters of one that is kept: texts that hold their values are long, and come once. Default 8,192. */
  readonly charactersMax: number;
  /** Characters of all of them. What is made of one takes up to about 400 bytes for each, so the default, 128 Ki, is up to 50 MB. */
  readonly totalCharactersMax: number;
}

export const defaultOperationCacheLimits: OperationCacheLimits = Object.freeze({
  documentsMax: 1_000,
  charactersMax: 8_192,
  totalCharactersMax: 128 * 1024,
});

/**
 * Prepared documents by their text, those used last. A text is kept when it comes for the second time: clients that use variables send few texts
 * many times, and those that do not, or that mean harm, cannot push these out with texts that come once.
 */
export class OperationCache {
  readonly #documents: LRUCache<string, PreparedDocument>;
  /** Digests of texts that came once. */
  readonly #seen: LRUCache<string, true>;
  readonly #charactersMax: number;

  constructor({ documentsMax, charactersMax, totalCharactersMax }: OperationCacheLimits = defaultOperationCacheLimits) {
    this.#charactersMax = charactersMax;
    this.#documents = new LRUCache({ max: documentsMax, maxSize: totalCharactersMax });
    this.#seen = new LRUCache({ max: documentsMax * 10 });
  }

  get(text: string): PreparedDocument | undefined {
    return this.#documents.get(text);
  }

  offer(text: string, document: PreparedDocument): void {
    if (text.length > this.#charactersMax) return;
    const digest = hash('sha256', text, 'base64');
    if (this.#seen.has(digest)) this.#documents.set(text, document, { size: text.length });
    else this.#seen.set(digest, true);
  }
}
