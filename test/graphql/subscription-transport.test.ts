import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { parseJson } from '../../src/document/json-parser.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { EventReader } from '../support/event-reader.ts';
import { forwarding } from '../support/forwarding-database.ts';
import { send, sendRaw } from '../support/http-client.ts';
import { at, type GraphqlServer, type GraphqlServerOptions, startGraphqlServer } from './graphql-server.ts';

const selection = `{
  __typename
  ... on ChangeSet { sequence epoch committedAt changes { kind document { id body version } before { body } } }
  ... on Progress { sequence epoch }
  ... on ResyncRequired { epoch oldest newest }
}`;
const subscription = `subscription Watch($filter: DocumentFilter, $after: Sequence, $epoch: ID, $table: String) {
  changes(filter: $filter, after: $after, epoch: $epoch, table: $table) ${selection}
}`;

describe.each(engineVariants)('subscriptions on the %s', (_name, openEngine) => {
  let server: GraphqlServer;
  const opened: { close(): void }[] = [];

  beforeEach(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterEach(async () => {
    for (const each of opened.splice(0)) each.close();
    await server.close();
  });

  async function restart(options: GraphqlServerOptions): Promise<void> {
    await server.close();
    server = await startGraphqlServer(openEngine, options);
  }

  async function create(body: object): Promise<string> {
    const { json } = await server.ask('mutation($body: JSON!) { createDocument(name: "x", body: $body) { id } }', {
      body,
    });
    return String(at(json, 'data', 'createDocument', 'id'));
  }

  async function read(variables: object, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const body = JSON.stringify({ query: subscription, variables });
    const reader = await EventReader.open(server.endpoint, { accept: 'text/event-stream', ...headers }, body);
    opened.push(reader);
    return reader;
  }

  async function nextChange(reader: EventReader) {
    const event = await reader.event();
    if (event === null) throw new Error('the stream has ended');
    return { ...event, told: at(parseJson(event.data), 'data', 'changes') };
  }

  async function epoch(): Promise<string> {
    const { json } = await server.ask('{ status { epoch } }');
    return String(at(json, 'data', 'status', 'epoch'));
  }

  describe('over Server-Sent Events', () => {
    test('each event has the place from which it can be resumed as its id', async () => {
      const reader = await read({});
      expect(reader.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
      expect(reader.response.headers['cache-control']).toContain('no-cache');
      const first = await nextChange(reader);
      expect(first).toMatchObject({ id: `${await epoch()}:0`, event: 'next', told: { __typename: 'Progress' } });
      const id = await create({ n: 12345678901234567890n });
      const second = await nextChange(reader);
      expect(second).toMatchObject({ id: `${await epoch()}:1`, event: 'next' });
      expect(second.told).toMatchObject({
        __typename: 'ChangeSet',
        sequence: 1,
        changes: [{ kind: 'CREATED', document: { id, body: { n: 12345678901234567890n }, version: 1 }, before: null }],
      });
    });

    test('a client that connects again goes on behind the last event that it saw', async () => {
      for (let n = 1; n <= 3; n += 1) await create({ n });
      const reader = await read({ after: 0 });
      const { id = '' } = await nextChange(reader);
      reader.close();
      const again = await read({ after: 0 }, { 'last-event-id': id });
      expect((await nextChange(again)).told).toMatchObject({ sequence: 2 });
      expect((await nextChange(again)).told).toMatchObject({ sequence: 3 });
    });

    test('an id of another epoch has the client read the list again, and ends the subscription', async () => {
      await create({ n: 1 });
      const reader = await read({}, { 'last-event-id': '01234567-89ab-7def-8123-456789abcdef:1' });
      expect(await nextChange(reader)).toMatchObject({
        id: undefined,
        told: { __typename: 'ResyncRequired', epoch: await epoch(), oldest: 0, newest: 1 },
      });
      expect(await reader.event()).toEqual({ id: undefined, event: 'complete', data: '' });
      expect(await reader.event()).toBeNull();
    });

    test('a GET subscribes, too, as a browser does of itself', async () => {
      const url = `${server.endpoint}?query=${encodeURIComponent('subscription { changes { __typename } }')}`;
      const reader = await EventReader.open(url, { accept: 'text/event-stream' });
      opened.push(reader);
      expect(await reader.event()).toMatchObject({
        event: 'next',
        data: '{"data":{"changes":{"__typename":"Progress"}}}',
      });
    });

    test('whoever takes anything gets events, whoever takes JSON alone is told', async () => {
      const body = JSON.stringify({ query: 'subscription { changes { __typename } }' });
      const any = await EventReader.open(server.endpoint, { accept: '*/*' }, body);
      opened.push(any);
      expect(any.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
      const { status, json } = await server.ask(
        'subscription { changes { __typename } }',
        {},
        { accept: 'application/json' },
      );
      expect(status).toBe(406);
      expect(json).toMatchObject({
        errors: [{ extensions: { code: 'INVALID_ARGUMENT', expected: 'Accept: text/event-stream' } }],
      });
    });

    test('what is wrong is told in an event', async () => {
      for (const query of ['subscription { nothing }', 'subscription {', '{ nothing }']) {
        const reader = await EventReader.open(
          server.endpoint,
          { accept: 'text/event-stream' },
          JSON.stringify({ query }),
        );
        expect(reader.response.statusCode).toBe(200);
        expect(JSON.parse((await reader.event())?.data ?? '')).toMatchObject({
          errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }],
        });
        expect(await reader.event()).toMatchObject({ event: 'complete' });
      }
      const reader = await read({ filter: { path: 'a' } });
      expect(JSON.parse((await reader.event())?.data ?? '')).toMatchObject({
        errors: [{ path: ['changes'], extensions: { code: 'INVALID_ARGUMENT' } }],
      });
      const unknownId = await read({}, { 'last-event-id': 'x' });
      expect(JSON.parse((await unknownId.event())?.data ?? '')).toMatchObject({
        errors: [{ extensions: { path: 'Last-Event-ID' } }],
      });
    });

    test('a mutation by GET is refused there, too', async () => {
      const query = 'mutation { createDocument(name: "x", body: {}) { id } }';
      const reader = await EventReader.open(`${server.endpoint}?query=${encodeURIComponent(query)}`, {
        accept: 'text/event-stream',
      });
      expect(JSON.parse((await reader.event())?.data ?? '')).toHaveProperty('errors');
      const { json } = await server.ask('{ status { documents } }');
      expect(at(json, 'data', 'status', 'documents')).toBe(0);
    });

    test('an idle stream says that it is still there, without an id', async () => {
      await restart({ graphql: { keepAliveMs: 10 } });
      const reader = await read({});
      expect(await reader.piece('\n\n')).toContain('event: next');
      expect(await reader.piece('\n\n')).toBe(':');
      await create({ n: 1 });
      expect((await nextChange(reader)).told).toMatchObject({ sequence: 1 });
    });

    test('a subscription is let go when its reader is gone', async () => {
      const letGo = Promise.withResolvers<void>();
      await restart({
        wrap: (database) => ({
          ...forwarding(database),
          changes: async (...args) => {
            const stream = await database.changes(...args);
            const close = () => {
              letGo.resolve();
              stream.close();
            };
            return { next: () => stream.next(), close };
          },
        }),
      });
      const reader = await read({});
      await reader.event();
      reader.close();
      await letGo.promise;
    });

    test('subscriptions whose readers are gone before they are answered are let go, too', async () => {
      let open = 0;
      await restart({
        wrap: (database) => ({
          ...forwarding(database),
          changes: async (...args) => {
            const stream = await database.changes(...args);
            let closed = false;
            open += 1;
            const close = () => {
              if (!closed) open -= 1;
              closed = true;
              stream.close();
            };
            return { next: () => stream.next(), close };
          },
        }),
      });
      const body = JSON.stringify({ query: subscription });
      const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\ncontent-type: application/json\r\n`;
      for (let n = 0; n < 100; n += 1) {
        const socket = connectTcp(server.port, '127.0.0.1');
        await once(socket, 'connect');
        socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`, () => socket.destroy());
      }
      const last = await read({});
      await last.event();
      while (open !== 1) await new Promise((resolve) => setTimeout(resolve, 1));
    });

    test('subscribers who select other fields, or the same in other words, get what they asked for', async () => {
      const selections = ['... on ChangeSet { sequence }', '... on ChangeSet { changes { kind } }', 'x: __typename'];
      const readers = await Promise.all(
        selections.map((fields) =>
          EventReader.open(
            server.endpoint,
            { accept: 'text/event-stream' },
            JSON.stringify({ query: `subscription { changes(after: 0) { ${fields} } }` }),
          ),
        ),
      );
      opened.push(...readers);
      await create({ n: 1 });
      const answers: string[] = [];
      for (const reader of readers) {
        let event = await reader.event();
        while (event?.id?.endsWith(':0')) event = await reader.event();
        answers.push(event?.data ?? '');
      }
      expect(answers.map((text) => JSON.parse(text).data.changes)).toEqual([
        { sequence: 1 },
        { changes: [{ kind: 'CREATED' }] },
        { x: 'ChangeSet' },
      ]);
    });

    test('values of variables in a selection are not mixed up', async () => {
      const query = `subscription($path: String!, $with: Boolean!) {
        changes(after: 0) { ... on ChangeSet { changes { document { value(path: $path) id @include(if: $with) } } } }
      }`;
      await create({ a: 1, b: 2 });
      const answers: unknown[] = [];
      for (const variables of [
        { path: 'a', with: false },
        { path: 'b', with: false },
        { path: 'b', with: true },
      ]) {
        const body = JSON.stringify({ query, variables });
        const reader = await EventReader.open(server.endpoint, { accept: 'text/event-stream' }, body);
        answers.push(JSON.parse((await reader.event())?.data ?? '').data.changes.changes[0].document);
        reader.close();
      }
      expect(answers).toEqual([{ value: 1 }, { value: 2 }, { value: 2, id: expect.any(String) }]);
    });

    test('fields that read more than the event can be asked for', async () => {
      await create({ n: 1 });
      const query =
        'subscription { changes(after: 0) { ... on ChangeSet { changes { document { history { nodes { version } } } } } } }';
      const reader = await EventReader.open(
        server.endpoint,
        { accept: 'text/event-stream' },
        JSON.stringify({ query }),
      );
      opened.push(reader);
      expect(JSON.parse((await reader.event())?.data ?? '')).toEqual({
        data: { changes: { changes: [{ document: { history: { nodes: [{ version: 1 }] } } }] } },
      });
    });
  });

  test('graphql-sse from npm subscribes, and runs queries and mutations', async () => {
    const client = createSseClient({ url: server.endpoint });
    const changes = client.iterate({ query: subscription });
    opened.push({ close: () => void changes.return?.() });
    expect((await changes.next()).value).toMatchObject({ data: { changes: { __typename: 'Progress' } } });
    const mutation = client.iterate({ query: 'mutation { createDocument(name: "x", body: {n: 1}) { version } }' });
    expect((await mutation.next()).value).toEqual({ data: { createDocument: { version: 1 } } });
    expect((await changes.next()).value).toMatchObject({ data: { changes: { sequence: 1 } } });
    client.dispose();
  });

  test('a stream that the server ends is not complete, so that its client connects again', async () => {
    const reader = await read({});
    await reader.event();
    const closing = server.server.close();
    expect(await reader.event()).toBeNull();
    expect(reader.response.complete).toBe(true);
    await closing;
  });

  describe('over a WebSocket', () => {
    const webSocketUrl = () => server.endpoint.replace('http', 'ws');

    function openSocket(options: WebSocket.ClientOptions = {}, protocol = 'graphql-transport-ws'): WebSocket {
      const socket = new WebSocket(webSocketUrl(), protocol, options);
      // Also when it is still being opened, or was refused.
      socket.on('error', () => {});
      opened.push({ close: () => socket.terminate() });
      return socket;
    }

    async function closeCode(socket: WebSocket): Promise<unknown> {
      const [code] = await once(socket, 'close');
      return code;
    }

    /** One that the server has acknowledged. */
    async function connect(): Promise<{ socket: WebSocket; message: () => Promise<string> }> {
      const socket = openSocket();
      const messages: string[] = [];
      const waiting: ((text: string) => void)[] = [];
      socket.on('message', (data) => {
        const take = waiting.shift();
        if (take === undefined) messages.push(String(data));
        else take(String(data));
      });
      const message = () =>
        messages.length > 0
          ? Promise.resolve(messages.shift() ?? '')
          : new Promise<string>((take) => waiting.push(take));
      await once(socket, 'open');
      socket.send('{"type":"connection_init"}');
      expect(await message()).toBe('{"type":"connection_ack"}');
      return { socket, message };
    }

    test('graphql-ws from npm subscribes, and runs queries and mutations', async () => {
      const client = createWsClient({ url: webSocketUrl(), webSocketImpl: WebSocket });
      opened.push({ close: () => void client.dispose() });
      const changes = client.iterate({ query: subscription });
      expect((await changes.next()).value).toMatchObject({ data: { changes: { __typename: 'Progress' } } });
      const mutation = client.iterate({ query: 'mutation { createDocument(name: "x", body: {n: 1}) { version } }' });
      expect((await mutation.next()).value).toEqual({ data: { createDocument: { version: 1 } } });
      expect((await changes.next()).value).toMatchObject({ data: { changes: { sequence: 1 } } });
      const query = client.iterate({ query: '{ status { sequence } }' });
      expect((await query.next()).value).toEqual({ data: { status: { sequence: 1 } } });
      await changes.return?.();
    });

    test('JSON is exact in both directions', async () => {
      const { socket, message } = await connect();
      const body = '{"n":12345678901234567890,"m":9007199254740993,"big":1e300}';
      const query = 'mutation($body: JSON!) { createDocument(name: \\"x\\", body: $body) { body } }';
      socket.send(`{"id":"1","type":"subscribe","payload":{"query":"${query}","variables":{"body":${body}}}}`);
      const stored = '{"n":12345678901234567890,"m":9007199254740993,"big":1e+300}';
      expect(await message()).toBe(`{"id":"1","type":"next","payload":{"data":{"createDocument":{"body":${stored}}}}}`);
      expect(await message()).toBe('{"id":"1","type":"complete"}');
      socket.send(
        JSON.stringify({
          id: '"2"',
          type: 'subscribe',
          payload: {
            query: 'subscription { changes(after: 0) { ... on ChangeSet { changes { document { body } } } } }',
          },
        }),
      );
      expect(await message()).toBe(
        `{"id":"\\"2\\"","type":"next","payload":{"data":{"changes":{"changes":[{"document":{"body":${stored}}}]}}}}`,
      );
    });

    test.each([['{"type":'], ['{"type":"ping","type":"ping"}'], ['{"type":"ping","payload":{"a":1e999}}']])(
      'the message %s, which is no exact JSON, ends the connection',
      async (text) => {
        const { socket } = await connect();
        socket.send(text);
        expect(await closeCode(socket)).toBe(4400);
      },
    );

    test('a client may complete a subscription, and another one goes on', async () => {
      const { socket, message } = await connect();
      const subscribe = (id: string) =>
        socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: subscription } }));
      subscribe('a');
      await message();
      subscribe('b');
      await message();
      socket.send('{"id":"a","type":"complete"}');
      socket.send('{"type":"ping"}');
      expect(await message()).toBe('{"type":"pong"}');
      await create({ n: 1 });
      expect(JSON.parse(await message())).toMatchObject({ id: 'b', type: 'next' });
      // Completed by now, so that its name is free.
      subscribe('a');
      expect(JSON.parse(await message())).toMatchObject({ id: 'a', type: 'next' });
    });

    test('a page of another origin, or under a name that is not ours, cannot open one', async () => {
      for (const headers of [{ origin: 'https://evil.example' }, { host: 'evil.example' }]) {
        const socket = openSocket({ headers });
        const [, response] = await once(socket, 'unexpected-response');
        expect(response.statusCode).toBe(403);
        expect(String(await once(response, 'data'))).toContain('FORBIDDEN');
      }
      const own = openSocket({ headers: { origin: server.url } });
      await once(own, 'open');
    });

    test('other protocols and other paths are refused, and the server goes on', async () => {
      const socket = openSocket({}, 'graphql-ws');
      // The client of ws itself refuses an answer without its protocol.
      await once(socket, 'error');
      const elsewhere = new WebSocket(`${server.url.replace('http', 'ws')}/nowhere`, 'graphql-transport-ws');
      const [, response] = await once(elsewhere, 'unexpected-response');
      expect(response.statusCode).toBe(404);
      const ping = new WebSocket(`${server.url.replace('http', 'ws')}/ping`, 'graphql-transport-ws');
      const [, pong] = await once(ping, 'unexpected-response');
      expect(pong.statusCode).toBe(200);
      await create({ n: 1 });
    });

    test('a refused one is read until its client has gone, and ended when it stays: none is held', async () => {
      const head = (path: string) =>
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
      const open = () =>
        new Promise<number>((resolve) => server.server.server.getConnections((_, count) => resolve(count)));
      await expect.poll(open).toBe(0);
      for (let count = 0; count < 5; count += 1) {
        const socket = connectTcp(server.port, '127.0.0.1');
        socket.write(head('/nowhere') + 'x'.repeat(100_000));
        await once(socket, 'data');
        socket.destroy();
      }
      // This one does not leave.
      expect(await sendRaw(server.port, `${head('/nowhere')}more`)).toMatch(/^HTTP\/1\.1 404 /);
      await expect.poll(open).toBe(0);
    });

    test.each([1, 30])('one that is asked for behind %i requests is opened when they are answered', async (count) => {
      const ping = 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n';
      const upgrade =
        'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
      const tcp = connectTcp(server.port, '127.0.0.1');
      let text = '';
      tcp.setEncoding('latin1').on('data', (part: string) => {
        text += part;
      });
      tcp.write(ping.repeat(count) + upgrade);
      const statuses = () => Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => status);
      await expect.poll(statuses).toEqual([...Array.from({ length: count }, () => '200'), '101']);
      // A masked ping, as from a client, and its pong.
      text = '';
      tcp.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0]));
      await expect.poll(() => text).toBe('\x8a\x00');
      tcp.destroy();
    });

    test('a reader that takes nothing is cut off, though it says that it is there', async () => {
      await restart({ graphql: { keepAliveMs: 300 } });
      const large = { name: 'large', body: { text: 'x'.repeat(8 * 1024 * 1024) } };
      const { status } = await send(`${server.url}/document/create`, { method: 'POST', body: large });
      expect(status).toBe(200);
      const { socket } = await connect();
      socket.pause();
      const alive = setInterval(() => socket.pong(), 5);
      for (const id of ['a', 'b', 'c']) {
        const payload = { query: '{ findDocuments(first: 1) { nodes { body } } }' };
        socket.send(JSON.stringify({ id, type: 'subscribe', payload }));
      }
      const open = () =>
        new Promise<number>((resolve) => server.server.server.getConnections((_, count) => resolve(count)));
      await expect.poll(open, { timeout: 30_000 }).toBe(0);
      clearInterval(alive);
    });

    test('of many messages that arrive at once each is a turn of the event loop, so that everybody else has theirs', async () => {
      const { socket } = await connect();
      const many = 5_000;
      let pongs = 0;
      socket.on('message', () => {
        pongs += 1;
      });
      let turns = 0;
      const count = () => {
        turns += 1;
        if (pongs < many) setImmediate(count);
      };
      for (let sent = 0; sent < many; sent += 1) socket.send('{"type":"ping"}');
      count();
      await expect.poll(() => pongs, { timeout: 60_000 }).toBe(many);
      // The server is in this process: its turns are ours.
      expect(turns).toBeGreaterThan(many * 0.9);
    });

    test('only GET can ask for one: any other request is answered as if it had not', async () => {
      const { status, json } = await send(server.endpoint, {
        method: 'POST',
        headers: { connection: 'Upgrade', upgrade: 'websocket', 'content-type': 'application/json' },
        body: { query: '{ status { documents } }' },
      });
      expect([status, json]).toEqual([200, { data: { status: { documents: 0 } } }]);
    });

    test.each([
      ['connection_ack', {}],
      ['next', {}],
      ['error', [{ message: 'x' }]],
    ])('a client that says %s, as only servers may, is closed', async (type, payload) => {
      const { socket } = await connect();
      socket.send(JSON.stringify({ id: 'a', type, payload }));
      expect(await closeCode(socket)).toBe(4400);
    });

    test('who offers HTTP/2 is answered in HTTP/1.1', async () => {
      const { status, json } = await send(server.endpoint, {
        method: 'POST',
        headers: {
          connection: 'Upgrade, HTTP2-Settings',
          upgrade: 'h2c',
          'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
        },
        body: { query: '{ status { documents } }' },
      });
      expect([status, json]).toEqual([200, { data: { status: { documents: 0 } } }]);
    });

    test('a client that does not say hello is not waited for', async () => {
      const socket = openSocket();
      await once(socket, 'open');
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: subscription } }));
      expect(await closeCode(socket)).toBe(4401);
    });

    test('a connection has so many operations at once, and no more', async () => {
      await restart({ graphql: { connectionOperationsMax: 2 } });
      const { socket, message } = await connect();
      for (const id of ['1', '2', '3']) {
        socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: subscription } }));
      }
      const messages = [JSON.parse(await message()), JSON.parse(await message()), JSON.parse(await message())];
      expect(messages.find(({ type }) => type === 'error')).toMatchObject({
        id: '3',
        payload: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 2, actual: 3 } }],
      });
    });

    test('a message that is too long ends the connection', async () => {
      await restart({ graphql: { messageBytesMax: 1000 } });
      const { socket } = await connect();
      socket.send(JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(2000) } }));
      expect(await closeCode(socket)).toBe(1009);
    });

    test('a peer that does not answer is let go', async () => {
      await restart({ graphql: { keepAliveMs: 20 } });
      const socket = openSocket({ autoPong: false });
      await once(socket, 'open');
      socket.send('{"type":"connection_init"}');
      expect(await closeCode(socket)).toBe(1006);
    });

    test('connections are told when the server stops', async () => {
      const { socket, message } = await connect();
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: subscription } }));
      await message();
      const closed = closeCode(socket);
      await server.server.close();
      expect(await closed).toBe(1001);
    });
  });
});
