import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/cli/exit-code.ts';
import { hashBody } from '../../../src/document/body-hash.ts';
import { startServer } from '../../process/server-process.ts';
import { send } from '../../support/http-client.ts';
import { contentsOf, TemporaryFolder, yaradb } from '../data-fixture.ts';
import {
  archiveText,
  createText,
  documentText,
  hashOf,
  tableText,
  updateText,
  writeLegacy,
  writeLegacy2,
  writeLegacy3,
} from './legacy-fixture.ts';

const id = (last: number): string => `a1b2c3d4-0000-4000-8000-${String(last).padStart(12, '0')}`;
const usersId = 'bbbbbbbb-0000-4000-8000-000000000001';
const users = `{"id": "${usersId}", "name": "users"}`;

const get = (url: string, path: string) => send(`${url}${path}`);
const find = async (url: string, query = ''): Promise<readonly Record<string, unknown>[]> => {
  const answer = await send(`${url}/document/find?include_archived=true${query}`, { method: 'POST', body: {} });
  return answer.json as readonly Record<string, unknown>[];
};
const lineOf = (text: string) => expect.stringMatching(new RegExp(`(^|\\n)yaradb: [^\\n]*${text}[^\\n]*\\n$`));

/** Imports, verifies what was made, and runs a server on it. */
async function imported(legacy: string, directory: string, ...flags: readonly string[]) {
  const ending = await yaradb('import', '--legacy', legacy, '--data-dir', directory, '--json', ...flags);
  expect(ending.stdout, ending.stderr).not.toBe('');
  expect((await yaradb('verify', directory)).stdout).toMatch(/^clean: /);
  const { server, url } = await startServer(directory, ['--history-bytes-max', '1MiB', '--segment-bytes-max', '1MiB']);
  return { ending, summary: JSON.parse(ending.stdout), server, url };
}

test('the second version: a client that holds a version goes on as if nothing had happened', async () => {
  using folder = new TemporaryFolder();
  const legacy = writeLegacy2(
    folder.join('old'),
    [
      {
        id: id(3),
        name: 'user_account',
        body: '{"level": 10, "username": "\\u00e9"}',
        version: 7,
        updatedAt: '2025-11-01 10:00:00+00:00',
      },
      {
        id: id(1),
        body: '{"gone": true}',
        version: 2,
        updatedAt: '2025-11-01 10:00:00+00:00',
        archivedAt: '2025-11-01 10:00:00+00:00',
      },
      {
        id: id(2),
        body: '{"f": 1.0, "z": -0.0, "big": 123456789012345678901234567890, "s": 1e-07}',
        createdAt: '2025-10-31 12:00:00',
      },
    ],
    `${createText({ id: id(4), body: '{"n": 1}' })}\n${updateText(id(4), 2, '{"n": 2}')}\n${archiveText(id(2), 2)}\n`,
  );
  const before = contentsOf(legacy);
  const { server, url, summary, ending } = await imported(legacy, folder.join('new'));
  await using _ = server;
  expect(ending).toMatchObject({ code: 0, stderr: '' });
  expect(summary).toMatchObject({ documents: 4, archived: 2, tables: 0, operations: 3, known: 0, tornBytes: 0 });
  expect(contentsOf(legacy)).toEqual(before);
  expect((await get(url, `/document/get/${id(3)}`)).json).toEqual({
    _id: id(3),
    name: 'user_account',
    body: { level: 10, username: 'é' },
    body_hash: hashBody({ level: 10, username: 'é' }),
    created_at: '2025-10-31T12:00:00.123Z',
    updated_at: '2025-11-01T10:00:00.000Z',
    version: 7,
    archived_at: null,
  });
  const documents = await find(url);
  expect(documents.map(({ _id, version }) => [_id, version])).toEqual([
    [id(3), 7],
    [id(1), 2],
    [id(2), 2],
    [id(4), 2],
  ]);
  expect(documents[2]).toMatchObject({
    created_at: '2025-10-31T12:00:00.000Z',
    updated_at: '2025-11-02T09:00:00.000Z',
    archived_at: '2025-11-02T09:00:00.000Z',
  });
  expect((await send(`${url}/document/find?include_archived=true`, { method: 'POST', body: { f: 1 } })).text).toContain(
    '{"f":1,"z":0,"big":123456789012345678901234567890,"s":1e-7}',
  );
  expect((await get(url, `/document/get/${id(1)}`)).status).toBe(404);
  const update = (version: number) =>
    send(`${url}/document/update/${id(3)}`, { method: 'PUT', body: { version, body: { level: 11 } } });
  expect((await update(6)).json).toMatchObject({
    detail: 'Conflict: Document version mismatch. DB is at 7, you sent 6',
  });
  expect((await update(7)).json).toMatchObject({ version: 8, created_at: '2025-10-31T12:00:00.123Z' });
});

test('the third version: tables, their settings and indexes, and what was done to them since', async () => {
  using folder = new TemporaryFolder();
  const schema =
    '{"type": "object", "properties": {"email": {"type": "string"}, "a.b": {}}, "additionalProperties": false}';
  const settings = `{"schema": ${schema}, "unique_fields": ["email"]}`;
  const legacy = writeLegacy3(
    folder.join('old'),
    [
      tableText(usersId, 'users', settings, '{"a.b": "btree", "email": "hash"}'),
      tableText('bbbbbbbb-0000-4000-8000-000000000002', 'closed', '{"read_only": true}'),
      tableText('bbbbbbbb-0000-4000-8000-000000000003', 'dropped'),
    ],
    [
      { id: id(1), body: '{"email": "a", "a.b": 1}', tableData: users },
      { id: id(2), body: '{"x": 1}', tableData: '{"id": "bbbbbbbb-0000-4000-8000-000000000002", "name": "closed"}' },
      { id: id(3), body: '{"x": 2}', tableData: '{}' },
      { id: id(4), body: '{"x": 3}', tableData: '{"id": "bbbbbbbb-0000-4000-8000-000000000003", "name": "dropped"}' },
      { id: id(5), body: '{"x": 4}', tableData: '["cccccccc-0000-4000-8000-000000000009", "listed"]' },
    ],
    [
      createText({ id: id(6), body: '{"_metadata": {}}' }, 'create_combined'),
      `{"op": "create_table", "table": ${tableText('bbbbbbbb-0000-4000-8000-000000000004', 'made')}}`,
      '{"op": "create_index", "table_name": "made", "field": "q", "index_type": "hash"}',
      '{"op": "create_index", "table_name": "made", "field": "r", "index_type": "hash"}',
      '{"op": "drop_index", "table_name": "made", "field": "r"}',
      '{"op": "drop_table", "name": "dropped"}',
      '',
    ].join('\n'),
  );
  const { server, url, summary, ending } = await imported(legacy, folder.join('new'));
  await using _ = server;
  expect(ending.code).toBe(0);
  expect(summary).toMatchObject({ documents: 6, tables: 5, leftOut: 0, operations: 6 });
  expect(summary.notices).toEqual([
    expect.stringContaining("table 'dropped' is made of its documents"),
    expect.stringContaining("table 'listed' is made of its documents"),
  ]);
  const tables = (await get(url, '/table/list')).json as readonly { readonly id: string; readonly name: string }[];
  expect(tables.map(({ name }) => name).sort()).toEqual(['closed', 'default', 'dropped', 'listed', 'made', 'users']);
  expect((await get(url, '/table/users')).json).toMatchObject({
    id: usersId,
    mode: 'strict',
    schema_definition: JSON.parse(schema),
    unique_fields: ['email'],
    created_at: '2025-10-31T12:00:00.123Z',
    indexes: [
      expect.objectContaining({ field: 'email', unique: true }),
      expect.objectContaining({ field: 'a\\.b', type: 'btree' }),
    ],
  });
  expect((await get(url, '/table/closed')).json).toMatchObject({ is_read_only: true, documents_count: 1 });
  expect((await get(url, '/table/made/indexes')).json).toMatchObject({ indexes: [{ field: 'q', type: 'hash' }] });
  expect((await get(url, `/document/get/${id(1)}`)).json).toMatchObject({ table_data: { id: usersId, name: 'users' } });
  expect((await get(url, `/document/get/${id(6)}`)).json).not.toHaveProperty('table_data');
  const create = await send(`${url}/document/create`, {
    method: 'POST',
    body: { table_name: 'users', body: { email: 'a' } },
  });
  expect([create.status, create.json]).toEqual([400, expect.objectContaining({ code: 'UNIQUE_VIOLATION' })]);
});

test('what the documents do not fit is left out and told; they themselves are there', async () => {
  using folder = new TemporaryFolder();
  const settings = '{"schema": {"type": "object", "required": ["email"]}, "unique_fields": ["email", "other"]}';
  const legacy = writeLegacy3(
    folder.join('old'),
    [tableText(usersId, 'users', settings)],
    [1, 2]
      .map((last) => ({ id: id(last), body: '{"email": null}', tableData: users }))
      .concat({ id: id(3), body: '{}', tableData: users }),
  );
  const { server, url, ending } = await imported(legacy, folder.join('new'));
  await using _ = server;
  expect(ending.code).toBe(exitCodes.refusedSome);
  expect(ending.stderr.split('\n')).toEqual([
    expect.stringContaining("the schema of table 'users' is left out"),
    expect.stringContaining("that 'email' is unique in table 'users' is left out"),
    '',
  ]);
  expect((await get(url, '/table/users')).json).toMatchObject({
    mode: 'free',
    documents_count: 3,
    unique_fields: ['other'],
  });
});

test('its past begins with the import: history, pruning, erasure, backup and restore work', async () => {
  using folder = new TemporaryFolder();
  const documents = Array.from({ length: 50 }, (_, n) => ({ id: id(n), body: `{"n": ${n}}`, version: (n % 5) + 1 }));
  const { server, url, summary } = await imported(writeLegacy2(folder.join('old'), documents), folder.join('new'));
  await using _ = server;
  expect(summary.documents).toBe(50);
  const graphql = async (query: string): Promise<unknown> =>
    (await send(`${url}/graphql`, { method: 'POST', body: { query } })).json;
  const historyGone = expect.objectContaining({
    errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'HISTORY_GONE' }) })],
  });
  expect(await graphql(`{ getDocument(id: "${id(4)}") { version history { totalCount nodes { version } } } }`)).toEqual(
    {
      data: { getDocument: { version: 5, history: { totalCount: 1, nodes: [{ version: 5 }] } } },
    },
  );
  expect(await graphql(`{ getDocument(id: "${id(4)}", version: 3) { version } }`)).toEqual(historyGone);
  expect(await graphql('{ findDocuments(asOf: {sequence: 10}) { totalCount } }')).toEqual(historyGone);
  await graphql(`mutation { eraseDocument(id: "${id(7)}", version: 3) }`);
  const bases = () => readdirSync(folder.join('new', 'snapshots')).filter((name) => name.endsWith('.base'));
  const [founded] = bases();
  for (let version = 5; version < 17; version += 1) {
    const body = { version, body: { text: 'x'.repeat(500_000) } };
    expect((await send(`${url}/document/update/${id(4)}`, { method: 'PUT', body })).status).toBe(200);
    if (version % 4 === 0) expect((await yaradb('snapshot', '--url', url)).code).toBe(0);
  }
  expect((await yaradb('backup', folder.join('b.tar'), '--url', url)).code).toBe(0);
  expect((await yaradb('compact', '--url', url)).code).toBe(0);
  expect(bases()).toHaveLength(1);
  expect(bases()).not.toEqual([founded]);
  server.kill('SIGTERM');
  await server.ended;
  expect((await yaradb('verify', folder.join('new'))).stdout).toMatch(/^clean: .*49 documents/);
  const restored = await yaradb('restore', folder.join('b.tar'), folder.join('restored'));
  expect([restored.code, restored.stderr]).toEqual([0, '']);
  expect((await yaradb('verify', folder.join('restored'))).stdout).toMatch(/^clean: .*49 documents/);
});

describe('a log', () => {
  const one = { id: id(1), body: '{"n": 1}' };

  test('whose last line was not written to its end is read without it, which is told', async () => {
    using folder = new TemporaryFolder();
    const whole = `${createText(one)}\n${updateText(id(1), 2, '{"n": 2}')}\n`;
    const legacy = writeLegacy(folder.join('old'), null, `${whole}${updateText(id(1), 3, '{"n": 3}').slice(0, -9)}`);
    const { server, url, summary, ending } = await imported(legacy, folder.join('new'));
    await using _ = server;
    expect([ending.code, summary.operations]).toEqual([0, 2]);
    expect(ending.stderr).toMatch(
      /^yaradb_wal ends in a line that was not written to its end \(\d+ bytes\): left out\n$/,
    );
    expect((await get(url, `/document/get/${id(1)}`)).json).toMatchObject({ version: 2, body: { n: 2 } });
  });

  test('that the storage file holds already changes nothing', async () => {
    using folder = new TemporaryFolder();
    const log = `${createText(one)}\n${updateText(id(1), 2, '{"n": 2}')}\n${updateText(id(1), 3, '{"n": 3}')}\n`;
    const legacy = writeLegacy2(folder.join('old'), [{ ...one, body: '{"n": 2}', version: 2 }], log);
    const { server, url, summary } = await imported(legacy, folder.join('new'));
    await using _ = server;
    expect(summary).toMatchObject({ documents: 1, operations: 3, known: 2 });
    expect((await get(url, `/document/get/${id(1)}`)).json).toMatchObject({ version: 3, body: { n: 3 } });
  });

  test.each([
    [
      'cut off in the middle',
      `${createText(one).slice(0, 40)}\n${createText({ ...one, id: id(2) })}\n`,
      'line 1: Not a JSON text',
    ],
    [
      'with a version that is missing',
      `${createText(one)}\n${updateText(id(1), 3, '{}')}\n`,
      'line 2: .*version 3 where 2 is due',
    ],
    ['of a document that is missing', `\n${archiveText(id(1), 2)}\n`, 'line 2: there is no document'],
    ['with an operation that nobody knows', '{"op": "explode"}\n', "line 1: 'explode' is no operation"],
    [
      'with NaN, which JSON has not',
      createText({ ...one, body: '{"n": NaN}', hash: 'x' }).concat('\n'),
      'line 1: Not a JSON text',
    ],
    ['with a lone surrogate', `${createText({ ...one, body: '{"s": "\\ud800"}' })}\n`, 'line 1: .*lone surrogate'],
    [
      'with a body that is not that of its hash',
      `${createText({ ...one, hash: hashOf('{"n": 2}') })}\n`,
      'line 1: the body of document',
    ],
  ])('%s is refused with its line, and nothing is made', async (_, log, reason) => {
    using folder = new TemporaryFolder();
    const legacy = writeLegacy(folder.join('old'), null, log);
    const ending = await yaradb('import', '--legacy', legacy, '--data-dir', folder.join('new'));
    expect([ending.code, ending.stdout]).toEqual([exitCodes.corruption, '']);
    expect(ending.stderr).toMatch(new RegExp(`^yaradb_wal, ${reason}`));
    expect(ending.stderr).toEqual(lineOf('has 1 problem: nothing was imported'));
    expect(existsSync(folder.join('new'))).toBe(false);
  });
});

describe('a storage file', () => {
  const whole = `[${documentText({ id: id(1), body: '{"n": 1}' })}, ${documentText({ id: id(2), body: '{"n": 2}' })}]`;

  test.each([
    ['cut off in a document', whole.slice(0, -20), 'behind document 1: '],
    ['cut off behind a document', whole.slice(0, -1), 'behind document 2: '],
    [
      'of the third version that is cut off',
      `{"tables": [], "documents": ${whole}`,
      'behind document 2: it is cut off',
    ],
    ['that is empty', '', 'behind document 0: it is cut off'],
    ['of something else', '{"rows": []}', "behind document 0: .*neither 'tables' nor 'documents'"],
    [
      'with a document twice',
      `[${documentText({ id: id(1), body: '{}' })}, ${documentText({ id: id(1), body: '{}' })}]`,
      'document 2: .*twice',
    ],
    ['with a body that was changed', whole.replace('{"n": 2}', '{"n": 3}'), 'document 2: the body of document'],
    ['without a version', whole.replace('"version": 1', '"version": 0'), "document 1: 'version' is not"],
    ['with a time that is none', whole.replace('2025-10-31 ', '2025-13-31 '), "document 1: 'created_at' is not a time"],
  ])('%s is refused with its place, and nothing is made', async (_, storage, reason) => {
    using folder = new TemporaryFolder();
    const legacy = writeLegacy(folder.join('old'), storage, null);
    const ending = await yaradb('import', '--legacy', legacy, '--data-dir', folder.join('new'));
    expect([ending.code, ending.stdout]).toEqual([exitCodes.corruption, '']);
    expect(ending.stderr).toMatch(new RegExp(`^yaradb_storage.json, ${reason}`));
    expect(existsSync(folder.join('new'))).toBe(false);
  });

  test('with a body that was changed is taken when that is asked for, and told', async () => {
    using folder = new TemporaryFolder();
    const legacy = writeLegacy(folder.join('old'), whole.replace('{"n": 2}', '{"n": 3}'), null);
    const { server, url, ending, summary } = await imported(legacy, folder.join('new'), '--accept-hash-mismatch');
    await using _ = server;
    expect([ending.code, summary.acceptedMismatches]).toEqual([0, 1]);
    expect(ending.stderr).toMatch(
      /^yaradb_storage.json, document 2: the body of document \S+ has the hash .*; taken, .*\n$/,
    );
    expect((await get(url, `/document/get/${id(2)}`)).json).toMatchObject({
      body: { n: 3 },
      body_hash: hashBody({ n: 3 }),
    });
  });
});

describe('the data directory', () => {
  const documents = [{ id: id(1), body: '{"n": 1}' }];

  test('may be that of the old server, in which a new one has started already', async () => {
    using folder = new TemporaryFolder();
    const directory = writeLegacy2(folder.join('app'), documents);
    const first = await startServer(directory);
    const told = await yaradb('import', '--legacy', directory, '--data-dir', directory);
    expect([told.code, told.stderr]).toEqual([exitCodes.locked, lineOf('open in another process')]);
    first.server.kill('SIGTERM');
    expect((await first.server.ended).stderr).toContain(`yaradb import --legacy ${directory}`);
    const { server, url } = await imported(directory, directory);
    await using _ = server;
    expect(await find(url)).toHaveLength(1);
    server.kill('SIGTERM');
    expect((await server.ended).stderr).not.toContain('yaradb import --legacy');
    expect(readdirSync(directory).sort()).toEqual(['lock', 'log', 'snapshots', 'yaradb_storage.json', 'yaradb_wal']);
  });

  test('that holds documents of this server is not touched', async () => {
    using folder = new TemporaryFolder();
    const legacy = writeLegacy2(folder.join('old'), documents);
    const { server } = await imported(legacy, folder.join('new'));
    server.kill('SIGTERM');
    await server.ended;
    rmSync(folder.join('new', 'lock'));
    const before = contentsOf(folder.join('new'));
    const ending = await yaradb('import', '--legacy', legacy, '--data-dir', folder.join('new'));
    expect([ending.code, ending.stderr]).toEqual([exitCodes.usage, lineOf('holds a database of this server already')]);
    rmSync(folder.join('new', 'lock'));
    expect(contentsOf(folder.join('new'))).toEqual(before);
  });

  test('in which an import was killed does not open half made, and what it left beside is cleared away', async () => {
    using folder = new TemporaryFolder();
    const legacy = writeLegacy2(folder.join('old'), documents);
    const directory = folder.join('new');
    mkdirSync(join(directory, 'import-0123abcd.yaradb-partial', 'log'), { recursive: true });
    const { server } = await imported(legacy, directory);
    server.kill('SIGKILL');
    await server.ended;
    expect(readdirSync(directory).sort()).toEqual(['lock', 'log', 'operator.json', 'snapshots']);
    rmSync(join(directory, 'log'), { recursive: true });
    await expect(startServer(directory)).rejects.toThrow('ended with 3 ');
  });

  test('of the old server must hold its files', async () => {
    using folder = new TemporaryFolder();
    const ending = await yaradb('import', '--legacy', folder.path, '--data-dir', folder.join('new'));
    expect([ending.code, ending.stderr]).toEqual([
      exitCodes.usage,
      lineOf('holds neither yaradb_storage.json nor yaradb_wal'),
    ]);
  });

  test('of an old server without any documents becomes an empty database', async () => {
    using folder = new TemporaryFolder();
    const { server, url } = await imported(
      writeLegacy(folder.join('old'), '{"tables": [], "documents": []}', ''),
      folder.join('new'),
    );
    await using _ = server;
    expect(await find(url)).toEqual([]);
  });
});
