import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashBody } from '../../src/document/body-hash.ts';

test('the hash of an empty body is the SHA-256 of {}', () => {
  expect(hashBody({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
});

test('the hash is that of the UTF-8 bytes of the canonical form, whatever the order of keys', () => {
  const canonical = Buffer.from('{"a":[9007199254740993,1e+21],"ключ":"\u{1f600}"}');
  const hash = createHash('sha256').update(canonical).digest('hex');
  expect(hashBody({ a: [9007199254740993n, 1e21], ключ: '\u{1f600}' })).toBe(hash);
  expect(hashBody({ ключ: '\u{1f600}', a: [9007199254740993n, 1e21] })).toBe(hash);
});

test('the hash changes with the body', () => {
  expect(hashBody({ a: 1 })).not.toBe(hashBody({ a: '1' }));
});
