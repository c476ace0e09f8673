import { expect, test } from 'vitest';
import { FailureLimit } from '../../src/access/failure-limit.ts';

function limitOf(options: { readonly clientsMax?: number } = {}) {
  let now = 0;
  const limit = new FailureLimit({ failuresPerMinuteMax: 3, now: () => now, ...options });
  return {
    limit,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

test('lets as many failures through as it was told, then one for each part of a minute', () => {
  const { limit, pass } = limitOf();
  expect([1, 2, 3, 4, 5].map(() => limit.fail('10.0.0.1'))).toEqual([0, 0, 0, 20, 20]);
  pass(19_999);
  expect(limit.fail('10.0.0.1')).toBe(1);
  pass(1);
  expect([limit.fail('10.0.0.1'), limit.fail('10.0.0.1')]).toEqual([0, 20]);
  pass(3_600_000);
  expect([1, 2, 3, 4].map(() => limit.fail('10.0.0.1'))).toEqual([0, 0, 0, 20]);
  expect(limit.total).toBe(12);
});

test.each([
  ['another address', '10.0.0.1', '10.0.0.2', false],
  ['another address of the same IPv6 network', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  ['another IPv6 network', '2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['an address written as IPv6', '10.0.0.1', '::ffff:10.0.0.1', true],
  ['the machine itself', '::1', '0:0:0:0:0:0:0:1', true],
  ['a zone', 'fe80::1%eth0', 'fe80::2%eth1', true],
])('counts %s together: %s and %s, %s', (_case, first, second, together) => {
  const { limit } = limitOf();
  for (let count = 0; count < 4; count += 1) limit.fail(first);
  expect(limit.fail(second) > 0).toBe(together);
});

test('forgets whoever failed the longest ago when there are too many', () => {
  const { limit } = limitOf({ clientsMax: 2 });
  for (let count = 0; count < 4; count += 1) limit.fail('a');
  for (let count = 0; count < 4; count += 1) limit.fail('b');
  expect(limit.fail('a')).toBe(20);
  limit.fail('c');
  expect([limit.clientCount, limit.fail('a'), limit.fail('b')]).toEqual([2, 20, 0]);
});
