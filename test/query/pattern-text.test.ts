import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { patternText } from '../../src/query/pattern-text.ts';

describe('patternText', () => {
  it.each([
    ['^user', { text: 'user', anchored: true, whole: true }],
    ['user', { text: 'user', anchored: false, whole: true }],
    ['^a\\.b', { text: 'a.b', anchored: true, whole: true }],
    ['^user7.*', { text: 'user7', anchored: true, whole: false }],
    ['^ab*', { text: 'a', anchored: true, whole: false }],
    ['^ab+', { text: 'ab', anchored: true, whole: false }],
    ['^a😀?', { text: 'a', anchored: true, whole: false }],
    ['^ab$', { text: 'ab', anchored: true, whole: false }],
    ['', { text: '', anchored: false, whole: true }],
    ['^', { text: '', anchored: true, whole: true }],
    ['ab|c', undefined],
    ['^ab|c', undefined],
    ['(?i)^ab', undefined],
    ['^(?i)ab', undefined],
    ['^\\d', undefined],
    ['^a{0}', undefined],
    ['^ab(?i)*', { text: 'a', anchored: true, whole: false }],
    ['ab.', undefined],
  ])('of %s', (pattern, expected) => {
    expect(patternText(pattern)).toEqual(expected);
  });

  it('is true of everything that the pattern matches', () => {
    const pieces = [
      '^',
      'a',
      'b',
      '\\.',
      '.',
      '*',
      '+',
      '?',
      '{0}',
      '{1,2}',
      '|',
      '(',
      ')',
      '[ab]',
      '$',
      '\\d',
      '(?i)',
      '-',
    ];
    const patterns = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((list) => list.join(''));
    const texts = fc
      .array(fc.constantFrom('a', 'b', '.', 'A', '1', '\n', '-'), { maxLength: 6 })
      .map((list) => list.join(''));
    let told = 0;
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 10, maxLength: 10 }), (pattern, list) => {
        const known = patternText(pattern);
        const program = compiled(pattern);
        if (known === undefined || program === undefined) return;
        told++;
        for (const text of list) {
          const has = known.anchored ? text.startsWith(known.text) : text.includes(known.text);
          if (known.whole) expect(has).toBe(program.test(text));
          else if (program.test(text)) expect(has).toBe(true);
        }
      }),
      { numRuns: 5_000 },
    );
    expect(told).toBeGreaterThan(500);
  });
});

function compiled(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined; // most random texts are no pattern
  }
}
