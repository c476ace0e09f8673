import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CreateDocumentDocument } from '../generated/operations.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';
import { observedDatabase } from './observed-database.ts';

const missingId = '01234567-89ab-7def-8123-456789abcdef';

describe.each(engineVariants)('GraphQL errors on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  async function create(body: object = { a: 1 }) {
    const { createDocument } = await server.run(CreateDocumentDocument, { name: 'n', body, table: 't' });
    if (createDocument == null) throw new Error('Expected a document');
    return createDocument;
  }

  /** The one error of an operation. */
  async function errorOf(query: string, variables: object = {}) {
    const { json } = await server.ask(query, variables);
    expect(json.errors).toHaveLength(1);
    return { ...Object(at(json, 'errors', 0)), data: json.data };
  }

  test('VERSION_CONFLICT tells both versions, and gives the current document', async () => {
    const document = await create({ big: 1 });
    const error = await errorOf('mutation ($id: ID!) { updateDocument(id: $id, version: 7, body: {}) { id } }', {
      id: document.id,
    });
    expect(error).toMatchObject({
      message: 'Conflict: Document version mismatch. DB is at 1, you sent 7',
      path: ['updateDocument'],
      extensions: { code: 'VERSION_CONFLICT', expectedVersion: 7, actualVersion: 1, current: document },
      data: { updateDocument: null },
    });
    expect(Object.keys(error.extensions.current).sort()).toEqual(Object.keys(document).sort());
  });

  test('NOT_FOUND tells the id', async () => {
    for (const mutation of [
      'updateDocument(id: $id, version: 1, body: {})',
      'archiveDocument(id: $id)',
      'restoreDocument(id: $id)',
    ]) {
      const error = await errorOf(`mutation ($id: ID!) { result: ${mutation} { id } }`, { id: missingId });
      expect(error).toMatchObject({
        message: 'Document not found',
        extensions: { code: 'NOT_FOUND', id: missingId },
        data: { result: null },
      });
    }
  });

  test('ALREADY_ARCHIVED tells since when, and NOT_ARCHIVED and ALREADY_EXISTS have their codes', async () => {
    const { id } = await create();
    const restore = 'mutation ($id: ID!) { restoreDocument(id: $id) { id } }';
    const archive = 'mutation ($id: ID!) { archiveDocument(id: $id) { archivedAt } }';
    const again = 'mutation ($id: ID!) { createDocument(id: $id, name: "n", body: {}) { id } }';
    expect(await errorOf(restore, { id })).toMatchObject({ extensions: { code: 'NOT_ARCHIVED' } });
    expect(await errorOf(again, { id })).toMatchObject({ extensions: { code: 'ALREADY_EXISTS' } });
    const { json } = await server.ask(archive, { id });
    expect(await errorOf(archive, { id })).toMatchObject({
      message: 'Document already archived',
      extensions: { code: 'ALREADY_ARCHIVED', archivedAt: at(json, 'data', 'archiveDocument', 'archivedAt') },
    });
  });

  test.each([
    ['a bad id', 'query { getDocument(id: "x") { id } }', 'id'],
    ['a body that is no object', 'mutation { createDocument(name: "n", body: [1]) { id } }', 'body'],
    ['a path that is none', `query { findDocuments(orderBy: [{ path: "$nope" }]) { totalCount } }`, 'orderBy.0.path'],
    ['a filter that asks for nothing', 'query { findDocuments(filter: {}) { totalCount } }', 'filter'],
    ['a path without an operator', 'query { findDocuments(filter: { path: "a" }) { totalCount } }', 'filter.path'],
    [
      'an operator without a path',
      'query { findDocuments(filter: { and: [{ eq: 1 }] }) { totalCount } }',
      'filter.and.0.eq',
    ],
    ['both first and last', 'query { findDocuments(first: 1, last: 1) { totalCount } }', 'last'],
    ['an offset with a cursor', 'query { findDocuments(offset: 1, after: "x") { totalCount } }', 'offset'],
    ['a cursor that is none', 'query { findDocuments(after: "x") { nodes { id } } }', 'after'],
    ['a literal of the wrong type', 'query { findDocuments(first: "1") { totalCount } }', 'first'],
    [
      'a value that no enum has',
      'query { findDocuments(orderBy: [{path: "a", direction: UP}]) { totalCount } }',
      'orderBy.0.direction',
    ],
    ['a field that no input has', 'query { findDocuments(filter: { pth: "a" }) { totalCount } }', 'filter.pth'],
    [
      'a number that cannot be kept',
      'query { findDocuments(filter: { and: [{ path: "a", in: [1, 1e400] }] }) { totalCount } }',
      'filter.and.0.in.1',
    ],
    ['a number deep in a body', 'mutation { createDocument(name: "n", body: {a: [{b: 1e400}]}) { id } }', 'body.a.0.b'],
  ])('INVALID_ARGUMENT tells where: %s', async (_case, query, path) => {
    const error = await errorOf(query);
    expect(error.extensions).toMatchObject({ code: 'INVALID_ARGUMENT', path });
    expect(error.message).not.toBe('');
  });

  test('an unset variable does not match everything', async () => {
    const query = 'query ($value: JSON) { findDocuments(filter: { path: "a", eq: $value }) { totalCount } }';
    expect((await errorOf(query)).extensions).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const { json } = await server.ask(query, { value: null });
    expect(json.errors).toBeUndefined();
  });

  test('a page beyond the limit is LIMIT_EXCEEDED', async () => {
    expect((await errorOf('query { findDocuments(first: 1001) { totalCount } }')).extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 1000,
      actual: 1001,
      path: 'first',
    });
  });

  test('errors of GraphQL itself have a code, and suggest what was meant', async () => {
    expect(await errorOf('query { getDocumen(id: "x") { id } }')).toMatchObject({
      message: expect.stringContaining('Did you mean "getDocument"?'),
      extensions: { code: 'INVALID_ARGUMENT' },
      locations: [{ line: 1, column: 9 }],
    });
    expect((await errorOf('query {')).extensions).toEqual({ code: 'INVALID_ARGUMENT' });
    expect((await errorOf('query ($n: Int!) { findDocuments(first: $n) { totalCount } }')).extensions).toEqual({
      code: 'INVALID_ARGUMENT',
    });
    expect((await errorOf('query A { status { version } } query B { status { version } }')).extensions).toEqual({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('a bug', () => {
  test('is masked for the client, and logged whole under the request id', async () => {
    const lines: string[] = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const [[, openEngine] = []] = engineVariants;
    if (openEngine === undefined) throw new Error('Expected an engine');
    const server = await startGraphqlServer(openEngine, {
      http: { logger: pino({ level: 'error' }, destination) },
      wrap: (database) =>
        observedDatabase(database, {
          beforeStatus: () => {
            throw new TypeError('a secret of the engine');
          },
        }),
    });
    try {
      const { status, json } = await server.ask('{ status { version } }', undefined, { 'x-request-id': 'request-7' });
      expect(status).toBe(200);
      expect(json).toMatchObject({
        data: null,
        errors: [{ path: ['status'], extensions: { code: 'INTERNAL', requestId: 'request-7' } }],
      });
      expect(JSON.stringify(json)).not.toContain('secret');
      const logged = lines.map((line) => JSON.parse(line)).filter((line) => line.requestId === 'request-7');
      expect(logged).toHaveLength(1);
      expect(logged[0].err.message).toBe('a secret of the engine');
      expect(logged[0].err.stack).toContain('errors.test.ts');
    } finally {
      await server.close();
    }
  });
});
