import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../src/http/http-options.ts';
import { noLoadLimits } from '../../src/http/load-gauge.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

describe.each(engineVariants.slice(0, 1))('Too much to do for the %s', (_name, openEngine) => {
  let server: ListeningServer | undefined;
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server?.close();
    server = undefined;
  });

  async function start(http: Partial<HttpOptions> = {}): Promise<ListeningServer> {
    server = await startListeningServer(openEngine, { http });
    return server;
  }

  async function openSocket(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  test('while the event loop is behind, requests get 503 with Retry-After, and health is answered', async () => {
    const { url } = await start({ loadLimits: { ...noLoadLimits, eventLoopDelayMsMax: 100 } });
    expect((await send(`${url}/ping`)).status).toBe(200);
    const busy = setInterval(() => {
      const end = performance.now() + 300;
      while (performance.now() < end);
    }, 0);
    try {
      await expect.poll(async () => (await send(`${url}/ping`)).status, { timeout: 30_000 }).toBe(503);
      const { json, headers } = await send(`${url}/ping`);
      expect(json).toEqual({ detail: expect.stringContaining('event loop'), code: 'OVERLOADED', retryAfterSeconds: 1 });
      expect(headers['retry-after']).toBe('1');
      expect((await send(`${url}/livez`)).status).toBe(200);
      const ready = await send(`${url}/readyz?verbose`);
      expect(ready.status).toBe(503);
      expect(ready.json).toMatchObject({
        checks: expect.arrayContaining([expect.objectContaining({ name: 'load', ok: false })]),
      });
    } finally {
      clearInterval(busy);
    }
    await expect.poll(async () => (await send(`${url}/ping`)).status, { timeout: 30_000, interval: 300 }).toBe(200);
  });

  test('while the heap is nearly full, requests get 503', async () => {
    const loadLimits = { ...noLoadLimits, heapPercentMax: 0 };
    const { url } = await start({ loadLimits });
    await expect
      .poll(async () => (await send(`${url}/ping`)).text, { timeout: 30_000, interval: 300 })
      .toContain('% of the heap');
    expect((await send(`${url}/readyz`)).status).toBe(503);
    expect((await send(`${url}/livez`)).status).toBe(200);
  });

  test('beyond so many requests a second, a client gets 429 with Retry-After, and health is answered', async () => {
    const { url } = await start({ requestsPerSecondMax: 1 });
    expect((await send(`${url}/ping`)).status).toBe(200);
    // A second may pass between two of them, but not between all.
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, count) => send(`${url}${count % 2 === 0 ? '/ping' : '/nowhere'}`)),
    );
    expect(new Set(answers.map(({ status }) => status)).isSubsetOf(new Set([200, 404, 429]))).toBe(true);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.json).toEqual({
      detail: expect.stringContaining('--requests-per-second-max'),
      code: 'RATE_LIMITED',
      limit: 1,
      retryAfterSeconds: 1,
    });
    expect(refused?.headers['retry-after']).toBe('1');
    expect((await send(`${url}/livez`)).status).toBe(200);
    await expect.poll(async () => (await send(`${url}/ping`)).status, { timeout: 30_000, interval: 1_500 }).toBe(200);
  });

  test('a connection beyond the limit gets one answer: 503, or that of health; one that leaves makes room', async () => {
    const { url, port } = await start({ connectionsMax: 5 });
    const held = [];
    for (let count = 0; count < 5; count++) held.push(await openSocket(port));
    await expect.poll(async () => (await send(`${url}/ping`)).status).toBe(503);
    const { json, headers } = await send(`${url}/ping`);
    expect(json).toMatchObject({ code: 'OVERLOADED', limit: 5, detail: expect.stringContaining('--connections-max') });
    expect([headers['retry-after'], headers.connection]).toEqual(['1', 'close']);
    expect((await send(`${url}/livez`)).status).toBe(200);
    expect((await send(`${url}/readyz`)).status).toBe(200);
    held[0]?.destroy();
    await expect.poll(async () => (await send(`${url}/ping`)).status).toBe(200);
  });

  test('beyond the spare ones, connections are cut unheard', async () => {
    const { port } = await start({ connectionsMax: 1 });
    const opened = await Promise.all(Array.from({ length: 300 }, () => openSocket(port)));
    await expect.poll(() => opened.filter(({ destroyed }) => destroyed).length, { timeout: 10_000 }).toBe(300 - 257);
  });

  test('every answer says that it is to be taken for what it says', async () => {
    const { url } = await start();
    for (const path of ['/ping', '/nowhere', '/livez', '/document/get/x']) {
      expect((await send(`${url}${path}`)).headers['x-content-type-options']).toBe('nosniff');
    }
  });
});
