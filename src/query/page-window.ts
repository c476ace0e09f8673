import type { Document } from '../document/document.ts';
import type { Ordering, Position } from './ordering.ts';

/** Keeps the documents of a page out of all that are in its bounds. Nearest means nearest to the end that is read from. */
export interface PageWindow {
  add(document: Document): void;
  /** Whether nothing that is still to come can change what is kept. */
  readonly full: boolean;
  /** Whether a document was added at all. */
  readonly addedAny: boolean;
  /** The documents from the `skip`th on, nearest first, at most `size` of them. */
  documents(): Document[];
}

/** For documents that arrive nearest first: it counts past the first ones and takes the next ones. */
export class PrefixWindow implements PageWindow {
  readonly #size: number;
  readonly #documents: Document[] = [];
  #toSkip: number;
  addedAny = false;

  constructor(skip: number, size: number) {
    this.#toSkip = skip;
    this.#size = size;
  }

  get full(): boolean {
    return this.#documents.length === this.#size;
  }

  add(document: Document): void {
    this.addedAny = true;
    if (this.#toSkip > 0) this.#toSkip--;
    else if (!this.full) this.#documents.push(document);
  }

  documents(): Document[] {
    return this.#documents;
  }
}

/** For documents that arrive nearest last: a ring that holds the ones that came last. */
export class SuffixWindow implements PageWindow {
  readonly #skip: number;
  readonly #capacity: number;
  readonly #ring: Document[] = [];
  #next = 0;

  constructor(skip: number, size: number) {
    this.#skip = skip;
    this.#capacity = skip + size;
  }

  readonly full = false;

  get addedAny(): boolean {
    return this.#ring.length > 0;
  }

  add(document: Document): void {
    this.#ring[this.#next] = document;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  documents(): Document[] {
    const start = this.#ring.length === this.#capacity ? this.#next : 0;
    const inOrderOfArrival = [...this.#ring.slice(start), ...this.#ring.slice(0, start)];
    return inOrderOfArrival.reverse().slice(this.#skip);
  }
}

interface Entry {
  readonly position: Position;
  readonly document: Document;
}

/** For documents that arrive in any order: a heap of the nearest ones, the farthest of them at its root. */
export class HeapWindow implements PageWindow {
  readonly #skip: number;
  readonly #capacity: number;
  readonly #ordering: Ordering;
  /** 1 when the beginning of the list is near, -1 when its end is. */
  readonly #sign: 1 | -1;
  readonly #heap: Entry[] = [];

  constructor(skip: number, size: number, ordering: Ordering, sign: 1 | -1) {
    this.#skip = skip;
    this.#capacity = skip + size;
    this.#ordering = ordering;
    this.#sign = sign;
  }

  readonly full = false;

  get addedAny(): boolean {
    return this.#heap.length > 0;
  }

  add(document: Document): void {
    const heap = this.#heap;
    if (heap.length < this.#capacity) {
      heap.push({ document, position: this.#ordering.position(document) });
      this.#siftUp(heap.length - 1);
      return;
    }
    const [root] = heap;
    // Most documents of a long scan end here, so nothing has been allocated for them.
    if (root === undefined || this.#ordering.compareDocument(document, root.position) * this.#sign >= 0) return;
    heap[0] = { document, position: this.#ordering.position(document) };
    this.#siftDown(0);
  }

  documents(): Document[] {
    return [...this.#heap]
      .sort((a, b) => this.#compare(a, b))
      .slice(this.#skip)
      .map(({ document }) => document);
  }

  #compare(a: Entry, b: Entry): number {
    return this.#ordering.comparePositions(a.position, b.position) * this.#sign;
  }

  #siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.#swapIfFarther(index, parent)) return;
      index = parent;
    }
  }

  #siftDown(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const farther = this.#isFarther(right, left) ? right : left;
      if (!this.#swapIfFarther(farther, index)) return;
      index = farther;
    }
  }

  #isFarther(candidate: number, other: number): boolean {
    const a = this.#heap[candidate];
    const b = this.#heap[other];
    return a !== undefined && b !== undefined && this.#compare(a, b) > 0;
  }

  #swapIfFarther(below: number, above: number): boolean {
    const a = this.#heap[below];
    const b = this.#heap[above];
    if (a === undefined || b === undefined || this.#compare(a, b) <= 0) return false;
    this.#heap[above] = a;
    this.#heap[below] = b;
    return true;
  }
}
