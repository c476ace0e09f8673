import type { Document } from '../../document/document.ts';
import type { Predicate } from '../../query/predicate-factory.ts';
import { compareCreation, type DocumentList } from '../document-list.ts';
import type { Places, Source, WalkPlace } from './walk.ts';

export type WalkDirection = 1 | -1;

/** All documents of a list, in the order of creation or, with direction -1, in the opposite one. */
export class ListSource implements Source {
  readonly #list: DocumentList;
  readonly #direction: WalkDirection;
  #index = 0;
  #document: Document | undefined;
  readonly #search: Predicate['search'];
  readonly key = undefined;

  /** @param search finds what is asked for. */
  constructor(list: DocumentList, direction: WalkDirection, search: Predicate['search']) {
    this.#list = list;
    this.#direction = direction;
    this.#search = search;
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
    this.#index = this.#list.search(this.#search, start, end);
    return Math.abs(this.#index - start);
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
