import fc from 'fast-check';
import { expect, test } from 'vitest';
import { needsExactParser } from '../../../src/embedded/log/exact-parser.ts';

test('the exact parser is needed where FORMAT.md says so', () => {
  const digits = fc.integer({ min: 1, max: 40 }).map((length) => '1'.repeat(length));
  const other = fc.constantFrom('-', '.', 'e', '"', ',', '/', ':', 'é', '٣', '\\', ' '.repeat(15));
  let needed = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(digits, other), { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      const isNeeded = /\d{16}|\\/.test(text);
      if (isNeeded) needed += 1;
      return needsExactParser(text) === isNeeded;
    }),
    { numRuns: 5000 },
  );
  expect(needed).toBeGreaterThan(500);
});
