import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { startServer } from './server-process.ts';

/** What may happen to the machine, and how often it does here. */
const crashes = [
  { name: 'SIGKILL', rounds: 20, environment: {} },
  {
    name: 'a power cut',
    rounds: 5,
    environment: { NODE_OPTIONS: `--import ${new URL('volatile-disk.mjs', import.meta.url)}` },
  },
];
const clientCount = 32;
const batchSize = 3;
const seed = Number(process.env.YARADB_TEST_SEED ?? Date.now() % 2 ** 31);

/** What a client knows of one document: `marker` is in its body and in no other's. */
interface State {
  readonly id: string;
  readonly version: number;
  readonly body: Body;
  readonly archived: boolean;
}

interface Body {
  readonly marker: string;
  /** `-1` stands alone; documents that one batch created share a number. */
  readonly batch: number;
  readonly counter: number;
  readonly text: string;
}

/** A document as the server tells it. */
interface Answer {
  readonly _id: string;
  readonly version: number;
  readonly body: Body;
  readonly body_hash: string;
  readonly archived_at: string | null;
}

/** A request on its way: should it have happened, these documents are in these states; an id is unknown until then. */
type Intent = ReadonlyMap<string, Omit<State, 'id'>>;

class Client {
  readonly #name: string;
  readonly #random: () => number;
  readonly acknowledged = new Map<string, State>();
  intent: Intent = new Map();
  writes = 0;
  #made = 0;

  constructor(name: string, random: () => number) {
    this.#name = name;
    this.#random = random;
  }

  /** Writes until the connection breaks, which is how a killed server shows. */
  async write(url: string): Promise<void> {
    for (;;) {
      try {
        await this.#writeOnce(url);
      } catch (error) {
        if (error instanceof TypeError && /fetch failed|terminated/.test(error.message)) return;
        throw error;
      }
    }
  }

  async #writeOnce(url: string): Promise<void> {
    const graphql = this.#random() < 0.5;
    const live = [...this.acknowledged.values()].filter(({ archived }) => !archived);
    const chosen = live[Math.floor(this.#random() * live.length)];
    const dice = this.#random();
    if (chosen === undefined || dice < 0.35) {
      const body = this.#newBody(-1);
      await this.#attempt([[body, 1, false]], () =>
        graphql
          ? mutate(url, 'createDocument', { name: 'user', body })
          : post(url, '/document/create', { name: 'user', body }),
      );
    } else if (dice < 0.5) {
      const batch = this.#made;
      const bodies = Array.from({ length: batchSize }, () => this.#newBody(batch));
      await this.#attempt(
        bodies.map((body) => [body, 1, false] as const),
        () =>
          post(
            url,
            '/document/batch/create',
            bodies.map((body) => ({ name: 'user', body })),
          ),
      );
    } else if (dice < 0.9) {
      const { id, version } = chosen;
      const body = { ...chosen.body, counter: chosen.body.counter + 1, text: this.#text() };
      await this.#attempt([[body, version + 1, false]], () =>
        graphql
          ? mutate(url, 'updateDocument', { id, version, body })
          : put(url, `/document/update/${id}`, { version, body }),
      );
    } else {
      const { id, version, body } = chosen;
      await this.#attempt([[body, version + 1, true]], () =>
        graphql ? mutate(url, 'archiveDocument', { id, version }) : put(url, `/document/archive/${id}`),
      );
    }
  }

  /** The write counts as acknowledged from the moment that its whole answer is here, and not a tick before. */
  async #attempt(
    states: readonly (readonly [Body, version: number, archived: boolean])[],
    send: () => Promise<readonly Answer[]>,
  ): Promise<void> {
    this.intent = new Map(states.map(([body, version, archived]) => [body.marker, { body, version, archived }]));
    const answers = await send();
    expect(answers.map(stateOf).map(({ id: _, ...state }) => state)).toEqual([...this.intent.values()]);
    for (const answer of answers) this.acknowledged.set(answer.body.marker, stateOf(answer));
    this.intent = new Map();
    this.writes += 1;
  }

  #newBody(batch: number): Body {
    this.#made += 1;
    return { marker: `${this.#name}.${this.#made}`, batch, counter: 0, text: this.#text() };
  }

  #text(): string {
    return '𝄞x'.repeat(Math.floor(this.#random() ** 4 * 2_000));
  }
}

async function send(url: string, method: string, path: string, payload?: unknown): Promise<unknown> {
  const answer = await fetch(url + path, {
    method,
    ...(payload === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

const post = async (url: string, path: string, payload: unknown) =>
  [await send(url, 'POST', path, payload)].flat() as readonly Answer[];

const put = async (url: string, path: string, payload?: unknown) =>
  [await send(url, 'PUT', path, payload)].flat() as readonly Answer[];

const mutations: Readonly<Record<string, string>> = {
  createDocument:
    'mutation ($name: String!, $body: JSON!) { answer: createDocument(name: $name, body: $body) { ...all } }',
  updateDocument:
    'mutation ($id: ID!, $version: Int!, $body: JSON!) { answer: updateDocument(id: $id, version: $version, body: $body) { ...all } }',
  archiveDocument:
    'mutation ($id: ID!, $version: Int) { answer: archiveDocument(id: $id, version: $version) { ...all } }',
};
const fragment = 'fragment all on Document { _id: id version body body_hash: bodyHash archived_at: archivedAt }';

async function mutate(url: string, field: string, variables: unknown): Promise<readonly Answer[]> {
  const result = (await send(url, 'POST', '/graphql', { query: `${mutations[field]} ${fragment}`, variables })) as {
    readonly data?: { readonly answer: Answer | null };
  };
  const answer = result.data?.answer;
  if (answer === undefined || answer === null) throw new Error(`${field}: ${JSON.stringify(result)}`);
  return [answer];
}

function stateOf({ _id: id, version, body, archived_at }: Answer): State {
  return { id, version, body, archived: archived_at !== null };
}

/** Mulberry32: a small generator, so that a printed seed brings the same choices back. */
function randomOf(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The canonical form of these bodies: their values are text and small integers, so sorting the keys is all of it. */
function hashOf(body: Body): string {
  const sorted = Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** Holds what the server has against what it may have, and takes what it has for the truth from here on. */
function settle(clients: readonly Client[], documents: readonly Answer[]): void {
  const found = new Map(documents.map((document) => [document.body.marker, document]));
  expect(found.size).toBe(documents.length);
  for (const document of documents) {
    expect(document.body_hash).toBe(hashOf(document.body));
  }
  for (const { acknowledged, intent } of clients) {
    for (const marker of new Set([...acknowledged.keys(), ...intent.keys()])) {
      const document = found.get(marker);
      found.delete(marker);
      const before = acknowledged.get(marker);
      const now = document && stateOf(document);
      if (isDeepStrictEqual(now, before)) continue;
      const intended = intent.get(marker);
      expect(now, `${marker} was acknowledged at version ${before?.version}`).toEqual({
        ...intended,
        id: before?.id ?? expect.any(String),
      });
      if (now !== undefined) acknowledged.set(marker, now);
    }
    const happened = [...intent.keys()].filter((marker) =>
      isDeepStrictEqual(intentOf(acknowledged.get(marker)), intent.get(marker)),
    );
    expect([0, intent.size], `half of a request: ${happened} of ${[...intent.keys()]}`).toContain(happened.length);
  }
  expect([...found.keys()], 'documents that nobody wrote').toEqual([]);
}

function writesOf(clients: readonly Client[]): number {
  return clients.reduce((sum, { writes }) => sum + writes, 0);
}

function intentOf(state: State | undefined): Omit<State, 'id'> | undefined {
  if (state === undefined) return undefined;
  const { id: _, ...rest } = state;
  return rest;
}

test.each(crashes)(
  `every acknowledged write survives $name, and no half of anything (seed ${seed})`,
  {
    timeout: 600_000,
  },
  async ({ rounds, environment }) => {
    process.stdout.write(`seed ${seed}: set YARADB_TEST_SEED to it for the same choices\n`);
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-kill-'));
    const random = randomOf(seed);
    const clients = Array.from(
      { length: clientCount },
      (_, index) => new Client(`c${index}`, randomOf(seed + index + 1)),
    );
    try {
      for (let round = 0; round <= rounds; round += 1) {
        const { server, url } = await startServer(directory, ['--log-level', 'warn'], environment);
        await using _ = server;
        settle(clients, await post(url, '/document/find?include_archived=true', {}));
        for (const client of clients) client.intent = new Map();
        if (round === rounds) break;
        const writesBefore = writesOf(clients);
        const writesUntilKill = writesBefore + clientCount + random() * 300;
        const writing = Promise.all(clients.map((client) => client.write(url)));
        // By writes and not by time, so that a slow machine tries as much as a fast one; then a while that no write decides.
        while (writesOf(clients) < writesUntilKill) {
          const stopped = await Promise.race([delay(5, false), writing.then(() => true)]);
          expect(stopped, 'the server stopped by itself').toBe(false);
        }
        await delay(random() * 20);
        server.kill('SIGKILL');
        expect((await server.ended).signal).toBe('SIGKILL');
        await writing;
      }
      process.stdout.write(`${writesOf(clients)} acknowledged writes over ${rounds} crashes\n`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
