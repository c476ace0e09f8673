import { expect, test } from 'vitest';
import { ShardedMap } from '../../src/embedded/sharded-map.ts';
import { SeededRandom } from '../fault/seeded-random.ts';
import { documentId } from './log/log-fixture.ts';

test('it holds what a map holds, while it grows from few keys of all kinds to many and shrinks again', () => {
  const random = new SeededRandom(3);
  const kinds: readonly ((number: number) => unknown)[] = [
    documentId,
    (number) => number,
    (number) => number / 7,
    (number) => `${'x'.repeat(number % 200)}${number}@example.com`,
    (number) => BigInt(number) + 2n ** 64n,
    (number) => [null, true, false, '', 0][number % 5],
  ];
  const map = new ShardedMap<unknown, number>();
  const expected = new Map<unknown, number>();
  const keyOf = () => kinds[random.below(kinds.length)]?.(random.below(20_000));
  for (let change = 0; change < 120_000; change += 1) {
    const key = keyOf();
    if (change > 80_000 || random.below(5) === 0) expect(map.delete(key)).toBe(expected.delete(key));
    else {
      map.set(key, change);
      expected.set(key, change);
    }
    if (change % 10_000 !== 0) continue;
    expect(map.size).toBe(expected.size);
    for (const [some, value] of expected) if (map.get(some) !== value) expect(map.get(some)).toBe(value);
  }
  expect(map.get(-0)).toBe(expected.get(0));
  expect(map.get('missing')).toBeUndefined();
});
