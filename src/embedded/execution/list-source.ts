import type { Document } from '../../document/document.ts';
import type { Predicate } from '../../query/predicate-factory.ts';
import { compareCreation } from '../document-list.ts';
import type { LargeDocumentList } from '../large-document-list.ts';
import type { Places, Source, SourceCount, WalkPlace } from './walk.ts';

export type WalkDirection = 1 | -1;

/** All documents of a list, in the order of creation or, with direction -1, in the opposite one. */
export class ListSource implements Source {
  readonly #list: LargeDocumentList;
  readonly #direction: WalkDirection;
  #index = 0;
  #document: Document | undefined;
  readonly #predicate: Pick<Predicate, 'search' | 'count'>;
  readonly key = undefined;

  /** @param predicate finds what is asked for. */
  constructor(list: LargeDocumentList, direction: WalkDirection, predicate: Pick<Predicate, 'search' | 'count'>) {
    this.#list = list;
    this.#direction = direction;
    this.#predicate = predicate;
  }

  get document(): Document {
    if (this.#document === undefined) throw new Error('there is no entry before the first or after the last');
    return this.#document;
  }

  seek(place: WalkPlace | undefined, included: boolean): void {
    const list = this.#list;
    if (place === undefined) {
      this.#index = this.#direction === 1 ? 0 : list.size - 1;
      return;
    }
    const behind = list.indexAfter(place.creation);
    const isThere = list.at(behind - 1)?.id === place.creation.id;
    if (this.#direction === 1) this.#index = behind - Number(isThere && included);
    else this.#index = behind - 1 - Number(isThere && !included);
  }

  skip(documentsMax: number): number {
    const start = this.#index;
    const end =
      this.#direction === 1 ? Math.min(this.#list.size, start + documentsMax) : Math.max(-1, start - documentsMax);
    if (start === end) return 0;
    this.#index = this.#list.search(this.#predicate.search, start, end);
    return Math.abs(this.#index - start);
  }

  count(documentsMax: number, sequence: number): SourceCount {
    const start = this.#index;
    const [from, to] =
      this.#direction === 1
        ? [start, Math.min(this.#list.size, start + documentsMax)]
        : [Math.max(0, start + 1 - documentsMax), start + 1];
    const fitting = this.#list.count(this.#predicate.count, from, to, sequence);
    this.#index = this.#direction === 1 ? to : from - 1;
    if (from < to) this.#document = this.#list.at(this.#direction === 1 ? to - 1 : from);
    return { fitting, passed: to - from };
  }

  next(): boolean {
    this.#document = this.#list.at(this.#index);
    this.#index += this.#direction;
    return this.#document !== undefined;
  }
}

/** Every document, by its creation. */
export function creationPlaces(direction: WalkDirection): Places {
  return {
    severalEntries: false,
    of: (document) => ({ key: undefined, creation: document }),
    compare: (a, b) => direction * compareCreation(a.creation, b.creation),
  };
}
