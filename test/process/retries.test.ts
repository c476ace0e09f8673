import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServer } from './server-process.ts';

/** What may happen to the machine, and how often it does here. */
const crashes = [
  { name: 'SIGKILL', rounds: 6, environment: {} },
  {
    name: 'a power cut',
    rounds: 3,
    environment: { NODE_OPTIONS: `--import ${new URL('volatile-disk.mjs', import.meta.url)}` },
  },
];
const counter = '00000000-0000-4000-8000-000000000001';
const clientCount = 16;
const headers = { 'content-type': 'application/json' };

interface Outcome {
  readonly sequence: number;
  readonly replayed: boolean;
}

/** A request that goes to either door, whichever comes first: they take it for the same. */
interface Request {
  readonly key: string;
  readonly marker: string;
}

/** Counts, and tells of it in a document of its own. */
async function overRest(url: string, { key, marker }: Request, signal: AbortSignal): Promise<Outcome | null> {
  const answer = await fetch(`${url}/document/transaction`, {
    method: 'POST',
    signal,
    headers: { ...headers, 'idempotency-key': `"${key}"` },
    body: JSON.stringify({
      operations: [
        { op: 'patch', doc_id: counter, change: { increment: { n: 1 } } },
        { op: 'create', name: 'mark', table_name: 'marks', body: { marker } },
      ],
    }),
  });
  if (answer.status !== 200) return null;
  const { sequence } = (await answer.json()) as { readonly sequence: number };
  return { sequence, replayed: answer.headers.get('idempotent-replayed') === 'true' };
}

async function overGraphql(url: string, { key, marker }: Request, signal: AbortSignal): Promise<Outcome | null> {
  const query =
    'mutation ($operations: [Operation!]!, $key: String) { transact(operations: $operations, idempotencyKey: $key) { sequence replayed documents { id } } }';
  const operations = [
    { patch: { id: counter, change: { increment: { n: 1 } } } },
    { create: { name: 'mark', table: 'marks', body: { marker } } },
  ];
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    signal,
    headers,
    body: JSON.stringify({ query, variables: { operations, key } }),
  });
  const { data } = (await answer.json()) as { readonly data?: { readonly transact: Outcome | null } };
  return data?.transact ?? null;
}

/** Makes each request again and again until it is answered, from one server to the next, and only then another one. */
class Client {
  readonly #name: string;
  /** By marker: the commit that was told. */
  readonly answered = new Map<string, number>();
  replayed = 0;
  #made = 0;
  #pending: Request | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  /** Until the connection breaks, which is how a killed server shows. */
  async work(url: string): Promise<void> {
    while (await this.#try(url));
  }

  /** Until the request that is under way is answered. */
  async finish(url: string): Promise<void> {
    while (this.#pending !== null) expect(await this.#try(url)).toBe(true);
  }

  /** @returns false when the server is gone. */
  async #try(url: string): Promise<boolean> {
    this.#made += 1;
    this.#pending ??= { key: `${this.#name} ${this.#made}`, marker: `${this.#name}.${this.#made}` };
    const request = this.#pending;
    // Some clients give up before they are answered, and come back.
    const impatience = new AbortController();
    const send = this.#made % 2 === 0 ? overRest : overGraphql;
    const answer = send(url, request, impatience.signal);
    if (this.#made % 5 === 0) void delay(2).then(() => impatience.abort());
    try {
      const outcome = await answer;
      expect(outcome, `${request.key} was refused`).not.toBeNull();
      if (outcome?.replayed === true) this.replayed += 1;
      this.answered.set(request.marker, outcome?.sequence ?? 0);
      this.#pending = null;
      return true;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return true;
      if (error instanceof TypeError && /fetch failed|terminated/.test(error.message)) return false;
      throw error;
    }
  }
}

interface Mark {
  readonly body: { readonly marker: string };
}

async function find<Found>(url: string, query: string, body: object): Promise<readonly Found[]> {
  const answer = await fetch(`${url}/document/find?${query}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await answer.json()) as readonly Found[];
}

test.each(crashes)(
  'a request that is made again with its key until it is answered has its effect exactly once, through $name',
  { timeout: 300_000 },
  async ({ rounds, environment }) => {
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-retries-'));
    const clients = Array.from({ length: clientCount }, (_, n) => new Client(`client ${n}`));
    const answered = () => clients.reduce((sum, client) => sum + client.answered.size, 0);
    try {
      for (let round = 0; round <= rounds; round += 1) {
        // Snapshots between, so that keys come back from those, too.
        const flags = ['--log-level', 'warn', '--snapshot-log-bytes', '64KiB', '--segment-bytes-max', '64KiB'];
        const { server, url } = await startServer(directory, flags, environment);
        await using _ = server;
        if (round === 0) {
          const operations = [{ op: 'create', doc_id: counter, name: 'counter', body: { n: 0 } }];
          await fetch(`${url}/document/transaction`, { method: 'POST', headers, body: JSON.stringify({ operations }) });
        }
        if (round === rounds) {
          for (const client of clients) await client.finish(url);
          const marks = (await find<Mark>(url, 'table_name=marks', {})).map(({ body }) => body.marker);
          const expected = clients.flatMap((client) => [...client.answered.keys()]);
          expect(marks.sort()).toEqual(expected.sort());
          expect(await find(url, '', { n: expected.length })).toHaveLength(1);
          const sequences = clients.flatMap((client) => [...client.answered.values()]);
          expect(new Set(sequences).size).toBe(sequences.length);
          expect(clients.reduce((sum, { replayed }) => sum + replayed, 0)).toBeGreaterThan(0);
          break;
        }
        const until = answered() + 200;
        const working = Promise.all(clients.map((client) => client.work(url)));
        while (answered() < until) {
          const stopped = await Promise.race([delay(5, false), working.then(() => true)]);
          expect(stopped, 'the server stopped by itself').toBe(false);
        }
        server.kill('SIGKILL');
        expect((await server.ended).signal).toBe('SIGKILL');
        await working;
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
