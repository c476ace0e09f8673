import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { EventReader } from '../support/event-reader.ts';
import { expectData, Fixture, foreign, leaksIn, own } from './fixture.ts';
import { ProtectedServer } from './protected-server.ts';

const events = `__typename
  ... on ChangeSet { sequence changes { kind document { id table name body } before { body } } }
  ... on Progress { sequence }`;
const watch = `subscription ($table: String) { changes(after: 0, table: $table) { ${events} } }`;

/** What changes may be told, over every transport that tells of them. */
describe('changes', () => {
  let server: ProtectedServer;
  let fixture: Fixture;

  beforeAll(async () => {
    server = await ProtectedServer.start(['--auth', 'required', '--auth-failures-max', '10000']);
    fixture = await Fixture.over(server);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const headersOf = (token: string) => ({ authorization: `Bearer ${token}` });

  /** The first message over a WebSocket that answers the subscription, or why there is none. */
  async function overWebSocket(parameters: Record<string, unknown>, table?: string): Promise<string> {
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: parameters,
      retryAttempts: 0,
    });
    try {
      for await (const result of client.iterate({ query: watch, variables: { table } })) return JSON.stringify(result);
      return 'ended';
    } catch (error) {
      if (typeof error === 'object' && error !== null && 'code' in error) return `closed ${error.code}`;
      return JSON.stringify(error);
    } finally {
      await client.dispose();
    }
  }

  test('of a table that may not be read are refused where it is named', async () => {
    const token = fixture.tokens.read;
    const rest = await server.ask(token, `/changes?since=0&follow=false&table_name=${foreign}`);
    expect([rest.status, rest.code]).toEqual([403, 'FORBIDDEN']);
    expect(await overWebSocket({ Authorization: `Bearer ${token}` }, foreign)).toContain('FORBIDDEN');
  });

  test.each([
    ['one table', [`read:${own}`]],
    ['several tables', [`read:${own}`, 'read:customers']],
  ])('of all tables are those of the ones that may be read: %s', async (_, roles) => {
    const token = await server.token(...roles);
    const secret = await fixture.make(foreign);
    await fixture.make(own);
    const erase = `eraseDocument(id: "${secret.id}", version: ${secret.version})`;
    expectData(await server.run(fixture.admin, `mutation { ${erase} }`));
    const { status, text } = await server.ask(token, '/changes?since=0&follow=false');
    expect(status).toBe(200);
    expect(leaksIn(text, false)).toEqual([]);
    expect(text).not.toContain(secret.id);
    expect(text.match(/"type":"changes"/g)?.length).toBeGreaterThan(3);
    const all = await server.ask(fixture.admin, '/changes?since=0&follow=false');
    expect(leaksIn(all.text, false)).not.toEqual([]);
  });

  test('over a WebSocket need the token that its first message has, or its request', async () => {
    const token = fixture.tokens.read;
    for (const parameters of [
      { Authorization: `Bearer ${token}` },
      { authorization: `Bearer ${token}` },
      { headers: { Authorization: `Bearer ${token}` } },
    ]) {
      expect(await overWebSocket(parameters)).toContain('"__typename":"ChangeSet"');
    }
    for (const parameters of [{}, { Authorization: 'Bearer yara_nonsense' }, { Authorization: 5 }, { headers: [] }]) {
      expect([parameters, await overWebSocket(parameters)]).toEqual([parameters, 'closed 4401']);
    }
    const [good, bad] = [headersOf(token), headersOf('yara_nonsense')].map(async (headers) => {
      const socket = new WebSocket(`${server.url}/graphql`, 'graphql-transport-ws', { headers });
      const { promise, resolve } = Promise.withResolvers<string>();
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data) => resolve(String(data)));
      socket.on('unexpected-response', (_request, response) => resolve(`status ${response.statusCode}`));
      socket.on('error', (error) => resolve(error.message));
      return promise.finally(() => socket.terminate());
    });
    expect(await Promise.all([good, bad])).toEqual(['{"type":"connection_ack"}', 'status 401']);
  });

  test('end when the token is revoked, over every transport', async () => {
    const created = await server.ask(fixture.admin, '/system/tokens', {
      method: 'POST',
      body: { roles: [`read:${own}`] },
    });
    const { id, token } = created.json as { readonly id: string; readonly token: string };
    const rest = await EventReader.open(`${server.url}/changes`, { ...headersOf(token), accept: 'text/event-stream' });
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { Authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    const results = client.iterate({ query: watch });
    expect((await results.next()).done).toBe(false);
    expect(await rest.event()).toMatchObject({ event: 'progress' });
    expect((await server.ask(fixture.admin, `/system/tokens/${id}`, { method: 'DELETE' })).status).toBe(200);
    const unseen = await fixture.make(own);
    expect(await rest.event()).toBeNull();
    for await (const result of results) expect(JSON.stringify(result)).not.toContain(unseen.id);
    await expect(client.iterate({ query: watch }).next()).rejects.toMatchObject({ code: 4401 });
    await client.dispose();
  });
});

test('what was opened while nobody had to show a token ends with the first one that is made', async () => {
  await using server = await ProtectedServer.start([]);
  const stream = await EventReader.open(`${server.url}/changes`, { accept: 'text/event-stream' });
  expect(await stream.event()).toMatchObject({ event: 'progress' });
  const client = createClient({
    url: `${server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazyCloseTimeout: 60_000,
  });
  const ask = async () => {
    for await (const result of client.iterate({ query: '{ tables { name } }' })) return JSON.stringify(result);
    return 'ended';
  };
  expect(await ask()).toContain('default');
  const token = await server.token('write');
  const body = { name: 'n', body: { zqxbody: 1 } };
  expect((await server.ask(token, '/document/create', { method: 'POST', body })).status).toBe(200);
  expect(await stream.event()).toBeNull();
  await expect(ask()).rejects.toMatchObject({ code: 4401 });
  await client.dispose();
});
