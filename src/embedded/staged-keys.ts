import type { Document } from '../document/document.ts';
import type { SecondaryIndex } from './index/secondary-index.ts';
import { ShardedMap } from './sharded-map.ts';

interface StagedKey {
  readonly indexId: string;
  readonly text: string;
}

/**
 * The unique keys of the versions that commits in flight wrote, by index. A version that a later commit in flight has replaced may still be
 * among them: whoever asks looks at each as staging sees it.
 */
export class StagedKeys {
  readonly #documents = new Map<string, ShardedMap<string, Set<Document>>>();
  readonly #keys = new Map<Document, StagedKey[]>();

  add(index: SecondaryIndex, document: Document): void {
    const indexId = index.record.id;
    for (const text of index.uniqueKeyTexts(document)) {
      let texts = this.#documents.get(indexId);
      if (texts === undefined) {
        texts = new ShardedMap();
        this.#documents.set(indexId, texts);
      }
      const documents = texts.get(text);
      if (documents === undefined) texts.set(text, new Set([document]));
      else documents.add(document);
      const keys = this.#keys.get(document);
      if (keys === undefined) this.#keys.set(document, [{ indexId, text }]);
      else keys.push({ indexId, text });
    }
  }

  /** From all indexes. */
  remove(document: Document): void {
    for (const { indexId, text } of this.#keys.get(document) ?? []) {
      const texts = this.#documents.get(indexId);
      const documents = texts?.get(text);
      documents?.delete(document);
      if (documents?.size === 0) texts?.delete(text);
      if (texts?.size === 0) this.#documents.delete(indexId);
    }
    this.#keys.delete(document);
  }

  *documentsWith(index: SecondaryIndex, text: string): Iterable<Document> {
    yield* this.#documents.get(index.record.id)?.get(text) ?? [];
  }

  /** All documents of an index. */
  forget(indexId: string): void {
    this.#documents.delete(indexId);
  }

  clear(): void {
    this.#documents.clear();
    this.#keys.clear();
  }
}
