import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { send } from '../support/http-client.ts';
import { startServer } from './server-process.ts';

const idleConnections = 2_000;
const slowConnections = 200;

async function open(port: number, bytes: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

/** Not all at once: the kernel keeps only so many that nobody has accepted. */
async function openMany(count: number, port: number, bytes: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open(port, bytes)))));
  }
  return sockets;
}

test('among thousands of idle connections and hundreds of slow ones, requests and health are answered, and deadlines end the slow ones alone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'yaradb-crowd-'));
  const flags = ['--headers-ms-max', '1500', '--request-ms-max', '2000', '--keep-alive-ms-max', '600000'];
  const { server, url } = await startServer(directory, flags);
  await using _server = server;
  const port = Number(new URL(url).port);
  const idle = await openMany(idleConnections, port, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  try {
    await Promise.all(idle.map((socket) => once(socket, 'data')));
    const headers = await openMany(slowConnections / 2, port, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    const bodies = await openMany(
      slowConnections / 2,
      port,
      'POST /document/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    const slow = [...headers, ...bodies];
    const answers = slow.map(async (socket) => String((await once(socket, 'data'))[0]));
    const dribble = setInterval(() => {
      for (const socket of slow) socket.write(' ', () => undefined);
    }, 400);
    try {
      expect((await send(`${url}/readyz`)).status).toBe(200);
      expect((await send(`${url}/document/create`, { method: 'POST', body: { name: 'n', body: {} } })).status).toBe(
        200,
      );
      const ended = slow.map((socket) => once(socket.resume(), 'close'));
      expect(new Set((await Promise.all(answers)).map((answer) => answer.slice(0, 12)))).toEqual(
        new Set(['HTTP/1.1 408']),
      );
      await Promise.all(ended);
    } finally {
      clearInterval(dribble);
    }
    expect(idle.filter(({ destroyed, readableEnded }) => destroyed || readableEnded)).toHaveLength(0);
    expect((await send(`${url}/livez`)).status).toBe(200);
  } finally {
    for (const socket of idle) socket.destroy();
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
