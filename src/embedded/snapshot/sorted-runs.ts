import type { Document } from '../../document/document.ts';

/** Sorting so many takes a millisecond, whatever their order. */
export const runDocumentsMax = 1024;

/** Sorted, each chunk behind the one before it. */
type Run = Document[][];

/**
 * Sorts any number of documents by id without ever holding others up: they are added and sorted in small chunks, and merged one at a
 * time as they are asked for. Ids are made in the order of time, so chunks mostly follow each other, and make few runs.
 */
export class SortedRuns {
  readonly #runs: Run[] = [];

  /** At most `runDocumentsMax`, for the sake of others. */
  add(documents: readonly Document[]): void {
    const chunk = documents.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const first = chunk[0];
    if (first === undefined) return;
    const run = this.#runs.at(-1);
    const last = run?.at(-1)?.at(-1);
    if (run !== undefined && last !== undefined && last.id < first.id) run.push(chunk);
    else this.#runs.push([chunk]);
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
  readonly #run: Run;
  #chunk = 0;
  #index = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  get current(): Document | undefined {
    return this.#run[this.#chunk]?.[this.#index];
  }

  advance(): void {
    this.#index += 1;
    if (this.#index < (this.#run[this.#chunk]?.length ?? 0)) return;
    this.#chunk += 1;
    this.#index = 0;
  }
}

/** A binary heap of cursors, the one at the lowest id on top. */
class Heap {
  readonly #cursors: Cursor[] = [];

  add(cursor: Cursor): void {
    let at = this.#cursors.push(cursor) - 1;
    while (at > 0 && this.#isBelow(at, (at - 1) >> 1)) {
      this.#swap(at, (at - 1) >> 1);
      at = (at - 1) >> 1;
    }
  }

  /** The lowest of all; null when all were taken. */
  take(): Document | null {
    const top = this.#cursors[0];
    const document = top?.current;
    if (top === undefined || document === undefined) return null;
    top.advance();
    if (top.current === undefined) {
      const last = this.#cursors.pop();
      if (last !== undefined && last !== top) this.#cursors[0] = last;
    }
    this.#sink();
    return document;
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      let lowest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (this.#isBelow(child, lowest)) lowest = child;
      if (lowest === at) return;
      this.#swap(at, lowest);
      at = lowest;
    }
  }

  #isBelow(a: number, b: number): boolean {
    const first = this.#cursors[a]?.current;
    const second = this.#cursors[b]?.current;
    return first !== undefined && second !== undefined && first.id < second.id;
  }

  #swap(a: number, b: number): void {
    const first = this.#cursors[a];
    const second = this.#cursors[b];
    if (first === undefined || second === undefined) return;
    this.#cursors[a] = second;
    this.#cursors[b] = first;
  }
}
