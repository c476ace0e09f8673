import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortInSlices } from '../../../src/embedded/index/sliced-sort.ts';

const lengths = fc.oneof(fc.nat(20), fc.integer({ min: 500, max: 530 }), fc.integer({ min: 1_000, max: 6_000 }));

test('numbers come in the order of their items, equal ones as they came, with a pause every so often', async () => {
  await fc.assert(
    fc.asyncProperty(lengths, fc.nat(2_000), fc.nat(), async (length, most, seed) => {
      // Few values make many that are equal; a step that is not odd makes runs that are in order.
      const keys = Array.from({ length }, (_, index) => (index * (seed % 7919)) % (most + 1));
      let pauses = 0;
      const order = await sortInSlices(
        length,
        (a, b) => (keys[a] ?? 0) - (keys[b] ?? 0),
        () => {
          pauses += 1;
          return pauses % 3 === 0 ? Promise.resolve() : undefined;
        },
      );
      const expected = keys.map((key, index) => ({ key, index })).sort((a, b) => a.key - b.key || a.index - b.index);
      expect([...order]).toEqual(expected.map(({ index }) => index));
      expect(pauses).toBeGreaterThanOrEqual(Math.floor(length / 512));
    }),
    { numRuns: 100 },
  );
});
