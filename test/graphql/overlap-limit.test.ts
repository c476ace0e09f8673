import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { checkOverlaps } from '../../src/graphql/overlap-limit.ts';

const refusal = 'names the same fields too often side by side';
/** As many fields as make the document looked at, whatever it is. */
const any = 1_000_000;

const check = (text: string, max: number) => () => checkOverlaps(parse(text), any, max);

function many(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join(' ');
}

describe('fields of one name side by side', () => {
  test.each([
    ['plain ones', '{ a a a a }', 6],
    ['of the same alias', '{ x: a x: b }', 1],
    ['with arguments', '{ a(n: 1) a(n: 2) }', 10],
    ['with selections, which are merged', '{ a { b } a { b } }', 11],
    ['merged through several levels', '{ a { b { c } } a { b { c } } }', 21],
    ['in inline fragments', '{ a ... on Q { a } ... { a } }', 3],
    ['in fragments', '{ a ...F } fragment F on Q { a }', 1],
    ['in a fragment that is spread twice', '{ ...F ...F } fragment F on Q { a }', 0],
    [
      'in fragments below fields that are merged',
      '{ a { ...F } a { ...G } } fragment F on Q { b } fragment G on Q { b }',
      11,
    ],
    ['in several operations, each by itself', 'query A { a a } query B { a a }', 2],
    ['in a fragment that nothing spreads', '{ a } fragment F on Q { b b }', 1],
    ['of different names', '{ a b c { a b } d { a b } }', 0],
    [
      'in fragments that spread each other, which validation refuses',
      '{ ...F } fragment F on Q { a ...G } fragment G on Q { a ...F }',
      1,
    ],
  ])('%s are counted by pairs', (_case, text, pairs) => {
    expect(check(text, pairs)).not.toThrow();
    if (pairs > 0) expect(check(text, pairs - 1)).toThrow(refusal);
  });

  test('what clients send is let through: a page of a hundred parts, each with a fragment of its own for the same object', () => {
    const spreads = many(100, (index) => `...F${index}`);
    const fragments = many(
      100,
      (index) => `fragment F${index} on Table { __typename name createdAt settings { readOnly } }`,
    );
    expect(check(`{ tables { ${spreads} } } ${fragments}`, 250_000)).not.toThrow();
    expect(check(`{ ${many(1_000, (index) => `a${index}: table(name: "x") { name }`)} }`, 250_000)).not.toThrow();
  });

  test('a document of few fields is not looked at', () => {
    expect(() => checkOverlaps(parse('{ a a a }'), 3, 45)).not.toThrow();
    expect(() => checkOverlaps(parse('{ a a a }'), 3, 2)).toThrow(refusal);
  });
});
