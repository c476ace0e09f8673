import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from '../../src/document/document.ts';
import type { JsonValue } from '../../src/document/json.ts';
import { encodeCursor } from '../../src/query/cursor.ts';
import type { PageRequest } from '../../src/query/find-query.ts';
import type { Order } from '../../src/query/order.ts';
import { parseOrderBy } from '../../src/query/order-parser.ts';
import { type CollectedPage, type Feed, PageCollector } from '../../src/query/page.ts';
import { sortDocuments } from '../../src/query/sort.ts';
import { makeDocument } from './make-document.ts';

/** Few values, so that ties are the rule. */
const values = fc.constantFrom<JsonValue>(null, 1, 2, 'a', [], [1, 'a'], [2]);
const documentLists = fc
  .uniqueArray(fc.record({ number: fc.nat(99), createdSequence: fc.nat(4), a: values, b: values }), {
    maxLength: 14,
    selector: ({ number }) => number,
  })
  .map((list) =>
    list.map(({ number, createdSequence, a, b }) =>
      makeDocument({ a, b }, { id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`, createdSequence }),
    ),
  );

const orders = fc.constantFrom(
  parseOrderBy([]),
  parseOrderBy([{ path: 'a' }]),
  parseOrderBy([{ path: 'a', direction: 'DESC' }]),
  parseOrderBy([{ path: 'a', direction: 'DESC' }, { path: 'b' }]),
);
const feeds = fc.constantFrom<Feed>('ordered', 'reversed', 'unordered');

/** What a reader does: feeds the documents as they come, until the page is complete. */
function collect(
  documents: readonly Document[],
  orderBy: readonly Order[],
  request: PageRequest,
  feed: Feed,
): CollectedPage & { readonly fed: number } {
  const sorted = sortDocuments(documents, orderBy);
  const fed = feed === 'ordered' ? sorted : feed === 'reversed' ? sorted.toReversed() : documents;
  const collector = new PageCollector(orderBy, request, feed);
  let count = 0;
  for (const document of fed) {
    if (collector.complete) break;
    collector.add(document);
    count++;
  }
  return { ...collector.page(), fed: count };
}

/** The answer by definition: the whole list, cut as the Relay specification says. */
function cut(
  documents: readonly Document[],
  orderBy: readonly Order[],
  request: PageRequest,
  bounds: Bounds,
): CollectedPage {
  const all = sortDocuments(documents, orderBy);
  const from = bounds.after === undefined ? 0 : all.indexOf(bounds.after) + 1;
  const to = bounds.before === undefined ? all.length : all.indexOf(bounds.before);
  const range = all.slice(from, Math.max(from, to));
  const { first, last, offset = 0 } = request;
  const passed = Math.min(offset, range.length);
  const start = last === undefined ? passed : Math.max(0, range.length - passed - last);
  const end = last === undefined ? Math.min(start + (first ?? 100), range.length) : range.length - passed;
  return {
    documents: range.slice(start, end),
    hasPreviousPage: from + start > 0,
    hasNextPage: from + end < all.length,
  };
}

interface Bounds {
  readonly after: Document | undefined;
  readonly before: Document | undefined;
}

describe('pages', () => {
  it('are the part of the whole list that was asked for, however the documents are fed', () => {
    const requests = fc.record({
      size: fc.nat(6),
      backward: fc.boolean(),
      offset: fc.option(fc.nat(6), { nil: undefined }),
      after: fc.option(fc.nat(), { nil: undefined }),
      before: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(documentLists, orders, feeds, requests, (documents, orderBy, feed, given) => {
        const sorted = sortDocuments(documents, orderBy);
        const at = (index: number | undefined) =>
          index === undefined ? undefined : sorted[index % (sorted.length || 1)];
        const bounds = given.offset === undefined ? { after: at(given.after), before: at(given.before) } : noBounds;
        // Bounds in the wrong order make an empty list, whose neighbours nobody defines.
        if (bounds.after && bounds.before && sorted.indexOf(bounds.after) >= sorted.indexOf(bounds.before)) return;
        const request: PageRequest = {
          ...(given.backward ? { last: given.size } : { first: given.size }),
          after: bounds.after && encodeCursor(orderBy, bounds.after),
          before: bounds.before && encodeCursor(orderBy, bounds.before),
          offset: given.offset,
        };
        const { fed: _, ...page } = collect(documents, orderBy, request, feed);
        expect(page).toEqual(cut(documents, orderBy, request, bounds));
      }),
      { numRuns: 3000 },
    );
  });

  it('make up the whole list by their cursors, forwards and backwards, whatever their size', () => {
    fc.assert(
      fc.property(documentLists, orders, feeds, fc.integer({ min: 1, max: 6 }), (documents, orderBy, feed, size) => {
        const sorted = sortDocuments(documents, orderBy);
        const forwards: Document[] = [];
        for (let after: string | undefined; ; ) {
          const page = collect(documents, orderBy, { first: size, after }, feed);
          expect(page.hasPreviousPage).toBe(forwards.length > 0);
          forwards.push(...page.documents);
          const last = page.documents.at(-1);
          if (!page.hasNextPage || last === undefined) break;
          after = encodeCursor(orderBy, last);
        }
        expect(forwards).toEqual(sorted);
        const backwards: Document[] = [];
        for (let before: string | undefined; ; ) {
          const page = collect(documents, orderBy, { last: size, before }, feed);
          expect(page.hasNextPage).toBe(backwards.length > 0);
          backwards.unshift(...page.documents);
          const [first] = page.documents;
          if (!page.hasPreviousPage || first === undefined) break;
          before = encodeCursor(orderBy, first);
        }
        expect(backwards).toEqual(sorted);
      }),
      { numRuns: 500 },
    );
  });

  it('go on at the same place when the document of the cursor changed, or is gone', () => {
    fc.assert(
      fc.property(
        documentLists,
        orders,
        feeds,
        fc.nat(),
        fc.option(values),
        (documents, orderBy, feed, choice, changed) => {
          const sorted = sortDocuments(documents, orderBy);
          const index = choice % (sorted.length || 1);
          const anchor = sorted[index];
          if (anchor === undefined) return;
          const cursor = encodeCursor(orderBy, anchor);
          const others = documents.filter((document) => document !== anchor);
          const now = changed === null ? others : [...others, { ...anchor, body: { a: changed, b: changed } }];
          const after = collect(now, orderBy, { first: 100, after: cursor }, feed).documents;
          const before = collect(now, orderBy, { last: 100, before: cursor }, feed).documents;
          const unchanged = (list: readonly Document[]) => list.filter(({ id }) => id !== anchor.id);
          expect(unchanged(after)).toEqual(sorted.slice(index + 1));
          expect(unchanged(before)).toEqual(sorted.slice(0, index));
        },
      ),
      { numRuns: 500 },
    );
  });
});

const noBounds: Bounds = { after: undefined, before: undefined };

describe('a page in the order of creation', () => {
  const documents = Array.from({ length: 50 }, (_, index) => makeDocument({ index }, { createdSequence: index + 1 }));
  const cursorOf = (index: number) => encodeCursor([], documents[index] ?? makeDocument({}));
  const fed = (request: PageRequest, feed: Feed = 'ordered') => collect(documents, [], request, feed).fed;

  it('is complete as soon as what follows cannot change it', () => {
    expect(fed({ first: 10 })).toBe(11);
    expect(fed({ first: 10, offset: 5 })).toBe(16);
    expect(fed({ first: 10, after: cursorOf(9) })).toBe(21);
    expect(fed({ first: 10, before: cursorOf(4) })).toBe(5);
    expect(fed({ last: 10, before: cursorOf(29) })).toBe(30);
    expect(fed({ last: 10 }, 'reversed')).toBe(11);
    expect(fed({ last: 10 })).toBe(50);
  });

  it('needs no more than one document of those before the cursor', () => {
    const collector = new PageCollector([], { first: 3, after: cursorOf(20) });
    for (const index of [4, 21, 22, 23, 24]) collector.add(documents[index] ?? makeDocument({}));
    expect(collector.complete).toBe(true);
    expect(collector.page()).toEqual({ documents: documents.slice(21, 24), hasNextPage: true, hasPreviousPage: true });
  });

  it('has 100 documents when no size was asked for', () => {
    const many = Array.from({ length: 150 }, (_, index) => makeDocument({}, { createdSequence: index + 1 }));
    expect(collect(many, [], {}, 'ordered').documents).toHaveLength(100);
  });

  it('refuses a cursor of another order', () => {
    const cursor = encodeCursor(parseOrderBy([{ path: 'a' }]), makeDocument({ a: 1 }));
    expect(() => new PageCollector([], { first: 1, after: cursor })).toThrow(/another order/);
  });
});
