import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ServerProcess, startServer } from './server-process.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-stop-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A create whose head the server has read and whose body it still waits for. */
class HeldRequest {
  readonly answer: Promise<string>;
  readonly #socket: Socket;
  readonly #body: string;

  private constructor(socket: Socket, body: string) {
    this.#socket = socket;
    this.#body = body;
    this.answer = new Promise((resolve) => {
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes;
      });
      // A connection that is cut ends in an error or not, depending on the moment: what arrived before tells all.
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });
  }

  static async open(url: string, marker: string): Promise<HeldRequest> {
    const { hostname, port } = new URL(url);
    const body = JSON.stringify({ name: 'held', body: { marker } });
    const socket = connect(Number(port), hostname);
    const held = new HeldRequest(socket, body);
    const continued = new Promise<void>((resolve) => socket.once('data', () => resolve()));
    socket.write(
      `POST /document/create HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nExpect: 100-continue\r\n\r\n`,
    );
    // `100 Continue` is the server's word that the request is under way.
    await continued;
    return held;
  }

  finish(): void {
    this.#socket.write(this.#body);
  }
}

/** Creates documents one after the other until the server takes no more; gives back the markers that were acknowledged. */
async function createUntilStopped(url: string, name: string): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  for (let index = 0; ; index += 1) {
    const marker = `${name}.${index}`;
    let text: string;
    try {
      const answer = await fetch(`${url}/document/create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'load', body: { marker } }),
      });
      text = await answer.text();
    } catch {
      return acknowledged;
    }
    expect(JSON.parse(text)).toMatchObject({ body: { marker }, version: 1 });
    acknowledged.push(marker);
  }
}

async function markersOf(url: string): Promise<ReadonlySet<string>> {
  const answer = await fetch(`${url}/document/find`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const documents = (await answer.json()) as readonly { readonly body: { readonly marker: string } }[];
  return new Set(documents.map(({ body }) => body.marker));
}

/** The server has understood the signal once it says so in its log. */
async function untilStopping(server: ServerProcess): Promise<void> {
  while (!server.stderr.includes('no new requests are taken')) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s under load: every request under way is answered, nothing acknowledged is lost, exit code 0',
    async (signal) => {
      const { server, url } = await startServer(directory);
      await using _ = server;
      const load = Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => createUntilStopped(url, name)));
      const held = await Promise.all(
        ['held.0', 'held.1', 'held.2', 'held.3'].map((marker) => HeldRequest.open(url, marker)),
      );
      server.kill(signal);
      await untilStopping(server);
      for (const request of held) request.finish();
      const answers = await Promise.all(held.map(({ answer }) => answer));
      for (const answer of answers) expect(answer).toContain('HTTP/1.1 200 OK');
      const { code, stderr } = await server.ended;
      expect({ code, stderr: stderr.includes('"level":50') }).toEqual({ code: 0, stderr: false });
      const acknowledged = (await load).flat();
      expect(acknowledged.length).toBeGreaterThan(0);

      const again = await startServer(directory);
      await using __ = again.server;
      const markers = await markersOf(again.url);
      for (const marker of [...acknowledged, 'held.0', 'held.1', 'held.2', 'held.3']) {
        expect(markers, marker).toContain(marker);
      }
      expect(again.server.stderr).toContain('"clean":true');
    },
  );

  test('a request that takes longer than the drain is cut, and the exit code is still 0', async () => {
    const { server, url } = await startServer(directory, ['--drain-ms-max', '100']);
    await using _ = server;
    const held = await HeldRequest.open(url, 'never sent');
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
    expect(await held.answer).not.toContain('HTTP/1.1 200 OK');
  });

  test('a second signal ends the process at once', async () => {
    const { server, url } = await startServer(directory, ['--drain-ms-max', '3600000']);
    await using _ = server;
    await HeldRequest.open(url, 'never sent');
    server.kill('SIGTERM');
    await untilStopping(server);
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(128 + 15);
  });
});
