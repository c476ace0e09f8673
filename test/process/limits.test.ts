import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../support/http-client.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** Each at or near its least, so that small requests go beyond it. */
const flags = {
  'body-bytes-max': '16KiB',
  'document-bytes-max': '1KiB',
  'nesting-max': '16',
  'integer-digits-max': '16',
  'page-size-max': '100',
  'operations-max': '2',
  'filter-depth-max': '4',
  'filter-parts-max': '10',
  'filter-values-max': '10',
  'regex-length-max': '10',
  'sort-paths-max': '1',
  'graphql-tokens-max': '200',
  'graphql-depth-max': '5',
  'graphql-fields-max': '20',
  'graphql-aliases-max': '2',
  'graphql-directives-max': '2',
  'graphql-cost-max': '1000',
  introspection: 'refused',
};

const text = (length: number) => 'x'.repeat(length);
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

describe('a server whose limits are set low', () => {
  let directory: string;
  let server: ServerProcess;
  let url: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'yaradb-limits-'));
    const given = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    ({ server, url } = await startServer(directory, given));
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const post = (path: string, body: unknown) => send(`${url}${path}`, { method: 'POST', body });
  const find = (filter: unknown) => post('/document/find', filter);
  const create = (body: unknown) => ({ name: 'n', body });

  test.each<[flag: keyof typeof flags, status: number, code: string, limit: number, path: string, body: unknown]>([
    ['body-bytes-max', 413, 'PAYLOAD_TOO_LARGE', 16_384, '/document/create', create({ a: text(17_000) })],
    ['nesting-max', 400, 'LIMIT_EXCEEDED', 16, '/document/create', create(nested(17))],
    [
      'integer-digits-max',
      400,
      'LIMIT_EXCEEDED',
      16,
      '/document/create',
      `{"name": "n", "body": {"a": ${'9'.repeat(17)}}}`,
    ],
    ['page-size-max', 400, 'LIMIT_EXCEEDED', 100, '/document/find?limit=101', {}],
    ['operations-max', 400, 'LIMIT_EXCEEDED', 2, '/document/batch/create', [1, 2, 3].map((a) => create({ a }))],
    [
      'filter-depth-max',
      400,
      'LIMIT_EXCEEDED',
      4,
      '/document/find',
      { $nor: [{ $nor: [{ $nor: [{ $nor: [{ $nor: [{ a: 1 }] }] }] }] }] },
    ],
    [
      'filter-parts-max',
      400,
      'LIMIT_EXCEEDED',
      10,
      '/document/find',
      { $or: Array.from({ length: 11 }, (_, a) => ({ a })) },
    ],
    [
      'filter-values-max',
      400,
      'LIMIT_EXCEEDED',
      10,
      '/document/find',
      { a: { $in: Array.from({ length: 11 }, (_, a) => a) } },
    ],
    ['regex-length-max', 400, 'LIMIT_EXCEEDED', 10, '/document/find', { a: { $regex: text(11) } }],
  ])('--%s is %i with %s over REST', async (_flag, status, code, limit, path, body) => {
    const answer = await post(path, body);
    expect([answer.status, answer.json]).toEqual([status, expect.objectContaining({ code, limit })]);
  });

  test.each<[flag: keyof typeof flags, limit: number, query: string]>([
    ['graphql-tokens-max', 200, `{ findDocuments(filter: {path: "a", in: [${'1 '.repeat(200)}]}) { totalCount } }`],
    ['graphql-depth-max', 5, '{ findDocuments { edges { node { history { nodes { id } } } } } }'],
    ['graphql-fields-max', 20, `{ ${'__typename '.repeat(21)} }`],
    ['graphql-aliases-max', 2, '{ a: __typename b: __typename c: __typename }'],
    ['graphql-directives-max', 2, '{ __typename @skip(if: false) @skip(if: false) @skip(if: false) }'],
    ['graphql-cost-max', 1_000, '{ findDocuments(first: 50) { nodes { history(first: 50) { nodes { id } } } } }'],
    ['page-size-max', 100, '{ findDocuments(first: 101) { totalCount } }'],
    ['sort-paths-max', 1, '{ findDocuments(orderBy: [{path: "a"}, {path: "b"}]) { totalCount } }'],
  ])('--%s is LIMIT_EXCEEDED over GraphQL', async (_flag, limit, query) => {
    const { json } = await post('/graphql', { query });
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit } }] });
  });

  test('--document-bytes-max is LIMIT_EXCEEDED for what a patch makes', async () => {
    const { _id: id } = JSON.parse((await post('/document/create', create({ a: text(900) }))).text);
    const change = { merge: { b: text(900) } };
    const answer = await post('/document/transaction', {
      operations: [{ op: 'patch', doc_id: id, version: 1, change }],
    });
    expect([answer.status, answer.json]).toEqual([
      400,
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit: 1_024 }),
    ]);
  });

  test('--introspection refused is FORBIDDEN', async () => {
    const { json } = await post('/graphql', { query: '{ __schema { queryType { name } } }' });
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });

  test('what is within them is answered', async () => {
    expect((await find({ a: 1 })).status).toBe(200);
    expect(
      (await post('/graphql', { query: '{ findDocuments(first: 100) { nodes { id version } } }' })).json,
    ).toMatchObject({
      data: { findDocuments: { nodes: expect.any(Array) } },
    });
  });
});

test('--requests-per-second-max and --connections-max are told by their codes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'yaradb-limits-'));
  const { server, url } = await startServer(directory, ['--requests-per-second-max', '1', '--connections-max', '3']);
  await using _server = server;
  const answerOf = async (): Promise<unknown> => {
    const { status, json } = await send(`${url}/ping`);
    return status === 200 ? 200 : [status, Object(json).code];
  };
  expect(await answerOf()).toBe(200);
  await expect.poll(answerOf, { interval: 0 }).toEqual([429, 'RATE_LIMITED']);
  const held = Array.from({ length: 3 }, () => connect(Number(new URL(url).port), '127.0.0.1'));
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  await expect.poll(answerOf).toEqual([503, 'OVERLOADED']);
  for (const socket of held) socket.destroy();
  await expect.poll(answerOf, { interval: 1_500, timeout: 30_000 }).toBe(200);
  rmSync(directory, { recursive: true, force: true });
});
