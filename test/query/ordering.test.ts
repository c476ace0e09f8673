import { describe, expect, it } from 'vitest';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { type OrderInput, parseOrderBy } from '../../src/query/order-parser.ts';
import { compileOrder } from '../../src/query/ordering.ts';
import { sortDocuments } from '../../src/query/sort.ts';
import { makeDocument } from './make-document.ts';

/** The documents of these bodies, created one after the other. */
function created(bodies: readonly JsonObject[]): Document[] {
  return bodies.map((body, index) => makeDocument(body, { createdSequence: index + 1 }));
}

function sortedBodies(orderBy: readonly OrderInput[], bodies: readonly JsonObject[]): JsonObject[] {
  const order = parseOrderBy(orderBy);
  const sorted = sortDocuments(created(bodies), order);
  expect(created(bodies).toReversed().sort(compileOrder(order))).toEqual(sorted); // the comparator agrees
  return sorted.map(({ body }) => body);
}

function sortedValues(
  direction: 'ASC' | 'DESC',
  values: readonly (JsonValue | undefined)[],
): (JsonValue | undefined)[] {
  const bodies = values.map((a): JsonObject => (a === undefined ? {} : { a }));
  return sortedBodies([{ path: 'a', direction }], bodies).map((body) => body.a);
}

describe('orders', () => {
  it('put types in their order, and what is missing with null', () => {
    expect(sortedValues('ASC', [true, [[1]], {}, 'a', 1, null, undefined, false])).toEqual([
      null,
      undefined,
      1,
      'a',
      {},
      [[1]],
      false,
      true,
    ]);
  });

  it('take the least element of a list ascending, the greatest descending, and an empty list before null', () => {
    const values = [[3, 9], 5, [], null, [4], [1, 'x']];
    expect(sortedValues('ASC', values)).toEqual([[], null, [1, 'x'], [3, 9], [4], 5]);
    expect(sortedValues('DESC', values)).toEqual([[1, 'x'], [3, 9], 5, [4], null, []]);
  });

  it('look into lists of objects on the path', () => {
    const bodies = [
      { a: [{ n: 5 }, { n: 2 }] },
      { a: [{ n: [7, 3] }] },
      { a: { n: 4 } },
      { a: [] },
      { a: [{ n: 9 }, {}] },
    ];
    const order = (direction: 'ASC' | 'DESC') =>
      sortedBodies([{ path: 'a.n', direction }], bodies).map((body) => bodies.findIndex(({ a }) => a === body.a));
    expect(order('ASC')).toEqual([3, 4, 0, 1, 2]);
    expect(order('DESC')).toEqual([4, 1, 0, 2, 3]);
  });

  it('take the element at an index for itself', () => {
    const bodies = [{ a: [{ n: 5 }, { n: 1 }] }, { a: [{ n: 3 }, { n: 9 }] }, { a: [{ n: 4 }] }];
    expect(sortedBodies([{ path: 'a.0.n' }], bodies)).toEqual([bodies[1], bodies[2], bodies[0]]);
  });

  it('break ties by the next level, then by creation, always ascending', () => {
    const bodies = [
      { a: 1, b: 1, n: 0 },
      { a: 2, b: 1, n: 1 },
      { a: 1, b: 2, n: 2 },
      { a: 1, b: 1, n: 3 },
    ];
    const numbers = (orderBy: OrderInput[]) => sortedBodies(orderBy, bodies).map(({ n }) => n);
    expect(numbers([{ path: 'a' }, { path: 'b', direction: 'DESC' }])).toEqual([2, 0, 3, 1]);
    expect(numbers([{ path: 'a', direction: 'DESC' }])).toEqual([1, 0, 2, 3]);
    expect(numbers([])).toEqual([0, 1, 2, 3]);
  });

  it('break the ties of one commit by id', () => {
    const ids = ['2', 'a', '1'].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`);
    const documents = ids.map((id) => makeDocument({}, { id }));
    expect(sortDocuments(documents, []).map(({ id }) => id)).toEqual([...ids].sort());
    expect(sortDocuments(documents, parseOrderBy([{ path: 'x', direction: 'DESC' }])).map(({ id }) => id)).toEqual(
      [...ids].sort(),
    );
  });

  it("follow the document's own fields, null first", () => {
    const documents = [
      makeDocument({}, { createdSequence: 1, name: 'b', version: 1, updatedAt: 50 }),
      makeDocument({}, { createdSequence: 2, name: 'a', version: 3, updatedAt: null }),
      makeDocument({}, { createdSequence: 3, name: 'c', version: 2, updatedAt: 7 }),
    ];
    const sequences = (path: string) =>
      sortDocuments(documents, parseOrderBy([{ path }])).map(({ createdSequence }) => createdSequence);
    expect(sequences('$name')).toEqual([2, 1, 3]);
    expect(sequences('$version')).toEqual([1, 3, 2]);
    expect(sequences('$updatedAt')).toEqual([2, 3, 1]);
  });

  it('reach no prototype', () => {
    const own: JsonObject = { constructor: -1 };
    expect(sortedBodies([{ path: 'constructor' }], [own, {}])).toEqual([{}, own]);
    expect(sortedBodies([{ path: 'a.length' }], [{ a: 'longer' }, { a: '' }])).toEqual([{ a: 'longer' }, { a: '' }]);
  });
});
