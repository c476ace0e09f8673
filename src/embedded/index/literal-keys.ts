import type { Document } from '../../document/document.ts';
import type { Path } from '../../document/path.ts';
import { literalKeyOf } from '../../query/match-parser.ts';
import { LargeDocumentList } from '../large-document-list.ts';

/**
 * Of the documents of an index, those with a key that reads like one of its paths: for the path `a.b` those with a key `a.b`. A client that
 * asks for fields that are equal may mean the one or the other, and without this no index of the path could answer. Hardly any document
 * has such a key, so the lists are short.
 */
export class LiteralKeys {
  readonly #lists = new Map<string, LargeDocumentList>();

  constructor(paths: readonly Path[]) {
    for (const path of paths) {
      const key = literalKeyOf(path);
      if (key !== undefined) this.#lists.set(key, new LargeDocumentList());
    }
  }

  /** Documents in all lists. */
  get size(): number {
    let size = 0;
    for (const list of this.#lists.values()) size += list.size;
    return size;
  }

  /** The documents of the index with this key in their body; undefined when no path of the index reads like it. Not to be changed. */
  documents(key: string): LargeDocumentList | undefined {
    return this.#lists.get(key);
  }

  put(document: Document): void {
    for (const [key, list] of this.#lists) if (Object.hasOwn(document.body, key)) list.put(document);
  }

  /** As `remove(previous)` and `put(next)`. */
  replace(previous: Document, next: Document): void {
    for (const [key, list] of this.#lists) {
      if (Object.hasOwn(next.body, key)) list.put(next);
      else if (Object.hasOwn(previous.body, key)) list.remove(previous);
    }
  }

  remove(document: Document): void {
    for (const [key, list] of this.#lists) if (Object.hasOwn(document.body, key)) list.remove(document);
  }
}
