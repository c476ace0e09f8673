import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ArchiveDocumentDocument,
  CreateDocumentDocument,
  EraseDocumentDocument,
  FindDocumentsDocument,
  GetDocumentDocument,
  GetStatusDocument,
  GetValueDocument,
  RestoreDocumentDocument,
  UpdateDocumentDocument,
} from '../generated/operations.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

const uuid = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/;
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const missingId = '01234567-89ab-7def-8123-456789abcdef';

describe.each(engineVariants)('GraphQL operations on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  async function create(body: object, table?: string, name = 'thing') {
    const { createDocument } = await server.run(CreateDocumentDocument, { name, body, table: table ?? null });
    if (createDocument == null) throw new Error('Expected a document');
    return createDocument;
  }

  const archive = (id: string) => server.run(ArchiveDocumentDocument, { id });

  /** The levels of the documents that a search in a table finds, in order. */
  async function levels(table: string, variables: object = {}): Promise<unknown[]> {
    const { findDocuments } = await server.run(FindDocumentsDocument, { table, ...variables });
    return findDocuments.nodes.map(({ body }) => (body as { level: unknown }).level);
  }

  async function createLevels(table: string, ...given: unknown[]): Promise<void> {
    for (const level of given) await create({ level }, table);
  }

  test('a document is created, with all that belongs to it', async () => {
    const document = await create({ username: 'alice' }, 'users', 'user');
    expect(document).toEqual({
      id: expect.stringMatching(uuid),
      table: 'users',
      name: 'user',
      body: { username: 'alice' },
      bodyHash: createHash('sha256').update('{"username":"alice"}').digest('hex'),
      version: 1,
      createdAt: expect.stringMatching(timestamp),
      updatedAt: null,
      archivedAt: null,
      sequence: expect.any(Number),
    });
    expect(await server.run(GetDocumentDocument, { id: document.id })).toEqual({ getDocument: document });
  });

  test('a document that names no table is in the default table', async () => {
    expect((await create({})).table).toBe('default');
  });

  test('the creator may give the id, in any case', async () => {
    const id = 'ABCDEF01-2345-4789-8ABC-DEF012345678';
    const { createDocument } = await server.run(CreateDocumentDocument, { name: 'n', body: {}, id });
    expect(createDocument?.id).toBe(id.toLowerCase());
    expect((await server.run(GetDocumentDocument, { id })).getDocument?.id).toBe(id.toLowerCase());
  });

  test('a document is updated, archived and restored, its version counting', async () => {
    const { id } = await create({ step: 1 });
    const { updateDocument } = await server.run(UpdateDocumentDocument, { id, version: 1, body: { step: 2 } });
    expect(updateDocument).toMatchObject({
      version: 2,
      body: { step: 2 },
      updatedAt: expect.stringMatching(timestamp),
    });

    const { archiveDocument } = await server.run(ArchiveDocumentDocument, { id, version: 2 });
    expect(archiveDocument).toMatchObject({ version: 3, archivedAt: expect.stringMatching(timestamp) });
    expect(await server.run(GetDocumentDocument, { id })).toEqual({ getDocument: null });
    expect(await server.run(GetDocumentDocument, { id, archived: 'ONLY' })).toEqual({ getDocument: archiveDocument });
    expect(await server.run(GetDocumentDocument, { id, archived: 'INCLUDE' })).toEqual({
      getDocument: archiveDocument,
    });

    const { restoreDocument } = await server.run(RestoreDocumentDocument, { id });
    expect(restoreDocument).toMatchObject({ version: 4, archivedAt: null, body: { step: 2 } });
    expect(await server.run(GetDocumentDocument, { id })).toEqual({ getDocument: restoreDocument });
  });

  test('a document is erased, live or archived, and only at the version that was sent', async () => {
    const live = await create({}, 'erasures');
    const archived = await create({}, 'erasures');
    await archive(archived.id);
    expect(await server.run(EraseDocumentDocument, { id: live.id, version: 1 })).toEqual({ eraseDocument: true });
    const stale = await server.ask(EraseDocumentDocument.toString(), { id: archived.id, version: 1 });
    expect(stale.json.data).toEqual({ eraseDocument: null });
    expect(stale.json.errors).toMatchObject([
      { path: ['eraseDocument'], extensions: { code: 'VERSION_CONFLICT', actualVersion: 2, current: { version: 2 } } },
    ]);
    await server.run(EraseDocumentDocument, { id: archived.id, version: 2 });
    for (const { id } of [live, archived]) {
      const found = await server.run(GetDocumentDocument, { id, archived: 'INCLUDE' });
      expect(found).toEqual({ getDocument: null });
      const again = await server.ask(EraseDocumentDocument.toString(), { id, version: 2 });
      expect(again.json.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND', id } }]);
    }
    expect(await levels('erasures', { archived: 'INCLUDE' })).toEqual([]);
  });

  test('there is no document: null, and no error', async () => {
    expect(await server.run(GetDocumentDocument, { id: missingId })).toEqual({ getDocument: null });
  });

  test('a value is read at a path, or is null', async () => {
    const { id } = await create({ address: { city: 'Kyiv' }, tags: ['a', 'b'], 'a.b': 1 });
    const value = async (path: string): Promise<unknown> =>
      (await server.run(GetValueDocument, { id, path })).getDocument?.value;
    expect(await value('address.city')).toBe('Kyiv');
    expect(await value('address')).toEqual({ city: 'Kyiv' });
    expect(await value('tags.1')).toBe('b');
    expect(await value(String.raw`a\.b`)).toBe(1);
    expect(await value('$version')).toBe(1);
    expect(await value('address.street')).toBeNull();
    expect(await value('__proto__')).toBeNull();
  });

  test('a list filters by match, by operators and by their combinations', async () => {
    await createLevels('filters', 1, 2, 3, 4);
    const find = (filter: object) => levels('filters', { filter });
    expect(await find({ match: { level: 2 } })).toEqual([2]);
    expect(await find({ path: 'level', gte: 2, lt: 4 })).toEqual([2, 3]);
    expect(await find({ path: 'level', in: [1, 4] })).toEqual([1, 4]);
    expect(
      await find({
        or: [
          { path: 'level', eq: 1 },
          { path: 'level', gt: 3 },
        ],
      }),
    ).toEqual([1, 4]);
    expect(await find({ not: { path: 'level', lte: 2 } })).toEqual([3, 4]);
    expect(await find({ and: [] })).toEqual([1, 2, 3, 4]);
    expect(await find({ or: [] })).toEqual([]);
    expect(await find({ path: 'level', in: [] })).toEqual([]);
    expect(await find({ path: '$version', eq: 1 })).toEqual([1, 2, 3, 4]);
  });

  test('every operator of a filter reaches the documents', async () => {
    const body = { level: 'Abc', list: [{ k: 1 }, { k: 2 }], tags: ['x', 'y'], nothing: null, debt: -5 };
    await create(body, 'operators');
    const fits = async (filter: object): Promise<boolean> => (await levels('operators', { filter })).length === 1;
    for (const filter of [
      { path: 'level', eq: 'Abc' },
      { path: 'level', ne: 'x' },
      { path: 'level', gt: 'Abb' },
      { path: 'level', gte: 'Abc' },
      { path: 'level', lt: 'Abd' },
      { path: 'level', lte: 'Abc' },
      { path: 'level', in: ['Abc', null] },
      { path: 'level', notIn: ['x'] },
      { path: 'level', exists: true },
      { path: 'missing', exists: false },
      { path: 'level', type: 'STRING' },
      { path: 'nothing', type: 'NULL' },
      { path: 'nothing', eq: null },
      { path: 'level', contains: 'b' },
      { path: 'tags', contains: 'x' },
      { path: 'level', startsWith: 'A' },
      { path: 'level', endsWith: 'c' },
      { path: 'level', regex: '^A.c$' },
      { path: 'tags', size: 2 },
      { path: 'tags', all: ['y', 'x'] },
      { path: 'debt', mod: [4, -1] },
      { path: 'debt', mod: [-5, 0] },
      { path: 'list', some: { path: 'k', gt: 1 } },
      { path: 'tags', some: { eq: 'y' } },
    ]) {
      expect(await fits(filter), JSON.stringify(filter)).toBe(true);
      expect(await fits({ not: filter }), JSON.stringify(filter)).toBe(false);
    }
  });

  test('a list is ordered by what is asked for, and by creation otherwise', async () => {
    await createLevels('orders', 2, 3, 1);
    expect(await levels('orders')).toEqual([2, 3, 1]);
    expect(await levels('orders', { orderBy: [{ path: 'level' }] })).toEqual([1, 2, 3]);
    expect(await levels('orders', { orderBy: [{ path: 'level', direction: 'DESC' }] })).toEqual([3, 2, 1]);
  });

  test('pages follow each other by cursors, forward and backward', async () => {
    await createLevels('pages', 1, 2, 3, 4, 5);
    const orderBy = [{ path: 'level', direction: 'DESC' as const }];
    const page = async (variables: object) =>
      (await server.run(FindDocumentsDocument, { table: 'pages', orderBy, ...variables })).findDocuments;

    const first = await page({ first: 2 });
    expect(first.nodes.map(({ body }) => body)).toEqual([{ level: 5 }, { level: 4 }]);
    expect(first).toMatchObject({ totalCount: 5, pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    expect(first.edges.map(({ cursor }) => cursor)).toEqual([first.pageInfo.startCursor, first.pageInfo.endCursor]);

    const second = await page({ first: 2, after: first.pageInfo.endCursor });
    expect(second.nodes.map(({ body }) => body)).toEqual([{ level: 3 }, { level: 2 }]);
    const back = await page({ last: 1, before: second.pageInfo.startCursor });
    expect(back.nodes.map(({ body }) => body)).toEqual([{ level: 4 }]);
    expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });

    const offset = await page({ first: 2, offset: 4 });
    expect(offset.nodes.map(({ body }) => body)).toEqual([{ level: 1 }]);
    const none = await page({ first: 0 });
    expect(none).toMatchObject({ edges: [], totalCount: 5, pageInfo: { startCursor: null, endCursor: null } });
  });

  test('without first and last a page has 100 documents, and null means absent', async () => {
    await createLevels('many', ...Array.from({ length: 101 }, (_, index) => index));
    expect(await levels('many')).toHaveLength(100);
    expect(await levels('many', { first: null, last: null, filter: null, orderBy: null, archived: null })).toHaveLength(
      100,
    );
    expect(await levels('many', { last: 1 })).toEqual([100]);
  });

  test('archived documents are in the lists that ask for them', async () => {
    await createLevels('archive', 1);
    await archive((await create({ level: 2 }, 'archive')).id);
    expect(await levels('archive')).toEqual([1]);
    expect(await levels('archive', { archived: 'INCLUDE' })).toEqual([1, 2]);
    expect(await levels('archive', { archived: 'ONLY' })).toEqual([2]);
  });

  test('without a table the documents of all tables are listed, and a table that does not exist has none', async () => {
    const { id } = await create({}, 'somewhere');
    const { findDocuments } = await server.run(FindDocumentsDocument, { filter: { path: '$id', eq: id } });
    expect(findDocuments.nodes.map((document) => document.id)).toEqual([id]);
    expect(await levels('nowhere')).toEqual([]);
  });

  test('the status tells where the server stands', async () => {
    const { sequence } = await create({});
    const { status } = await server.run(GetStatusDocument);
    expect(status).toMatchObject({ version: '1.2.3', engine: 'embedded', sequence, durability: 'SYNC' });
    expect(status.documents).toBeGreaterThan(0);
    expect(status.uptimeSeconds).toBeGreaterThanOrEqual(0);
    expect(status.recovery).toMatchObject({ truncatedBytes: 0, clean: true });
  });

  test('mutations of one request commit in order, and a failed one leaves the others standing', async () => {
    const { id } = await create({ n: 0 });
    const { json } = await server.ask(
      `mutation ($id: ID!) {
        first: updateDocument(id: $id, version: 1, body: {n: 1}) { version sequence }
        late: updateDocument(id: $id, version: 1, body: {n: 99}) { version }
        second: updateDocument(id: $id, version: 2, body: {n: 2}) { version sequence }
      }`,
      { id },
    );
    expect(json.data).toMatchObject({ first: { version: 2 }, late: null, second: { version: 3 } });
    expect(json.errors).toMatchObject([{ path: ['late'], extensions: { code: 'VERSION_CONFLICT', actualVersion: 2 } }]);
    expect(Number(at(json, 'data', 'second', 'sequence'))).toBeGreaterThan(
      Number(at(json, 'data', 'first', 'sequence')),
    );
    expect((await server.run(GetDocumentDocument, { id })).getDocument?.body).toEqual({ n: 2 });
  });
});
