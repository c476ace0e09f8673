import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../src/document/json.ts';
import { compileFilter } from '../../src/query/filter-compiler.ts';
import { type FilterInput, parseFilter } from '../../src/query/filter-parser.ts';
import { makeDocument } from './make-document.ts';

/** Of these values of `a` (undefined: there is no `a`), those whose document the filter fits. */
function fitting(filter: FilterInput, values: readonly (JsonValue | undefined)[]): (JsonValue | undefined)[] {
  const fits = compileFilter(parseFilter(filter));
  return values.filter((a) => fits(makeDocument(a === undefined ? {} : { a })));
}

function fits(filter: FilterInput, a: JsonValue): boolean {
  return fitting(filter, [a]).length === 1;
}

// What follows is what MongoDB's server does (its tests of paths and of null), where mingo does something else or where
// random comparison rarely arrives.
describe('null', () => {
  const values = [undefined, null, 4, {}, { b: null }, { b: 'hi' }];
  const lists = [
    [[]],
    [],
    [{ b: null }, {}],
    [{ b: 1 }, { b: 'x' }],
    [{ b: null }, { b: 3 }],
    [{ b: 3 }, {}],
    [null, null],
    [1, 'x'],
    [1, null],
  ];

  it('equals what is missing, and an element of a list', () => {
    const nulls = [undefined, null, [null, null], [1, null]];
    expect(fitting({ path: 'a', eq: null }, [...values, ...lists])).toEqual(nulls);
    expect(fitting({ path: 'a', gte: null }, [...values, ...lists])).toEqual(nulls);
    expect(fitting({ path: 'a', lte: null }, [...values, ...lists])).toEqual(nulls);
    expect(fitting({ path: 'a', in: [null, 75] }, [...values, ...lists])).toEqual(nulls);
    expect(fitting({ path: 'a', all: [null] }, [...values, ...lists])).toEqual(nulls);
    expect(fitting({ path: 'a', gt: null }, [...values, ...lists])).toEqual([]);
    expect(fitting({ path: 'a', lt: null }, [...values, ...lists])).toEqual([]);
  });

  it('is on a dotted path also what lies below a scalar, but not below a list without objects', () => {
    expect(fitting({ path: 'a.b', eq: null }, [...values, ...lists])).toEqual([
      undefined,
      null,
      4,
      {},
      { b: null },
      [{ b: null }, {}],
      [{ b: null }, { b: 3 }],
      [{ b: 3 }, {}],
    ]);
    expect(fitting({ path: 'a.b', ne: null }, [...values, ...lists])).toEqual([
      { b: 'hi' },
      [[]],
      [],
      [{ b: 1 }, { b: 'x' }],
      [null, null],
      [1, 'x'],
      [1, null],
    ]);
  });

  it('exists, and what is missing does not', () => {
    expect(fitting({ path: 'a', exists: false }, [...values, ...lists])).toEqual([undefined]);
    expect(fitting({ path: 'a.b', exists: true }, [...values, ...lists])).toEqual([
      { b: null },
      { b: 'hi' },
      ...lists.filter((list) => JSON.stringify(list).includes('b')),
    ]);
  });

  it('is a type of its own, which what is missing has not', () => {
    expect(fitting({ path: 'a', type: 'NULL' }, [...values, [1, null]])).toEqual([null, [1, null]]);
  });
});

describe('lists on the path', () => {
  it('stand at its end for themselves and for each element', () => {
    expect(fits({ path: 'a', eq: 5 }, [5, 6])).toBe(true);
    expect(fits({ path: 'a', eq: [5, 6] }, [5, 6])).toBe(true);
    expect(fits({ path: 'a', eq: [5, 6] }, [[5, 6]])).toBe(true);
    expect(fits({ path: 'a', eq: 5 }, [[5]])).toBe(false);
    expect(fits({ path: 'a', gt: [1] }, [2])).toBe(true);
    expect(fits({ path: 'a', in: [[5]] }, [5])).toBe(true);
    expect(fits({ path: 'a', type: 'ARRAY' }, [1])).toBe(true);
    expect(fits({ path: 'a', type: 'NUMBER' }, [1])).toBe(true);
    expect(fits({ path: 'a', regex: '^x' }, ['y', 'xy'])).toBe(true);
  });

  it('stand before its end for the objects in them, through every list', () => {
    const nested = [{ b: 5 }, 3, {}, { b: [9, 11] }, { b: 7 }];
    for (const value of [5, 9, 11, 7, [9, 11], null]) expect(fits({ path: 'a.b', eq: value }, nested)).toBe(true);
    expect(fits({ path: 'a.b', eq: 3 }, nested)).toBe(false);
    expect(fits({ path: 'a.b.c', regex: 'x' }, [{ b: [{ c: ['xy'] }] }, { b: [] }])).toBe(true);
  });

  it('are not looked into directly below a list, except by index', () => {
    expect(fits({ path: 'a.b', eq: 4 }, [[{ b: 4 }]])).toBe(false);
    expect(fits({ path: 'a.0.b', eq: 4 }, [[{ b: 4 }]])).toBe(true);
  });

  it('give the element at an index as it stands, and the key of that name of every object', () => {
    expect(fits({ path: 'a.1', eq: 7 }, [5, 7, 3])).toBe(true);
    expect(fits({ path: 'a.1', eq: 5 }, [5, 7, 3])).toBe(false);
    expect(fits({ path: 'a.1', eq: [2, 4] }, [5, [2, 4], 3])).toBe(true);
    expect(fits({ path: 'a.1', eq: 2 }, [5, [2, 4], 3])).toBe(false);
    expect(fits({ path: 'a.1', eq: 4 }, [5, { 1: 4 }, 3])).toBe(true);
    expect(fits({ path: 'a.1', eq: { 1: 4 } }, [5, { 1: 4 }, 3])).toBe(true);
    expect(fits({ path: 'a.1.b', eq: 4 }, [5, { b: 4 }, 3])).toBe(true);
    expect(fits({ path: 'a.1.b', eq: null }, [5, { b: 4 }, 3])).toBe(true);
    expect(fits({ path: 'a.1.b', eq: null }, [5, 7, 3])).toBe(false);
    expect(fits({ path: 'a.01', exists: true }, [5, 7, 3])).toBe(false);
    expect(fits({ path: 'a.5', exists: false }, [5, 7, 3])).toBe(true);
  });

  it('have the size that they have themselves', () => {
    expect(fitting({ path: 'a', size: 2 }, [[1, 2], [[1, 2]], 'ab', undefined])).toEqual([[1, 2]]);
    expect(fits({ path: 'a.b', size: 0 }, [])).toBe(false);
    expect(fits({ path: 'a.b', size: 0 }, [{ b: [1] }, { b: [] }])).toBe(true);
  });
});

describe('comparisons', () => {
  it('stay within a type', () => {
    const values: JsonValue[] = [null, true, false, -1, 5, '', '5', [], [6], {}, { b: 1 }];
    expect(fitting({ path: 'a', gte: -1 }, values)).toEqual([-1, 5, [6]]);
    expect(fitting({ path: 'a', lt: '5' }, values)).toEqual(['']);
    expect(fitting({ path: 'a', gte: false }, values)).toEqual([true, false]);
    expect(fitting({ path: 'a', lte: [6] }, values)).toEqual([[], [6]]);
    expect(fitting({ path: 'a', gt: {} }, values)).toEqual([{ b: 1 }]);
  });

  it('take numbers by value, beyond what a double holds', () => {
    const beyond = 2n ** 53n + 1n;
    const values = [2 ** 53, beyond, 2 ** 53 + 2, -(2n ** 70n) - 1n];
    expect(fitting({ path: 'a', eq: beyond }, values)).toEqual([beyond]);
    expect(fitting({ path: 'a', gt: 2 ** 53 }, values)).toEqual([beyond, 2 ** 53 + 2]);
    expect(fitting({ path: 'a', lte: beyond }, values)).toEqual([2 ** 53, beyond, values[3]]);
    expect(fitting({ path: 'a', in: [beyond, 4n] }, [...values, 4])).toEqual([beyond, 4]);
    expect(fitting({ path: 'a', eq: 5n }, [5, 6])).toEqual([5]);
    expect(fitting({ path: 'a', type: 'NUMBER' }, [beyond, 'x'])).toEqual([beyond]);
  });

  it('take strings by code point', () => {
    expect(fitting({ path: 'a', gt: '\u{fffd}' }, ['\u{1f600}', '\u{ffff}', 'z'])).toEqual(['\u{1f600}', '\u{ffff}']);
    expect(fitting({ path: 'a', lt: '\u{1f600}' }, ['\u{fffd}', '\u{1f601}'])).toEqual(['\u{fffd}']);
  });

  it('take objects by their keys in sorted order: the order of keys is not kept, which is our difference from MongoDB', () => {
    expect(fits({ path: 'a', eq: { x: 1, y: [2] } }, { y: [2], x: 1 })).toBe(true);
    expect(fits({ path: 'a', in: [{ x: 1, y: [2] }] }, { y: [2], x: 1 })).toBe(true);
    expect(fits({ path: 'a', gte: { x: 1, y: 2 } }, { y: 2, x: 1 })).toBe(true);
    expect(fits({ path: 'a', gt: { x: 1, y: 2 } }, { y: 2, x: 1 })).toBe(false);
  });
});

describe('all', () => {
  it('asks for each value, of a list or of the field itself', () => {
    expect(fits({ path: 'a', all: [1, 2] }, [2, 1, 3])).toBe(true);
    expect(fits({ path: 'a', all: [1, 4] }, [2, 1, 3])).toBe(false);
    expect(fits({ path: 'a', all: [5] }, 5)).toBe(true);
    expect(fits({ path: 'a', all: [] }, [])).toBe(false);
  });
});

describe('some', () => {
  it('asks for one element that fits as a whole', () => {
    const lines = [
      { sku: 'x', count: 1 },
      { sku: 'y', count: 9 },
    ];
    const some = {
      and: [
        { path: 'sku', eq: 'x' },
        { path: 'count', gt: 5 },
      ],
    };
    expect(fits({ path: 'a', some }, lines)).toBe(false);
    expect(fits({ path: 'a', some }, [...lines, { sku: 'x', count: 6 }])).toBe(true);
    expect(fits({ path: 'a', some: { gte: 5, lt: 7 } }, [4, 8])).toBe(false);
    expect(fits({ path: 'a', some: { gte: 5, lt: 7 } }, [4, 6, 8])).toBe(true);
    expect(fits({ path: 'a', some: { match: { sku: 'y', count: 9 } } }, lines)).toBe(true);
  });

  it('asks about lists only', () => {
    expect(fitting({ path: 'a', some: { ne: 1 } }, [2, undefined, null, { 0: 2 }, [], [1], [2]])).toEqual([[2]]);
    expect(fits({ path: 'a.b', some: { eq: 1 } }, [{ b: 1 }, { b: [1] }])).toBe(true);
    expect(fits({ path: 'a', some: { some: { eq: 2 } } }, [[1], [2]])).toBe(true);
  });

  it('tries the element itself as it stands, not its own elements', () => {
    expect(fits({ path: 'a', some: { eq: 1 } }, [[1]])).toBe(false);
    expect(fits({ path: 'a', some: { eq: [1] } }, [[1]])).toBe(true);
    expect(fits({ path: 'a', some: { path: '0', eq: 1 } }, [[1]])).toBe(true);
    expect(fits({ path: 'a', some: { path: 'b', eq: 1 } }, [[{ b: 1 }]])).toBe(false);
  });

  it('tries scalars only where it asks about the element itself', () => {
    expect(fits({ path: 'a', some: { path: 'b', ne: 1 } }, [5])).toBe(false);
    expect(fits({ path: 'a', some: { path: 'length', exists: true } }, ['text'])).toBe(false);
    expect(fits({ path: 'a', some: { or: [{ eq: 5 }, { path: 'b', eq: 1 }] } }, [5])).toBe(true);
    expect(fits({ path: 'a', some: { not: { gt: 5 } } }, [5])).toBe(true);
  });
});
