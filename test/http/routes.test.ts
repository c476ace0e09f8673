import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import type { WriteState } from '../../src/database/status.ts';
import { DatabaseError } from '../../src/errors.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { forwarding } from '../support/forwarding-database.ts';
import { type HttpAnswer, type HttpQuestion, send, sendRaw } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

describe.each(engineVariants)('The server in front of the %s', (_name, openEngine) => {
  let server: ListeningServer;
  let logged: Record<string, unknown>[];
  /** What the database answers `status` with, when it fails, and what it says of writes, when that is to be another. */
  let statusError: Error | undefined;
  let writes: WriteState | undefined;

  beforeAll(async () => {
    logged = [];
    statusError = undefined;
    const logger = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });
    server = await startListeningServer(openEngine, {
      http: { logger },
      wrap: (database) =>
        failingStatus(
          database,
          () => statusError,
          () => writes,
        ),
      register: (instance) => {
        instance.get('/bug', async () => {
          throw new Error('the secret of the bug');
        });
        instance.get('/internal', async () => {
          throw new DatabaseError('INTERNAL', 'the secret of the engine');
        });
        instance.get('/overloaded', async () => {
          throw new DatabaseError('OVERLOADED', 'too much to do', { retryAfterSeconds: 3 });
        });
        instance.get('/full', async () => {
          throw new DatabaseError('STORAGE_FULL', 'no room');
        });
        instance.post('/strict', async ({ body }) => ({ got: body }));
      },
    });
  });

  afterAll(() => server.close());

  const ask = (path: string, question?: HttpQuestion): Promise<HttpAnswer> => send(`${server.url}${path}`, question);

  test('GET / names the doors and the version', async () => {
    const answer = await ask('/');
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      name: 'yaradb',
      version: '0.0.0-test',
      graphql: '/graphql',
      rest: { create: '/document/create' },
      health: { live: '/livez', ready: '/readyz' },
    });
  });

  test('GET /livez answers ok', async () => {
    const answer = await ask('/livez');
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([
      200,
      'ok',
      'text/plain; charset=utf-8',
    ]);
  });

  test('GET /readyz is 200 while the database answers, and 503 while it does not', async () => {
    expect([(await ask('/readyz')).status, (await ask('/readyz')).json]).toEqual([200, { status: 'ready' }]);
    statusError = new Error('the disk is gone');
    const answer = await ask('/readyz');
    statusError = undefined;
    expect([answer.status, answer.json, answer.headers['retry-after']]).toEqual([503, { status: 'not ready' }, '1']);
    expect((await ask('/livez')).status).toBe(200);
  });

  test('GET /readyz is 503 while the disk stalls or has failed, and 200 while there is no room, which stops no reads', async () => {
    const statuses: Record<string, unknown> = {};
    for (writes of ['accepted', 'storageFull', 'memoryFull', 'stalled', 'failed'] as const) {
      const { status, json } = await ask('/readyz');
      statuses[writes] = [status, json];
    }
    writes = undefined;
    expect(statuses).toEqual({
      accepted: [200, { status: 'ready' }],
      storageFull: [200, { status: 'ready' }],
      memoryFull: [200, { status: 'ready' }],
      stalled: [503, { status: 'not ready', writes: 'stalled' }],
      failed: [503, { status: 'not ready', writes: 'failed' }],
    });
  });

  test.each([
    '/nowhere',
    '/document',
    '/document/get',
    '/document/get/',
    '/__proto__',
    '/constructor',
    '/document/get/a/b',
  ])('%s is 404 in the shape of every error', async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ detail: expect.stringContaining(path), code: 'NOT_FOUND' });
  });

  test('an endpoint that does not exist is 404 whatever the body', async () => {
    const answer = await ask('/nowhere', {
      method: 'POST',
      body: 'not JSON',
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer.status).toBe(404);
  });

  test.each([
    ['POST', '/ping', 'GET, HEAD'],
    ['GET', '/document/create', 'POST'],
    ['DELETE', '/document/get/01234567-89ab-7def-8123-456789abcdef', 'GET, HEAD'],
    ['PATCH', '/document/update/7?x=1', 'PUT'],
    ['OPTIONS', '/document/find/', 'POST'],
    ['PUT', '/', 'GET, HEAD'],
  ])('%s %s is 405 with the methods that would do', async (method, path, allow) => {
    const answer = await ask(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    expect(answer.json).toEqual({ detail: expect.any(String), code: 'INVALID_ARGUMENT', expected: allow });
  });

  test('HEAD is GET without the body', async () => {
    const answer = await ask('/ping', { method: 'HEAD' });
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '18']);
  });

  test('a path that cannot be decoded is 400', async () => {
    const answer = await ask('/document/get/%zz');
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ detail: expect.any(String), code: 'INVALID_ARGUMENT' });
  });

  test('bytes that are no request are 400, headers that are too long 431, and the server goes on', async () => {
    expect(await sendRaw(server.port, 'hello\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"code":"INVALID_ARGUMENT"/,
    );
    const long = `GET /ping HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await sendRaw(server.port, long)).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"LIMIT_EXCEEDED"/);
    expect((await ask('/ping')).status).toBe(200);
  });

  test('a route that does not say otherwise wants the content type', async () => {
    const answer = await ask('/strict', { method: 'POST', body: '{}', headers: { 'content-type': null } });
    expect(answer.status).toBe(415);
    expect((await ask('/strict', { method: 'POST', body: '{"n":9007199254740993}' })).text).toBe(
      '{"got":{"n":9007199254740993}}',
    );
  });

  test('a body that is no JSON is 400 where no door maps codes', async () => {
    const answer = await ask('/strict', { method: 'POST', body: '{"a":1,"a":2}' });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'a' });
  });

  test.each([
    ['/bug', 'the secret of the bug'],
    ['/internal', 'the secret of the engine'],
  ])('what %s throws is masked, and logged whole under the requestId', async (path, secret) => {
    const answer = await ask(path, { headers: { 'x-request-id': `trace-${path.slice(1)}` } });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    expect(answer.json).toEqual({ detail: expect.any(String), code: 'INTERNAL', requestId: `trace-${path.slice(1)}` });
    const line = logged.find(({ requestId }) => requestId === `trace-${path.slice(1)}`);
    expect(line).toMatchObject({ level: 50, err: { message: secret, stack: expect.any(String) } });
  });

  test.each([
    ['/overloaded', 503, '3', { detail: 'too much to do', code: 'OVERLOADED', retryAfterSeconds: 3 }],
    ['/full', 507, undefined, { detail: 'no room', code: 'STORAGE_FULL' }],
  ])('what %s refuses is told, and a warning in the log, without a stack', async (path, status, retryAfter, json) => {
    const answer = await ask(path, { headers: { 'x-request-id': `refused-${path.slice(1)}` } });
    expect([answer.status, answer.headers['retry-after'], answer.json]).toEqual([status, retryAfter, json]);
    const lines = logged.filter(({ requestId }) => requestId === `refused-${path.slice(1)}`);
    expect(lines).toMatchObject([{ level: 40, code: json.code, msg: json.detail }]);
    expect(JSON.stringify(lines)).not.toContain('.ts:');
  });

  test('every answer carries a request id: the client’s own where it can be logged', async () => {
    const given = await ask('/nowhere', { headers: { 'x-request-id': 'trace-1' } });
    expect(given.headers['x-request-id']).toBe('trace-1');
    const unfit = await ask('/ping', { headers: { 'x-request-id': 'a b' } });
    const none = await ask('/ping');
    expect(unfit.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
    expect(none.headers['x-request-id']).not.toBe(unfit.headers['x-request-id']);
  });

  test('each request is one line at debug', async () => {
    await ask('/ping?x=1');
    await expect
      .poll(() => logged.find(({ url }) => url === '/ping?x=1'))
      .toMatchObject({ level: 20, method: 'GET', status: 200, milliseconds: expect.any(Number) });
  });
});

function failingStatus(
  database: Database,
  error: () => Error | undefined,
  writes: () => WriteState | undefined,
): Database {
  return {
    ...forwarding(database),
    status: async (principal) => {
      const failure = error();
      if (failure !== undefined) throw failure;
      const status = await database.status(principal);
      return { ...status, writes: writes() ?? status.writes };
    },
  };
}
