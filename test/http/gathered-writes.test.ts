import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatheredWrites } from '../../src/http/gathered-writes.ts';

describe('Writes of one turn of the event loop', () => {
  let server: Server;
  let writes: GatheredWrites;
  let ours: Socket[];
  let theirs: { readonly socket: Socket; text: string; ended: boolean }[];

  beforeEach(async () => {
    writes = new GatheredWrites();
    ours = [];
    theirs = [];
    server = createServer((socket) => {
      writes.watch(socket);
      // A client that goes away before it has read all resets the connection.
      socket.on('error', () => undefined);
      ours.push(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(() => {
    for (const { socket } of theirs) socket.destroy();
    server.close();
  });

  async function open(count: number): Promise<void> {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    while (theirs.length < count) {
      const socket = connect(address.port, '127.0.0.1');
      const peer = { socket, text: '', ended: false };
      socket.setEncoding('utf8').on('data', (text: string) => {
        peer.text += text;
      });
      socket.on('end', () => {
        peer.ended = true;
      });
      socket.on('error', () => undefined);
      theirs.push(peer);
      await once(socket, 'connect');
      await expect.poll(() => ours.length).toBe(theirs.length);
    }
  }

  /** How many have handed what was written to the kernel. */
  const sent = () => ours.filter(({ writableLength }) => writableLength === 0).length;

  /** A turn that takes long, as far as the writes before it are concerned. */
  function work(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }

  test('are sent together at its end', async () => {
    await open(3);
    for (const socket of ours) socket.write('a');
    expect(sent()).toBe(0);
    await turn();
    expect(sent()).toBe(3);
    await expect.poll(() => theirs.map(({ text }) => text)).toEqual(['a', 'a', 'a']);
  });

  test('wait for no more than fifteen others', async () => {
    await open(17);
    for (const socket of ours) socket.write('a');
    expect(sent()).toBe(16);
    await turn();
    expect(sent()).toBe(17);
  });

  test('of one connection stay in order, and those behind the first go with it or later', async () => {
    await open(1);
    for (const text of 'abcdef') ours[0]?.write(text);
    ours[0]?.end('g');
    await expect.poll(() => theirs[0]).toMatchObject({ text: 'abcdefg', ended: true });
  });

  test('are sent before their connection is destroyed', async () => {
    await open(2);
    for (const socket of ours) socket.write('a');
    ours[1]?.destroy();
    await expect
      .poll(() => theirs.map(({ text, ended }) => ({ text, ended })))
      .toEqual([
        { text: 'a', ended: false },
        { text: 'a', ended: true },
      ]);
  });

  test('that are long are sent at once', async () => {
    await open(1);
    ours[0]?.write('a'.repeat(20_000));
    expect(sent()).toBe(1);
  });

  test('are sent at once while turns take long, and together again when they do not any more', async () => {
    await open(1);
    for (let late = 0; late < 2; late += 1) {
      ours[0]?.write('a');
      expect(sent()).toBe(0);
      work(2);
      await turn();
    }
    ours[0]?.write('a');
    expect(sent()).toBe(1);
    await wait(100);
    ours[0]?.write('a');
    expect(sent()).toBe(0);
    await expect.poll(() => theirs[0]?.text).toBe('aaaa');
  });

  test('of which one cannot be sent leave the others as they are', async () => {
    await open(3);
    ours[1]?.resetAndDestroy();
    for (const socket of ours) socket.write('a');
    await expect.poll(() => [theirs[0]?.text, theirs[2]?.text]).toEqual(['a', 'a']);
  });
});
