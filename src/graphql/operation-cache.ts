import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { PreparedDocument } from './prepared-document.ts';

export interface OperationCacheLimits {
  /** Documents that are kept. Default 2,000. */
  readonly documentsMax: number;
  /** Memory of one that is kept, about. Default 2 MiB. */
  readonly documentBytesMax: number;
  /** Memory of all of them, about. Default 32 MiB: 2,500 of 110 characters, 400 of 600. */
  readonly bytesMax: number;
}

export const defaultOperationCacheLimits: OperationCacheLimits = Object.freeze({
  documentsMax: 2_000,
  documentBytesMax: 2 * 1024 * 1024,
  bytesMax: 32 * 1024 * 1024,
});

/** Measured: 100 to 180 for each character of dense texts, and about 350 for each field of their plans. */
const bytesOfCharacter = 128;
const bytesOfField = 384;

/** Texts that came once, of which nothing but a digest is kept, for each document. */
const seenPerDocument = 10;

/**
 * Prepared documents by their text, those used last. A text is kept from the second time on: clients that use variables send few texts many times,
 * and whoever writes values into texts, or means harm, cannot push these out with texts that come once.
 */
export class OperationCache {
  readonly #documents: LRUCache<string, PreparedDocument>;
  /** Digests of texts that came once. */
  readonly #seen: LRUCache<string, true>;
  readonly #documentBytesMax: number;

  constructor(limits: OperationCacheLimits = defaultOperationCacheLimits) {
    const { documentsMax, documentBytesMax, bytesMax } = limits;
    this.#documents = new LRUCache({ max: documentsMax, maxSize: bytesMax });
    this.#seen = new LRUCache({ max: documentsMax * seenPerDocument });
    this.#documentBytesMax = documentBytesMax;
  }

  get(text: string): PreparedDocument | undefined {
    return this.#documents.get(text);
  }

  /** Keeps it, if it comes again and is not too large. */
  offer(text: string, document: PreparedDocument): void {
    const size = text.length * bytesOfCharacter + document.fieldCount * bytesOfField;
    if (size > this.#documentBytesMax) return;
    const digest = hash('sha256', text, 'base64');
    if (this.#seen.delete(digest)) this.#documents.set(text, document, { size });
    else this.#seen.set(digest, true);
  }
}
