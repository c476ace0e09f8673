import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineVariants } from '../support/engine-variant.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

const givenId = '01234567-89ab-7def-8123-456789abcdef';

describe.each(engineVariants)('POST /document/transaction on the %s', (_name, openEngine) => {
  let server: ListeningServer;

  beforeAll(async () => {
    server = await startListeningServer(openEngine);
  });

  afterAll(() => server.close());

  const transact = (operations: unknown, more: object = {}): Promise<HttpAnswer> =>
    send(`${server.url}/document/transaction`, { method: 'POST', body: { operations, ...more } });
  const get = (id: string): Promise<HttpAnswer> => send(`${server.url}/document/get/${id}`);

  async function create(body: object): Promise<string> {
    const answer = await send(`${server.url}/document/create`, { method: 'POST', body: { name: 'n', body } });
    return (answer.json as { _id: string })._id;
  }

  test('runs every kind of operation, and answers with the commit and its documents', async () => {
    const [updated, archived, erased] = [await create({ n: 1 }), await create({ n: 2 }), await create({})];
    const answer = await transact([
      { op: 'assert', doc_id: updated, version: 1 },
      { op: 'assert', doc_id: givenId, exists: false },
      { op: 'create', doc_id: givenId, table_name: 'users', body: { list: [] } },
      { op: 'create', name: 'n', body: {} },
      { op: 'update', doc_id: updated, version: 1, body: { n: 10 } },
      { op: 'patch', doc_id: updated, change: { increment: { n: 1 } } },
      { op: 'patch', doc_id: updated, version: 3, change: { merge: { m: 1 } } },
      { op: 'patch', doc_id: givenId, version: 1, change: { patch: [{ op: 'add', path: '/list/-', value: 1 }] } },
      { op: 'update', doc_id: updated, version: 1, body: {} },
      { op: 'archive', doc_id: archived, version: 1 },
      { op: 'restore', doc_id: archived, version: null },
      { op: 'erase', doc_id: erased, version: 1 },
    ]);
    expect(answer.status, answer.text).toBe(409);
    expect(answer.json).toMatchObject({ code: 'VERSION_CONFLICT', operation: 8 });

    const second = await transact([
      { op: 'create', doc_id: givenId, table_name: 'users', body: { list: [] } },
      { op: 'update', doc_id: updated, version: 1, body: { n: 10 } },
      { op: 'patch', doc_id: updated, change: { increment: { n: 1 } } },
      { op: 'patch', doc_id: updated, version: 1, change: { merge: { m: 1 } }, rebase: true },
      { op: 'patch', doc_id: givenId, version: 1, change: { patch: [{ op: 'add', path: '/list/-', value: 1 }] } },
      { op: 'archive', doc_id: archived, version: 1 },
      { op: 'restore', doc_id: archived, version: null },
      { op: 'erase', doc_id: erased, version: 1 },
    ]);
    expect(second.status, second.text).toBe(200);
    expect(second.json).toEqual({
      sequence: 4,
      committed_at: expect.stringMatching(/^\d{4}-.*Z$/),
      documents: [
        expect.objectContaining({ _id: givenId, version: 1, table_data: { id: expect.any(String), name: 'users' } }),
        expect.objectContaining({ _id: updated, version: 2, body: { n: 10 } }),
        expect.objectContaining({ _id: updated, version: 3, body: { n: 11 } }),
        expect.objectContaining({ _id: updated, version: 4, body: { n: 11, m: 1 } }),
        expect.objectContaining({ _id: givenId, version: 2, body: { list: [1] } }),
        expect.objectContaining({ _id: archived, version: 2, archived_at: expect.any(String) }),
        expect.objectContaining({ _id: archived, version: 3, archived_at: null }),
        expect.objectContaining({ _id: erased, version: 1 }),
      ],
    });
    expect((await get(erased)).status).toBe(404);
  });

  test('a dry run tells documents or errors, and writes nothing', async () => {
    const id = await create({ n: 1 });
    const dry = await transact([{ op: 'update', doc_id: id, version: 1, body: { n: 2 } }], { dry_run: true });
    expect(dry.json).toMatchObject({ sequence: null, committed_at: null, documents: [{ version: 2, body: { n: 2 } }] });
    const failed = await transact([{ op: 'archive', doc_id: id, version: 7 }], { dry_run: true });
    expect(failed.status).toBe(409);
    expect((await get(id)).json).toMatchObject({ version: 1, body: { n: 1 } });
  });

  test('the conflict of a single operation tells its index, the versions and what has changed', async () => {
    const id = await create({ a: 1, b: 1 });
    await transact([{ op: 'patch', doc_id: id, change: { increment: { a: 1 } } }]);
    const answer = await transact([{ op: 'update', doc_id: id, version: 1, body: {} }]);
    expect(answer.status).toBe(409);
    expect(answer.json).toEqual({
      detail: 'Conflict: Document version mismatch. DB is at 2, you sent 1',
      code: 'VERSION_CONFLICT',
      id,
      expectedVersion: 1,
      actualVersion: 2,
      changedPaths: ['a'],
      operation: 0,
    });
  });

  test('the conflict of an update tells what has changed, too', async () => {
    const id = await create({ a: 1 });
    const put = (version: number, body: object) =>
      send(`${server.url}/document/update/${id}`, { method: 'PUT', body: { version, body } });
    await put(1, { a: 2 });
    expect((await put(1, {})).json).toMatchObject({ code: 'VERSION_CONFLICT', changedPaths: ['a'] });
  });

  test.each([
    ['no list', {}, 'operations', undefined],
    ['an operation that is no object', [1], 'operations.0', 0],
    ['an operation that does not exist', [{ op: 'toString', doc_id: givenId }], 'operations.0.op', 0],
    ['no id', [{ op: 'archive' }], 'operations.0.doc_id', 0],
    ['a body that is no object', [{ op: 'update', doc_id: givenId, version: 1, body: 1 }], 'operations.0.body', 0],
    ['no version', [{ op: 'update', doc_id: givenId, body: {} }], 'operations.0.version', 0],
    ['no change', [{ op: 'patch', doc_id: givenId, version: 1 }], 'operations.0.change', 0],
    ['two changes', [{ op: 'patch', doc_id: givenId, change: { merge: {}, increment: {} } }], 'operations.0.change', 0],
    [
      'a merge patch without a version',
      [{ op: 'patch', doc_id: givenId, change: { merge: {} } }],
      'operations.0.version',
      0,
    ],
    [
      'an increment that is to be rebased',
      [{ op: 'patch', doc_id: givenId, change: { increment: {} }, rebase: true }],
      'operations.0.rebase',
      0,
    ],
    ['an assertion of nothing', [{ op: 'assert', doc_id: givenId }], 'operations.0', 0],
    [
      'a second operation',
      [
        { op: 'create', name: 'n', body: {} },
        { op: 'create', name: 'n' },
      ],
      'operations.1.body',
      1,
    ],
  ])('%s is refused with its path and the index of the operation', async (_what, operations, path, operation) => {
    const answer = await transact(operations);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({
      code: 'INVALID_ARGUMENT',
      path,
      ...(operation === undefined ? {} : { operation }),
    });
  });

  test('a switch that is none is refused', async () => {
    expect((await transact([], { dry_run: 'yes' })).json).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'dry_run' });
  });

  test('no operations write nothing', async () => {
    expect((await transact([])).json).toEqual({ sequence: null, committed_at: null, documents: [] });
  });

  test('a request of many documents is answered as one of few is, whole and in order', async () => {
    const bodies = Array.from({ length: 1_000 }, (_, n) => ({
      n,
      text: 'é],{"'.repeat(40),
      big: 2 ** 60 + 2 ** 30 * n,
    }));
    const batch = await send(`${server.url}/document/batch/create`, {
      method: 'POST',
      body: bodies.map((body) => ({ name: 'many', body })),
    });
    expect(batch.status).toBe(200);
    expect(batch.headers['content-type']).toBe('application/json; charset=utf-8');
    const documents = batch.json as { _id: string; name: string; version: number; body: { n: number } }[];
    expect(documents.map(({ body }) => body)).toEqual(bodies);
    const [first] = documents;
    expect((await get(first?._id ?? '')).json).toEqual(first);
    const few = await transact(documents.slice(0, 2).map(({ _id }) => ({ op: 'archive', doc_id: _id })));
    const many = await transact(documents.slice(2).map(({ _id }) => ({ op: 'archive', doc_id: _id })));
    expect(Object.keys(many.json as object)).toEqual(Object.keys(few.json as object));
    expect(many.json).toMatchObject({ sequence: (few.json as { sequence: number }).sequence + 1 });
    expect((many.json as { documents: { _id: string }[] }).documents.map(({ _id }) => _id)).toEqual(
      documents.slice(2).map(({ _id }) => _id),
    );
    const refused = await transact([...bodies.map((body) => ({ op: 'create', name: 'n', body })), { op: 'create' }]);
    expect(refused).toMatchObject({ status: 422, json: { operation: 1_000 } });
  });

  test('who prefers a minimal answer is told of the commit alone', async () => {
    const ask = (path: string, body: unknown, prefer: string) =>
      send(`${server.url}${path}`, { method: 'POST', body, headers: { prefer } });
    const operations = [{ op: 'create', name: 'n', body: { n: 1 } }];
    const head = { sequence: expect.any(Number), committed_at: expect.stringMatching(/^\d{4}-.*Z$/) };
    for (const prefer of ['return=minimal', 'respond-async, return = "minimal" ; x=1']) {
      const committed = await ask('/document/transaction', { operations }, prefer);
      expect(committed.json).toEqual(head);
      expect(committed.headers).toMatchObject({ 'preference-applied': 'return=minimal' });
      const created = await ask('/document/batch/create', [{ name: 'n', body: {} }], prefer);
      expect(created.json).toEqual(head);
    }
    for (const prefer of ['return=representation', 'return=minimalist', '']) {
      const committed = await ask('/document/transaction', { operations }, prefer);
      expect(committed.json).toMatchObject({ documents: [{ body: { n: 1 } }] });
      expect(committed.headers).not.toHaveProperty('preference-applied');
    }
    const refused = await ask('/document/transaction', { operations: [{ op: 'none' }] }, 'return=minimal');
    expect(refused.json).toMatchObject({ code: 'INVALID_ARGUMENT', operation: 0 });
  });
});
