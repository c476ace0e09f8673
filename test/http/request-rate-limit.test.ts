import { describe, expect, test } from 'vitest';
import { clientOf, RequestRateLimit } from '../../src/http/request-rate-limit.ts';

describe('the limit of requests a second', () => {
  test('lets so many come at once, then so many a second, and tells when the next one may', () => {
    let now = 0;
    const limit = new RequestRateLimit(2, () => now);
    const take = (client = 'a') => limit.take(client);
    expect([take(), take(), take(), take('b')]).toEqual([0, 0, 1, 0]);
    now = 500;
    expect([take(), take()]).toEqual([0, 1]);
    now = 60_000;
    expect([take(), take(), take()]).toEqual([0, 0, 1]);
  });

  test('forgets who asked least lately, and no more', () => {
    const limit = new RequestRateLimit(1, () => 0);
    limit.take('first');
    limit.take('second');
    for (let count = 0; count < 9_998; count++) limit.take(`other ${count}`);
    expect(limit.take('first')).toBe(1);
    limit.take('one more');
    expect([limit.take('first'), limit.take('second')]).toEqual([1, 0]);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    [undefined, ''],
  ])('%s counts as the client %s', (address, client) => {
    expect(clientOf(address)).toBe(client);
  });
});
