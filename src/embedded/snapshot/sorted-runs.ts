import type { Document } from '../../document/document.ts';
import { Heap } from '../heap.ts';

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
    const heap = new Heap<Cursor>((a, b) => a.current.id < b.current.id);
    for (const run of this.#runs) heap.add(new Cursor(run));
    for (let top = heap.top; top !== undefined; top = heap.top) {
      yield top.current;
      if (top.advance()) heap.replaceTop(top);
      else heap.removeTop();
    }
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
