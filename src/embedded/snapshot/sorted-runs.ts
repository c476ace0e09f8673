import { Heap } from '../heap.ts';

/** Sorting so many takes a millisecond, whatever their order. */
export const runLengthMax = 1024;

interface Identified {
  readonly id: string;
}

/** Chunks that are sorted, each behind the one before it. */
interface Run<T> {
  readonly first: T;
  last: T;
  readonly chunks: (readonly T[])[];
}

/**
 * Sorts any number of documents, or keys, by id without ever holding others up: they are added and sorted in small chunks, and merged one at a
 * time as they are asked for. Ids are made in the order of time, so chunks mostly follow each other, and make few runs.
 */
export class SortedRuns<T extends Identified> {
  readonly #runs: Run<T>[] = [];

  /** At most `runLengthMax`, for the sake of others. */
  add(elements: readonly T[]): void {
    const chunk = elements.toSorted((a, b) => (a.id < b.id ? -1 : 1));
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
  *merged(): Generator<T> {
    const heap = new Heap<Cursor<T>>((a, b) => a.current.id < b.current.id);
    for (const run of this.#runs) heap.add(new Cursor(run));
    for (let top = heap.top; top !== undefined; top = heap.top) {
      yield top.current;
      if (top.advance()) heap.replaceTop(top);
      else heap.removeTop();
    }
  }
}

/** A place in a run. */
class Cursor<T> {
  readonly #rest: Iterator<T>;
  current: T;

  constructor({ first, chunks }: Run<T>) {
    this.#rest = elementsOf(chunks);
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

function* elementsOf<T>(chunks: readonly (readonly T[])[]): Generator<T> {
  for (const chunk of chunks) yield* chunk;
}
