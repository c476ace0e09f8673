import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const missingId = '01234567-89ab-7def-8123-456789abcdef';

const alice = { username: 'alice', email: 'alice@example.com' };
const renamed = { username: 'alice_updated', email: 'alice@example.com' };

describe.each(engineVariants)('REST documents on the %s', (_name, openEngine) => {
  let server: ListeningServer;

  beforeAll(async () => {
    server = await startListeningServer(openEngine);
  });

  afterAll(() => server.close());

  const get = (path: string): Promise<HttpAnswer> => send(`${server.url}${path}`);
  const post = (path: string, body: unknown): Promise<HttpAnswer> =>
    send(`${server.url}${path}`, { method: 'POST', body });
  const put = (path: string, body?: unknown): Promise<HttpAnswer> =>
    send(`${server.url}${path}`, { method: 'PUT', body });

  async function create(body: object = alice): Promise<string> {
    const answer = await post('/document/create', { name: 'user_account', body });
    expect(answer.status).toBe(200);
    return idOf(answer);
  }

  test('GET /ping answers alive', async () => {
    const answer = await get('/ping');
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('{"status":"alive"}');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  describe('POST /document/create', () => {
    test('answers 200 with the whole document, its members in the documented order', async () => {
      const answer = await post('/document/create', { name: 'user_account', body: alice });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.json).toEqual({
        _id: expect.stringMatching(uuid),
        name: 'user_account',
        body: alice,
        body_hash: createHash('sha256').update('{"email":"alice@example.com","username":"alice"}').digest('hex'),
        created_at: expect.stringMatching(timestamp),
        updated_at: null,
        version: 1,
        archived_at: null,
      });
      expect(Object.keys(answer.json as object)).toEqual([
        '_id',
        'name',
        'body',
        'body_hash',
        'created_at',
        'updated_at',
        'version',
        'archived_at',
      ]);
    });

    test('with a table_name the answer has table_data, and the table is the same one from then on', async () => {
      const first = await post('/document/create', { table_name: 'users', name: 'user_account', body: alice });
      const second = await post('/document/create', { table_name: 'users', name: 'user_account', body: alice });
      expect(first.json).toMatchObject({
        name: 'user_account',
        table_data: { id: expect.stringMatching(uuid), name: 'users' },
      });
      expect(member(second, 'table_data')).toEqual(member(first, 'table_data'));
      expect((await get(`/document/get/${idOf(first)}`)).json).toEqual(first.json);
    });

    test('without a name the document has the name of its table', async () => {
      const answer = await post('/document/create', { table_name: 'people', body: alice });
      expect(answer.json).toMatchObject({ name: 'people', table_data: { name: 'people' } });
    });

    test('a table_name of null means none, as does a name of null beside a table', async () => {
      const untabled = await post('/document/create', { table_name: null, name: 'n', body: {} });
      expect(untabled.status).toBe(200);
      expect(untabled.json).not.toHaveProperty('table_data');
      expect((await post('/document/create', { table_name: 'people', name: null, body: {} })).json).toMatchObject({
        name: 'people',
      });
    });

    test('members that are not documented are ignored', async () => {
      const answer = await post('/document/create', { name: 'n', body: {}, version: 7, _id: missingId, owner: 'x' });
      expect(answer.json).toMatchObject({ name: 'n', version: 1 });
      expect(idOf(answer)).not.toBe(missingId);
    });

    test('a body without a content type is taken as JSON', async () => {
      const answer = await send(`${server.url}/document/create`, {
        method: 'POST',
        body: '{"name":"n","body":{"a":1}}',
        headers: { 'content-type': null },
      });
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({ body: { a: 1 } });
    });

    test.each([
      ['no name', { body: {} }, 'name', 'a string'],
      ['a name of null without a table', { name: null, body: {} }, 'name', 'a string'],
      ['a name that is a number', { name: 1, body: {} }, 'name', 'a string'],
      ['a table_name that is a list', { table_name: [], body: {} }, 'table_name', 'a string'],
      ['no body', { name: 'n' }, 'body', 'a JSON object'],
      ['a body that is a list', { name: 'n', body: [] }, 'body', 'a JSON object'],
      ['a body that is null', { name: 'n', body: null }, 'body', 'a JSON object'],
      ['a request that is a list', [], '', 'a JSON object'],
      ['no request body', undefined, '', 'a JSON object'],
    ])('%s is 422 with its path', async (_case, body, path, expected) => {
      const answer = await post('/document/create', body);
      expect(answer.status).toBe(422);
      expect(answer.json).toEqual({ detail: expect.any(String), code: 'INVALID_ARGUMENT', path, expected });
    });

    test.each(['{"name":', 'name=alice', '"', '{"name":"n","body":{}} {}'])(
      'what is not JSON is 422: %s',
      async (text) => {
        const answer = await post('/document/create', text);
        expect(answer.status).toBe(422);
        expect(answer.json).toMatchObject({
          detail: expect.any(String),
          code: 'INVALID_ARGUMENT',
          path: expect.any(String),
        });
      },
    );
  });

  describe('GET /document/get/{id}', () => {
    test('answers 200 with the document', async () => {
      const created = await post('/document/create', { name: 'user_account', body: alice });
      const answer = await get(`/document/get/${idOf(created)}`);
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(created.text);
    });

    test('an id in upper case, or with a slash behind it, finds the document', async () => {
      const id = await create();
      expect((await get(`/document/get/${id.toUpperCase()}`)).status).toBe(200);
      expect((await get(`/document/get/${id}/`)).status).toBe(200);
    });

    test('a document that does not exist is 404', async () => {
      const answer = await get(`/document/get/${missingId}`);
      expect(answer.status).toBe(404);
      expect(answer.json).toEqual({ detail: 'Document not found', code: 'NOT_FOUND', id: missingId });
    });

    test('an archived document is 404', async () => {
      const id = await create();
      await put(`/document/archive/${id}`);
      const answer = await get(`/document/get/${id}`);
      expect(answer.status).toBe(404);
      expect(answer.json).toMatchObject({ detail: 'Document not found' });
    });

    test.each(['42', 'constructor', '__proto__', '..%2F..%2Fetc%2Fpasswd', '%00', 'x'.repeat(2_000)])(
      'what is no UUID is 422: %s',
      async (id) => {
        const answer = await get(`/document/get/${id}`);
        expect(answer.status).toBe(422);
        expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'id', expected: expect.any(String) });
      },
    );
  });

  describe('PUT /document/update/{id}', () => {
    test('replaces the body and answers 200 with the next version', async () => {
      const created = await post('/document/create', { name: 'user_account', body: alice });
      const answer = await put(`/document/update/${idOf(created)}`, { version: 1, body: renamed });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({
        ...(created.json as object),
        body: renamed,
        body_hash: createHash('sha256')
          .update('{"email":"alice@example.com","username":"alice_updated"}')
          .digest('hex'),
        updated_at: expect.stringMatching(timestamp),
        version: 2,
      });
      expect((await get(`/document/get/${idOf(created)}`)).text).toBe(answer.text);
    });

    test('a version that is not the newest is 409, and changes nothing', async () => {
      const id = await create();
      const updated = await put(`/document/update/${id}`, { version: 1, body: renamed });
      const answer = await put(`/document/update/${id}`, { version: 1, body: { level: 12 } });
      expect(answer.status).toBe(409);
      expect(answer.json).toEqual({
        detail: 'Conflict: Document version mismatch. DB is at 2, you sent 1',
        code: 'VERSION_CONFLICT',
        id,
        expectedVersion: 1,
        actualVersion: 2,
        changedPaths: ['username'],
      });
      expect((await get(`/document/get/${id}`)).text).toBe(updated.text);
    });

    test('of many updates of one version at once exactly one succeeds', async () => {
      const id = await create();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, level) => put(`/document/update/${id}`, { version: 1, body: { level } })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(409)]);
    });

    test('a document that does not exist or is archived is 404', async () => {
      const missing = await put(`/document/update/${missingId}`, { version: 1, body: {} });
      expect([missing.status, member(missing, 'detail')]).toEqual([404, 'Document not found']);
      const id = await create();
      await put(`/document/archive/${id}`);
      const archived = await put(`/document/update/${id}`, { version: 2, body: {} });
      expect([archived.status, member(archived, 'detail')]).toEqual([404, 'Document not found']);
    });

    test.each([['1'], [' 1 '], ['+1']])(
      'a version that is the digits of an integer is taken, as before: %j',
      async (version) => {
        const id = await create();
        expect((await put(`/document/update/${id}`, { version, body: {} })).status).toBe(200);
      },
    );

    test.each([
      ['missing', '{"body":{}}', 'version'],
      ['null', '{"version":null,"body":{}}', 'version'],
      ['true', '{"version":true,"body":{}}', 'version'],
      ['a fraction', '{"version":1.5,"body":{}}', 'version'],
      ['text', '{"version":"one","body":{}}', 'version'],
      ['beyond the integers of a double', '{"version":9007199254740993,"body":{}}', 'version'],
      ['there, but the body is not', '{"version":1}', 'body'],
    ])('422 when the version is %s', async (_case, body, path) => {
      const answer = await put(`/document/update/${await create()}`, body);
      expect(answer.status).toBe(422);
      expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path, expected: expect.any(String) });
    });
  });

  describe('PUT /document/archive/{id}', () => {
    test('answers 200 with the archived document', async () => {
      const created = await post('/document/create', { name: 'user_account', body: alice });
      const answer = await put(`/document/archive/${idOf(created)}`);
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({
        ...(created.json as object),
        version: 2,
        updated_at: expect.stringMatching(timestamp),
        archived_at: expect.stringMatching(timestamp),
      });
    });

    test('takes a JSON content type without a body, which HTTP clients send', async () => {
      const id = await create();
      const answer = await send(`${server.url}/document/archive/${id}`, {
        method: 'PUT',
        body: '',
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(200);
    });

    test('an archived document is 400', async () => {
      const id = await create();
      const archived = await put(`/document/archive/${id}`);
      const answer = await put(`/document/archive/${id}`);
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({
        detail: 'Document already archived',
        code: 'ALREADY_ARCHIVED',
        id,
        archivedAt: member(archived, 'archived_at'),
      });
    });

    test('a document that does not exist is 404', async () => {
      const answer = await put(`/document/archive/${missingId}`);
      expect([answer.status, member(answer, 'detail')]).toEqual([404, 'Document not found']);
    });
  });

  describe('POST /document/batch/create', () => {
    test('answers 200 with the documents in order', async () => {
      const answer = await post('/document/batch/create', [
        { name: 'a', body: { n: 1 } },
        { table_name: 'batch', body: { n: 2 } },
        { table_name: 'batch', name: 'c', body: { n: 3 } },
      ]);
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject([
        { name: 'a', body: { n: 1 }, version: 1 },
        { name: 'batch', body: { n: 2 }, table_data: { name: 'batch' } },
        { name: 'c', body: { n: 3 }, table_data: { name: 'batch' } },
      ]);
    });

    test('an empty list is an empty list', async () => {
      const answer = await post('/document/batch/create', []);
      expect([answer.status, answer.text]).toEqual([200, '[]']);
    });

    test('is all or nothing', async () => {
      const answer = await post('/document/batch/create', [
        { name: 'whole', body: {} },
        { table_name: '', name: 'whole', body: {} },
      ]);
      expect(answer.status).toBe(422);
      expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', operation: 1 });
      expect(await documentsNamed('whole')).toEqual([]);
    });

    test.each([
      ['an object', {}, ''],
      ['a list with a number', [{ name: 'a', body: {} }, 5], '1'],
      ['a list with a document without a body', [{ name: 'a', body: {} }, { name: 'b' }], '1.body'],
    ])('%s is 422 with its path, and nothing is written', async (_case, body, path) => {
      const before = (await server.database.status(anonymous)).sequence;
      const answer = await post('/document/batch/create', body);
      expect(answer.status).toBe(422);
      expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path, expected: expect.any(String) });
      expect((await server.database.status(anonymous)).sequence).toBe(before);
    });
  });

  async function documentsNamed(name: string): Promise<unknown[]> {
    const answer = await post('/document/find?include_archived=true', {});
    return (answer.json as { name: string }[]).filter((document) => document.name === name);
  }
});

function member({ json }: HttpAnswer, name: string): unknown {
  return (json as Record<string, unknown>)[name];
}

function idOf(answer: HttpAnswer): string {
  return String(member(answer, '_id'));
}
