import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultHttpTimeouts } from '../../src/http/http-options.ts';
import { startServer } from '../process/server-process.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Resolves when it is open. */
function open(port: number, options: { readonly allowHalfOpen?: boolean } = {}): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

describe.each(engineVariants)('Clients that do not do their part, of the %s', (_name, openEngine) => {
  let server: ListeningServer | undefined;

  afterEach(() => server?.close());

  test('a slow reader is cut off after its deadline, nobody waits for it, and its view is closed', async () => {
    const timeouts = { ...defaultHttpTimeouts, socketIdleMsMax: 500, closeGraceMs: 0 };
    server = await startListeningServer(openEngine, { http: { timeouts } });
    const { url, port, server: instance } = server;
    const document = { name: 'n', body: { text: 'x'.repeat(250_000) } };
    // More than the kernel takes for a reader that does not read.
    for (let batches = 0; batches < 10; batches += 1) {
      await send(`${url}/document/batch/create`, { method: 'POST', body: Array.from({ length: 10 }, () => document) });
    }
    const reader = await open(port);
    reader.pause();
    reader.on('error', () => undefined);
    reader.write(
      'POST /document/find HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    );
    const connections = () =>
      new Promise<number>((resolve, reject) => {
        instance.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      });
    await expect.poll(connections).toBe(1);
    expect((await send(`${url}/livez`)).text).toBe('ok');
    expect((await send(`${url}/document/create`, { method: 'POST', body: document })).status).toBe(200);
    await expect.poll(connections, { timeout: 60_000 }).toBe(0);
  });

  test('of a connection that its client has closed on its side, the server closes the other', async () => {
    server = await startListeningServer(openEngine);
    const silent = await open(server.port, { allowHalfOpen: true });
    const halfway = await open(server.port, { allowHalfOpen: true });
    const closed = [silent, halfway].map(
      (socket) =>
        new Promise<string>((resolve) => {
          let text = '';
          socket.on('data', (chunk) => {
            text += String(chunk);
          });
          socket.once('end', () => resolve(text));
        }),
    );
    silent.end();
    halfway.end('POST /document/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
    expect(await Promise.all(closed)).toEqual(['', expect.stringMatching(/^(HTTP\/1\.1 400 [\s\S]*)?$/)]);
  });
});

const connectionsMax = 10_000;
const filesMax = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim());
const enoughFiles = !(filesMax < connectionsMax + 1_000);

describe.skipIf(!enoughFiles)(
  `A server with very many connections${enoughFiles ? '' : ` (skipped: ${filesMax} files may be open)`}`,
  () => {
    test('10,000 connections that send nothing and 500 that send slowly: health and requests are answered', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'yaradb-'));
      try {
        const { server, url } = await startServer(directory, ['--log-level', 'error']);
        await using _server = server;
        const port = Number(new URL(url).port);
        for (let opened = 0; opened < connectionsMax; opened += 100) {
          await Promise.all(Array.from({ length: 100 }, () => open(port)));
        }
        const slow = sockets.slice(0, 500);
        for (const socket of slow) socket.write('POST /document/create HTTP/1.1\r\nHost: local');
        expect((await send(`${url}/livez`)).text).toBe('ok');
        expect((await send(`${url}/readyz`)).status).toBe(200);
        const created = await send(`${url}/document/create`, { method: 'POST', body: { name: 'n', body: { a: 1 } } });
        expect(created.status).toBe(200);
        for (const socket of slow) socket.write('host\r\nContent-Length: 30\r\nContent-Type: appl');
        expect(
          (await send(`${url}/graphql`, { method: 'POST', body: { query: '{ findDocuments { totalCount } }' } })).json,
        ).toEqual({
          data: { findDocuments: { totalCount: 1 } },
        });
        expect(server.stderr).toBe('');
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  },
);
