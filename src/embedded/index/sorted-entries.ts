import type { Document } from '../../document/document.ts';
import type { SortKey } from '../../query/ordering.ts';
import { type CreationKey, compareCreation } from '../document-list.ts';
import type { IndexKey } from './index-keys.ts';

/** Entries of a chunk: few enough that moving them for one insertion costs less than a microsecond. */
const chunkEntriesMax = 512;

/** A run of entries, in two lists side by side, which take the least memory. */
interface Chunk {
  readonly keys: IndexKey[];
  readonly documents: Document[];
}

/** Where an entry stands, or would. It is good until the entries change. */
export interface Place {
  readonly chunk: number;
  readonly index: number;
}

/** How the keys compare. */
export interface KeyOrder {
  compare(a: IndexKey, b: IndexKey): number;
  compareStart(key: IndexKey, start: readonly SortKey[]): number;
}

export interface Entry {
  readonly key: IndexKey;
  readonly document: Document;
}

/**
 * The entries of an ordered index, by key, then by the creation of the document: a list of sorted chunks, each found and searched by
 * bisection. So ties come in the order in which the API has them, a key of many documents is changed as quickly as one of few, and the
 * number of entries between two places takes a sum over the chunks.
 */
export class SortedEntries {
  readonly #order: KeyOrder;
  readonly #chunks: Chunk[] = [];
  #size = 0;

  constructor(order: KeyOrder) {
    this.#order = order;
  }

  get size(): number {
    return this.#size;
  }

  get chunkCount(): number {
    return this.#chunks.length;
  }

  /** The chunk's entries as they are now; not to be changed. Undefined behind the last one. */
  chunk(index: number): { readonly keys: readonly IndexKey[]; readonly documents: readonly Document[] } | undefined {
    return this.#chunks[index];
  }

  at({ chunk, index }: Place): Entry | undefined {
    const found = this.#chunks[chunk];
    const document = found?.documents[index];
    return found === undefined || document === undefined ? undefined : { key: found.keys[index], document };
  }

  /** Whether the entry was not there: else it stands for this version of the document now. */
  put(key: IndexKey, document: Document): boolean {
    const { chunk: chunkIndex, index } = this.placeOf(key, document);
    const chunk = this.#chunks[chunkIndex];
    if (chunk !== undefined && this.#isAt(chunk, index, key, document)) {
      // The key, too: an equal one from an older version would keep a part of that alive.
      chunk.keys[index] = key;
      chunk.documents[index] = document;
      return false;
    }
    this.#size += 1;
    this.#insert(chunkIndex, index, key, document);
    return true;
  }

  /** Whether the entry was there. */
  remove(key: IndexKey, document: CreationKey): boolean {
    const { chunk: chunkIndex, index } = this.placeOf(key, document);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined || !this.#isAt(chunk, index, key, document)) return false;
    chunk.keys.splice(index, 1);
    chunk.documents.splice(index, 1);
    this.#size -= 1;
    this.#mergeSmall(chunkIndex);
    return true;
  }

  /** Appends an entry that comes behind all others: to fill an empty index with entries that were sorted. */
  append(key: IndexKey, document: Document): void {
    let last = this.#chunks.at(-1);
    // Half full, so that what is inserted later does not split each of them at once.
    if (last === undefined || last.keys.length >= (chunkEntriesMax * 3) / 4) {
      last = { keys: [], documents: [] };
      this.#chunks.push(last);
    }
    last.keys.push(key);
    last.documents.push(document);
    this.#size += 1;
  }

  /** The first entry that is not before (key, document). */
  placeOf(key: IndexKey, document: CreationKey): Place {
    return this.#bisect(
      (candidate, candidateDocument) =>
        (this.#order.compare(candidate, key) || compareCreation(candidateDocument, document)) < 0,
    );
  }

  /** The first entry whose key does not begin before `start`, or, with `behind`, that begins behind it. */
  placeOfStart(start: readonly SortKey[], behind: boolean): Place {
    return this.#bisect((candidate) => {
      const difference = this.#order.compareStart(candidate, start);
      return behind ? difference <= 0 : difference < 0;
    });
  }

  /** The first entry behind all of this key (`behind`), or the first of it. */
  placeOfKey(key: IndexKey, behind: boolean): Place {
    return this.#bisect((candidate) => {
      const difference = this.#order.compare(candidate, key);
      return behind ? difference <= 0 : difference < 0;
    });
  }

  get begin(): Place {
    return { chunk: 0, index: 0 };
  }

  get end(): Place {
    return { chunk: this.#chunks.length, index: 0 };
  }

  /** How many entries stand from the one place up to the other; 0 when that is not behind it. */
  countBetween(from: Place, to: Place): number {
    let count = to.index - from.index;
    for (let chunk = from.chunk; chunk < to.chunk; chunk++) count += this.#chunks[chunk]?.keys.length ?? 0;
    return from.chunk > to.chunk ? 0 : Math.max(0, count);
  }

  /** The first place for which `isBefore` is false: it is true for the beginning of the entries and false for all others. */
  #bisect(isBefore: (key: IndexKey, document: Document) => boolean): Place {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunks[middle];
      const last = chunk?.documents.at(-1);
      if (chunk !== undefined && last !== undefined && isBefore(chunk.keys[chunk.keys.length - 1], last))
        low = middle + 1;
      else high = middle;
    }
    const chunk = this.#chunks[low];
    if (chunk === undefined) return { chunk: low, index: 0 };
    let first = 0;
    let behind = chunk.keys.length;
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      const document = chunk.documents[middle];
      if (document !== undefined && isBefore(chunk.keys[middle], document)) first = middle + 1;
      else behind = middle;
    }
    return { chunk: low, index: first };
  }

  #isAt(chunk: Chunk, index: number, key: IndexKey, document: CreationKey): boolean {
    const found = chunk.documents[index];
    return found !== undefined && found.id === document.id && this.#order.compare(chunk.keys[index], key) === 0;
  }

  #insert(chunkIndex: number, index: number, key: IndexKey, document: Document): void {
    // Behind everything: it goes to the end of the last chunk, as ever growing keys do.
    const atEnd = chunkIndex === this.#chunks.length && chunkIndex > 0;
    const place = atEnd ? chunkIndex - 1 : chunkIndex;
    let chunk = this.#chunks[place];
    if (chunk === undefined) {
      chunk = { keys: [], documents: [] };
      this.#chunks.push(chunk);
    }
    if (atEnd && chunk.keys.length >= chunkEntriesMax) {
      this.#chunks.push({ keys: [key], documents: [document] });
      return;
    }
    chunk.keys.splice(atEnd ? chunk.keys.length : index, 0, key);
    chunk.documents.splice(atEnd ? chunk.documents.length : index, 0, document);
    if (chunk.keys.length <= chunkEntriesMax) return;
    const half = chunk.keys.length >>> 1;
    this.#chunks.splice(place + 1, 0, { keys: chunk.keys.splice(half), documents: chunk.documents.splice(half) });
  }

  /** Two neighbours that are nearly empty become one, so that there are never many chunks for few entries. */
  #mergeSmall(index: number): void {
    const chunk = this.#chunks[index];
    if (chunk === undefined || chunk.keys.length > chunkEntriesMax / 4) return;
    if (chunk.keys.length === 0) {
      this.#chunks.splice(index, 1);
      return;
    }
    const next = this.#chunks[index + 1];
    if (next === undefined || chunk.keys.length + next.keys.length > chunkEntriesMax / 2) return;
    chunk.keys.push(...next.keys);
    chunk.documents.push(...next.documents);
    this.#chunks.splice(index + 1, 1);
  }
}
