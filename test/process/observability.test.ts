import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { EventReader } from '../support/event-reader.ts';
import { send } from '../support/http-client.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const secret = 'the-secret-of-a-client';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function samplesOf(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = Array.from(labels.matchAll(/(\w+)="([^"]*)"/g), ([, key = '', text = '']) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

describe('a server that is watched', () => {
  let directory: string;
  let server: ServerProcess;
  let url: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'yaradb-observability-'));
    ({ server, url } = await startServer(directory, ['--slow-query-ms', '1', '--log-format', 'json']));
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const post = (path: string, body: unknown) => send(`${url}${path}`, { method: 'POST', body });
  const samples = async () => samplesOf((await send(`${url}/metrics`)).text);
  const find = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> =>
    (await samples()).find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )?.value;
  const slowQueries = (): readonly Record<string, unknown>[] =>
    server.stderr
      .split('\n')
      .filter((line) => line.includes('"slow query"'))
      .map((line) => JSON.parse(line));

  test('requests are counted by the template of their route and the class of their status, GraphQL by the kind of operation', async () => {
    const created = await post('/document/create', { name: 'n', body: { a: 1 } });
    const { _id: id } = JSON.parse(created.text);
    for (let count = 0; count < 3; count++) await send(`${url}/document/get/${id}`);
    await send(`${url}/document/get/00000000-0000-7000-8000-000000000000`);
    await send(`${url}/${secret}`);
    await post('/graphql', { query: '{ status { version } }' });
    await post('/graphql', { query: 'mutation { createDocument(name: "n", body: {}) { id } }' });
    await post('/graphql', { query: '{ no such } {' });
    const name = 'yaradb_http_request_duration_seconds_count';
    const route = '/document/get/:id';
    expect(await find(name, { method: 'GET', route, status: '2xx' })).toBe(3);
    expect(await find(name, { method: 'GET', route, status: '4xx' })).toBe(1);
    expect(await find(name, { route: '/graphql', operation: 'query', status: '2xx' })).toBe(1);
    expect(await find(name, { route: '/graphql', operation: 'mutation', status: '2xx' })).toBe(1);
    expect(await find('yaradb_http_request_duration_seconds_bucket', { route, status: '2xx', le: '+Inf' })).toBe(3);
  });

  test('streams and WebSockets are told while they are open, and lengthen no duration', async () => {
    const stream = await EventReader.open(`${url}/changes`, { accept: 'text/event-stream' });
    expect(await stream.event()).toMatchObject({ event: 'progress' });
    const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const changes = client.iterate({ query: 'subscription { changes { __typename } }' });
    await changes.next();
    for await (const _ of client.iterate({ query: '{ status { version } }' })) break;
    expect(await find('yaradb_subscriptions_open')).toBe(2);
    expect(await find('yaradb_websocket_connections')).toBe(1);
    const operations = 'yaradb_websocket_operation_duration_seconds_count';
    expect(await find(operations, { operation: 'subscription' })).toBe(1);
    expect(await find(operations, { operation: 'query' })).toBe(1);
    // Counted when it began, while it goes on.
    expect(await find('yaradb_http_request_duration_seconds_count', { route: '/changes', status: '2xx' })).toBe(1);
    await changes.return?.();
    await client.dispose();
    stream.close();
    await expect.poll(() => find('yaradb_subscriptions_open')).toBe(0);
    await expect.poll(() => find('yaradb_websocket_connections')).toBe(0);
    expect(await find('yaradb_http_request_duration_seconds_count', { route: '/changes', status: '2xx' })).toBe(1);
    // Whoever leaves a stream has done nothing that an operator has to know of.
    expect(server.stderr).not.toContain('prematurely');
  });

  test('nothing that a client sends becomes a label', async () => {
    for (const path of [
      `/${secret}`,
      `/document/get/${secret}`,
      `/table/${secret}`,
      `/table/${secret}/indexes?${secret}`,
    ]) {
      await send(`${url}${path}`, { headers: { 'x-request-id': secret, 'user-agent': secret } });
    }
    await send(`${url}/ping`, { method: 'PATCH', headers: { host: `${secret}.example` } });
    await post('/graphql', { query: `query ${secret.replaceAll('-', '_')} { status { version } }` });
    const { text, headers } = await send(`${url}/metrics`);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).not.toMatch(/the[-_]secret/);
  });

  test('rejections are counted by code, whichever door refused', async () => {
    const before = { get: await find('yaradb_rejections_total', { code: 'NOT_FOUND' }) };
    await send(`${url}/document/get/00000000-0000-7000-8000-000000000001`);
    await send(`${url}/nowhere`);
    await post('/graphql', {
      query: 'mutation { archiveDocument(id: "00000000-0000-7000-8000-000000000001") { id } }',
    });
    expect(await find('yaradb_rejections_total', { code: 'NOT_FOUND' })).toBe((before.get ?? 0) + 3);
  });

  test('the engine tells of its commits, its disk and its snapshots', async () => {
    const sequence = (await find('yaradb_sequence')) ?? 0;
    const before = await find('yaradb_sync_duration_seconds_count');
    expect(await find('yaradb_snapshot_age_seconds')).toBeUndefined();
    await post('/document/create', { name: 'n', body: { a: 2 } });
    await post('/system/snapshot', undefined);
    expect(await find('yaradb_sequence')).toBe(sequence + 1);
    expect(await find('yaradb_sync_duration_seconds_count')).toBeGreaterThan(before ?? 0);
    expect(await find('yaradb_commit_batch_size_sum')).toBe(sequence + 1);
    expect(await find('yaradb_pending_bytes')).toBe(0);
    expect(await find('yaradb_writes', { state: 'accepted' })).toBe(1);
    expect(await find('yaradb_snapshot_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(await find('yaradb_recovery_duration_seconds')).toBeGreaterThan(0);
    expect(await find('yaradb_http_connections')).toBeGreaterThanOrEqual(1);
    expect(await find('yaradb_build_info')).toBe(1);
    expect(await find('nodejs_eventloop_lag_p99_seconds')).toBeDefined();
  });

  test('a query that takes long is logged with its plan and without values, over REST and GraphQL, of the present and the past', async () => {
    const people = Array.from({ length: 8_000 }, (_, age) => ({ table_name: 'people', body: { age, word: secret } }));
    await post('/document/batch/create', people);
    const sequence = (await find('yaradb_sequence')) ?? 0;
    await post('/document/create', { table_name: 'people', body: { age: 1, word: secret } });
    const filter = { $or: [{ word: { $regex: `${secret}.*x` } }, { age: { $gt: 1e9 } }] };
    await post('/document/find?table_name=people&sort_by=age', filter);
    const graphql = (asOf: string) =>
      `{ findDocuments(table: "people"${asOf}, filter: {path: "word", regex: "${secret}.*x"}) { totalCount nodes { id } } }`;
    await post('/graphql', { query: graphql('') });
    await post('/graphql', { query: graphql(`, asOf: {sequence: ${sequence}}`) });
    await expect.poll(() => slowQueries().length).toBeGreaterThanOrEqual(5);
    const told = slowQueries().filter(({ table }) => table === 'people');
    expect(told).toContainEqual(
      expect.objectContaining({
        level: 40,
        operation: 'find',
        filter: '(word regex ? or age gt ?)',
        orderBy: ['age ASC'],
        archived: 'EXCLUDE',
        asOf: null,
        plan: { access: { kind: 'scan', table: 'people', documents: 8_001 }, order: 'sort' },
        examined: 8_001,
        returned: 0,
        milliseconds: expect.any(Number),
      }),
    );
    expect(told).toContainEqual(expect.objectContaining({ operation: 'count', filter: 'word regex ?', asOf: null }));
    expect(told).toContainEqual(expect.objectContaining({ operation: 'find', filter: 'word regex ?', asOf: sequence }));
    expect(server.stderr).not.toContain(secret);
    expect(await find('yaradb_slow_queries_total')).toBeGreaterThanOrEqual(told.length);
  });

  test('GET /readyz?verbose names each check', async () => {
    const { status, json } = await send(`${url}/readyz?verbose`);
    expect([status, json]).toEqual([
      200,
      {
        status: 'ready',
        checks: [
          { name: 'database', ok: true, required: true },
          { name: 'disk', ok: true, required: true },
          { name: 'storage', ok: true, required: false },
          { name: 'memory', ok: true, required: false },
          { name: 'indexes', ok: true, required: false },
          { name: 'load', ok: true, required: true },
        ],
      },
    ]);
  });

  test('the dashboard asks for nothing that is not told', async () => {
    const dashboard = readFileSync(new URL('../../operations/grafana-dashboard.json', import.meta.url), 'utf8');
    const expressions = Array.from(
      dashboard.matchAll(/"(?:expr|query)": "((?:[^"\\]|\\.)*)"/g),
      ([, text = '']) => text,
    );
    const asked = new Set(expressions.flatMap((text) => text.match(/\b(?:yaradb|nodejs|process)_\w+/g) ?? []));
    const told = new Set((await samples()).map(({ name }) => name));
    // There is one when documents may take any amount of memory, and none else.
    told.add('yaradb_memory_max_bytes');
    expect(asked.size).toBeGreaterThan(20);
    expect([...asked].filter((name) => !told.has(name))).toEqual([]);
  });
});
