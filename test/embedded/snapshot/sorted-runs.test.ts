import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedRuns } from '../../../src/embedded/snapshot/sorted-runs.ts';
import { documentId, documentOf } from '../log/log-fixture.ts';

test('documents added in any chunks come out sorted by id', () => {
  const chunks = fc.array(fc.array(fc.nat(10_000), { maxLength: 30 }), { maxLength: 30 });
  fc.assert(
    fc.property(chunks, (lists) => {
      const seen = new Set<number>();
      const runs = new SortedRuns();
      for (const list of lists) {
        const fresh = list.filter((number) => !seen.has(number) && seen.add(number));
        runs.add(fresh.map((number) => documentOf(1, {}, { id: documentId(number) })));
      }
      const expected = [...seen].sort((a, b) => a - b).map(documentId);
      expect(Array.from(runs.merged(), ({ id }) => id)).toEqual(expected);
    }),
    { seed: 5 },
  );
});

test('of no documents none come out', () => {
  const runs = new SortedRuns();
  runs.add([]);
  expect([...runs.merged()]).toEqual([]);
});
