import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, readAnswer, startGraphqlServer } from './graphql-server.ts';

const mutation = 'mutation { createDocument(name: "n", body: {}) { id } }';
const responseType = 'application/graphql-response+json';

/** Their names stand for them: the requests are made with the server's address when they run. */
const auditNames = serverAudits({ url: 'http://localhost' }).map(({ name }) => name);

describe.each(engineVariants)('GraphQL over HTTP on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  const documents = async (): Promise<unknown> =>
    at((await server.ask('{ findDocuments { totalCount } }')).json, 'data', 'findDocuments', 'totalCount');

  test('there are audits', () => {
    expect(auditNames.length).toBeGreaterThan(50);
  });

  test.each(auditNames)('audit: %s', async (name) => {
    const audit = serverAudits({ url: server.endpoint }).find((candidate) => candidate.name === name);
    expect(await audit?.fn()).toMatchObject({ status: 'ok' });
  });

  test.each([
    ['a form', 'application/x-www-form-urlencoded', `query=${encodeURIComponent(mutation)}`],
    ['plain text', 'text/plain', JSON.stringify({ query: mutation })],
    ['a GraphQL string', 'application/graphql', mutation],
    ['another JSON type', 'application/graphql+json', JSON.stringify({ query: mutation })],
    ['JSON in another charset', 'application/json; charset=utf-16', JSON.stringify({ query: mutation })],
    [
      'a multipart form',
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: mutation })}\r\n--x--\r\n`,
    ],
  ])('a mutation that comes as %s is refused with 415, and does not run', async (_case, type, body) => {
    const before = await documents();
    const response = await fetch(server.endpoint, { method: 'POST', headers: { 'content-type': type }, body });
    expect(response.status).toBe(415);
    expect((await readAnswer(response)).json).toMatchObject({
      errors: [{ message: expect.any(String), extensions: { code: 'INVALID_ARGUMENT', expected: 'application/json' } }],
    });
    expect(await documents()).toBe(before);
  });

  test.each([
    ['as a query parameter', ''],
    ['among several operations', ' query Q { status { version } }'],
  ])('a mutation by GET %s is refused with 405, and does not run', async (_case, more) => {
    const before = await documents();
    const query = encodeURIComponent(`mutation M { createDocument(name: "n", body: {}) { id } }${more}`);
    const response = await fetch(`${server.endpoint}?query=${query}&operationName=M`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect((await readAnswer(response)).json).toMatchObject({ errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }] });
    expect(await documents()).toBe(before);
  });

  test.each([
    ['PUT', '', 405, { code: 'INVALID_ARGUMENT', expected: 'GET, HEAD, POST' }],
    ['DELETE', '/', 405, { code: 'INVALID_ARGUMENT', expected: 'GET, HEAD, POST' }],
    ['POST', '/stream', 404, { code: 'NOT_FOUND' }],
  ])('what the server refuses is an error of GraphQL too: %s %s', async (method, rest, status, extensions) => {
    const response = await fetch(`${server.endpoint}${rest}`, { method, headers: { accept: responseType } });
    expect(response.status).toBe(status);
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD, POST' : null);
    expect(response.headers.get('content-type')).toBe(`${responseType}; charset=utf-8`);
    expect((await readAnswer(response)).json).toEqual({ errors: [{ message: expect.any(String), extensions }] });
  });

  test('the operation in the URL of a POST does not run', async () => {
    const before = await documents();
    const response = await fetch(`${server.endpoint}?query=${encodeURIComponent(mutation)}`, { method: 'POST' });
    expect(response.status).toBe(400);
    expect(await documents()).toBe(before);
  });

  test('a mutation whose answer could not be taken is refused with 406, and does not run', async () => {
    const before = await documents();
    const { status, json } = await server.ask(mutation, undefined, { accept: 'image/png' });
    expect(status).toBe(406);
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }] });
    expect(await documents()).toBe(before);
  });

  test.each([
    ['nothing said', undefined, 'application/json'],
    ['anything', '*/*', 'application/json'],
    ['the type of GraphQL', responseType, responseType],
    ['both, the type of GraphQL first', `${responseType}, application/json`, responseType],
    ['both, JSON first', `application/json, ${responseType}`, 'application/json'],
    ['both, one preferred', `application/json;q=0.5, ${responseType};q=0.9`, responseType],
    ['the type of GraphQL, or anything', `${responseType}, */*;q=0.1`, responseType],
    ['any application type but JSON', 'application/*, application/json;q=0', responseType],
  ])('the media type is the one that is preferred: %s', async (_case, accept, expected) => {
    const { headers } = await server.ask('{ status { version } }', undefined, accept === undefined ? {} : { accept });
    expect(headers.get('content-type')).toBe(`${expected}; charset=utf-8`);
    expect(headers.get('vary')).toContain('Accept');
  });

  test('a refused document or variable is 400 in the type of GraphQL, and 200 in JSON', async () => {
    for (const query of ['{', '{ nope }', 'query ($n: Int!) { findDocuments(first: $n) { totalCount } }']) {
      expect((await server.ask(query, {}, { accept: responseType })).status).toBe(400);
      expect((await server.ask(query, {}, { accept: 'application/json' })).status).toBe(200);
    }
  });

  test.each([
    ['no JSON', '{'],
    ['a list of operations', '[{"query":"{ status { version } }"}]'],
    ['a string', '"{ status { version } }"'],
    ['no query', '{}'],
    ['a query that is no string', '{"query":{}}'],
    ['variables that are no object', '{"query":"{ status { version } }","variables":[]}'],
    ['an operation name that is no string', '{"query":"{ status { version } }","operationName":1}'],
    ['a parameter that does not exist', '{"query":"{ status { version } }","variabels":{}}'],
    ['nothing', ''],
  ])('a body that is %s gets 400, as an error of GraphQL', async (_case, body) => {
    const headers = { 'content-type': 'application/json', accept: responseType };
    const response = await fetch(server.endpoint, { method: 'POST', headers, body });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe(`${responseType}; charset=utf-8`);
    const { json } = await readAnswer(response);
    expect(json).toEqual({
      errors: [{ message: expect.any(String), extensions: expect.objectContaining({ code: 'INVALID_ARGUMENT' }) }],
    });
  });

  test('parameters in a URL that are not UTF-8 or not JSON get 400', async () => {
    for (const query of ['query=%ff', 'query={status{version}}&variables={', 'query={status{version}}&variables=1']) {
      expect((await fetch(`${server.endpoint}?${query}`)).status).toBe(400);
    }
  });

  test('a foreign page is refused with 403, as an error of GraphQL, and gets no CORS header', async () => {
    const { status, headers, json } = await server.ask(mutation, undefined, { origin: 'https://evil.example' });
    expect(status).toBe(403);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN', origin: 'https://evil.example' } }] });
  });

  test('a page of a configured origin may ask, and caches keep its answers apart', async () => {
    const origin = 'https://studio.example';
    const other = await startGraphqlServer(openEngine, { http: { allowedOrigins: [origin] } });
    try {
      const { status, headers } = await other.ask('{ status { version } }', undefined, { origin });
      expect(status).toBe(200);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('vary')?.split(', ').sort()).toEqual(['Accept', 'Origin']);
    } finally {
      await other.close();
    }
  });

  test('a named operation of several runs', async () => {
    const response = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'query A { a: __typename } query B { b: __typename }', operationName: 'B' }),
    });
    expect((await readAnswer(response)).json).toEqual({ data: { b: 'Query' } });
  });
});
