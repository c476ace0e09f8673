import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IdleTimeouts } from '../../src/http/idle-timeouts.ts';

const checkMs = 10;
const idleMsMax = 100;

describe('Timeouts of connections', () => {
  let server: Server;
  let ours: Socket;
  let theirs: Socket;
  let end: () => void;
  let acceptedAt: number;
  /** When the connection has timed out. */
  let timedOut: Promise<number>;

  beforeEach(async () => {
    const timeouts = new IdleTimeouts(checkMs);
    end = timeouts.start();
    server = createServer((socket) => {
      // As Node's HTTP server does before anybody else sees the connection.
      socket.setTimeout(idleMsMax);
      acceptedAt = performance.now();
      timeouts.watch(socket);
      socket.resume();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    const accepted = once(server, 'connection');
    theirs = connect(address.port, '127.0.0.1');
    [ours] = await accepted;
    timedOut = once(ours, 'timeout').then(() => performance.now());
    theirs.resume();
  });

  afterEach(() => {
    end();
    theirs.destroy();
    ours.destroy();
    server.close();
  });

  test('that were set before it was watched hold, from then on', async () => {
    expect((await timedOut) - acceptedAt).toBeGreaterThanOrEqual(idleMsMax - 1);
  });

  test('begin again with each byte that is read or written, and with none else', async () => {
    let lastAt = performance.now();
    for (let count = 0; count < 20; count += 1) {
      await wait(checkMs);
      const [from, to] = count % 2 === 0 ? [ours, theirs] : [theirs, ours];
      const arrived = once(to, 'data');
      from.write('x');
      lastAt = performance.now();
      await arrived;
    }
    expect((await timedOut) - lastAt).toBeGreaterThanOrEqual(idleMsMax - 1);
  });

  test('have no timer while the connection is busy, and one when it is still', async () => {
    expect(ours.timeout).toBe(0);
    await expect.poll(() => ours.timeout).toBe(idleMsMax);
    // As an HTTP server does when the next request comes.
    ours.once('data', () => ours.setTimeout(idleMsMax));
    const writing = setInterval(() => theirs.write('x'), 1);
    await expect.poll(() => ours.timeout).toBe(0);
    clearInterval(writing);
    await timedOut;
  });

  test('are those that were set last; 0 is none', async () => {
    await expect.poll(() => ours.timeout).toBeGreaterThan(0);
    ours.setTimeout(0);
    const waited = wait(3 * idleMsMax, 'none');
    expect(await Promise.race([timedOut, waited])).toBe('none');
    const setAt = performance.now();
    ours.setTimeout(2 * idleMsMax);
    expect((await timedOut) - setAt).toBeGreaterThanOrEqual(2 * idleMsMax - 1);
  });

  test('call back once, unless that is taken back', async () => {
    const called: string[] = [];
    const forgotten = () => called.push('forgotten');
    ours.setTimeout(idleMsMax, forgotten).setTimeout(0, forgotten);
    ours.setTimeout(idleMsMax, () => called.push('kept'));
    await timedOut;
    expect(called).toEqual(['kept']);
  });
});
