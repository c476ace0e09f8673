import type { Document } from '../../document/document.ts';
import { compareCreation } from '../document-list.ts';
import type { IndexKey, IndexKeys } from '../index/index-keys.ts';
import { compareToRange, type IndexRange, placesOf, rangeAtOrBehind } from '../index/index-range.ts';
import type { Place, SortedEntries } from '../index/sorted-entries.ts';
import type { WalkDirection } from './list-source.ts';
import type { Source, WalkPlace } from './walk.ts';

export interface EntrySourceOptions {
  readonly entries: SortedEntries;
  readonly keys: IndexKeys;
  readonly ranges: readonly IndexRange[];
  /** Of the keys. */
  readonly direction: WalkDirection;
  /** Of the documents of one key, by creation. */
  readonly tieDirection: WalkDirection;
}

/**
 * The entries of an ordered index in some ranges. Where keys and ties run in opposite directions, it takes block by block, each of one key;
 * else a block is a whole range.
 */
export class EntrySource implements Source {
  readonly #options: EntrySourceOptions;
  /** The range that it is in. */
  #range = 0;
  /** The range that `next` went on to, when it did: all before it are used up, for what a view sees does not come in later. */
  #reached: number | null = null;
  #rangeBegin: Place = { chunk: 0, index: 0 };
  #rangeEnd: Place = { chunk: 0, index: 0 };
  #blockBegin: Place = this.#rangeBegin;
  #blockEnd: Place = this.#rangeEnd;
  /** Where the block goes on: the next entry, or, backwards, the one behind it. */
  #chunk = 0;
  #index = 0;
  #key: IndexKey;
  #document: Document | undefined;

  constructor(options: EntrySourceOptions) {
    this.#options = options;
  }

  get key(): IndexKey {
    return this.#key;
  }

  get document(): Document {
    if (this.#document === undefined) throw new Error('there is no entry before the first or after the last');
    return this.#document;
  }

  seek(place: WalkPlace | undefined, included: boolean): void {
    const { entries, keys, ranges, direction, tieDirection } = this.#options;
    if (place === undefined) {
      this.#enterRange(this.#reached ?? (direction === 1 ? 0 : ranges.length - 1));
      return;
    }
    const { key, creation } = place;
    const atOrBehind = rangeAtOrBehind(keys, key, ranges);
    if (this.#reached !== null && (direction === 1 ? this.#reached > atOrBehind : this.#reached < atOrBehind)) {
      this.#enterRange(this.#reached);
      return;
    }
    const holder = ranges[atOrBehind];
    if (holder === undefined || compareToRange(keys, key, holder) !== 0) {
      // Between two ranges, or outside all of them: the next one in the direction, from its beginning.
      this.#enterRange(direction === 1 ? atOrBehind : atOrBehind - 1);
      return;
    }
    this.#enterRange(atOrBehind);
    if (direction !== tieDirection) {
      this.#blockBegin = entries.placeOfKey(key, false);
      this.#blockEnd = entries.placeOfKey(key, true);
    }
    const exact = entries.placeOf(key, creation);
    const found = entries.at(exact);
    const isThere = found !== undefined && found.document.id === creation.id && keys.compare(found.key, key) === 0;
    // Forwards the entry itself is next, unless it is left out; backwards the place is that behind the next entry.
    const stepsOver = isThere && (tieDirection === 1 ? !included : included);
    this.#chunk = exact.chunk;
    this.#index = exact.index + Number(stepsOver);
  }

  next(): boolean | null {
    return this.#options.tieDirection === 1 ? this.#nextForwards() : this.#nextBackwards();
  }

  #nextForwards(): boolean | null {
    const { entries } = this.#options;
    for (;;) {
      const chunk = entries.chunk(this.#chunk);
      if (chunk !== undefined && this.#index >= chunk.documents.length) {
        this.#chunk += 1;
        this.#index = 0;
        continue;
      }
      if (isBefore(this.#chunk, this.#index, this.#blockEnd)) {
        this.#document = chunk?.documents[this.#index];
        this.#key = chunk?.keys[this.#index];
        this.#index += 1;
        return this.#document !== undefined;
      }
      if (this.#entersNextKey()) continue;
      return this.#enterNextRange() ? null : false;
    }
  }

  #nextBackwards(): boolean | null {
    const { entries } = this.#options;
    for (;;) {
      if (isBefore(this.#blockBegin.chunk, this.#blockBegin.index, { chunk: this.#chunk, index: this.#index })) {
        if (this.#index === 0) {
          this.#chunk -= 1;
          this.#index = entries.chunk(this.#chunk)?.documents.length ?? 0;
          continue;
        }
        this.#index -= 1;
        const chunk = entries.chunk(this.#chunk);
        this.#document = chunk?.documents[this.#index];
        this.#key = chunk?.keys[this.#index];
        return this.#document !== undefined;
      }
      if (this.#entersNextKey()) continue;
      return this.#enterNextRange() ? null : false;
    }
  }

  #enterRange(number: number): boolean {
    const { entries, ranges, direction, tieDirection } = this.#options;
    this.#range = number;
    const range = ranges[number];
    const { begin, end } = range === undefined ? { begin: entries.end, end: entries.end } : placesOf(entries, range);
    this.#rangeBegin = begin;
    this.#rangeEnd = end;
    if (direction === tieDirection) {
      this.#setBlock(begin, end);
    } else {
      const edge = direction === 1 ? begin : end;
      this.#setBlock(edge, edge); // an empty block at the range's beginning: the next one is its first
    }
    return range !== undefined;
  }

  #enterNextRange(): boolean {
    const next = this.#range + this.#options.direction;
    if (next < 0 || next >= this.#options.ranges.length) return false;
    this.#reached = next;
    return this.#enterRange(next);
  }

  /** Goes on to the block of the next key in the range, if blocks are of keys and there is one. */
  #entersNextKey(): boolean {
    const { entries, keys, direction, tieDirection } = this.#options;
    if (direction === tieDirection) return false;
    if (direction === 1) {
      const begin = this.#blockEnd;
      const first = entries.at(begin);
      if (first === undefined || !isBefore(begin.chunk, begin.index, this.#rangeEnd)) return false;
      const second = following(entries, begin);
      const behind = entries.at(second);
      const isAlone = behind === undefined || keys.compare(behind.key, first.key) !== 0;
      this.#setBlock(begin, isAlone ? second : entries.placeOfKey(first.key, true));
      return true;
    }
    const end = this.#blockBegin;
    if (!isBefore(this.#rangeBegin.chunk, this.#rangeBegin.index, end)) return false;
    const last = preceding(entries, end);
    const entry = entries.at(last);
    if (entry === undefined) return false;
    const before = entries.at(preceding(entries, last));
    const isAlone = before === undefined || keys.compare(before.key, entry.key) !== 0;
    this.#setBlock(isAlone ? last : entries.placeOfKey(entry.key, false), end);
    return true;
  }

  #setBlock(begin: Place, end: Place): void {
    this.#blockBegin = begin;
    this.#blockEnd = end;
    const { chunk, index } = this.#options.tieDirection === 1 ? begin : end;
    this.#chunk = chunk;
    this.#index = index;
  }
}

/** Compares the places of two entries as an ordered index has them, or the other way round. */
export function compareEntries(
  keys: IndexKeys,
  direction: WalkDirection,
  tieDirection: WalkDirection,
  a: WalkPlace,
  b: WalkPlace,
): number {
  return direction * keys.compare(a.key, b.key) || tieDirection * compareCreation(a.creation, b.creation);
}

function isBefore(chunk: number, index: number, place: Place): boolean {
  return chunk < place.chunk || (chunk === place.chunk && index < place.index);
}

function following(entries: SortedEntries, { chunk, index }: Place): Place {
  const length = entries.chunk(chunk)?.documents.length ?? 0;
  return index + 1 < length ? { chunk, index: index + 1 } : { chunk: chunk + 1, index: 0 };
}

/** None before the first: a place at which no entry is. */
function preceding(entries: SortedEntries, { chunk, index }: Place): Place {
  if (index > 0) return { chunk, index: index - 1 };
  return { chunk: chunk - 1, index: (entries.chunk(chunk - 1)?.documents.length ?? 0) - 1 };
}
