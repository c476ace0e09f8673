import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDocumentId } from '../../src/document/document-id.ts';
import { createDocumentIdGenerator } from '../../src/document/document-id-generator.ts';

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The milliseconds in the first 48 bits of an id. */
function timeOf(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16);
}

function expectIncreasing(ids: readonly string[]): void {
  expect(ids).toEqual([...new Set(ids)].sort());
}

test('an id is a UUID of version 7 with the time of the clock', () => {
  const createId = createDocumentIdGenerator({ now: () => 1_700_000_000_123.9, randomBytes });
  const id = createId();
  expect(id).toMatch(version7);
  expect(parseDocumentId(id, 'id')).toBe(id);
  expect(timeOf(id)).toBe(1_700_000_000_123);
});

test('ids increase while the clock stands still, past the end of the random pool', () => {
  const createId = createDocumentIdGenerator({ now: () => 1_700_000_000_000, randomBytes });
  expectIncreasing(Array.from({ length: 3000 }, createId));
});

test('ids increase whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 2 ** 45 }), { minLength: 2, maxLength: 50 }), (times) => {
      let call = 0;
      const createId = createDocumentIdGenerator({ now: () => times[call++] ?? 0, randomBytes });
      expectIncreasing(times.map(createId));
    }),
    { numRuns: 200 },
  );
});

test('while the clock is behind, the time of the last id is kept, and left when the clock has caught up', () => {
  const times = [5000, 4000, 4999, 5001];
  const createId = createDocumentIdGenerator({ now: () => times.shift() ?? 0, randomBytes });
  expect([createId(), createId(), createId(), createId()].map(timeOf)).toEqual([5000, 5000, 5000, 5001]);
});

test('a millisecond has room for two thousand million ids: the counter starts below half', () => {
  const createId = createDocumentIdGenerator({
    now: () => 1000,
    randomBytes: (size) => new Uint8Array(size).fill(0xff),
  });
  // The counter's 32 bits are spread over the id: 4 and 8 after the version, then 6 and 14 after the variant.
  expect(createId()).toBe('00000000-03e8-77ff-bfff-ffffffffffff');
  expect(createId()).toBe('00000000-03e8-7800-8000-03ffffffffff');
});

test('two sources with different bytes give different ids in the same millisecond', () => {
  const sources = [
    createDocumentIdGenerator({ now: () => 1000, randomBytes }),
    createDocumentIdGenerator({ now: () => 1000, randomBytes }),
  ];
  const ids = sources.flatMap((createId) => Array.from({ length: 1000 }, createId));
  expect(new Set(ids).size).toBe(2000);
});

test('the source of random bytes is asked once for hundreds of ids', () => {
  let askedCount = 0;
  const createId = createDocumentIdGenerator({
    now: () => 1000,
    randomBytes: (size) => {
      askedCount++;
      return randomBytes(size);
    },
  });
  Array.from({ length: 500 }, createId);
  expect(askedCount).toBe(1);
});
