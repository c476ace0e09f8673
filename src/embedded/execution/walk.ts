import type { Document } from '../../document/document.ts';
import type { CreationKey } from '../document-list.ts';
import type { IndexKey } from '../index/index-keys.ts';

/**
 * Where a walk has come to: an entry of an index, or (the key is undefined then, and means nothing) a document in a list in the order of
 * creation.
 */
export interface WalkPlace {
  readonly key: IndexKey;
  readonly creation: CreationKey;
}

/** The documents of a state that changes, in an order that does not. */
export interface Source {
  /**
   * Goes on at a place, whether or not anything stands there; without one it begins at the beginning. To be called whenever the state may
   * have changed.
   */
  seek(place: WalkPlace | undefined, included: boolean): void;
  /**
   * Whether there is another entry, which `document` and `key` then tell. Null when it has yet to be looked for: that much at once would take
   * too long.
   */
  next(): boolean | null;
  /**
   * Passes over entries that nobody asks for, faster than `next` does; absent where it has no way to.
   * @returns how many it passed over, `documentsMax` at most.
   */
  skip?(documentsMax: number): number;
  /**
   * Passes over the next entries, and counts those that are asked for and that no commit after `sequence` wrote; `document` is the last one
   * passed then. Absent where it has no way to, or has a document at several entries.
   */
  count?(documentsMax: number, sequence: number): SourceCount;
  readonly document: Document;
  readonly key: IndexKey;
}

export interface SourceCount {
  readonly fitting: number;
  /** `documentsMax`, or less when these were the last ones. */
  readonly passed: number;
}

/** In which order a source gives documents, and which. */
export interface Places {
  /** Where a version of a document would be given; undefined when it would not. Not the place of all its entries: it is given at one. */
  of(document: Document): WalkPlace | undefined;
  compare(a: WalkPlace, b: WalkPlace): number;
  /** Whether a document may have entries that it is not given at. */
  readonly severalEntries: boolean;
}

/** Documents as of a read view, each once. */
export interface Walk {
  /** To be called before the first `next` and whenever the state may have changed since the last one. */
  resume(): void;
  /** Null when there was only something to pass over, undefined at the end. */
  next(): Document | null | undefined;
  /** How many documents it has passed over because they do not fit. There are no more than the pace allows in a `next`. */
  readonly skipped: number;
  /** Whether the document given last is known to be one that is asked for; else it has to be tried. */
  readonly isFitting: boolean;
  /** Goes on over about so many documents at once, and counts those that are asked for; null where it has to go one by one from here on. */
  count?(documentsMax: number): WalkCount | null;
  /** Whether the walk gives this version of a document, if the view has it. */
  covers(document: Document): boolean;
}

export interface WalkCount extends SourceCount {
  readonly ended: boolean;
}
