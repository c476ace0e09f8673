import fc from 'fast-check';
import { find } from 'mingo';
import { compare } from 'mingo/util';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import type { Direction } from '../../src/query/order.ts';
import { parseOrderBy } from '../../src/query/order-parser.ts';
import { sortDocuments } from '../../src/query/sort.ts';
import { makeDocument } from './make-document.ts';

// Objects have one key, and no string a code point beyond U+D7FF: there mingo departs (`src/query/README.md`).
const scalars = fc.constantFrom<JsonValue>(
  null,
  true,
  false,
  -1.5,
  0,
  2,
  10,
  '',
  'a',
  'B',
  'ab',
  'é',
  { k: 1 },
  { k: 'x' },
);
const lists = fc.array(scalars, { minLength: 1, maxLength: 3 });
const keyed = fc.oneof({ weight: 3, arbitrary: scalars }, { weight: 2, arbitrary: lists });
const bodies = fc.record({ a: keyed, b: keyed, c: fc.record({ d: keyed }) }, { noNullPrototype: true });

const levels = fc.uniqueArray(
  fc.record({ path: fc.constantFrom('a', 'b', 'c.d'), direction: fc.constantFrom<Direction>('ASC', 'DESC') }),
  { minLength: 1, maxLength: 3, selector: ({ path }) => path },
);

/** The element that stands for a list: its least ascending, its greatest descending, in mingo's own order of values. */
function standIn(value: JsonValue, direction: Direction): JsonValue {
  if (!Array.isArray(value)) return value;
  const sorted = value.toSorted(compare);
  return (direction === 'ASC' ? sorted.at(0) : sorted.at(-1)) ?? null;
}

describe('orders on several paths', () => {
  it('are those of mingo, which gets the elements that count instead of the lists', () => {
    fc.assert(
      fc.property(fc.array(bodies, { maxLength: 12 }), levels, (list, orderBy) => {
        const documents = list.map((body, index) => makeDocument(body, { createdSequence: index + 1 }));
        const ours = sortDocuments(documents, parseOrderBy(orderBy)).map(({ createdSequence }) => createdSequence);
        const directions = new Map(orderBy.map(({ path, direction }) => [path, direction]));
        const rows = list.map(
          ({ a, b, c }, index): JsonObject => ({
            number: index + 1,
            a: standIn(a, directions.get('a') ?? 'ASC'),
            b: standIn(b, directions.get('b') ?? 'ASC'),
            c: { d: standIn(c.d, directions.get('c.d') ?? 'ASC') },
          }),
        );
        // The order of creation as the last level: mingo breaks ties by where the documents stood only ascending.
        const sort = Object.fromEntries([
          ...orderBy.map(({ path, direction }) => [path, direction === 'ASC' ? 1 : -1]),
          ['number', 1],
        ]);
        const theirs = find<JsonObject>(rows, {}).sort(sort).all();
        expect(ours).toEqual(theirs.map(({ number }) => number));
      }),
      { numRuns: 5_000 },
    );
  });
});
