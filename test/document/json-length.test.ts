import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTextLonger, isTextLongerInSteps } from '../../src/document/json-length.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';

describe('the length of a JSON text, told without making it', () => {
  test.each([
    ['a string', 'x'.repeat(998)],
    ['a list of lists', Array.from({ length: 300 }, () => [])],
    ['members', Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, true]))],
    ['integers', Array.from({ length: 500 }, (_, index) => index % 10)],
    ['a bigint', 10n ** 1_100n],
  ])('%s', (_what, value) => {
    expect(isTextLonger(value, 10_000)).toBe(false);
    expect(isTextLonger(value, 500)).toBe(true);
  });

  test('what is let through is never more than six times as long', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { length } = stringifyJson(value);
        if (isTextLonger(value, Math.floor(length / 6) - 1)) return;
        throw new Error(`${length} characters were taken for a sixth of them`);
      }),
    );
  });

  test('in steps it is told the same, and more than one step is taken for what is longer than one', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(100), (value, lengthMax) => {
        expect(lastOf(isTextLongerInSteps(value, lengthMax, 7)).value).toBe(isTextLonger(value, lengthMax));
      }),
    );
    const list = Array.from({ length: 1_000 }, () => ({ a: 'x'.repeat(100) }));
    expect(lastOf(isTextLongerInSteps({ list }, 1e6, 1_000)).steps).toBeGreaterThan(100);
  });
});

function lastOf<T>(steps: Generator<void, T>): { readonly value: T; readonly steps: number } {
  for (let taken = 1; ; taken += 1) {
    const { done, value } = steps.next();
    if (done === true) return { value, steps: taken };
  }
}
