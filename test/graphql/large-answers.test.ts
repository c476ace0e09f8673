import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { ChangeEvent } from '../../src/database/changes.ts';
import type { Database } from '../../src/database/database.ts';
import { SharedTurns } from '../../src/database/shared-turns.ts';
import type { Document } from '../../src/document/document.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { EventReader } from '../support/event-reader.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';
import { overriding } from './observed-database.ts';

/** By this clock everything that is counted takes as long, and nothing else takes any time: a slice of 2 ms is 200 of it. */
let reads = 0;
const clock = {
  monotonic: () => reads / 100,
  yield: () => new Promise<void>((resolve) => setImmediate(resolve)),
};

/** Counts what happens, in all and in one turn of the event loop at most. */
class TurnCounter {
  all = 0;
  most = 0;
  #inTurn = 0;

  count(): void {
    if (this.#inTurn === 0) setImmediate(() => this.#endTurn());
    reads += 1;
    this.all += 1;
    this.#inTurn += 1;
    this.most = Math.max(this.most, this.#inTurn);
  }

  #endTurn(): void {
    this.#inTurn = 0;
  }
}

const pageSize = 1_000;
const times = 20;
const answerLengthMax = 32 * 1024 * 1024;
const page = `findDocuments(first: ${pageSize}) { nodes { id name body bodyHash createdAt } edges { cursor node { name } } }`;
const aliases = Array.from({ length: times }, (_, number) => `a${number}`);
const query = `{ ${aliases.map((alias) => `${alias}: ${page}`).join(' ')} }`;

/** What is done for documents in the order of an answer: their fields are resolved, and then their bodies are looked through and written. */
let completed = new TurnCounter();
let written = new TurnCounter();
/** Errors that were made into what clients see. */
let told = new TurnCounter();

function watched(document: Document): Document {
  const watchedBody = Object.defineProperty({ ...document.body }, 'n', {
    enumerable: true,
    get: () => {
      written.count();
      return 1;
    },
  });
  return Object.defineProperty({ ...document, body: watchedBody }, 'name', {
    get: () => {
      completed.count();
      return document.name;
    },
  });
}

/** One for all who are told of the event, as the event is. */
function watchedEvent(event: ChangeEvent): ChangeEvent {
  if (event.kind !== 'changeSet') return event;
  const known = watchedEvents.get(event) ?? {
    ...event,
    changes: event.changes.map((change) => ({ ...change, document: watched(change.document) })),
  };
  watchedEvents.set(event, known);
  return known;
}

const watchedEvents = new WeakMap<ChangeEvent, ChangeEvent>();

function watching(database: Database): Database {
  return overriding(database, {
    view: async (principal, asOf) => {
      const view = await database.view(principal, asOf);
      return overriding(view, {
        findDocuments: async (find, request) => {
          const found = await view.findDocuments(find, request);
          return { ...found, documents: found.documents.map(watched) };
        },
      });
    },
    changes: async (principal, request) => {
      const stream = await database.changes(principal, request);
      return overriding(stream, { next: async () => (await stream.next())?.map(watchedEvent) ?? null });
    },
    commit: async (principal, operations, options) => {
      const commit = await database.commit(principal, operations, options);
      return { ...commit, documents: commit.documents.map(watched) };
    },
  });
}

/** That others had many turns while it was made: in none of them was more done than in two slices, of which the last steps may be larger. */
function expectManyTurns(): void {
  for (const counter of [completed, written]) expectTurns(counter);
}

/** The same where graphql-js completes it: that gives nobody a turn. A list that it waits for it leaves, when an item fails, to end the process with the next. */
function expectWrittenInTurns(): void {
  expect(completed.all).toBeGreaterThanOrEqual(times * pageSize);
  expectTurns(written);
}

function expectTurns({ all, most }: TurnCounter): void {
  expect(all).toBeGreaterThanOrEqual(times * pageSize);
  expect(most).toBeLessThan(all / 8);
}

describe('a large answer', () => {
  let server: GraphqlServer;
  let expected: string;

  beforeAll(async () => {
    const [[, openEngine] = []] = engineVariants;
    if (openEngine === undefined) throw new TypeError('there is no engine');
    server = await startGraphqlServer(openEngine, {
      wrap: watching,
      graphql: { answerLengthMax, turns: new SharedTurns(clock), onRejection: () => told.count() },
    });
    const operations = Array.from({ length: pageSize }, () => ({
      create: { name: 'x', body: { n: 1, text: 'é'.repeat(100) } },
    }));
    await server.ask('mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence } }', {
      operations,
    });
    const single = await (await post(`{ a0: ${page} }`)).text();
    const found = single.slice('{"data":{"a0":'.length, -'}}'.length);
    expected = `{"data":{${aliases.map((alias) => `"${alias}":${found}`).join()}}}`;
  });

  afterAll(() => server.close());

  beforeEach(() => {
    completed = new TurnCounter();
    written = new TurnCounter();
    told = new TurnCounter();
  });

  function post(text: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: text }),
    });
  }

  test('is made in turns of the event loop that others have theirs between', async () => {
    const response = await post(query);
    expect(await response.text()).toBe(expected);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expectManyTurns();
  });

  test('lets others be answered before it ends', async () => {
    let answered = 0;
    let ended = false;
    const asking = async () => {
      while (!ended) {
        await server.ask('{ status { version } }');
        answered += 1;
      }
    };
    const others = asking();
    await (await post(query)).text();
    ended = true;
    const before = answered;
    await others;
    expect(before).toBeGreaterThan(5);
  });

  test('is written so by Yoga, too', async () => {
    const response = await fetch(`${server.endpoint}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'application/json' },
    });
    expect(await response.text()).toBe(expected);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expectWrittenInTurns();
  });

  test('by Yoga in which many items fail, some at once and some later, is an answer and no end of the process', async () => {
    const failing = `findDocuments(first: 300) { nodes { history(after: "no cursor") { totalCount } value(path: "") } }`;
    for (const text of [`{ ${failing} }`, `{ a: ${failing} b: ${failing} }`]) {
      const response = await fetch(`${server.endpoint}?query=${encodeURIComponent(text)}`, {
        headers: { accept: 'application/json' },
      });
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('this is not a cursor');
    }
  });

  test('is written so as an event', async () => {
    const response = await post(query, { accept: 'text/event-stream' });
    expect(await response.text()).toBe(`event: next\ndata: ${expected}\n\nevent: complete\ndata: \n\n`);
    expectWrittenInTurns();
  });

  test('is written so over a WebSocket, where others wait for the end of its message alone', async () => {
    const socket = new WebSocket(server.endpoint.replace('http', 'ws'), 'graphql-transport-ws');
    await once(socket, 'open');
    const messages: string[] = [];
    const completions = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        messages.push(String(data));
        if (messages.filter((text) => text.includes('"type":"complete"')).length === 2) resolve();
        // While the first pieces of it are on their way.
        if (messages.length === 1) {
          socket.send(JSON.stringify({ id: 'long', type: 'subscribe', payload: { query } }));
        }
      });
    });
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await expect.poll(() => written.all, { timeout: 60_000 }).toBeGreaterThan(times * pageSize * 2);
    socket.send(JSON.stringify({ id: 'short', type: 'subscribe', payload: { query: '{ status { version } }' } }));
    await completions;
    socket.close();
    expect(messages.toSorted()).toEqual(
      [
        '{"type":"connection_ack"}',
        `{"id":"long","type":"next","payload":${expected}}`,
        '{"id":"long","type":"complete"}',
        '{"id":"short","type":"next","payload":{"data":{"status":{"version":"1.2.3"}}}}',
        '{"id":"short","type":"complete"}',
      ].toSorted(),
    );
    expectWrittenInTurns();
  });

  test('that a client does not want any more is not sent to it over a WebSocket, and its id can be used again', async () => {
    const socket = new WebSocket(server.endpoint.replace('http', 'ws'), 'graphql-transport-ws');
    await once(socket, 'open');
    const messages: string[] = [];
    const send = (message: object) => socket.send(JSON.stringify(message));
    send({ type: 'connection_init' });
    await once(socket, 'message');
    const completions = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        messages.push(String(data));
        if (messages.filter((text) => text.includes('"type":"complete"')).length === 2) resolve();
      });
    });
    socket.pause();
    send({ id: 'first', type: 'subscribe', payload: { query } });
    // As much of it is on its way as the socket takes.
    await expect.poll(() => written.all, { timeout: 60_000 }).toBeGreaterThan(times * pageSize * 2);
    send({ id: 'second', type: 'subscribe', payload: { query: `{ a0: ${page} }` } });
    await expect.poll(() => completed.all, { timeout: 60_000 }).toBe(2 * (times + 1) * pageSize);
    await wait(100);
    send({ id: 'second', type: 'complete' });
    send({ id: 'second', type: 'subscribe', payload: { query: '{ status { version } }' } });
    await wait(100);
    socket.resume();
    await completions;
    socket.close();
    expect(messages.toSorted()).toEqual(
      [
        `{"id":"first","type":"next","payload":${expected}}`,
        '{"id":"first","type":"complete"}',
        '{"id":"second","type":"next","payload":{"data":{"status":{"version":"1.2.3"}}}}',
        '{"id":"second","type":"complete"}',
      ].toSorted(),
    );
  });

  test('to a mutation is made so', async () => {
    const operations = Array.from({ length: 2_000 }, () => ({
      create: { name: 'y', table: 'written', body: { n: 1 } },
    }));
    const lists = aliases
      .map((alias) => `${alias}: documents { id name body bodyHash createdAt sequence version }`)
      .join(' ');
    const { json } = await server.ask(
      `mutation ($operations: [Operation!]!) { transact(operations: $operations) { ${lists} } }`,
      { operations },
    );
    expect(at(json, 'data', 'transact', 'a19', 1_999, 'body')).toEqual({ n: 1 });
    expectManyTurns();
  });

  test('to a subscription is written so, once for all who are told the same', async () => {
    const selection = '{ ... on ChangeSet { changes { kind document { id name body bodyHash createdAt } } } }';
    const readers = await Promise.all(
      Array.from({ length: 3 }, () =>
        EventReader.open(
          server.endpoint,
          { accept: 'text/event-stream' },
          JSON.stringify({ query: `subscription { changes ${selection} }` }),
        ),
      ),
    );
    await Promise.all(readers.map((reader) => reader.event()));
    const operations = Array.from({ length: 5_000 }, () => ({
      create: { name: 'z', table: 'told', body: { n: 1, text: 'é' } },
    }));
    await server.ask('mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence } }', {
      operations,
    });
    const [first, ...others] = await Promise.all(readers.map((reader) => reader.event()));
    for (const reader of readers) reader.close();
    for (const other of others) expect(other).toEqual(first);
    expect(at(parseJson(first?.data ?? ''), 'data', 'changes', 'changes', 4_999, 'document', 'name')).toBe('z');
    expect(completed.all).toBe(5_000);
    expect(written.most).toBeLessThan(written.all / 8);
  });

  test('that is too long is refused without being written, and found out in turns', async () => {
    const documents = aliases
      .map((alias) => `${alias}: documents { id name body bodyHash createdAt sequence version }`)
      .join(' ');
    const body = { n: 1, text: 'x'.repeat(1_000) };
    const operations = Array.from({ length: 2_000 }, () => ({ create: { name: 'y', table: 'refused', body } }));
    const { json } = await server.ask(
      `mutation ($operations: [Operation!]!) { transact(operations: $operations) { ${documents} } }`,
      { operations },
    );
    expect(json).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: answerLengthMax } }],
    });
    expect(completed.most).toBeLessThan(1_000);
  });

  test('of many errors is made so', async () => {
    const fields = Array.from({ length: 30 }, (_, number) => `v${number}: value(path: "")`).join(' ');
    const response = await post(`{ findDocuments(first: ${pageSize}) { nodes { name ${fields} } } }`);
    const { errors } = await response.json();
    expect(errors).toHaveLength(30 * pageSize);
    expect(told.all).toBe(30 * pageSize);
    expect(told.most).toBeLessThan(1_000);
    expect(errors.at(-1).path).toEqual(['findDocuments', 'nodes', pageSize - 1, 'v29']);
    expect(completed.most).toBeLessThan(1_000);
  });

  test('of many fields side by side is made so', async () => {
    const fields = Array.from({ length: 990 }, (_, number) => `n${number}: name`).join(' ');
    const { data } = await (await post(`{ findDocuments(first: 3) { nodes { ${fields} } } }`)).json();
    expect(Object.keys(data.findDocuments.nodes[2])).toHaveLength(990);
    expect(completed.all).toBe(3 * 990);
    expect(completed.most).toBeLessThan(1_000);
  });

  test('of many small lists is made so', async () => {
    const lists = Array.from({ length: 990 }, (_, number) => `n${number}: findDocuments(first: 20) { nodes { name } }`);
    const { data } = await (await post(`{ ${lists.join(' ')} }`)).json();
    expect(Object.keys(data)).toHaveLength(990);
    expect(completed.all).toBe(990 * 20);
    expect(completed.most).toBeLessThan(1_000);
  });
});
