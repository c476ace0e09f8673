import type { Document } from '../document/document.ts';
import type { Predicate } from '../query/predicate-factory.ts';
import type { ListColumns } from './columns/list-columns.ts';
import { type CreationKey, compareCreation } from './document-list.ts';

/** Documents of a chunk: few enough that moving them for one insertion takes about a microsecond. */
const chunkDocumentsMax = 2_048;
/** So many are looked at in a step of a removal. */
const removedAtOnceMax = 256;

/**
 * Many documents in the order of creation: all of a database, of a table, of one key of a hash index. In one list of a million, each that comes
 * between others or leaves would move megabytes, and an erasure of thousands keep everybody waiting for seconds. Here it moves those of a chunk,
 * and scans, which run from chunk to chunk, take as long as over one list.
 */
export class LargeDocumentList {
  readonly #chunks: Document[][] = [];
  /** For each chunk, how many documents stand before it. */
  readonly #starts: number[] = [];
  #size = 0;
  /** Where `at` was last: the next one it is asked for is most often there, too. */
  #visited = 0;

  /** Columns of its chunks, where it is scanned by filters. */
  readonly columns: ListColumns | null;

  constructor(all: readonly Document[] = [], columns: ListColumns | null = null) {
    this.columns = columns;
    for (let start = 0; start < all.length; start += chunkDocumentsMax / 2) {
      this.#chunks.push(all.slice(start, start + chunkDocumentsMax / 2));
      this.#starts.push(start);
    }
    this.#size = all.length;
  }

  get size(): number {
    return this.#size;
  }

  at(index: number): Document | undefined {
    this.#goTo(index);
    return this.#chunks[this.#visited]?.[index - (this.#starts[this.#visited] ?? 0)];
  }

  /** Where a search through it from `start` to `end`, which is not looked at, finds something; `end` when it does not. */
  search(search: Predicate['search'], start: number, end: number): number {
    const step = start < end ? 1 : -1;
    for (let at = start; at !== end; ) {
      const { documents, before } = this.#visit(at);
      const stop = step === 1 ? Math.min(end, before + documents.length) : Math.max(end, before - 1);
      const found = before + search(documents, at - before, stop - before, step);
      if (found !== stop) return found;
      at = stop;
    }
    return end;
  }

  /** As `Predicate.count`. */
  count(count: Predicate['count'], start: number, end: number, sequence: number): number {
    let sum = 0;
    for (let at = start; at < end; ) {
      const { documents, before } = this.#visit(at);
      const stop = Math.min(end, before + documents.length);
      sum += count(documents, at - before, stop - before, sequence);
      at = stop;
    }
    return sum;
  }

  /** A copy, which stays as it is. */
  toArray(): Document[] {
    return this.#chunks.flat();
  }

  /** In the order of creation. The list may change meanwhile only where a document is replaced by its next version. */
  *[Symbol.iterator](): Generator<Document> {
    for (const chunk of this.#chunks) for (const document of chunk) yield document;
  }

  /** Where the first document after `key` stands: behind all when there is none, 0 without a key. */
  indexAfter(key: CreationKey | undefined): number {
    if (key === undefined) return 0;
    const { chunk, index } = this.#placeOf(key);
    return (this.#starts[chunk] ?? this.#size) + index + Number(this.#chunks[chunk]?.[index]?.id === key.id);
  }

  /** Puts a version in the place of the one before it, or a new document in its place. */
  put(document: Document): void {
    const last = this.#chunks.at(-1)?.at(-1);
    if (last === undefined || compareCreation(last, document) < 0) {
      this.append(document);
      return;
    }
    const { chunk: number, index } = this.#placeOf(document);
    const chunk = this.#chunks[number];
    if (chunk === undefined) return; // it is not behind all
    const previous = chunk[index];
    if (previous?.id === document.id) {
      chunk[index] = document;
      this.columns?.replace(chunk, index, previous, document);
      return;
    }
    this.columns?.forget(chunk);
    chunk.splice(index, 0, document);
    this.#moveStarts(number + 1, 1);
    if (chunk.length <= chunkDocumentsMax) return;
    const half = chunk.length >>> 1;
    this.#chunks.splice(number + 1, 0, chunk.splice(half));
    this.#starts.splice(number + 1, 0, (this.#starts[number] ?? 0) + half);
  }

  remove(document: CreationKey): void {
    const { chunk: number, index } = this.#placeOf(document);
    const chunk = this.#chunks[number];
    if (chunk?.[index]?.id !== document.id) return;
    this.columns?.forget(chunk);
    chunk.splice(index, 1);
    this.#moveStarts(number + 1, -1);
    this.#joinIfSmall(number);
  }

  /** Puts a document behind all others, where its place must be. */
  append(document: Document): void {
    let last = this.#chunks.at(-1);
    if (last === undefined || last.length >= chunkDocumentsMax) {
      // A copy takes just the room that it needs, where a list that grew has some to spare: for most chunks nothing comes any more.
      if (last !== undefined) {
        this.columns?.forget(last);
        this.#chunks[this.#chunks.length - 1] = last.slice();
      }
      last = [];
      this.#chunks.push(last);
      this.#starts.push(this.#size);
    }
    last.push(document);
    this.#size += 1;
  }

  /**
   * Takes out all documents of another list, whose order is the same, in steps of no more than a few: at each the list is as it is without what has left. The other
   * list must not change meanwhile.
   * @returns at each step what has left with it. @throws {Error} when one of them is not here.
   */
  *removeAll(removed: Iterable<Document>): Generator<readonly Document[], void> {
    const left = removed[Symbol.iterator]();
    for (let next = left.next(); next.done !== true; ) {
      const { chunk: number, index } = this.#placeOf(next.value);
      const chunk = this.#chunks[number];
      if (chunk?.[index] !== next.value) throw new Error(`document ${next.value.id} is not in the list`);
      const looked = chunk.slice(index, index + removedAtOnceMax);
      const gone: Document[] = [];
      const kept = looked.filter((document) => {
        if (document !== next.value) return true;
        gone.push(document);
        next = left.next();
        return false;
      });
      this.columns?.forget(chunk);
      chunk.splice(index, looked.length, ...kept);
      this.#moveStarts(number + 1, -gone.length);
      this.#joinIfSmall(number);
      yield gone;
    }
  }

  /** Two neighbours that are nearly empty become one, so that there are never many chunks for few documents. */
  #joinIfSmall(number: number): void {
    const chunk = this.#chunks[number];
    const next = this.#chunks[number + 1];
    if (chunk === undefined) return;
    if (chunk.length > 0 && (next === undefined || chunk.length + next.length > chunkDocumentsMax / 4)) return;
    if (next !== undefined) {
      this.columns?.forget(next);
      chunk.push(...next);
    }
    const removed = chunk.length === 0 ? number : number + 1;
    this.#chunks.splice(removed, 1);
    this.#starts.splice(removed, 1);
  }

  #moveStarts(from: number, by: number): void {
    this.#size += by;
    for (let chunk = from; chunk < this.#starts.length; chunk++) this.#starts[chunk] = (this.#starts[chunk] ?? 0) + by;
  }

  /** Goes to the chunk that holds the document of this number, which is there: its documents, and how many come before them. */
  #visit(index: number): { readonly documents: readonly Document[]; readonly before: number } {
    this.#goTo(index);
    const documents = this.#chunks[this.#visited];
    const before = this.#starts[this.#visited];
    if (documents === undefined || before === undefined || index < before || index >= before + documents.length) {
      throw new RangeError(`there is no document ${index} among ${this.#size}`);
    }
    return { documents, before };
  }

  #goTo(index: number): void {
    const start = this.#starts[this.#visited] ?? 0;
    if (index >= start && index < start + (this.#chunks[this.#visited]?.length ?? 0)) return;
    this.#visited = this.#chunkOf(index);
  }

  /** The chunk that holds the document of this number; behind all of them, the last. */
  #chunkOf(index: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first document that is not before `key`; behind all, a chunk that is not there. */
  #placeOf(key: CreationKey): { readonly chunk: number; readonly index: number } {
    const chunk = firstNotBefore(this.#chunks.length, (number) => isBefore(this.#chunks[number]?.at(-1), key));
    const documents = this.#chunks[chunk] ?? [];
    return { chunk, index: firstNotBefore(documents.length, (index) => isBefore(documents[index], key)) };
  }
}

function isBefore(document: Document | undefined, key: CreationKey): boolean {
  return document !== undefined && compareCreation(document, key) < 0;
}

function firstNotBefore(count: number, isBeforeIt: (number: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBeforeIt(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
