import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, ReadView } from '../../src/database/database.ts';
import { scanOf } from '../../src/database/document-scan.ts';
import type { Document } from '../../src/document/document.ts';
import { DatabaseError } from '../../src/errors.ts';
import { defaultQueryLimits } from '../../src/query/limits.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { forwarding, forwardingView } from '../support/forwarding-database.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

describe.each(engineVariants)('POST /document/find on the %s', (_name, openEngine) => {
  let server: ListeningServer;

  beforeAll(async () => {
    server = await startListeningServer(openEngine, {
      rest: { queryLimits: { ...defaultQueryLimits, page: { pageSizeMax: 50 } } },
    });
    await post('/document/batch/create', [
      {
        table_name: 'people',
        name: 'alice',
        body: { username: 'alice', level: 10, address: { city: 'Kyiv' }, tags: ['a', 'b'] },
      },
      {
        table_name: 'people',
        name: 'bob',
        body: { username: 'bob', level: 7, address: { city: 'Lviv' }, nothing: null },
      },
      { table_name: 'people', name: 'carol', body: { username: 'carol', level: 10, 'address.city': 'Odesa' } },
    ]);
    const archived = await post('/document/create', {
      table_name: 'people',
      name: 'dave',
      body: { username: 'dave', level: 1 },
    });
    await send(`${server.url}/document/archive/${(archived.json as { _id: string })._id}`, { method: 'PUT' });
    await post('/document/create', { name: 'untabled', body: { username: 'erin', level: 3 } });
  });

  afterAll(() => server.close());

  const post = (path: string, body: unknown): Promise<HttpAnswer> =>
    send(`${server.url}${path}`, { method: 'POST', body });
  const find = (body: unknown, query = ''): Promise<HttpAnswer> => post(`/document/find${query}`, body);

  async function found(body: unknown, query = ''): Promise<string[]> {
    const answer = await find(body, query);
    expect(answer.status).toBe(200);
    return (answer.json as { name: string }[]).map(({ name }) => name);
  }

  test('answers 200 with the list of the documents whose fields are equal', async () => {
    const answer = await find({ username: 'alice' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    const [alice] = answer.json as { _id: string }[];
    expect(answer.json).toHaveLength(1);
    expect(answer.json).toEqual([(await send(`${server.url}/document/get/${alice?._id}`)).json]);
    expect(Object.keys(alice ?? {}).at(-1)).toBe('table_data');
  });

  test.each(['table_name=%ED%A0%80', 'table_name=%FF', 'sort_by=%', 'limit=1&%E0%A4=x'])(
    'a query that is not UTF-8 is refused and never looked for as it is: %s',
    async (query) => {
      const answer = await find({}, `?${query}`);
      expect(answer.status).toBe(422);
      expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', expected: 'percent-encoded UTF-8' });
    },
  );

  test('parameters are read as forms write them: a plus is a space, of two the last one counts', async () => {
    const query = '?table_name=other&&flag&table_name=peopl%65&include_archived=+True';
    expect(await found({}, query)).toEqual(['alice', 'bob', 'carol', 'dave']);
  });

  test('nothing that fits is an empty list', async () => {
    const answer = await find({ username: 'nobody' });
    expect([answer.status, answer.text]).toEqual([200, '[]']);
  });

  test('without a filter all live documents come, in the order of creation', async () => {
    expect(await found({})).toEqual(['alice', 'bob', 'carol', 'untabled']);
  });

  test.each([
    ['every field must be equal', { level: 10, username: 'carol' }, ['carol']],
    ['an object is equal as a whole', { address: { city: 'Kyiv' } }, ['alice']],
    ['a part of an object is not enough', { address: {} }, []],
    ['a list is equal as a whole', { tags: ['a', 'b'] }, ['alice']],
    ['a value does not look inside a list', { tags: 'a' }, []],
    ['null is a value', { nothing: null }, ['bob']],
    ['null is not a field that is missing', { tags: null }, []],
    ['a key that holds a dot is that very key, or a path', { 'address.city': 'Kyiv' }, ['alice']],
    ['a key that holds a dot is a path, or that very key', { 'address.city': 'Odesa' }, ['carol']],
    ['a key that objects inherit matches nothing', { constructor: {} }, []],
    ['a $ deeper inside is data', { address: { city: { $ne: 1 } } }, []],
  ])('%s', async (_rule, filter, names) => {
    expect(await found(filter)).toEqual(names);
  });

  test.each(['true', 'True', '1', 'yes', 'on', 'TRUE'])(
    'include_archived=%s finds archived documents too',
    async (value) => {
      expect(await found({ level: 1 }, `?include_archived=${value}`)).toEqual(['dave']);
    },
  );

  test.each(['false', 'False', '0', 'no', 'off'])('include_archived=%s does not', async (value) => {
    expect(await found({ level: 1 }, `?include_archived=${value}`)).toEqual([]);
  });

  test('table_name narrows to a table, and one that does not exist is empty', async () => {
    expect(await found({}, '?table_name=people')).toEqual(['alice', 'bob', 'carol']);
    expect(await found({}, '?table_name=default')).toEqual(['untabled']);
    expect(await found({}, '?table_name=nowhere')).toEqual([]);
    expect(await found({}, '?table_name=__proto__')).toEqual([]);
  });

  test('sort_by and order sort, and equal ones stay in the order of creation', async () => {
    expect(await found({}, '?sort_by=level')).toEqual(['untabled', 'bob', 'alice', 'carol']);
    expect(await found({}, '?sort_by=level&order=asc')).toEqual(['untabled', 'bob', 'alice', 'carol']);
    expect(await found({}, '?sort_by=level&order=desc')).toEqual(['alice', 'carol', 'bob', 'untabled']);
    expect(await found({}, '?sort_by=$name&order=DESC')).toEqual(['untabled', 'carol', 'bob', 'alice']);
    expect(await found({}, '?sort_by=address.city&table_name=people&order=desc')).toEqual(['bob', 'alice', 'carol']);
  });

  // Those of one request have one moment of creation, and are still in an order.
  test('without sort_by descending is the order of creation from its end', async () => {
    expect(await found({}, '?order=desc')).toEqual(['untabled', 'carol', 'bob', 'alice']);
    expect(await found({}, '?order=desc&include_archived=true')).toEqual(['untabled', 'dave', 'carol', 'bob', 'alice']);
    expect(await found({ level: 10 }, '?order=desc')).toEqual(['carol', 'alice']);
    expect(await found({}, '?order=desc&limit=2')).toEqual(['untabled', 'carol']);
    expect(await found({}, '?order=desc&limit=2&offset=1')).toEqual(['carol', 'bob']);
    expect(await found({}, '?order=desc&offset=3')).toEqual(['alice']);
    expect(await found({}, '?order=desc&offset=9')).toEqual([]);
    expect(await found({}, '?order=desc&limit=2&offset=9')).toEqual([]);
    expect(await found({}, '?order=desc&limit=0')).toEqual([]);
  });

  test('limit and offset cut a part out of the order', async () => {
    expect(await found({}, '?limit=2')).toEqual(['alice', 'bob']);
    expect(await found({}, '?limit=2&offset=1')).toEqual(['bob', 'carol']);
    expect(await found({}, '?offset=3')).toEqual(['untabled']);
    expect(await found({}, '?offset=9')).toEqual([]);
    expect(await found({}, '?limit=0')).toEqual([]);
    expect(await found({}, '?sort_by=username&order=desc&offset=1&limit=1')).toEqual(['carol']);
  });

  test('parameters that nobody knows are ignored, and of one that comes twice the last counts', async () => {
    expect(await found({}, '?colour=red&limit=3&limit=1&__proto__=1')).toEqual(['alice']);
  });

  test.each([
    ['?include_archived=maybe', 'include_archived'],
    ['?include_archived=', 'include_archived'],
    ['?limit=-1', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=1.5', 'limit'],
    ['?offset=-1', 'offset'],
    ['?order=up', 'order'],
    ['?sort_by=', 'sort_by'],
    ['?sort_by=$colour', 'sort_by'],
  ])('%s is 422', async (query, path) => {
    const answer = await find({}, query);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path, expected: expect.any(String) });
  });

  test('operators find what they mean in MongoDB, lists included', async () => {
    expect(await found({ level: { $gte: 7, $lt: 10 } })).toEqual(['bob']);
    expect(await found({ tags: { $eq: 'a' } })).toEqual(['alice']);
    expect(await found({ tags: { $eq: null }, level: 10 })).toEqual(['carol']);
    expect(await found({ $or: [{ username: 'bob' }, { 'address.city': { $regex: '^k', $options: 'i' } }] })).toEqual([
      'alice',
      'bob',
    ]);
    expect(await found({ $name: { $in: ['carol', 'dave'] } })).toEqual(['carol']);
    expect(await found({ 'address\\.city': { $exists: true } })).toEqual(['carol']);
  });

  test('a filter above its limits is refused with the place', async () => {
    const values = Array.from({ length: 10_001 }, (_, number) => number);
    const answer = await find({ level: { $in: values } });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 10_000, actual: 10_001, path: 'level.\\$in' });
  });

  test('a limit above the greatest page is refused', async () => {
    const answer = await find({}, '?limit=51');
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 50, actual: 51, path: 'limit' });
  });

  test.each([
    ['a list', [], ''],
    ['a string', '"alice"', ''],
    ['nothing', undefined, ''],
    ['an operator at the top', { $and: [] }, '\\$and'],
    ['an operator in a field', { level: { $near: 5 } }, 'level.\\$near'],
    ['an operator beside a plain key', { 'a.b': { c: 1, $gte: 5 } }, 'a\\.b.\\$gte'],
  ])('%s for a filter is 422 with its path', async (_case, body, path) => {
    const answer = await find(body);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path, expected: expect.any(String) });
  });
});

describe.each(engineVariants)('A long list on the %s', (_name, openEngine) => {
  const count = 1_200;
  const padding = 'x'.repeat(1_000);
  let server: ListeningServer;
  let openViews: Set<ReadView>;
  /** What happens when the nth batch is read. */
  let onBatch: (index: number) => void | Promise<void>;

  beforeAll(async () => {
    openViews = new Set();
    onBatch = () => undefined;
    server = await startListeningServer(openEngine, {
      wrap: (database) => watchViews(database, openViews, (index) => onBatch(index)),
    });
    const body = Array.from({ length: count }, (_, number) => ({ name: 'row', body: { number, padding } }));
    await send(`${server.url}/document/batch/create`, { method: 'POST', body });
  });

  afterAll(() => server.close());

  const findAll = (query = ''): Promise<HttpAnswer> =>
    send(`${server.url}/document/find${query}`, { method: 'POST', body: {} });

  test('comes whole and in order without a limit, as a stream, and its view is closed', async () => {
    const answer = await findAll();
    expect(answer.headers['transfer-encoding']).toBe('chunked');
    const numbers = (answer.json as { body: { number: number } }[]).map(({ body }) => body.number);
    expect(numbers).toEqual(Array.from({ length: count }, (_, number) => number));
    expect(openViews.size).toBe(0);
  });

  test('a short one is one write with its length', async () => {
    const answer = await findAll('?limit=20');
    expect(answer.headers['transfer-encoding']).toBeUndefined();
    expect(Number(answer.headers['content-length'])).toBe(answer.text.length);
    expect(openViews.size).toBe(0);
  });

  test('a failure before the first piece is an answer, and the view is closed', async () => {
    onBatch = () => {
      throw new DatabaseError('OVERLOADED', 'busy', { retryAfterSeconds: 3 });
    };
    const answer = await findAll();
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '3']);
    expect(answer.json).toEqual({ detail: 'busy', code: 'OVERLOADED', retryAfterSeconds: 3 });
    expect(openViews.size).toBe(0);
    onBatch = () => undefined;
  });

  test('a failure in the middle cuts the connection, so that half a list is not taken for a whole one', async () => {
    onBatch = (index) => {
      if (index === 8) throw new DatabaseError('LIMIT_EXCEEDED', 'too slow');
    };
    await expect(findAll()).rejects.toThrow();
    expect(openViews.size).toBe(0);
    onBatch = () => undefined;
  });

  test('a client that goes away before the first piece leaves no view open', async () => {
    const reached = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    onBatch = async (index) => {
      if (index !== 0) return;
      reached.resolve();
      await resumed.promise;
    };
    const socketClosed = new Promise<void>((resolve) => {
      server.server.server.once('connection', (socket) => socket.once('close', () => resolve()));
    });
    const request = httpRequest(`${server.url}/document/find`, { method: 'POST', agent: false });
    const failed = new Promise((resolve) => request.once('error', resolve));
    request.end('{}');
    await reached.promise;
    request.destroy();
    await Promise.all([failed, socketClosed]);
    expect(openViews.size).toBe(1);
    resumed.resolve();
    await expect.poll(() => openViews.size).toBe(0);
    onBatch = () => undefined;
  });

  test('a client that goes away in the middle leaves no view open', async () => {
    const reached = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    onBatch = async (index) => {
      if (index !== 8) return;
      reached.resolve();
      await resumed.promise;
    };
    const controller = new AbortController();
    const response = await fetch(`${server.url}/document/find`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
      signal: controller.signal,
    });
    const cut = expect(response.text()).rejects.toThrow();
    await reached.promise;
    expect([response.status, openViews.size]).toEqual([200, 1]);
    controller.abort();
    await cut;
    await expect.poll(() => openViews.size).toBe(0);
    resumed.resolve();
    onBatch = () => undefined;
  });
});

/** The same database, but it is told which views are open, and something may happen when a scan reaches a batch. */
function watchViews(
  database: Database,
  open: Set<ReadView>,
  onBatch: (index: number) => void | Promise<void>,
): Database {
  return {
    ...forwarding(database),
    view: async (...args) => {
      const view = await database.view(...args);
      const watched: ReadView = {
        ...forwardingView(view),
        scanDocuments: (query) => scanOf(smallBatches(view.scanDocuments(query), onBatch)),
        close: () => {
          open.delete(watched);
          view.close();
        },
      };
      open.add(watched);
      return watched;
    },
  };
}

async function* smallBatches(
  batches: AsyncIterable<readonly Document[]>,
  onBatch: (index: number) => void | Promise<void>,
): AsyncGenerator<readonly Document[]> {
  let index = 0;
  for await (const documents of batches) {
    for (let start = 0; start < documents.length; start += 100) {
      await onBatch(index);
      index += 1;
      yield documents.slice(start, start + 100);
    }
  }
}
