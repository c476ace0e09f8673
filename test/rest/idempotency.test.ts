import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

describe.each(engineVariants)('the header Idempotency-Key on the %s', (_name, openEngine) => {
  let server: ListeningServer;
  let made = 0;

  beforeAll(async () => {
    server = await startListeningServer(openEngine);
  });

  afterAll(() => server.close());

  /** One that no other test has. */
  function newKey(): string {
    made += 1;
    return `key-${made}`;
  }

  const write = (method: 'POST' | 'PUT', path: string, body: unknown, key: string | null): Promise<HttpAnswer> =>
    send(`${server.url}${path}`, {
      method,
      body,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
    });

  async function create(body: object): Promise<string> {
    const answer = await write('POST', '/document/create', { name: 'n', body }, null);
    return (answer.json as { _id: string })._id;
  }

  /** The request made three times: as `first`, then again, then again when the documents have changed. */
  async function expectOnce(method: 'POST' | 'PUT', path: string, body: unknown): Promise<void> {
    const key = newKey();
    const first = await write(method, path, body, key);
    expect(first.status, first.text).toBe(200);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const { sequence } = await server.database.status(anonymous);
    for (let round = 0; round < 2; round += 1) {
      const again = await write(method, path, body, key);
      expect([again.status, again.text]).toEqual([200, first.text]);
      expect(again.headers['idempotent-replayed']).toBe('true');
      expect((await server.database.status(anonymous)).sequence).toBe(sequence + round);
      if (round === 0) await archiveOrRestore(first.json);
    }
  }

  /** Changes one of the documents of an answer. */
  async function archiveOrRestore(answer: unknown): Promise<void> {
    const [document] = documentsOf(answer);
    const op = document?.archived_at === null ? 'archive' : 'restore';
    const operations = [{ op, doc_id: document?._id }];
    expect((await write('POST', '/document/transaction', { operations }, null)).status).toBe(200);
  }

  test('create', () => expectOnce('POST', '/document/create', { name: 'n', body: { n: 1, big: [1e300] } }));

  test('create in a table', () => expectOnce('POST', '/document/create', { table_name: 'users', body: {} }));

  test('batch/create', () =>
    expectOnce('POST', '/document/batch/create', [
      { name: 'a', body: {} },
      { name: 'b', body: {} },
    ]));

  test('update', async () =>
    expectOnce('PUT', `/document/update/${await create({})}`, { version: 1, body: { changed: true } }));

  test('archive', async () => expectOnce('PUT', `/document/archive/${await create({})}`, undefined));

  test('transaction', async () =>
    expectOnce('POST', '/document/transaction', {
      operations: [
        { op: 'create', name: 'n', body: {} },
        { op: 'patch', doc_id: await create({}), version: 1, change: { merge: { a: 1 } } },
      ],
    }));

  test('combine, whatever has become of the sources', async () => {
    const sources = [await create({ a: 1 }), await create({ b: 2 })];
    const body = { name: 'c', document_ids: sources, merge_strategy: 'overwrite' };
    const key = newKey();
    const first = await write('POST', '/document/combine', body, key);
    expect(first.status, first.text).toBe(200);
    await write('PUT', `/document/archive/${sources[0]}`, undefined, null);
    const again = await write('POST', '/document/combine', body, key);
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
    const other = await write('POST', '/document/combine', { ...body, name: 'd' }, key);
    expect([other.status, other.json]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }]);
  });

  test('combinations that are asked for at once under one key are one', async () => {
    const body = { name: 'c', document_ids: [await create({ a: 1 })], merge_strategy: 'overwrite' };
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 8 }, () => write('POST', '/document/combine', body, key)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  test('many at once: one is carried out, all get its answer', async () => {
    const key = newKey();
    const requests = Array.from({ length: 24 }, () => write('POST', '/document/create', { name: 'n', body: {} }, key));
    const answers = await Promise.all(requests);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
  });

  test('another request under the key is 422', async () => {
    const key = newKey();
    await write('POST', '/document/create', { name: 'n', body: { n: 1 } }, key);
    const other = await write('POST', '/document/create', { name: 'n', body: { n: 2 } }, key);
    expect([other.status, other.json]).toEqual([
      422,
      { code: 'IDEMPOTENCY_KEY_REUSED', detail: expect.stringContaining(`"${key}"`) },
    ]);
  });

  test('a request that was refused may be made again, and be another one', async () => {
    const key = newKey();
    const id = await create({});
    expect((await write('PUT', `/document/update/${id}`, { version: 7, body: {} }, key)).status).toBe(409);
    expect((await write('PUT', `/document/update/${id}`, { version: 1, body: {} }, key)).status).toBe(200);
  });

  test('when a document was erased since, 410 tells that it was carried out, as which commit, and of which documents', async () => {
    const key = newKey();
    const first = await write('POST', '/document/create', { name: 'n', body: {} }, key);
    const [document] = documentsOf(first.json);
    const { sequence } = await server.database.status(anonymous);
    const operations = [{ op: 'erase', doc_id: document?._id, version: 1 }];
    await write('POST', '/document/transaction', { operations }, null);
    const again = await write('POST', '/document/create', { name: 'n', body: {} }, key);
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([410, 'true']);
    expect(again.json).toMatchObject({
      code: 'HISTORY_GONE',
      detail: expect.stringContaining('carried out already'),
      replayed: true,
      sequence,
      committedAt: document?.created_at,
      documentIds: [document?._id],
    });
  });

  test.each([
    ['bare', 'bare-8e03978e', 'bare-8e03978e'],
    ['quoted', 'quoted-1', '"quoted-1"'],
    ['with escapes', 'a "quoted" \\ one', '"a \\"quoted\\" \\\\ one"'],
    ['the longest', 'x'.repeat(255), 'x'.repeat(255)],
    ['white space around it', 'spaces', '  spaces\t'],
    ['with what a URL may have', 'order/17:create?try=1&b=(2)[3]{4}#~', 'order/17:create?try=1&b=(2)[3]{4}#~'],
  ])('a key is taken: %s', async (_, key, header) => {
    const body = { name: 'n', body: { of: key } };
    const first = await write('POST', '/document/create', body, header);
    expect(first.status, first.text).toBe(200);
    const operations = [{ kind: 'create', name: 'n', body: { of: key } }] as const;
    const again = await server.database.commit(anonymous, operations, { idempotency: { key } });
    expect(again).toMatchObject({ replayed: true, documents: [{ id: (first.json as { _id: string })._id }] });
  });

  test.each([
    ['empty', ''],
    ['empty in quotes', '""'],
    ['too long', 'x'.repeat(256)],
    ['too long in quotes', `"${'x'.repeat(256)}"`],
    ['without its closing quote', '"a'],
    ['with something behind it', '"a" b'],
    ['with parameters', '"a";b=1'],
    ['with a space in it', 'a b'],
    ['two keys', '"a", "b"'],
    ['two bare keys', 'a, b'],
    ['with an unknown escape', '"a\\n"'],
    ['a number of bytes that are not ASCII', 'schl\u00fcssel'],
    ['with one in quotes', '"schl\u00fcssel"'],
    ['with a tab in quotes', '"a\tb"'],
  ])('a key is refused, and nothing written: %s', async (_, header) => {
    const before = await server.database.status(anonymous);
    const answer = await write('POST', '/document/create', { name: 'n', body: {} }, header);
    expect([answer.status, answer.json]).toEqual([
      422,
      expect.objectContaining({ code: 'INVALID_ARGUMENT', path: 'Idempotency-Key', expected: expect.any(String) }),
    ]);
    expect((await server.database.status(anonymous)).sequence).toBe(before.sequence);
  });

  test('a dry run remembers nothing', async () => {
    const key = newKey();
    const request = { operations: [{ op: 'create', name: 'n', body: {} }] };
    const dry = await write('POST', '/document/transaction', { ...request, dry_run: true }, key);
    expect(dry.json).toMatchObject({ sequence: null });
    const real = await write('POST', '/document/transaction', request, key);
    expect(real.headers['idempotent-replayed']).toBeUndefined();
    const again = await write('POST', '/document/transaction', { ...request, dry_run: true }, key);
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([real.text, 'true']);
  });
});

test('pages of a configured origin may send the key, and see whether the answer was replayed', async () => {
  const [, openEngine] = engineVariants[0] ?? [];
  if (openEngine === undefined) throw new Error('there is an engine');
  const origin = 'https://studio.example';
  const server = await startListeningServer(openEngine, { http: { allowedOrigins: [origin] } });
  const preflight = await send(`${server.url}/document/create`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,idempotency-key',
    },
  });
  expect(preflight.headers['access-control-allow-headers']).toBe('content-type,idempotency-key');
  const answer = await send(`${server.url}/document/create`, {
    method: 'POST',
    body: { name: 'n', body: {} },
    headers: { origin, 'idempotency-key': 'a' },
  });
  expect(answer.headers['access-control-expose-headers']).toContain('Idempotent-Replayed');
  await server.close();
});

interface AnsweredDocument {
  readonly _id: string;
  readonly created_at: string;
  readonly archived_at: string | null;
}

/** Of one document, a list, or a commit. */
function documentsOf(answer: unknown): readonly AnsweredDocument[] {
  if (Array.isArray(answer)) return answer;
  const { documents } = answer as { readonly documents?: readonly AnsweredDocument[] };
  return documents ?? [answer as AnsweredDocument];
}
