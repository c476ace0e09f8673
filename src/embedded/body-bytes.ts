import { Buffer } from 'node:buffer';
import type { Document } from '../document/document.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { compareCreation } from './document-list.ts';
import type { TimeSlice } from './history/time-slice.ts';
import type { LargeDocumentList } from './large-document-list.ts';

/**
 * How many bytes the bodies of a table take as JSON texts. They are counted when somebody asks for the first time, and the count is kept
 * from then on: a start and the writes to a table that nobody asks about pay nothing for it.
 */
export class BodyBytes {
  readonly #documents: LargeDocumentList;
  #bytes = 0;
  /** Documents created up to this one are counted; undefined for none. */
  #counted: Document | undefined;
  #complete = false;
  #counting: Promise<void> | null = null;

  constructor(documents: LargeDocumentList) {
    this.#documents = documents;
  }

  /** Of the documents as they are when this resolves. */
  async total(slice: TimeSlice): Promise<number> {
    this.#counting ??= this.#countAll(slice);
    await this.#counting;
    return this.#bytes;
  }

  /** A version came in. */
  add(document: Document): void {
    if (this.#covers(document)) this.#bytes += bytesOf(document);
  }

  /** A version went away. */
  remove(document: Document): void {
    if (this.#covers(document)) this.#bytes -= bytesOf(document);
  }

  async #countAll(slice: TimeSlice): Promise<void> {
    for (;;) {
      const next = this.#documents.at(this.#documents.indexAfter(this.#counted));
      if (next === undefined) break;
      this.#bytes += bytesOf(next);
      this.#counted = next;
      if (slice.due) await slice.pause();
    }
    this.#complete = true;
  }

  #covers(document: Document): boolean {
    return this.#complete || (this.#counted !== undefined && compareCreation(document, this.#counted) <= 0);
  }
}

function bytesOf({ body }: Document): number {
  return Buffer.byteLength(stringifyJson(body));
}
