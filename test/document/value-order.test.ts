import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalize } from '../../src/document/canonical-json.ts';
import type { JsonValue } from '../../src/document/json.ts';
import { compareStrings, compareValues, equalValues, ordersByCodeUnit } from '../../src/document/value-order.ts';
import { jsonValueArbitrary, stringArbitrary } from './json-arbitraries.ts';

/** Random values are seldom alike, so most come from a small world, where equal ones and near ones are common. */
const { value: alike } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'medium' },
    fc.constantFrom<JsonValue>(
      null,
      true,
      false,
      0,
      1,
      2 ** 53,
      2n ** 53n + 1n,
      2 ** 53 + 2,
      '',
      'a',
      '\u{ffff}',
      '\u{1f600}',
    ),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '\u{ffff}', '\u{1f600}'), tie('value'), { maxKeys: 2 }),
  ),
}));
const values = fc.oneof({ weight: 4, arbitrary: alike }, { weight: 1, arbitrary: jsonValueArbitrary });

/** How `sort` orders a reordered list again, as the test of an order that is stated in full. */
function expectOrder(ordered: readonly JsonValue[]): void {
  for (const [index, value] of ordered.entries()) {
    for (const [other, another] of ordered.entries()) {
      expect(Math.sign(compareValues(value, another))).toBe(Math.sign(index - other));
    }
  }
}

describe('compareValues', () => {
  it('orders types as MongoDB does: null, numbers, strings, objects, lists, booleans', () => {
    expectOrder([null, -1, 5, '', 'a', {}, { a: 1 }, [], [1], false, true]);
    expect(compareValues(undefined, null)).toBe(0);
    expect(compareValues(undefined, -1)).toBeLessThan(0);
  });

  it('orders numbers by value, whether a double holds them or not', () => {
    expectOrder([-(2n ** 70n) - 1n, -(2 ** 70), -0.5, 0, 0.5, 2 ** 53, 2n ** 53n + 1n, 2 ** 53 + 2, 1e300]);
    expect(compareValues(5n, 5)).toBe(0);
  });

  it('orders strings by code point, not by UTF-16 unit', () => {
    expectOrder([
      '',
      'a',
      'aa',
      'b',
      '\u{d7ff}',
      '\u{e000}',
      '\u{ffff}',
      '\u{10000}',
      '\u{1f600}',
      '\u{1f601}',
      '\u{10ffff}',
    ]);
  });

  it('orders lists element by element, and a list before what it is the beginning of', () => {
    expectOrder([[], [null], [null, 1], [1], [1, 1], [2], ['a'], [[]]]);
  });

  it('orders objects by their sorted keys: type, then key, then value', () => {
    expectOrder([{}, { b: null }, { a: 1 }, { a: 1, b: 0 }, { a: 2 }, { b: 1 }, { a: 'x' }]);
    expect(compareValues({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(0);
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        expect(compareValues(a, a)).toBe(0);
        expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) || 0);
        const [first, second, third] = [a, b, c].sort(compareValues) as [JsonValue, JsonValue, JsonValue];
        expect(compareValues(first, second)).toBeLessThanOrEqual(0);
        expect(compareValues(second, third)).toBeLessThanOrEqual(0);
        expect(compareValues(first, third)).toBeLessThanOrEqual(0);
        // Where two are equal, they stand on the same side of every third.
        if (compareValues(a, b) === 0) {
          expect(Math.sign(compareValues(a, c))).toBe(Math.sign(compareValues(b, c)));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('equalValues', () => {
  it('says what equal canonical forms say, and so does the order', () => {
    let equal = 0;
    fc.assert(
      fc.property(values, values, (a, b) => {
        const expected = canonicalize(a) === canonicalize(b);
        expect(equalValues(a, b)).toBe(expected);
        expect(compareValues(a, b) === 0).toBe(expected);
        expect(equalValues(a, structuredClone(a))).toBe(true);
        if (expected) equal++;
      }),
      { numRuns: 3000 },
    );
    expect(equal).toBeGreaterThan(30);
  });

  it('compares own keys only', () => {
    expect(equalValues({ toString: 1 }, {})).toBe(false);
    expect(equalValues({}, { constructor: 1 })).toBe(false);
    expect(equalValues({ toString: null }, { valueOf: null })).toBe(false);
    expect(equalValues(JSON.parse('{"__proto__": {}}'), { a: {} })).toBe(false);
  });

  it('does not take null for what is missing, a list for an object or an empty text for nothing', () => {
    expect(equalValues(null, undefined)).toBe(false);
    expect(equalValues([], {})).toBe(false);
    expect(equalValues({}, [])).toBe(false);
    expect(equalValues('', null)).toBe(false);
    expect(equalValues(0, false)).toBe(false);
    expect(equalValues('1', 1)).toBe(false);
  });
});

describe('strings', () => {
  const points = (text: string) => Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const text = fc.oneof(
    stringArbitrary,
    fc.string({ unit: fc.constantFrom('a', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{1f600}', '\u{1f601}') }),
  );

  it('compare as their lists of code points do', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareStrings(a, b))).toBe(Math.sign(compareValues(points(a), points(b))));
      }),
      { numRuns: 2000 },
    );
  });

  it('compare by code unit with a text that says so', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        if (ordersByCodeUnit(b)) expect(a < b).toBe(compareStrings(a, b) < 0);
      }),
      { numRuns: 2000 },
    );
    expect(ordersByCodeUnit('abc\u{d7ff}')).toBe(true);
    expect(ordersByCodeUnit('\u{ffff}')).toBe(false);
  });
});
