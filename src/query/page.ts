import type { Document } from '../document/document.ts';
import { decodeCursor } from './cursor.ts';
import type { PageRequest } from './find-query.ts';
import { pageSizeDefault } from './limits.ts';
import type { Order } from './order.ts';
import { Ordering, type Position } from './ordering.ts';
import { HeapWindow, type PageWindow, PrefixWindow, SuffixWindow } from './page-window.ts';

/** How the documents reach a collector: in the order that was asked for, in the opposite one, or in any. */
export type Feed = 'ordered' | 'reversed' | 'unordered';

/**
 * Collects one page of a list out of all documents that fit the query. It is fed them one at a time, until it is
 * `complete` or there are no more; then `page` answers. It keeps no more documents than the offset and the page have.
 *
 * Without an `orderBy` the list is in the order of creation, and the documents are fed in that order unless `feed` says
 * otherwise; then a page is complete as soon as what follows cannot change it. A page of `last` is complete early when the
 * feed is reversed, or when the cursor that it ends at is reached.
 *
 * Both cursors bound the list whichever end it is read from, as in the Relay specification. A reader that can seek may start
 * at the cursor: of the documents beyond it one is enough, if there are any, to know that there is a page on that side.
 */
export class PageCollector {
  readonly #ordering: Ordering;
  readonly #size: number;
  readonly #skip: number;
  readonly #window: PageWindow;
  /** Whether the page is read from the list's beginning, which is then the near end; else the list's end is. */
  readonly #forward: boolean;
  /** What lies at a bound or beyond it is not part of the list. */
  readonly #near: Position | undefined;
  readonly #far: Position | undefined;
  readonly #arrives: 'nearest first' | 'nearest last' | 'in any order';
  #beyondNear = false;
  #beyondFar = false;

  /** @throws {InvalidArgumentError} For a cursor that is none, or one of another order. */
  constructor(
    orderBy: readonly Order[],
    request: PageRequest,
    feed: Feed = orderBy.length === 0 ? 'ordered' : 'unordered',
  ) {
    const { first, last, offset = 0 } = request;
    const after = request.after === undefined ? undefined : decodeCursor(orderBy, request.after, 'after');
    const before = request.before === undefined ? undefined : decodeCursor(orderBy, request.before, 'before');
    this.#ordering = new Ordering(orderBy);
    this.#forward = last === undefined;
    this.#near = this.#forward ? after : before;
    this.#far = this.#forward ? before : after;
    this.#skip = offset;
    this.#size = last ?? first ?? pageSizeDefault;
    const kept = this.#size + 1; // one more tells whether there is another page
    if (feed === 'unordered') {
      this.#arrives = 'in any order';
      this.#window = new HeapWindow(offset, kept, this.#ordering, this.#forward ? 1 : -1);
    } else if ((feed === 'ordered') === this.#forward) {
      this.#arrives = 'nearest first';
      this.#window = new PrefixWindow(offset, kept);
    } else {
      this.#arrives = 'nearest last';
      this.#window = new SuffixWindow(offset, kept);
    }
  }

  /** The bound at the end that the page is read from, if there is one: a reader that can seek starts there. */
  get near(): Position | undefined {
    return this.#near;
  }

  /** Whether no document that is still to come can change the page. */
  get complete(): boolean {
    if (this.#arrives === 'nearest first') return this.#window.full || this.#beyondFar;
    return this.#arrives === 'nearest last' && this.#beyondNear;
  }

  /** Takes one document that fits the query, each document once. */
  add(document: Document): void {
    if (this.#near !== undefined && this.#distance(document, this.#near) <= 0) this.#beyondNear = true;
    else if (this.#far !== undefined && this.#distance(document, this.#far) >= 0) this.#beyondFar = true;
    else this.#window.add(document);
  }

  page(): CollectedPage {
    const kept = this.#window.documents();
    const documents = kept.slice(0, this.#size);
    const moreFar = kept.length > this.#size || this.#beyondFar;
    const moreNear = this.#beyondNear || (this.#skip > 0 && this.#window.addedAny);
    return this.#forward
      ? { documents, hasNextPage: moreFar, hasPreviousPage: moreNear }
      : { documents: documents.reverse(), hasNextPage: moreNear, hasPreviousPage: moreFar };
  }

  /** Negative when the document is nearer than the position. */
  #distance(document: Document, position: Position): number {
    const difference = this.#ordering.compareDocument(document, position);
    return this.#forward ? difference : -difference;
  }
}

/** In the order asked for, whichever end it was read from. It is what the database contract calls a `DocumentPage`. */
export interface CollectedPage {
  readonly documents: readonly Document[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}
