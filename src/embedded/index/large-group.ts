import type { Document } from '../../document/document.ts';
import { type CreationKey, compareCreation, type DocumentList } from '../document-list.ts';

/** Documents of a chunk: few enough that moving them for one insertion takes about a microsecond. */
const chunkDocumentsMax = 2_048;

/**
 * The documents of one key of a hash index, in the order of creation, when there are many: in one list of a million, each that comes to the
 * key or leaves it would move megabytes. Here it moves those of a chunk.
 */
export class LargeGroup {
  readonly #chunks: Document[][] = [];
  /** For each chunk, how many documents stand before it. */
  readonly #starts: number[] = [];
  #size = 0;
  /** Where `at` was last: the next one it is asked for is most often there, too. */
  #visited = 0;

  constructor(documents: DocumentList) {
    const all = documents.toArray();
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
    const start = this.#starts[this.#visited] ?? 0;
    if (index < start || index >= start + (this.#chunks[this.#visited]?.length ?? 0))
      this.#visited = this.#chunkOf(index);
    return this.#chunks[this.#visited]?.[index - (this.#starts[this.#visited] ?? 0)];
  }

  /** Where the first document after `key` stands: behind all when there is none. */
  indexAfter(key: CreationKey): number {
    const { chunk, index } = this.#placeOf(key);
    return (this.#starts[chunk] ?? this.#size) + index + Number(this.#chunks[chunk]?.[index]?.id === key.id);
  }

  /** Puts a version in the place of the one before it, or a new document in its place. */
  put(document: Document): void {
    const { chunk: number, index } = this.#placeOf(document);
    const chunk = this.#chunks[number];
    if (chunk === undefined) {
      this.#append(document);
      return;
    }
    if (chunk[index]?.id === document.id) {
      chunk[index] = document;
      return;
    }
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
    chunk.splice(index, 1);
    this.#moveStarts(number + 1, -1);
    // Two neighbours that are nearly empty become one, so that there are never many chunks for few documents.
    const next = this.#chunks[number + 1];
    if (chunk.length > 0 && (next === undefined || chunk.length + next.length > chunkDocumentsMax / 4)) return;
    if (next !== undefined) chunk.push(...next);
    const removed = chunk.length === 0 ? number : number + 1;
    this.#chunks.splice(removed, 1);
    this.#starts.splice(removed, 1);
  }

  #append(document: Document): void {
    let last = this.#chunks.at(-1);
    if (last === undefined || last.length >= chunkDocumentsMax) {
      last = [];
      this.#chunks.push(last);
      this.#starts.push(this.#size);
    }
    last.push(document);
    this.#size += 1;
  }

  #moveStarts(from: number, by: 1 | -1): void {
    this.#size += by;
    for (let chunk = from; chunk < this.#starts.length; chunk++) this.#starts[chunk] = (this.#starts[chunk] ?? 0) + by;
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
