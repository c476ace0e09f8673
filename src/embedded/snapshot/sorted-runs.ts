import type { Document } from '../../document/document.ts';

/** Sorting so many takes a millisecond, whatever their order. */
export const runDocumentsMax = 1024;

/** Chunks that are sorted, each behind the one before it. */
interface Run {
  readonly first: Document;
  last: Document;
  readonly chunks: (readonly Document[])[];
}

/**
 * Sorts any number of documents by id without ever holding others up: they are added and sorted in small chunks, and merged one at a
 * time as they are asked for. Ids are made in the order of time, so chunks mostly follow each other, and make few runs.
 */
export class SortedRuns {
  readonly #runs: Run[] = [];

  /** At most `runDocumentsMax`, for the sake of others. */
  add(documents: readonly Document[]): void {
    const chunk = documents.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const first = chunk.at(0);
    const last = chunk.at(-1);
    if (first === undefined || last === undefined) return;
    const run = this.#runs.at(-1);
    if (run === undefined || run.last.id > first.id) {
      this.#runs.push({ first, last, chunks: [chunk] });
    } else {
      run.chunks.push(chunk);
      run.last = last;
    }
  }

  /** All that were added, in order. */
  *merged(): Generator<Document> {
    const heap = new Heap();
    for (const run of this.#runs) heap.add(new Cursor(run));
    for (let next = heap.take(); next !== null; next = heap.take()) yield next;
  }
}

/** A place in a run. */
class Cursor {
  readonly #rest: Iterator<Document>;
  current: Document;

  constructor({ first, chunks }: Run) {
    this.#rest = documentsOf(chunks);
    this.#rest.next();
    this.current = first;
  }

  /** @returns false when `current` was the last. */
  advance(): boolean {
    const next = this.#rest.next();
    if (next.done === true) return false;
    this.current = next.value;
    return true;
  }
}

function* documentsOf(chunks: readonly (readonly Document[])[]): Generator<Document> {
  for (const chunk of chunks) for (const document of chunk) yield document;
}

/** A binary heap of cursors, the one at the lowest id on top. */
class Heap {
  readonly #cursors: Cursor[] = [];

  add(cursor: Cursor): void {
    let at = this.#cursors.length;
    for (;;) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#cursors[parentAt];
      if (parent === undefined || parent.current.id < cursor.current.id) break;
      this.#cursors[at] = parent;
      at = parentAt;
    }
    this.#cursors[at] = cursor;
  }

  /** The lowest of all; null when all were taken. */
  take(): Document | null {
    const top = this.#cursors[0];
    if (top === undefined) return null;
    const document = top.current;
    const next = top.advance() ? top : this.#cursors.pop();
    // The last of all cursors goes when it has come to its end: then there is none to put on top.
    if (this.#cursors[0] !== undefined && next !== undefined) this.#sink(next);
    return document;
  }

  /** Puts a cursor into the place on top, and from there where it belongs. */
  #sink(cursor: Cursor): void {
    let at = 0;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = this.#cursors[leftAt];
      const right = this.#cursors[leftAt + 1];
      if (left === undefined) break;
      const isRight = right !== undefined && right.current.id < left.current.id;
      const child = isRight ? right : left;
      if (cursor.current.id < child.current.id) break;
      this.#cursors[at] = child;
      at = isRight ? leftAt + 1 : leftAt;
    }
    this.#cursors[at] = cursor;
  }
}
