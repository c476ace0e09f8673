import type { Document } from '../../document/document.ts';
import type { Archived } from '../../query/find-query.ts';

/** What the documents of a chunk have in common, so that a scan need not look at each. */
export class ChunkFacts {
  /** How many of them it is about; those behind came later. */
  #seen = 0;
  #archived = 0;
  /** No document of the chunk was written by a later commit. */
  sequenceMax = 0;

  /** Goes on to the end of the chunk. */
  extend(chunk: readonly Document[]): void {
    for (; this.#seen < chunk.length; this.#seen += 1) {
      const document = chunk[this.#seen];
      if (document !== undefined) this.#add(document);
    }
  }

  /** A document of the chunk was replaced by its next version. */
  replace(index: number, previous: Document, document: Document): void {
    if (index >= this.#seen) return;
    if (previous.archivedAt !== null) this.#archived -= 1;
    this.#add(document);
  }

  /** Whether all of them are such as a query asks for. */
  areAll(archived: Archived): boolean {
    return archived === 'INCLUDE' || this.#archived === (archived === 'ONLY' ? this.#seen : 0);
  }

  #add({ archivedAt, sequence }: Document): void {
    if (archivedAt !== null) this.#archived += 1;
    this.sequenceMax = Math.max(this.sequenceMax, sequence);
  }
}
