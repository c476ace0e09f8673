import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthorizedDatabase, type GuardedDatabase } from '../../src/access/authorized-database.ts';
import type { ReadView } from '../../src/database/database.ts';
import { anonymous, type Principal } from '../../src/database/principal.ts';
import { parseRights } from '../../src/database/rights.ts';
import { parsePath } from '../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { everything } from '../../src/query/filter.ts';
import { forwarding, forwardingView } from '../support/forwarding-database.ts';

const principal = (...roles: readonly string[]): Principal => {
  const rights = parseRights(roles);
  if (rights === null) throw new Error(`no roles: ${roles}`);
  return { name: 'somebody', rights };
};

const id = '00000000-0000-4000-8000-000000000001';
const query = { filter: everything, orderBy: [], archived: 'INCLUDE' } as const;
const aggregate = { filter: everything, archived: 'INCLUDE', groupBy: [], measures: [], orderBy: [] } as const;
const index = {
  table: 'a',
  paths: [parsePath('n', 'n')],
  kind: 'HASH',
  unique: false,
  archived: 'INCLUDE',
} as const;

/** How every method that answers somebody is called. One that is missing here does not compile, and fails the first test. */
const calls: {
  readonly [Name in Exclude<keyof GuardedDatabase, 'close'>]: (database: GuardedDatabase, who: Principal) => unknown;
} = {
  getDocument: (database, who) => database.getDocument(who, id),
  view: (database, who) => database.view(who),
  commit: (database, who) => database.commit(who, [{ kind: 'create', table: 'a', body: {} }]),
  replay: (database, who) => database.replay(who, { key: 'key', request: [] }),
  changes: (database, who) => database.changes(who, { table: 'a', filter: everything }),
  createTable: (database, who) => database.createTable(who, 'new', {}),
  updateTable: (database, who) => database.updateTable(who, 'a', { readOnly: false }, true),
  dropTable: (database, who) => database.dropTable(who, 'a'),
  createIndex: (database, who) => database.createIndex(who, index),
  dropIndex: (database, who) => database.dropIndex(who, 'a', index.paths),
  status: (database, who) => database.status(who),
  openBackup: (database, who) => database.openBackup(who),
  snapshot: (database, who) => database.snapshot(who),
  compact: (database, who) => database.compact(who),
};

/** The same of a view, with what it gives to somebody who may not read the only document that there is. */
const reads: {
  readonly [Name in Exclude<keyof ReadView, 'close' | 'sequence'>]: readonly [(view: ReadView) => unknown, unknown];
} = {
  getDocument: [(view) => view.getDocument(id), null],
  documentVersion: [(view) => view.documentVersion(id, 1), null],
  documentHistory: [(view) => view.documentHistory(id, { limit: 5 }), []],
  oldestDocumentVersion: [(view) => view.oldestDocumentVersion(id), null],
  findDocuments: [
    (view) => view.findDocuments(query, {}),
    { documents: [], hasNextPage: false, hasPreviousPage: false },
  ],
  scanDocuments: [(view) => Array.fromAsync(view.scanDocuments(query)).then((batches) => batches.flat()), []],
  countDocuments: [(view) => view.countDocuments(query), 0],
  aggregateDocuments: [
    (view) => view.aggregateDocuments({ ...aggregate, measures: [{ kind: 'count', as: 'n' }] }),
    [{ key: {}, values: { n: 0 } }],
  ],
  table: [(view) => view.table('a').catch((error: { readonly code: string }) => error.code), 'FORBIDDEN'],
  tables: [(view) => view.tables(), []],
  explanations: [({ explanations }) => JSON.stringify(explanations).includes('"a"'), false],
};

describe('the one place that decides', () => {
  let directory: string;
  let engine: EmbeddedDatabase;
  let database: AuthorizedDatabase;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'yaradb-access-'));
    engine = await openEmbeddedDatabase({ directory });
    database = new AuthorizedDatabase(engine);
    await engine.commit(anonymous, [{ kind: 'create', id, table: 'a', body: {} }]);
  });

  afterAll(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });

  test('has a probe for every method of a database and of a view', async () => {
    const view = await engine.view(anonymous);
    const ofDatabase = [...Object.keys(forwarding(engine)), 'openBackup', 'snapshot', 'compact'];
    expect([...Object.keys(calls), 'close'].sort()).toEqual(ofDatabase.sort());
    expect([...Object.keys(reads), 'close', 'sequence'].sort()).toEqual(Object.keys(forwardingView(view)).sort());
    view.close();
  });

  test('refuses every call of whoever has no role at all', async () => {
    for (const [name, call] of Object.entries(calls)) {
      const refused = (async () => call(database, principal()))();
      await expect([name, await refused.catch((error: { readonly code: string }) => error.code)]).toEqual([
        name,
        'FORBIDDEN',
      ]);
    }
  });

  test('shows nothing of a document in a table that may not be read, whatever method is asked', async () => {
    for (const roles of [['read:b'], ['admin:b', 'write:c']]) {
      const view = await database.view(principal(...roles));
      for (const [name, [read, expected]] of Object.entries(reads)) {
        expect([name, roles, await read(view)]).toEqual([name, roles, expected]);
      }
      view.close();
    }
    expect(await database.getDocument(principal('read:b'), id)).toBeNull();
  });

  test('answers a replay by the rights of now', async () => {
    const idempotency = { key: 'once', request: [] };
    const operations = [{ kind: 'create', table: 'a', body: {} }] as const;
    await database.commit(principal('write:a'), operations, { idempotency });
    expect(await database.replay(principal('read:a'), idempotency)).toMatchObject({ replayed: true });
    await expect(database.replay(principal('admin:b'), idempotency)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(database.commit(principal('admin:b'), operations, { idempotency })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('hands the engine’s own view on to whoever may read everything', async () => {
    const view = await database.view(principal('read'));
    expect(view.constructor.name).toBe('EmbeddedReadView');
    view.close();
  });
});
