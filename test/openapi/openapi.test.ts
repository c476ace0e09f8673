import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProtectedServer } from '../access/protected-server.ts';
import { type HttpQuestion, send } from '../support/http-client.ts';
import { startDocumentedServer } from './documented-server.ts';
import { type OpenApi, OpenApiSchemas } from './openapi-schemas.ts';

/** Asked in order. The path is written as the document has it, and in the braces stands what goes there: `the-token` is the one made before. */
const questions: readonly (readonly [status: number, method: string, path: string, question?: HttpQuestion])[] = [
  [200, 'GET', '/'],
  [200, 'GET', '/ping'],
  [200, 'GET', '/livez'],
  [200, 'GET', '/readyz'],
  [200, 'GET', '/readyz?verbose'],
  [200, 'GET', '/metrics'],
  [200, 'GET', '/docs'],
  [200, 'GET', '/openapi.json'],
  [200, 'POST', '/document/create', { body: 'example' }],
  [200, 'POST', '/document/create', { body: 'example', headers: { 'idempotency-key': 'once' } }],
  [200, 'POST', '/document/create', { body: 'example', headers: { 'idempotency-key': 'once' } }],
  [422, 'POST', '/document/create', { body: { name: 'n', body: {} }, headers: { 'idempotency-key': 'once' } }],
  [422, 'POST', '/document/create', { body: {} }],
  [422, 'POST', '/document/create', { body: 'no JSON' }],
  [415, 'POST', '/document/create', { body: '{}', headers: { 'content-type': 'text/plain' } }],
  [413, 'POST', '/document/create', { body: JSON.stringify({ name: 'x', body: { text: 'x'.repeat(17_000_000) } }) }],
  [403, 'POST', '/document/create', { body: {}, headers: { host: 'elsewhere.example' } }],
  [200, 'POST', '/document/batch/create', { body: 'example' }],
  [422, 'POST', '/document/batch/create', { body: [{}] }],
  [200, 'POST', '/document/transaction', { body: 'example' }],
  [400, 'POST', '/document/transaction', { body: 'example' }],
  [422, 'POST', '/document/transaction', { body: { operations: [{ op: 'nonsense' }] } }],
  [404, 'POST', '/document/transaction', { body: { operations: [operation('archive', 'ff')] } }],
  [409, 'POST', '/document/transaction', { body: { operations: [{ ...operation('update', 'aa'), body: {} }] } }],
  [200, 'POST', '/document/transaction', { body: { operations: [operation('assert', 'aa', 1)], dry_run: true } }],
  [200, 'POST', '/document/transaction', { body: createCc(), headers: { 'idempotency-key': 'gone' } }],
  [200, 'POST', '/document/transaction', { body: { operations: [operation('erase', 'cc', 1)] } }],
  [410, 'POST', '/document/transaction', { body: createCc(), headers: { 'idempotency-key': 'gone' } }],
  [200, 'GET', '/document/get/{0190a000-0000-7000-8000-0000000000aa}'],
  [404, 'GET', '/document/get/{0190a000-0000-7000-8000-0000000000ff}'],
  [422, 'GET', '/document/get/{nonsense}'],
  [200, 'POST', '/document/find', { body: 'example' }],
  [200, 'POST', '/document/find', { body: {} }],
  [422, 'POST', '/document/find', { body: { level: { $nonsense: 1 } } }],
  [400, 'POST', '/document/find', { body: { level: { $in: Array.from({ length: 10_001 }, (_, index) => index) } } }],
  [200, 'PUT', '/document/update/{0190a000-0000-7000-8000-0000000000aa}', { body: 'example' }],
  [409, 'PUT', '/document/update/{0190a000-0000-7000-8000-0000000000aa}', { body: 'example' }],
  [404, 'PUT', '/document/update/{0190a000-0000-7000-8000-0000000000ff}', { body: 'example' }],
  [422, 'PUT', '/document/update/{0190a000-0000-7000-8000-0000000000aa}', { body: { version: 'x', body: {} } }],
  [200, 'POST', '/document/combine', { body: 'example' }],
  [400, 'POST', '/document/combine', { body: combine('aa', 'nonsense') }],
  [400, 'POST', '/document/combine', { body: combine('ff', 'append') }],
  [422, 'POST', '/document/combine', { body: {} }],
  [200, 'GET', '/changes?since=0&follow=false'],
  [200, 'GET', '/changes?since=0&follow=false', { headers: { accept: 'text/event-stream' } }],
  [200, 'GET', '/changes?since=0&follow=false&epoch=00000000-0000-4000-8000-000000000000'],
  [422, 'GET', '/changes?since=soon'],
  [400, 'GET', `/changes?filter=${encodeURIComponent(JSON.stringify({ n: { $regex: 'x'.repeat(1001) } }))}`],
  [200, 'POST', '/graphql', { body: 'example', headers: { accept: 'text/event-stream' } }],
  [200, 'PUT', '/document/archive/{0190a000-0000-7000-8000-0000000000aa}'],
  [400, 'PUT', '/document/archive/{0190a000-0000-7000-8000-0000000000aa}'],
  [404, 'PUT', '/document/archive/{0190a000-0000-7000-8000-0000000000ff}'],
  [422, 'PUT', '/document/archive/{nonsense}'],
  [200, 'POST', '/table/create', { body: 'example' }],
  [400, 'POST', '/table/create', { body: 'example' }],
  [422, 'POST', '/table/create', { body: {} }],
  [400, 'POST', '/document/create', { body: { table_name: 'people', body: { email: 'no address' } } }],
  [200, 'POST', '/document/create', { body: { table_name: 'people', body: { email: 'ann@example.com' } } }],
  [400, 'POST', '/document/create', { body: { table_name: 'people', body: { email: 'ann@example.com' } } }],
  [400, 'POST', '/document/batch/create', { body: [{ table_name: 'people', body: { email: 'ann@example.com' } }] }],
  [200, 'POST', '/document/transaction', { body: { operations: [{ ...operation('create', 'bb'), ...bea() }] } }],
  [400, 'PUT', '/document/update/{0190a000-0000-7000-8000-0000000000bb}', { body: { version: 1, body: {} } }],
  [200, 'POST', '/table/create', { body: { name: 'fixed', read_only: true } }],
  [400, 'DELETE', '/table/{fixed}'],
  [200, 'GET', '/table/list'],
  [200, 'GET', '/table/{people}'],
  [404, 'GET', '/table/{nowhere}'],
  [200, 'GET', '/table/{people}/documents'],
  [404, 'GET', '/table/{nowhere}/documents'],
  [422, 'GET', '/table/{people}/documents?order=sideways'],
  [400, 'GET', '/table/{people}/documents?limit=1000000'],
  [200, 'POST', '/table/{people}/index/create', { body: 'example' }],
  [400, 'POST', '/table/{people}/index/create', { body: 'example' }],
  [404, 'POST', '/table/{nowhere}/index/create', { body: 'example' }],
  [422, 'POST', '/table/{people}/index/create', { body: {} }],
  [200, 'GET', '/table/{people}/indexes'],
  [200, 'GET', '/table/{people}'],
  [404, 'GET', '/table/{nowhere}/indexes'],
  [200, 'DELETE', '/table/{people}/index/{age}'],
  [404, 'DELETE', '/table/{people}/index/{age}'],
  [422, 'DELETE', '/table/{people}/index/{$nonsense}'],
  [200, 'DELETE', '/table/{people}'],
  [404, 'DELETE', '/table/{people}'],
  [200, 'POST', '/graphql', { body: 'example' }],
  [200, 'POST', '/graphql', { body: { query: '{ table(name: "") { name } }' } }],
  [
    400,
    'POST',
    '/graphql',
    { body: { query: '{ nonsense }' }, headers: { accept: 'application/graphql-response+json' } },
  ],
  [415, 'POST', '/graphql', { body: '{}', headers: { 'content-type': 'text/plain' } }],
  [406, 'POST', '/graphql', { body: 'example', headers: { accept: 'image/png' } }],
  [200, 'GET', '/graphql?query={tables{name}}'],
  [400, 'GET', '/graphql?query={nonsense}', { headers: { accept: 'application/graphql-response+json' } }],
  [406, 'GET', '/graphql?query={tables{name}}', { headers: { accept: 'image/png' } }],
  [405, 'GET', '/graphql?query=mutation{dropTable(name:"x")}'],
  [200, 'GET', '/graphql', { headers: { accept: 'text/html' } }],
  [200, 'GET', '/system/backup'],
  [403, 'GET', '/system/backup', { headers: { via: 'a proxy' } }],
  [200, 'POST', '/system/snapshot'],
  [403, 'POST', '/system/snapshot', { headers: { via: 'a proxy' } }],
  [200, 'POST', '/system/compact'],
  [403, 'POST', '/system/compact', { headers: { via: 'a proxy' } }],
  [200, 'POST', '/system/tokens', { body: 'example' }],
  [400, 'POST', '/system/tokens', { body: { roles: ['nonsense'] } }],
  [403, 'POST', '/system/tokens', { body: 'example', headers: { via: 'a proxy' } }],
  [200, 'GET', '/system/tokens'],
  [403, 'GET', '/system/tokens', { headers: { via: 'a proxy' } }],
  [200, 'DELETE', '/system/tokens/{the-token}'],
  [404, 'DELETE', '/system/tokens/{000000000000}'],
  [403, 'DELETE', '/system/tokens/{000000000000}', { headers: { via: 'a proxy' } }],
  [200, 'POST', '/system/tokens/prune'],
  [403, 'POST', '/system/tokens/prune', { headers: { via: 'a proxy' } }],
  [400, 'DELETE', '/system/self-destruct', { body: 'example' }],
  [422, 'DELETE', '/system/self-destruct', { body: {} }],
  [200, 'DELETE', '/system/self-destruct', { body: selfDestruct() }],
];

function operation(op: string, id: string, version = 7): object {
  return { op, doc_id: `0190a000-0000-7000-8000-0000000000${id}`, version };
}

function createCc(): object {
  return { operations: [{ ...operation('create', 'cc'), name: 'n', body: {} }] };
}

function bea(): object {
  return { table_name: 'people', body: { email: 'bea@example.com' } };
}

function combine(id: string, strategy: string): object {
  return { name: 'n', document_ids: [`0190a000-0000-7000-8000-0000000000${id}`], merge_strategy: strategy };
}

function selfDestruct(): object {
  return { verification_phrase: 'BDaray', safety_pin: new Date().getUTCFullYear() + 1, confirm: true };
}

describe('/openapi.json', () => {
  let server: ProtectedServer;
  let document: OpenApi;

  beforeAll(async () => {
    server = await startDocumentedServer();
    const answer = await send(`${server.url}/openapi.json`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    document = JSON.parse(answer.text);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  function operations() {
    return Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
    );
  }

  test('fits the schema of OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(Object(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('describes every route that the server has, and no other', () => {
    const routes = server.app
      .routes()
      .filter((route) => !/^(HEAD|OPTIONS) /.test(route))
      .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
    expect(routes.length).toBeGreaterThan(20);
    expect(
      operations()
        .map(({ route }) => route)
        .sort(),
    ).toEqual(routes.sort());
  });

  test('says of each route whether it takes a token', async () => {
    await using guarded = await ProtectedServer.start();
    for (const [, method, path, question] of questions) {
      const { status } = await guarded.ask(null, askedPath(path), { ...question, method });
      const [route, { security }] = findOperation(method, path);
      const isPage = question?.headers?.accept === 'text/html';
      if (status !== 403) expect([route, status === 401]).toEqual([route, security === undefined && !isPage]);
    }
  });

  test('names no two operations alike', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test('its examples fit their own schemas', () => {
    const schemas = new OpenApiSchemas(document);
    for (const { route, operation } of operations()) {
      for (const { schema, example } of Object.values(operation.requestBody?.content ?? {})) {
        const validate = schemas.compile(schema);
        expect([route, validate(example), validate.errors]).toEqual([route, true, null]);
      }
    }
  });

  test('a route is asked by the test below for every status that it says it answers, as far as a request alone can bring it about', () => {
    const asked = new Set(questions.map(([status, method, path]) => `${status} ${method} ${patternOf(path)}`));
    const told = operations().flatMap(({ route, operation }) =>
      Object.keys(operation.responses)
        .filter((status) => /^[234]/.test(status))
        .map((status) => `${status} ${route.replaceAll(/\{\w+\}/g, '{}')}`),
    );
    expect(told.filter((answer) => !asked.has(answer)).sort()).toEqual([
      // Only of a server that does not allow it.
      '403 DELETE /system/self-destruct',
      // As of a transaction.
      '410 POST /document/batch/create',
      '410 POST /document/combine',
      '410 POST /document/create',
      '410 PUT /document/archive/{}',
      '410 PUT /document/update/{}',
    ]);
  });

  test('the answers of the server are what it says', async () => {
    const schemas = new OpenApiSchemas(document);
    let tokenId = '';
    for (const [status, method, path, question = {}] of questions) {
      const [route = '', operation] = findOperation(method, path);
      const body =
        question.body === 'example' ? operation.requestBody?.content['application/json']?.example : question.body;
      const answer = await send(`${server.url}${askedPath(path).replace('the-token', tokenId)}`, {
        ...question,
        method,
        body,
      });
      const type = answer.headers['content-type']?.split(';')[0] ?? '';
      expect([route, answer.status, type, answer.text]).toEqual([
        route,
        status,
        expect.any(String),
        expect.any(String),
      ]);
      const described = operation.responses[status] ?? operation.responses.default;
      const schema = described?.content[type]?.schema;
      expect([route, status, type, schema]).toEqual([route, status, type, expect.any(Object)]);
      const validate = schemas.compile(schema);
      for (const value of valuesOf(type, answer.text)) {
        if (operation.operationId === 'createToken' && status === 200) tokenId = JSON.parse(answer.text).id;
        expect([route, status, value, validate(value), validate.errors]).toEqual([route, status, value, true, null]);
      }
    }
  });

  function findOperation(method: string, path: string) {
    for (const [template, methods] of Object.entries(document.paths)) {
      const operation = methods[method.toLowerCase()];
      if (operation !== undefined && template.replaceAll(/\{\w+\}/g, '{}') === patternOf(path)) {
        return [`${method} ${template}`, operation] as const;
      }
    }
    throw new TypeError(`The document has no ${method} ${path}`);
  }

  test('is not sent again to who has it', async () => {
    const { headers } = await send(`${server.url}/openapi.json`);
    const again = await send(`${server.url}/openapi.json`, { headers: { 'if-none-match': headers.etag ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});

/** Without the braces around what stands for a parameter. */
function askedPath(path: string): string {
  return path.replaceAll(/\{(?=[\w$-]+\})|(?<=\{[\w$-]+)\}/g, '');
}

/** What a schema is about: the answer, or each of its lines. */
function valuesOf(type: string, text: string): readonly unknown[] {
  if (type === 'application/x-ndjson')
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  return [/json/.test(type) ? JSON.parse(text) : text];
}

/** Without the query, and with nothing in the braces. */
function patternOf(path: string): string {
  return (path.split('?', 1)[0] ?? '').replaceAll(/\{[^}]*\}/g, '{}');
}
