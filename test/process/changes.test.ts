import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventReader } from '../support/event-reader.ts';
import { send } from '../support/http-client.ts';
import { startServer } from './server-process.ts';

const subscriberCount = 1000;
const writerCount = 16;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-changes-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

interface Told {
  readonly sequence: number;
  readonly changes: unknown;
}

/** A client with a filter of its own, which goes on where it left off whenever its connection is gone. */
class Subscriber {
  readonly #query: string;
  readonly told: Told[] = [];
  #lastEventId = '';
  #reader: EventReader | null = null;

  constructor(number: number) {
    const filter = { group: number % 25, level: { $gte: Math.floor(number / 25) } };
    this.#query = `filter=${encodeURIComponent(JSON.stringify(filter))}`;
  }

  /** Reads until the connection ends, or it was told of this commit. */
  async read(url: string, until = Number.POSITIVE_INFINITY): Promise<void> {
    const headers = { accept: 'text/event-stream', ...(this.#lastEventId && { 'last-event-id': this.#lastEventId }) };
    const reader = await EventReader.open(`${url}/changes?since=0&${this.#query}`, headers);
    this.#reader = reader;
    for (let event = await reader.event(); event !== null; event = await reader.event()) {
      if (event.event === 'resync_required') throw new Error(`a subscriber was to read anew: ${event.data}`);
      this.#lastEventId = event.id ?? '';
      const { sequence, changes } = JSON.parse(event.data);
      if (event.event === 'changes') this.told.push({ sequence, changes });
      if (sequence >= until) reader.close();
    }
  }

  disconnect(): void {
    this.#reader?.close();
  }

  /** What the log says that it is to be told. */
  async replay(url: string): Promise<Told[]> {
    const { text } = await send(`${url}/changes?since=0&follow=false&${this.#query}`);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    return lines.filter(({ type }) => type === 'changes').map(({ sequence, changes }): Told => ({ sequence, changes }));
  }
}

async function write(url: string, stop: () => boolean, onWritten: () => void): Promise<void> {
  const below = (end: number) => Math.floor(Math.random() * end);
  let last: { _id: string; version: number } | null = null;
  while (!stop()) {
    const body = { group: below(25), level: below(10) };
    try {
      const { json } =
        last === null || below(2) === 0
          ? await send(`${url}/document/create`, { method: 'POST', body: { name: 'x', body } })
          : await send(`${url}/document/update/${last._id}`, { method: 'PUT', body: { version: last.version, body } });
      last = json as { _id: string; version: number };
      onWritten();
    } catch {
      return; // The server is gone.
    }
  }
}

test(`${subscriberCount} subscribers with filters of their own are told what a replay of the log tells, through crashes and disconnects`, async () => {
  const subscribers = Array.from({ length: subscriberCount }, (_, number) => new Subscriber(number));
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
    // A ring that most of them fall out of sooner or later.
    const { server, url } = await startServer(directory, ['--feed-bytes-max', '64KiB', '--segment-bytes-max', '64KiB']);
    await using _server = server;
    let stopping = false;
    const reading = subscribers.map(async (subscriber) => {
      while (!stopping)
        await subscriber.read(url).catch((error) => {
          if (!stopping) throw error;
        });
    });
    let written = 0;
    const onWritten = () => {
      written += 1;
    };
    const writing = Array.from({ length: writerCount }, () => write(url, () => stopping, onWritten));
    for (let round = 1; round <= 10; round += 1) {
      await delay(100);
      await expect.poll(() => written, { timeout: 60_000 }).toBeGreaterThan(round * 5);
      for (let count = 0; count < 20; count += 1) {
        subscribers[Math.floor(Math.random() * subscriberCount)]?.disconnect();
      }
    }
    stopping = true;
    server.kill(signal);
    const { code } = await server.ended;
    expect(code).toBe(signal === 'SIGTERM' ? 0 : null);
    await Promise.all([...reading, ...writing]);
  }
  const { server, url } = await startServer(directory);
  await using _server = server;
  const { json } = await send(`${url}/graphql`, { method: 'POST', body: { query: '{ status { sequence } }' } });
  const { sequence } = (json as { data: { status: { sequence: number } } }).data.status;
  expect(sequence).toBeGreaterThan(100);
  await Promise.all(subscribers.map((subscriber) => subscriber.read(url, sequence)));
  for (const subscriber of subscribers) expect(subscriber.told).toEqual(await subscriber.replay(url));
}, 120_000);

test('a subscriber that does not read takes no memory, holds up nobody, and is told everything in the end', async () => {
  const { server, url } = await startServer(directory, ['--feed-bytes-max', '1MiB']);
  await using _server = server;
  const sockets = Array.from({ length: 30 }, () => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    socket.pause();
    socket.write('GET /changes?since=0 HTTP/1.1\r\nhost: localhost\r\n\r\n');
    return socket;
  });
  const other = await EventReader.open(`${url}/changes?since=0`);
  await other.piece('\n');
  const text = 'x'.repeat(100_000);
  const commits = 400;
  const before = residentBytes(server.pid);
  for (let n = 1; n <= commits; n += 1) {
    await send(`${url}/document/create`, { method: 'POST', body: { name: 'x', body: { n, text } } });
    // Who reads is told at once, whatever others do.
    expect(JSON.parse((await other.piece('\n')) ?? '')).toMatchObject({ sequence: n });
  }
  // Held for each of them it would be 1.2 GB. The documents themselves are 40 MB, and as much again is garbage, or in the log's buffers.
  expect(residentBytes(server.pid) - before).toBeLessThan(300 * 1024 * 1024);
  const [socket, ...others] = sockets;
  for (const each of others) each.destroy();
  let received = '';
  for await (const chunk of socket ?? []) {
    received += chunk;
    if (received.includes(`"n":${commits},`)) break;
  }
  const sequences = Array.from(received.matchAll(/"type":"changes","sequence":(\d+)/g), ([, digits]) => Number(digits));
  expect(sequences).toEqual(Array.from({ length: commits }, (_, index) => index + 1));
  other.close();
}, 120_000);

test('a server with open subscriptions stops at once, with and without readers', async () => {
  const { server, url } = await startServer(directory, ['--drain-ms-max', '60000']);
  await using _server = server;
  const reader = await EventReader.open(`${url}/changes`);
  await reader.piece('\n');
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
  const stuck = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  stuck.pause();
  stuck.write('GET /changes?since=0 HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const text = 'x'.repeat(1_000_000);
  for (let n = 0; n < 10; n += 1) {
    await send(`${url}/document/create`, { method: 'POST', body: { name: 'x', body: { text } } });
  }
  server.kill('SIGTERM');
  const { code, stderr } = await server.ended;
  expect(code).toBe(0);
  expect(stderr).not.toContain('connections are cut');
  expect((await closed).code).toBe(1001);
  stuck.destroy();
}, 60_000);

test('commits that a crash may have lost have subscribers read the list again', async () => {
  const flags = ['--durability', 'interval'];
  const first = await startServer(directory, flags);
  await send(`${first.url}/document/create`, { method: 'POST', body: { name: 'x', body: {} } });
  const reader = await EventReader.open(`${first.url}/changes?since=0`, { accept: 'text/event-stream' });
  const { id = '' } = (await reader.event()) ?? {};
  first.server.kill('SIGKILL');
  await first.server.ended;
  const { server, url } = await startServer(directory, flags);
  await using _server = server;
  const again = await EventReader.open(`${url}/changes?since=0`, { accept: 'text/event-stream', 'last-event-id': id });
  expect(await again.event()).toMatchObject({ event: 'resync_required' });
  again.close();
}, 60_000);

function residentBytes(pid: number | undefined): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
