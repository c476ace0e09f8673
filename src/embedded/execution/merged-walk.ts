import type { Document } from '../../document/document.ts';
import type { IndexKey } from '../index/index-keys.ts';
import type { ScanPace } from './scan-pace.ts';
import type { VisibleDocuments } from './visible-documents.ts';
import type { Places, Source, Walk, WalkCount, WalkPlace } from './walk.ts';

export interface MergedWalkOptions {
  readonly source: Source;
  readonly places: Places;
  readonly visible: VisibleDocuments;
  /** Whether a document is asked for: all that was changed is tried, whatever the source is about. */
  readonly fits: (document: Document) => boolean;
  /** Whether all entries of the source are of documents that are asked for. */
  readonly isExact: boolean;
  /** Whether the source is kept up to date: an index that was dropped is not, any more. */
  readonly isKept: () => boolean;
  /** Where to begin, included; absent: at the beginning. */
  readonly start?: WalkPlace | undefined;
  readonly pace: Pick<ScanPace, 'steps'>;
}

interface Changed {
  readonly document: Document;
  readonly place: WalkPlace;
}

/**
 * A source as of a read view: it passes over what is newer, and gives the versions that were changed or erased since where they stood. It
 * works while commits go on: at any moment a document of the view is either in the source or among the changed ones, and whether it was
 * given already is told by its place, which never changes.
 */
export class MergedWalk implements Walk {
  readonly #options: MergedWalkOptions;
  /** How many of the changed documents were looked at. */
  #seen = 0;
  /** Those that are still to be given: a heap, the next one at its root. */
  readonly #changed: Changed[] = [];
  /** The place come to: everything up to it was given. */
  #lastKey: IndexKey;
  #lastDocument: Document | undefined;
  /** Whether the source's next entry was read and not given yet. */
  #ahead = false;
  #sourceEnded = false;
  #isKept = true;
  /** Whether the source's next entry is one that was searched for. */
  #isFound = false;
  isFitting = false;
  skipped = 0;

  constructor(options: MergedWalkOptions) {
    this.#options = options;
  }

  resume(): void {
    const { source, start, isKept } = this.#options;
    const last = this.#last();
    source.seek(last ?? start, last === undefined);
    this.#ahead = false;
    this.#sourceEnded = false;
    this.#isKept = isKept();
  }

  next(): Document | null | undefined {
    const { source, visible, pace } = this.#options;
    if (this.#seen < visible.changedCount) {
      const unseen = visible.changedAt(this.#seen++);
      if (unseen !== undefined) this.#lookAt(unseen);
      return null;
    }
    if (!this.#ahead && !this.#sourceEnded) {
      // What was changed and comes before the entry found then is given before it, whatever was passed over.
      if (source.skip !== undefined) {
        const { steps } = pace;
        const skipped = source.skip(steps);
        this.skipped += skipped;
        this.#isFound = skipped < steps;
      }
      const isThere = source.next();
      if (isThere === null) return null;
      this.#ahead = isThere;
      this.#sourceEnded = !isThere;
    }
    const [changed] = this.#changed;
    if (changed !== undefined && (this.#sourceEnded || this.#isBefore(changed, source))) return this.#give(changed);
    if (this.#sourceEnded) return undefined;
    this.#ahead = false;
    const { document, key } = source;
    this.#lastKey = key;
    this.#lastDocument = document;
    this.isFitting = this.#isFound || this.#options.isExact;
    return document.sequence <= visible.sequence && this.#isGiven(key, document) ? document : null;
  }

  count(documentsMax: number): WalkCount | null {
    const { source, visible } = this.#options;
    if (source.count === undefined || !this.#isKept) return null;
    for (let looked = 0; this.#seen < visible.changedCount; looked += 1) {
      if (looked >= documentsMax) return { fitting: 0, passed: 0, ended: false };
      const unseen = visible.changedAt(this.#seen++);
      if (unseen !== undefined) this.#lookAt(unseen);
    }
    const counted = source.count(documentsMax, visible.sequence);
    const ended = counted.passed < documentsMax;
    if (counted.passed > 0) this.#lastDocument = source.document;
    return { ended, passed: counted.passed, fitting: counted.fitting + this.#countChanged(ended) };
  }

  /** Counts those that stood before the place come to, or all that are left, and has given them then. */
  #countChanged(all: boolean): number {
    const last = this.#last();
    let count = 0;
    for (;;) {
      const [changed] = this.#changed;
      if (changed === undefined) return count;
      if (!all && (last === undefined || this.#options.places.compare(changed.place, last) > 0)) return count;
      this.#pop();
      count += 1;
    }
  }

  covers(document: Document): boolean {
    return this.#options.places.of(document) !== undefined;
  }

  #last(): WalkPlace | undefined {
    return this.#lastDocument === undefined ? undefined : { key: this.#lastKey, creation: this.#lastDocument };
  }

  #lookAt(document: Document): void {
    const { places, fits, start } = this.#options;
    if (!fits(document)) return;
    const place = places.of(document);
    if (place === undefined || (start !== undefined && places.compare(place, start) < 0)) return;
    const last = this.#last();
    if (last !== undefined && places.compare(place, last) <= 0) return;
    this.#push({ document, place });
  }

  #isBefore({ place }: Changed, { key, document }: Source): boolean {
    return this.#options.places.compare(place, { key, creation: document }) < 0;
  }

  #give(changed: Changed): Document {
    this.#lastKey = changed.place.key;
    this.#lastDocument = changed.document;
    this.isFitting = true;
    this.#pop();
    return changed.document;
  }

  /** Whether this is the one of the document's entries that it is given at, and the document is as the entry says. */
  #isGiven(key: IndexKey, document: Document): boolean {
    const { places, visible } = this.#options;
    if (!this.#isKept && visible.state.stored(document.id) !== document) return false;
    if (!places.severalEntries) return true;
    const place = places.of(document);
    return place !== undefined && places.compare(place, { key, creation: document }) === 0;
  }

  #push(changed: Changed): void {
    const heap = this.#changed;
    let index = heap.push(changed) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#changed;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const child = right < heap.length && this.#comesBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(child, index)) return;
      index = child;
    }
  }

  #comesBefore(index: number, other: number): boolean {
    const [a, b] = [this.#changed[index], this.#changed[other]];
    return a !== undefined && b !== undefined && this.#options.places.compare(a.place, b.place) < 0;
  }

  #swapIfBefore(below: number, above: number): boolean {
    const [a, b] = [this.#changed[below], this.#changed[above]];
    if (a === undefined || b === undefined || !this.#comesBefore(below, above)) return false;
    this.#changed[above] = a;
    this.#changed[below] = b;
    return true;
  }
}
