import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { parsePath } from '../../src/document/path.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

describe.each(engineVariants)("the predecessor's table endpoints on the %s", (_name, openEngine) => {
  let server: ListeningServer;

  beforeAll(async () => {
    server = await startListeningServer(openEngine, { rest: { selfDestructAllowed: true } });
  });
  afterAll(() => server.close());

  const ask = (method: string, path: string, body?: unknown): Promise<HttpAnswer> =>
    send(`${server.url}${path}`, { method, ...(body === undefined ? {} : { body }) });
  const create = (table: string, body: object): Promise<HttpAnswer> =>
    ask('POST', '/document/create', { table_name: table, body });

  test('a free table is made, shown, listed, and made once only', async () => {
    const answer = await ask('POST', '/table/create', { name: 'free', mode: 'free' });
    expect(answer.status).toBe(200);
    const table = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'free',
      mode: 'free',
      documents_count: 0,
      is_read_only: false,
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    };
    expect(answer.json).toEqual(table);
    expect((await ask('GET', '/table/list')).json).toContainEqual(table);
    expect((await ask('GET', '/table/free')).json).toMatchObject({
      ...table,
      schema_definition: null,
      unique_fields: [],
    });
    const again = await ask('POST', '/table/create', { name: 'free', mode: 'free' });
    expect(again).toMatchObject({ status: 400, json: { code: 'ALREADY_EXISTS', detail: expect.any(String) } });
  });

  test('a strict table takes only bodies that fit its schema, and no members that it does not name', async () => {
    const schema = { type: 'object', properties: { email: { type: 'string', format: 'email' } }, required: ['email'] };
    const request = { name: 'strict', mode: 'strict', schema_definition: schema };
    expect((await ask('POST', '/table/create', request)).json).toMatchObject({ mode: 'strict' });
    expect((await create('strict', { email: 'a@example.com' })).status).toBe(200);
    for (const body of [{}, { email: 'nobody' }, { email: 'a@example.com', more: 1 }]) {
      const answer = await create('strict', body);
      expect(answer).toMatchObject({ status: 400, json: { code: 'SCHEMA_VIOLATION', detail: expect.any(String) } });
    }
    expect((await ask('GET', '/table/strict')).json).toMatchObject({
      documents_count: 1,
      schema_definition: { ...schema, additionalProperties: false },
    });
  });

  test('a strict table without a schema is refused with 400, another mode with 422', async () => {
    const strict = await ask('POST', '/table/create', { name: 'x', mode: 'strict' });
    expect(strict).toMatchObject({ status: 400, json: { path: 'schema_definition' } });
    const other = await ask('POST', '/table/create', { name: 'x', mode: 'loose' });
    expect(other).toMatchObject({ status: 422, json: { path: 'mode' } });
    expect((await ask('GET', '/table/x')).status).toBe(404);
  });

  test('a duplicate of a unique field is refused', async () => {
    await ask('POST', '/table/create', { name: 'unique', mode: 'free', unique_fields: ['email'] });
    expect((await create('unique', { email: 'a' })).status).toBe(200);
    const duplicate = await create('unique', { email: 'a' });
    expect(duplicate).toMatchObject({ status: 400, json: { code: 'UNIQUE_VIOLATION', path: 'email' } });
    const batch = await ask('POST', '/document/batch/create', [
      { table_name: 'unique', body: { email: 'b' } },
      { table_name: 'unique', body: { email: 'b' } },
    ]);
    expect(batch).toMatchObject({ status: 400, json: { code: 'UNIQUE_VIOLATION', operation: 1 } });
    expect((await ask('GET', '/table/unique')).json).toMatchObject({ unique_fields: ['email'], documents_count: 1 });
  });

  test('a read-only table takes no writes', async () => {
    await ask('POST', '/table/create', { name: 'closed', read_only: true });
    expect(await create('closed', {})).toMatchObject({
      status: 400,
      json: { code: 'TABLE_READ_ONLY', table: 'closed' },
    });
    expect((await ask('GET', '/table/closed')).json).toMatchObject({ is_read_only: true });
  });

  test('the documents of a table are listed, archived ones on request', async () => {
    await ask(
      'POST',
      '/document/batch/create',
      [1, 2, 3].map((n) => ({ table_name: 'listed', body: { n } })),
    );
    const first = (await ask('GET', '/table/listed/documents')).json as { _id: string; body: { n: number } }[];
    expect(first.map(({ body }) => body.n)).toEqual([1, 2, 3]);
    await ask('PUT', `/document/archive/${first[0]?._id}`);
    const numbers = async (query: string) => {
      const { json } = await ask('GET', `/table/listed/documents${query}`);
      return (json as typeof first).map(({ body }) => body.n);
    };
    expect(await numbers('')).toEqual([2, 3]);
    expect(await numbers('?include_archived=true&sort_by=n&order=desc')).toEqual([3, 2, 1]);
    expect(await numbers('?limit=1&offset=1')).toEqual([3]);
    expect((await ask('GET', '/table/nowhere/documents')).status).toBe(404);
  });

  test('indexes are made, listed and dropped; what was found without them is found with them', async () => {
    await ask(
      'POST',
      '/document/batch/create',
      ['Kyiv', 'Lviv', 'Kyiv'].map((city) => ({ table_name: 'cities', body: { city } })),
    );
    const find = async () =>
      (await ask('POST', '/document/find?table_name=cities', { city: 'Kyiv' })).json as unknown[];
    const before = await find();
    expect(before).toHaveLength(2);
    const made = await ask('POST', '/table/cities/index/create', { field: 'city', index_type: 'hash' });
    expect(made).toMatchObject({ status: 200, json: { table_name: 'cities', field: 'city', index_type: 'hash' } });
    expect(Object.keys(made.json as object)).toEqual(['table_name', 'field', 'index_type', 'created_at']);
    expect(await find()).toEqual(before);
    const again = await ask('POST', '/table/cities/index/create', { field: 'city', index_type: 'btree' });
    expect(again).toMatchObject({ status: 400, json: { code: 'ALREADY_EXISTS' } });
    expect((await ask('GET', '/table/cities/indexes')).json).toEqual({
      table_name: 'cities',
      indexes: [
        { type: 'hash', field: 'city', unique: false, state: 'ready', entries: 3, created_at: expect.any(String) },
      ],
    });
    expect(await ask('DELETE', '/table/cities/index/city')).toMatchObject({ status: 200, json: { status: 'success' } });
    expect((await ask('DELETE', '/table/cities/index/city')).status).toBe(404);
    expect(await find()).toEqual(before);
  });

  test('an index is dropped by the field that the list has for it, with a comma in a key or between two paths', async () => {
    await ask('POST', '/table/create', { name: 'commas', mode: 'free' });
    const paths = ['city', 'zip'].map((text) => parsePath(text, 'path'));
    const traits = { kind: 'HASH', unique: false, archived: 'INCLUDE' } as const;
    await server.database.createIndex(anonymous, { table: 'commas', paths, ...traits });
    await ask('POST', '/table/commas/index/create', { field: 'a,b', index_type: 'hash' });
    for (const field of ['a,b', 'city,zip']) {
      const path = `/table/commas/index/${encodeURIComponent(field)}`;
      expect((await ask('DELETE', path)).status).toBe(200);
      expect((await ask('DELETE', path)).status).toBe(404);
    }
    expect((await ask('GET', '/table/commas/indexes')).json).toEqual({ table_name: 'commas', indexes: [] });
  });

  test.each([
    ['POST', '/table/nowhere/index/create', { field: 'a', index_type: 'hash' }],
    ['GET', '/table/nowhere/indexes', undefined],
    ['DELETE', '/table/nowhere/index/a', undefined],
    ['DELETE', '/table/nowhere', undefined],
    ['GET', '/table/nowhere', undefined],
  ])('%s %s is 404', async (method, path, body) => {
    expect(await ask(method, path, body)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
    expect((await ask('GET', '/table/nowhere')).status).toBe(404);
  });

  test('a dropped table takes its documents along, and its name is free again', async () => {
    const created = await create('dropped', { a: 1 });
    const id = (created.json as { _id: string })._id;
    expect(await ask('DELETE', '/table/dropped')).toMatchObject({ status: 200, json: { status: 'success' } });
    expect((await ask('GET', `/document/get/${id}`)).status).toBe(404);
    expect((await create('dropped', { a: 2 })).status).toBe(200);
    expect((await ask('GET', '/table/dropped')).json).toMatchObject({ documents_count: 1 });
  });

  test('self-destruct drops everything, if phrase, pin and confirmation are right', async () => {
    const right = { verification_phrase: 'BDaray', safety_pin: new Date().getUTCFullYear() + 1, confirm: true };
    for (const wrong of [{ verification_phrase: 'x' }, { safety_pin: 1 }, { confirm: false }]) {
      expect((await ask('DELETE', '/system/self-destruct', { ...right, ...wrong })).status).toBe(400);
    }
    await ask('POST', '/document/create', { name: 'untabled', body: {} });
    const answer = await ask('DELETE', '/system/self-destruct', right);
    expect(answer).toMatchObject({ status: 200, json: { status: 'destroyed', timestamp: expect.any(String) } });
    expect((await ask('POST', '/document/find', {})).json).toEqual([]);
    expect((await ask('GET', '/table/cities')).status).toBe(404);
  });
});

test('self-destruct is refused unless the operator allowed it', async () => {
  const [, openEngine] = engineVariants[0] ?? [];
  if (openEngine === undefined) throw new Error('no engine');
  const server = await startListeningServer(openEngine);
  const body = { verification_phrase: 'BDaray', safety_pin: new Date().getUTCFullYear() + 1, confirm: true };
  const answer = await send(`${server.url}/system/self-destruct`, { method: 'DELETE', body });
  expect(answer).toMatchObject({ status: 403, json: { code: 'FORBIDDEN' } });
  await server.close();
});
