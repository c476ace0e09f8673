import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { anonymous } from '../../src/database/principal.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { forwarding } from '../support/forwarding-database.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

const missingId = '01234567-89ab-7def-8123-456789abcdef';
const combinedAt = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

interface Source {
  readonly _id: string;
  readonly name: string;
  readonly version: number;
}

describe.each(engineVariants)('POST /document/combine on the %s', (_name, openEngine) => {
  let server: ListeningServer;
  /** Runs before each commit that has preconditions. */
  let beforeCommit: () => Promise<void>;

  beforeAll(async () => {
    beforeCommit = async () => undefined;
    server = await startListeningServer(openEngine, {
      rest: { now: () => combinedAt, bodyBytesMax: 100_000, jsonLimits: { nestingMax: 12, integerDigitsMax: 100 } },
      wrap: (database) => interruptCommits(database, () => beforeCommit()),
    });
  });

  afterAll(() => server.close());

  const post = (path: string, body: unknown): Promise<HttpAnswer> =>
    send(`${server.url}${path}`, { method: 'POST', body });

  async function create(name: string, body: object): Promise<Source> {
    return (await post('/document/create', { name, body })).json as Source;
  }

  const combine = (sources: readonly Source[], strategy: string): Promise<HttpAnswer> =>
    post('/document/combine', { name: 'all', document_ids: sources.map(({ _id }) => _id), merge_strategy: strategy });

  const metadataOf = (sources: readonly Source[], strategy: string): object => ({
    source_documents: sources.map(({ _id, name, version }) => ({ id: _id, name, version })),
    merge_strategy: strategy,
    combined_at: '2026-01-02T03:04:05.006Z',
  });

  test.each([
    ['overwrite', { a: 3, b: [2], c: 'x' }],
    ['append', { a: [1, 3], b: [1, 2], c: 'x' }],
    ['namespace', { one: { a: 1, b: [1] }, two: { a: 3, b: [2], c: 'x' } }],
  ])('%s answers 200 with a new document that tells its sources', async (strategy, merged) => {
    const sources = [await create('one', { a: 1, b: [1] }), await create('two', { a: 3, b: [2], c: 'x' })];
    const answer = await combine(sources, strategy);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      name: 'all',
      version: 1,
      body: { ...merged, _metadata: metadataOf(sources, strategy) },
      document_ids: sources.map(({ _id }) => _id),
    });
    const { document_ids: _ids, ...document } = answer.json as Record<string, unknown>;
    expect((await send(`${server.url}/document/get/${String(document._id)}`)).json).toEqual(document);
  });

  test('a source that changes meanwhile is read again, so that the result is of one moment', async () => {
    const source = await create('one', { a: 1 });
    let interruptions = 0;
    beforeCommit = async () => {
      interruptions += 1;
      if (interruptions > 2) return;
      await update(server.database, source._id, interruptions);
    };
    const answer = await combine([source], 'overwrite');
    beforeCommit = async () => undefined;
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ body: { a: 102, _metadata: { source_documents: [{ version: 3 }] } } });
    expect(interruptions).toBe(3);
  });

  test('sources that never rest are a conflict, after a bounded number of attempts', async () => {
    const source = await create('one', { a: 1 });
    let interruptions = 0;
    beforeCommit = async () => {
      interruptions += 1;
      await update(server.database, source._id, interruptions);
    };
    const answer = await combine([source], 'overwrite');
    beforeCommit = async () => undefined;
    expect(answer.status).toBe(409);
    expect(answer.json).toMatchObject({ code: 'VERSION_CONFLICT', id: source._id });
    expect(interruptions).toBe(5);
  });

  test('a source that is archived meanwhile is 400', async () => {
    const source = await create('one', { a: 1 });
    beforeCommit = async () => {
      beforeCommit = async () => undefined;
      await server.database.commit(anonymous, [{ kind: 'archive', id: source._id }]);
    };
    const answer = await combine([source], 'append');
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'NOT_FOUND', id: source._id });
  });

  test('an unknown strategy is 400', async () => {
    const answer = await combine([await create('one', {})], 'zip');
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      detail: expect.stringContaining('zip'),
      code: 'INVALID_ARGUMENT',
      path: 'merge_strategy',
      expected: 'one of overwrite, append, namespace',
    });
  });

  test('a missing and an archived source are 400', async () => {
    const live = await create('live', {});
    const archived = await create('archived', {});
    await send(`${server.url}/document/archive/${archived._id}`, { method: 'PUT' });
    for (const id of [missingId, archived._id]) {
      const answer = await post('/document/combine', {
        name: 'all',
        document_ids: [live._id, id],
        merge_strategy: 'overwrite',
      });
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({ detail: expect.stringContaining(id), code: 'NOT_FOUND', id });
    }
  });

  test('100 documents combine, 101 do not', async () => {
    const source = await create('one', { a: 1 });
    const hundred = await combine(Array<Source>(100).fill(source), 'append');
    expect(hundred.status).toBe(200);
    expect(hundred.json).toMatchObject({ body: { a: Array(100).fill(1) } });
    const answer = await combine(Array<Source>(101).fill(source), 'append');
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 100, actual: 101, path: 'document_ids' });
  });

  test('a result that could not have been sent is refused: too large, or too deep', async () => {
    const large = await create('large', { text: 'x'.repeat(40_000) });
    const tooLarge = await combine([large, large, large], 'namespace');
    expect(tooLarge.status).toBe(400);
    expect(tooLarge.json).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 100_000 });
    const deep = await create('deep', JSON.parse(`${'{"a":'.repeat(12)}1${'}'.repeat(12)}`));
    expect((await combine([deep], 'overwrite')).status).toBe(200);
    const tooDeep = await combine([deep], 'namespace');
    expect(tooDeep.status).toBe(400);
    expect(tooDeep.json).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 12 });
  });

  test.each([
    ['no name', { document_ids: [missingId], merge_strategy: 'append' }, 'name'],
    ['no ids', { name: 'n', merge_strategy: 'append' }, 'document_ids'],
    ['an empty list of ids', { name: 'n', document_ids: [], merge_strategy: 'append' }, 'document_ids'],
    ['an id that is none', { name: 'n', document_ids: [missingId, '7'], merge_strategy: 'append' }, 'document_ids.1'],
    ['an id that is a number', { name: 'n', document_ids: [7], merge_strategy: 'append' }, 'document_ids.0'],
    ['no strategy', { name: 'n', document_ids: [missingId] }, 'merge_strategy'],
  ])('%s is 422 with its path', async (_case, body, path) => {
    const answer = await post('/document/combine', body);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path, expected: expect.any(String) });
  });
});

async function update(database: Database, id: string, version: number): Promise<void> {
  await database.commit(anonymous, [{ kind: 'update', id, version, body: { a: 100 + version } }]);
}

/** The same database, but something may happen between what a combination reads and what it writes. */
function interruptCommits(database: Database, beforeCommit: () => Promise<void>): Database {
  return {
    ...forwarding(database),
    commit: async (principal, operations, options) => {
      if (operations.some(({ kind }) => kind === 'assert')) await beforeCommit();
      return database.commit(principal, operations, options);
    },
  };
}
