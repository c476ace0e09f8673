import { expect, test } from 'vitest';
import type { JsonValue } from '../../src/document/json.ts';
import { sortInSlices } from '../../src/embedded/index/sliced-sort.ts';
import { GrowingList } from '../../src/query/growing-list.ts';
import { parseOrderBy } from '../../src/query/order-parser.ts';
import { Ordering } from '../../src/query/ordering.ts';
import { sortDocuments } from '../../src/query/sort.ts';
import { makeDocument } from './make-document.ts';

const count = 40_000; // several chunks
const mixed = (number: number) => (number * 2_654_435_761) >>> 0;

const kinds: Readonly<Record<string, (number: number) => JsonValue>> = {
  'texts of ASCII': (number) => `text ${mixed(number) % 5_000}`,
  // U+FFFD comes before U+1F600, whose surrogates are lower: only the last text says that code units do not do.
  'texts beyond the surrogates': (number) => (number === count - 1 ? '\u{1f600}' : `\ufffd${mixed(number) % 300}`),
  numbers: (number) => (mixed(number) % 7_000) / 4,
  'all types': (number) =>
    [null, number % 50, `t${number % 70}`, [number % 3, 'x'], [], { a: number % 5 }, number % 2 === 0, 2n ** 70n][
      number % 8
    ] ?? null,
};

test('very many documents stand in a table in the order asked for, one pause after the other', async () => {
  for (const [kind, valueAt] of Object.entries(kinds)) {
    const documents = Array.from({ length: count }, (_, number) =>
      makeDocument({ a: valueAt(number), b: mixed(number) % 10 }, { createdSequence: number + 1 }),
    );
    for (const direction of ['ASC', 'DESC'] as const) {
      const order = parseOrderBy([
        { path: 'a', direction },
        { path: 'b', direction: 'DESC' },
      ]);
      const table = new Ordering(order).table();
      for (const document of documents) table.add(document);
      let pauses = 0;
      const numbers = await sortInSlices(
        table.size,
        (a, b) => table.compare(a, b),
        () => {
          pauses += 1;
          return undefined;
        },
      );
      expect(pauses, kind).toBeGreaterThan(count / 100);
      const expected = sortDocuments(documents, order);
      const differs = Array.from(numbers).findIndex((number, index) => table.document(number) !== expected[index]);
      expect(differs, `${kind} ${direction}`).toBe(-1);
    }
  }
});

test('a growing list has each item at its number, and none before the first or behind the last', () => {
  const list = new GrowingList<number>();
  expect(list.at(0)).toBeUndefined();
  for (let number = 0; number < count; number += 1) list.push(number);
  expect(list.size).toBe(count);
  for (let number = 0; number < count; number += 1)
    if (list.at(number) !== number) expect(list.at(number)).toBe(number);
  expect([list.at(-1), list.at(count), list.at(10 * count)]).toEqual([undefined, undefined, undefined]);
});
