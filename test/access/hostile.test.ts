import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { sendRaw } from '../support/http-client.ts';
import { Fixture, foreign, leaksIn, own } from './fixture.ts';
import { ProtectedServer } from './protected-server.ts';

const endOfHead = '\r\n\r\n';

/** Tricks of whoever wants more than their token lets, or a request that one reader of the bytes sees and another does not. */
describe('whoever wants more than they may', () => {
  let server: ProtectedServer;
  let fixture: Fixture;
  let port: number;

  beforeAll(async () => {
    server = await ProtectedServer.start([
      ...['--auth', 'required', '--auth-failures-max', '10000', '--introspection', 'refused'],
      // What is left open by a request that was not understood is closed soon.
      ...['--headers-ms-max', '1000', '--request-ms-max', '1000', '--keep-alive-ms-max', '1000'],
    ]);
    fixture = await Fixture.over(server);
    port = Number(new URL(server.url).port);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  /** @param head the lines of a request, without those that every one has. */
  const ask = (line: string, head: readonly string[], body = ''): Promise<string> =>
    sendRaw(port, [line, 'Host: localhost', ...head].join('\r\n') + endOfHead + body);

  const find = 'POST /document/find HTTP/1.1';
  const hidden = `GET /table/${foreign} HTTP/1.1\r\nHost: localhost`;

  test.each<[string, readonly string[], string]>([
    ['a length and chunks', ['Content-Length: 6', 'Transfer-Encoding: chunked'], `0${endOfHead}${hidden}`],
    ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `2\r\n{}\r\n0${endOfHead}`],
    ['two lengths', ['Content-Length: 2', 'Content-Length: 2'], '{}'],
    ['two lengths that differ', ['Content-Length: 2', 'Content-Length: 40'], `{}${hidden}`],
    ['a length with a sign', ['Content-Length: +2'], '{}'],
    ['a coding that is nearly chunked', ['Transfer-Encoding: xchunked'], `2\r\n{}\r\n0${endOfHead}`],
    ['chunks that are not the last coding', ['Transfer-Encoding: chunked, identity'], `2\r\n{}\r\n0${endOfHead}`],
    ['a space before the colon', ['Transfer-Encoding : chunked'], `2\r\n{}\r\n0${endOfHead}`],
    ['a header that goes on in the next line', ['X: a', ' Content-Length: 2'], '{}'],
    ['a carriage return within a header', ['Content-Length: 2', 'X: a\rTransfer-Encoding: chunked'], '{}'],
    ['a chunk whose line ends early', ['Transfer-Encoding: chunked'], `2;a\n{}\r\n0${endOfHead}`],
  ])('smuggles nothing with %s: one refusal, and the connection ends', async (_case, lines, body) => {
    const token = `Authorization: Bearer ${fixture.admin}`;
    const answer = await ask(find, ['Content-Type: application/json', token, ...lines], body);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(leaksIn(answer, false)).toEqual([]);
  });

  test.each([
    [
      'a body that looks like a request',
      ['Content-Length: 52'],
      `GET /table/${foreign}/documents HTTP/1.1${endOfHead}`,
    ],
    [
      'what proxies say of who asks',
      ['X-Forwarded-User: operator', 'X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1'],
      '',
    ],
    ['what proxies say of the path', ['X-Original-URL: /livez', 'X-Rewrite-URL: /livez'], ''],
    ['another method', ['X-HTTP-Method-Override: HEAD'], ''],
    ['a cookie', [`Cookie: token=x; authorization=Bearer ${'a'.repeat(2_000)}`], ''],
    ['the protocol of a WebSocket', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'], ''],
  ])('is not let in by %s', async (_case, lines, body) => {
    const answer = await ask('GET /table/list HTTP/1.1', [...lines, 'Connection: close'], body);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
  });

  test('is refused as a page without an origin, and with headers beyond all measure', async () => {
    const token = `Authorization: Bearer ${fixture.tokens.read}`;
    const lines = [token, 'Content-Type: application/json', 'Content-Length: 2', 'Connection: close'];
    expect(await ask(find, ['Origin: null', ...lines], '{}')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(find, [`Cookie: ${'a'.repeat(64 * 1024)}`, ...lines], '{}')).toMatch(/^HTTP\/1\.1 431 /);
  });

  test.each([
    foreign.toUpperCase(),
    `${foreign} `,
    `${foreign}%00`,
    `%7A${foreign.slice(1)}`,
    // FULLWIDTH LATIN SMALL LETTER Z, which some normalizations make a z; and a joiner that is not seen.
    `%EF%BD%9A${foreign.slice(1)}`,
    `${foreign}%E2%80%8D`,
    `${own}%2F..%2F${foreign}`,
    `${foreign};${own}`,
    `${foreign}/`,
    `${foreign}?table_name=${own}`,
  ])('finds no other way to write the name of a table: %s', async (name) => {
    const { status, text, code } = await server.ask(fixture.tokens.admin, `/table/${name.replaceAll(' ', '%20')}`);
    expect([status, code, leaksIn(text, true)]).toEqual([403, 'FORBIDDEN', []]);
  });

  test.each([
    ['table_name=ORDERS', 403],
    [`table_name=${own}&table_name=${foreign}`, 403],
    [`table_name=${foreign}&table_name=${own}`, 200],
    ['table_name=', 403],
    [`TABLE_NAME=${foreign}`, 200],
    ['sort_by=zqxpath&include_archived=true', 200],
  ])('gets nothing more by the parameters %s', async (query, status) => {
    const answer = await server.ask(fixture.tokens.read, `/document/find?${query}`, { method: 'POST', body: {} });
    expect([answer.status, leaksIn(answer.text, true)]).toEqual([status, []]);
  });

  test('a role of a table is one of that very name: nothing is normalized, trimmed or folded', async () => {
    for (const name of ['Orders', 'orders ', 'órders', 'órders'.normalize('NFD'), 'orders\u200d']) {
      const token = await server.token(`write:${name}`);
      const create = (table_name: string) =>
        server.ask(token, '/document/create', { method: 'POST', body: { table_name, body: {} } });
      expect([name, (await create(own)).code, (await create(name)).status]).toEqual([name, 'FORBIDDEN', 200]);
    }
  });

  test('a document that may not be seen is as one that is not there, whatever is asked of it', async () => {
    const { id } = await fixture.make(foreign);
    const noId = '0190a000-0000-7000-8000-0000000000ff';
    const operations = (each: string) => [
      `getDocument(id: "${each}") { id history { totalCount } }`,
      `getDocument(id: "${each}", version: 1, archived: INCLUDE) { id }`,
      `updateDocument(id: "${each}", version: 9, body: {}) { id }`,
      `patchDocument(id: "${each}", version: 1, change: {merge: {}}, rebase: true) { id }`,
      `archiveDocument(id: "${each}") { id }`,
      `restoreDocument(id: "${each}") { id }`,
      `eraseDocument(id: "${each}", version: 1)`,
      `transact(operations: [{assert: {id: "${each}", version: 2}}]) { sequence }`,
      `transact(operations: [{assert: {id: "${each}", exists: false}}]) { sequence }`,
    ];
    for (const [index, operation] of operations(id).entries()) {
      const kind = operation.startsWith('getDocument') ? 'query' : 'mutation';
      const hiddenAnswer = await server.run(fixture.tokens.admin, `${kind} { ${operation} }`);
      const absentAnswer = await server.run(fixture.tokens.admin, `${kind} { ${operations(noId)[index]} }`);
      expect(hiddenAnswer.text.replaceAll(id, noId)).toBe(absentAnswer.text);
    }
    const combine = async (each: string) => {
      const body = { name: 'c', document_ids: [each], merge_strategy: 'overwrite' };
      return (await server.ask(fixture.tokens.write, '/document/combine', { method: 'POST', body })).text;
    };
    expect((await combine(id)).replaceAll(id, noId)).toBe(await combine(noId));
  });

  test('the schema stays unknown where introspection is refused, over every transport', async () => {
    const { read } = fixture.tokens;
    const url = `${server.url.replace('http', 'ws')}/graphql`;
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${read}` },
    });
    for (const query of [
      '{ __schema { types { name } } }',
      '{ x: __type(name: "Query") { name } }',
      '{ tabels { name } }',
    ]) {
      const answers = [
        (await server.run(read, query)).text,
        (await server.ask(read, `/graphql?query=${encodeURIComponent(query)}`)).text,
        (
          await server.ask(read, '/graphql', {
            method: 'POST',
            body: { query },
            headers: { accept: 'text/event-stream' },
          })
        ).text,
        await new Promise<string>((resolve) => {
          const told = (what: unknown) => resolve(JSON.stringify(what));
          client.subscribe({ query }, { next: told, error: told, complete: () => resolve('complete') });
        }),
      ];
      for (const text of answers) {
        expect(text).toMatch(/FORBIDDEN|INVALID_ARGUMENT/);
        expect(text).not.toMatch(/DocumentConnection|Did you mean|"name":"Query"/);
      }
    }
    await client.dispose();
  });

  test('an idempotency key is of whoever used it: another one does not meet it, and gets nothing of its answer', async () => {
    const body = { table_name: foreign, body: { text: 'zqxbody' } };
    const headers = { 'idempotency-key': 'the-same' };
    const create = (token: string) => server.ask(token, '/document/create', { method: 'POST', body, headers });
    expect((await create(fixture.admin)).status).toBe(200);
    const replayed = await create(fixture.tokens.admin);
    expect([replayed.status, replayed.code, leaksIn(replayed.text, true)]).toEqual([403, 'FORBIDDEN', []]);
    const own_ = { method: 'POST', body: { table_name: own, body: {} }, headers };
    expect((await server.ask(fixture.tokens.write, '/document/create', own_)).status).toBe(200);
  });

  test('the place where somebody else left a list leads to nothing but what may be read', async () => {
    const page = 'findDocuments(first: 1, orderBy: [{path: "zqxpath"}]';
    const first = await server.run(fixture.admin, `{ ${page}) { pageInfo { endCursor } } }`);
    const cursor = /"endCursor":"([^"]+)"/.exec(first.text)?.[1] ?? '';
    expect(cursor).not.toBe('');
    const { text } = await server.run(
      fixture.tokens.read,
      `{ ${page}, after: "${cursor}") { totalCount edges { cursor node { table body } } } }`,
    );
    expect(leaksIn(text, false)).toEqual([]);
  });
});
