import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextSet } from '../../src/query/text-set.ts';

test('it has the texts that were added, each however often, and no others', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.string()), (added, asked) => {
      const set = new TextSet();
      for (const text of added) set.add(text);
      const expected = new Set(added);
      const changed = added.flatMap((text) => [text, text.slice(1), `${text}x`, `x${text.slice(1)}`]);
      for (const text of [...changed, ...asked, '']) expect(set.has(text)).toBe(expected.has(text));
    }),
  );
});

test('texts whose lengths differ by a multiple of 32 are told apart', () => {
  const set = new TextSet();
  set.add('a'.repeat(33));
  expect([1, 33, 65].map((length) => set.has('a'.repeat(length)))).toEqual([false, true, false]);
});
