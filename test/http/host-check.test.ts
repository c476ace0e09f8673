import { describe, expect, test } from 'vitest';
import { createHostCheck } from '../../src/http/host-check.ts';

describe('the check of Host', () => {
  const isAllowed = createHostCheck(['db.example', '[fd00::1]']);

  test.each([
    'localhost',
    'localhost:8000',
    'LOCALHOST:8000',
    'localhost.',
    'yaradb:8000',
    'my-database',
    '127.0.0.1',
    '127.0.0.1:65535',
    '192.168.1.20:8000',
    '[::1]',
    '[::1]:8000',
    '[2001:DB8::1]:8000',
    'db.example',
    'DB.Example:443',
    'db.example.:8000',
  ])('allows %s', (host) => {
    expect(isAllowed(host)).toBe(true);
  });

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    'evil.db.example',
    'xdb.example',
    '127.0.0.1.evil.example',
    '127.1',
    '0x7f000001',
    '2130706433',
    '[evil.example]',
    '[::1',
    '::1',
    'localhost:8000:8000',
    'evil.example@localhost',
    'localhost/evil.example',
    'localhost evil.example',
    'localhost:port',
    '*',
  ])('refuses %s', (host) => {
    expect(isAllowed(host)).toBe(false);
  });

  test('* admits every name', () => {
    const admitsAll = createHostCheck(['*']);
    expect(admitsAll('evil.example')).toBe(true);
    expect(admitsAll(undefined)).toBe(true);
  });
});
