import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashText } from '../../src/document/text-hash.ts';
import { TextTable } from '../../src/embedded/text-table.ts';

const change = fc.record({ key: fc.nat(200), deletes: fc.boolean() });

test('it holds what a map holds, whatever the hashes have in common, and tells each entry once', () => {
  // Of all bits, of few, of the highest alone: those that stand in the way of each other are told apart by their texts.
  fc.assert(
    fc.property(fc.array(change, { maxLength: 600 }), fc.constantFrom(-1, 7, 0, 0x7000_0000), (changes, mask) => {
      const table = new TextTable<number>();
      const expected = new Map<string, number>();
      for (const [value, { key: number, deletes }] of changes.entries()) {
        const key = `key ${number}`;
        const hash = hashText(key) & mask;
        if (deletes) expect(table.delete(key, hash)).toBe(expected.delete(key));
        else {
          table.set(key, hash, value);
          expected.set(key, value);
        }
        expect(table.get(key, hash)).toBe(expected.get(key));
      }
      const found: [string, number][] = [];
      table.forEach((key, hash, value) => {
        expect(hash).toBe(hashText(key) & mask);
        found.push([key, value]);
      });
      expect(table.size).toBe(expected.size);
      expect(found.sort()).toEqual([...expected].sort());
      for (let number = 0; number <= 200; number += 1) {
        const key = `key ${number}`;
        expect(table.get(key, hashText(key) & mask)).toBe(expected.get(key));
      }
    }),
  );
});

test('hashes differ where texts differ a little, and are the same for the same text', () => {
  const texts = Array.from({ length: 20_000 }, (_, number) => `${'x'.repeat(100)}${number}${'y'.repeat(100)}`);
  const hashes = new Set(texts.map(hashText));
  expect(hashes.size).toBeGreaterThan(19_990);
  // The upper bits choose a shard, the lower ones a place in it.
  for (const shift of [0, 24]) {
    const counts = new Array<number>(256).fill(0);
    for (const hash of hashes) {
      const part = (hash >>> shift) & 255;
      counts[part] = (counts[part] ?? 0) + 1;
    }
    expect(Math.max(...counts)).toBeLessThan(160);
  }
  expect(hashText(`a${'b'}`)).toBe(hashText('ab'));
});
