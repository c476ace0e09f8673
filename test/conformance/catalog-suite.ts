import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { IndexDefinition, Table, TableIndex } from '../../src/database/table.ts';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { parsePath } from '../../src/document/path.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { everything } from '../../src/query/filter.ts';
import type { EngineUnderTest } from './database-suite.ts';

const someId = (number: number) => `01234567-89ab-7def-8123-${String(number).padStart(12, '0')}`;
const personSchema: JsonObject = {
  type: 'object',
  required: ['email'],
  properties: { email: { type: 'string', format: 'email' }, age: { type: 'integer', minimum: 0 } },
  additionalProperties: false,
};

/** What every engine must do with tables and indexes. */
export function describeCatalog(name: string, createEngine: () => Promise<EngineUnderTest>): void {
  describe(`tables and indexes of the ${name}`, () => {
    let engine: EngineUnderTest;
    let database: Database;

    beforeEach(async () => {
      engine = await createEngine();
      database = await engine.open();
    });

    afterEach(async () => {
      await database.close();
      await engine.dispose();
    });

    async function create(table: string, body: JsonObject, id?: string): Promise<Document> {
      const { documents } = await database.commit(anonymous, [{ kind: 'create', table, body, id }]);
      const [document] = documents;
      if (document === undefined) throw new Error('a create answers with its document');
      return document;
    }

    async function reopen(): Promise<void> {
      await database.close();
      database = await engine.open();
    }

    async function table(of: string): Promise<Table | null> {
      const view = await database.view(anonymous);
      try {
        return await view.table(of);
      } finally {
        view.close();
      }
    }

    async function tableNames(): Promise<string[]> {
      const view = await database.view(anonymous);
      try {
        return (await view.tables()).map((found) => found.name);
      } finally {
        view.close();
      }
    }

    async function count(of: string): Promise<number> {
      const view = await database.view(anonymous);
      try {
        return await view.countDocuments({ table: of, filter: everything, orderBy: [], archived: 'INCLUDE' });
      } finally {
        view.close();
      }
    }

    function createIndex(
      of: string,
      paths: readonly string[],
      more: Partial<IndexDefinition> = {},
    ): Promise<TableIndex> {
      const traits = { kind: 'HASH', unique: false, archived: 'EXCLUDE' } as const;
      return database.createIndex(anonymous, { table: of, paths: toPaths(paths), ...traits, ...more });
    }

    describe('a table', () => {
      it('is made with the settings that it was given, and is there after a restart', async () => {
        const made = await database.createTable(anonymous, 'people', { schema: personSchema, uniquePaths: ['email'] });
        const settings = { schema: personSchema, uniquePaths: ['email'], readOnly: false };
        expect(made).toMatchObject({ name: 'people', settings, documentCount: 0, archivedCount: 0, bodyBytes: 0 });
        expect(made.createdAt).toBeTypeOf('number');
        expect(made.indexes).toMatchObject([{ table: 'people', unique: true, state: 'READY', entries: 0 }]);
        expect(await table('people')).toEqual(made);
        await reopen();
        expect(await table('people')).toEqual(made);
        expect(await tableNames()).toEqual(['default', 'people']);
      });

      it('is made once, and on first use without settings', async () => {
        await create('used', {});
        expect(await table('used')).toMatchObject({ settings: { schema: null, uniquePaths: [], readOnly: false } });
        for (const existing of ['used', 'default']) {
          await expectCode('ALREADY_EXISTS', database.createTable(anonymous, existing, {}));
        }
        const attempts = [0, 1, 2].map(() => database.createTable(anonymous, 'raced', {}));
        const outcomes = await Promise.allSettled(attempts);
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        await expectCode('INVALID_ARGUMENT', database.createTable(anonymous, '', {}));
        expect(await table('missing')).toBeNull();
      });

      it('counts its documents and the bytes of their bodies, whatever becomes of them', async () => {
        const first = await create('t', { a: 'ä' });
        const second = await create('t', { n: 12 });
        expect(await table('t')).toMatchObject({ documentCount: 2, archivedCount: 0, bodyBytes: 10 + 8 });
        await database.commit(anonymous, [
          { kind: 'archive', id: first.id },
          { kind: 'update', id: second.id, version: 1, body: {} },
        ]);
        expect(await table('t')).toMatchObject({ documentCount: 1, archivedCount: 1, bodyBytes: 10 + 2 });
        await database.commit(anonymous, [
          { kind: 'restore', id: first.id },
          { kind: 'erase', id: second.id, version: 2 },
        ]);
        const left = { documentCount: 1, archivedCount: 0, bodyBytes: 10 };
        expect(await table('t')).toMatchObject(left);
        await reopen();
        expect(await table('t')).toMatchObject(left);
      });

      it('is dropped with its documents and indexes, and may be made again', async () => {
        const kept = await create('kept', {});
        const gone = await create('t', { n: 1 }, someId(1));
        await createIndex('t', ['n'], { unique: true });
        await database.dropTable(anonymous, 't');
        for (const round of ['at once', 'after a restart']) {
          expect(await table('t'), round).toBeNull();
          expect(await database.getDocument(anonymous, gone.id, 'INCLUDE'), round).toBeNull();
          expect(await database.getDocument(anonymous, kept.id), round).toEqual(kept);
          expect(await database.status(anonymous), round).toMatchObject({ documents: 1 });
          await reopen();
        }
        await expectCode('NOT_FOUND', database.dropTable(anonymous, 't'));
        const again = await create('t', { n: 1 }, someId(1));
        expect(again.table.id).not.toBe(gone.table.id);
        expect(await table('t')).toMatchObject({ documentCount: 1, indexes: [] });
      });

      it('of the name default stays when it is dropped, without documents, indexes and settings', async () => {
        await database.updateTable(anonymous, 'default', { schema: { required: ['n'] } }, false);
        await createIndex('default', ['n']);
        await create('default', { n: 1 });
        await database.dropTable(anonymous, 'default');
        for (let round = 0; round < 2; round += 1) {
          expect(await table('default')).toMatchObject({ documentCount: 0, indexes: [], settings: { schema: null } });
          expect((await table('default'))?.createdAt).toBeNull();
          await reopen();
        }
        await create('default', {});
        expect(await count('default')).toBe(1);
      });

      it('that is read-only takes no write, and is not dropped, until it is not', async () => {
        const { id } = await create('t', {});
        await database.updateTable(anonymous, 't', { readOnly: true }, false);
        await reopen();
        for (const operation of [
          { kind: 'create', table: 't', body: {} },
          { kind: 'update', id, version: 1, body: {} },
          { kind: 'archive', id },
          { kind: 'erase', id, version: 1 },
        ] as const) {
          const attempt = database.commit(anonymous, [operation]);
          await expect(attempt).rejects.toMatchObject({ code: 'TABLE_READ_ONLY', evidence: { table: 't' } });
        }
        await expectCode('TABLE_READ_ONLY', database.dropTable(anonymous, 't'));
        await database.commit(anonymous, [{ kind: 'assert', id, version: 1 }]);
        await createIndex('t', ['n']);
        await database.updateTable(anonymous, 't', { readOnly: false }, false);
        await create('t', {});
        await expectCode('NOT_FOUND', database.updateTable(anonymous, 'missing', {}, false));
      });
    });

    describe('a schema', () => {
      it('refuses bodies that do not fit, and says where and why', async () => {
        await database.createTable(anonymous, 'people', { schema: personSchema });
        const { id } = await create('people', { email: 'a@b.example', age: 12345678901234567890n });
        const attempt = database.commit(anonymous, [
          { kind: 'assert', id, version: 1 },
          { kind: 'create', table: 'people', body: { email: 'nobody', age: -1, 'x.y': 1 } },
        ]);
        await expect(attempt).rejects.toMatchObject({
          code: 'SCHEMA_VIOLATION',
          evidence: {
            table: 'people',
            operation: 1,
            violations: expect.arrayContaining([
              { path: 'x\\.y', message: 'is not allowed by the schema' },
              { path: 'email', message: 'must match format "email"' },
              { path: 'age', message: 'must be >= 0' },
            ]),
          },
        });
        const missing = database.commit(anonymous, [{ kind: 'update', id, version: 1, body: {} }]);
        const violations = [{ path: 'email', message: 'is required' }];
        await expect(missing).rejects.toMatchObject({ code: 'SCHEMA_VIOLATION', evidence: { violations } });
        expect(await count('people')).toBe(1);
      });

      it('looks at what a commit comes to, not at what is in between', async () => {
        await database.createTable(anonymous, 'people', { schema: personSchema });
        const id = someId(1);
        await database.commit(anonymous, [
          { kind: 'create', table: 'people', id, body: {} },
          { kind: 'update', id, version: 1, body: { email: 'a@b.example' } },
        ]);
        expect(await count('people')).toBe(1);
      });

      it('is looked at again when a document is restored', async () => {
        const { id } = await create('people', {});
        await database.commit(anonymous, [{ kind: 'archive', id }]);
        await database.updateTable(anonymous, 'people', { schema: personSchema }, false);
        await expectCode('SCHEMA_VIOLATION', database.commit(anonymous, [{ kind: 'restore', id }]));
      });

      it.each<[string, JsonObject]>([
        ['is none', { type: 'strange' }],
        ['refers to another document', { $ref: 'https://example.org/schema' }],
        ['refers to itself without end', { $ref: '#' }],
        ['is of another draft', { $schema: 'http://json-schema.org/draft-04/schema#' }],
        ['names a format that there is not', { properties: { a: { format: 'phone' } } }],
        ['has a pattern with look-around', { properties: { a: { pattern: '(?=a)b' } } }],
        ['is asynchronous', { $async: true }],
      ])('that %s is refused', async (_, schema) => {
        await expectCode('INVALID_ARGUMENT', database.createTable(anonymous, 't', { schema }));
        await expectCode('INVALID_ARGUMENT', database.updateTable(anonymous, 'default', { schema }, false));
        expect(await tableNames()).toEqual(['default']);
      });

      it('is limited in length', async () => {
        const schema = { title: 'x'.repeat(70_000) };
        await expectCode('LIMIT_EXCEEDED', database.createTable(anonymous, 't', { schema }));
      });

      it('of draft-07 means what it says there', async () => {
        const schema = {
          $schema: 'http://json-schema.org/draft-07/schema#',
          properties: { a: { items: [{ const: 1 }] } },
        };
        await database.createTable(anonymous, 't', { schema });
        await create('t', { a: [1, 'anything'] });
        await expectCode('SCHEMA_VIOLATION', create('t', { a: [2] }));
      });

      it('takes patterns, long texts and long lists in no time', async () => {
        const properties = {
          p: { pattern: '^(a+)+$' },
          e: { format: 'email' },
          u: { uniqueItems: true },
        };
        await database.createTable(anonymous, 't', { schema: { properties } });
        await expectCode('SCHEMA_VIOLATION', create('t', { p: `${'a'.repeat(50_000)}b` }));
        await expectCode('SCHEMA_VIOLATION', create('t', { e: `a@${'a'.repeat(500_000)}` }));
        const list = Array.from({ length: 30_000 }, (_, n) => ({ n }));
        await create('t', { u: list });
        await expectCode('SCHEMA_VIOLATION', create('t', { u: [...list, { n: 7 }] }));
      });

      it('that not all live documents fit is not set, and the first 20 are told', async () => {
        const ids: string[] = [];
        for (let n = 0; n < 30; n += 1) ids.push((await create('t', { n }, someId(n))).id);
        await database.commit(anonymous, [{ kind: 'archive', id: someId(29) }]);
        const schema = { properties: { n: { maximum: 3 } } };
        for (const dryRun of [true, false]) {
          await expect(database.updateTable(anonymous, 't', { schema }, dryRun)).rejects.toMatchObject({
            code: 'SCHEMA_VIOLATION',
            evidence: {
              table: 't',
              count: 25,
              documents: ids.slice(4, 24).map((id) => ({ id, violations: [{ path: 'n', message: 'must be <= 3' }] })),
            },
          });
        }
        await create('t', { n: 99 });
        const { sequence } = await database.status(anonymous);
        await database.updateTable(anonymous, 't', { schema: { properties: { n: { maximum: 99 } } } }, true);
        expect(await table('t')).toMatchObject({ settings: { schema: null } });
        expect(await database.status(anonymous)).toMatchObject({ sequence });
        await database.updateTable(anonymous, 't', { schema: { properties: { n: { maximum: 99 } } } }, false);
        await expectCode('SCHEMA_VIOLATION', create('t', { n: 100 }));
        await database.updateTable(anonymous, 't', { schema: null }, false);
        await create('t', { n: 100 });
      });

      it('that is set while documents are written lets none through that does not fit', async () => {
        await create('t', { n: 0 });
        const schema = { properties: { n: { maximum: 3 } } };
        const writing = Array.from({ length: 20 }, (_, n) => create('t', { n: n % 2 === 0 ? 1 : 9 }).catch(() => null));
        const [updated] = await Promise.allSettled([
          database.updateTable(anonymous, 't', { schema }, false),
          ...writing,
        ]);
        const settled = await table('t');
        if (updated?.status === 'fulfilled') expect(settled).toMatchObject({ settings: { schema }, documentCount: 11 });
        else expect(settled).toMatchObject({ settings: { schema: null }, documentCount: 21 });
      });
    });

    describe('a unique path', () => {
      it('gives each value to one live document', async () => {
        await database.createTable(anonymous, 't', { uniquePaths: ['a.b'] });
        const first = await create('t', { a: { b: 'x' } });
        const attempt = create('t', { a: { b: 'x' } });
        await expect(attempt).rejects.toMatchObject({
          code: 'UNIQUE_VIOLATION',
          evidence: { table: 't', path: 'a.b', conflictingId: first.id },
        });
        await create('t', { a: {} });
        await create('t', {});
        await create('t', { a: { b: null } });
        await expectCode('UNIQUE_VIOLATION', create('t', { a: { b: null } }));
        await database.commit(anonymous, [{ kind: 'archive', id: first.id }]);
        const second = await create('t', { a: { b: 'x' } });
        await expectCode('UNIQUE_VIOLATION', database.commit(anonymous, [{ kind: 'restore', id: first.id }]));
        await reopen();
        await expectCode('UNIQUE_VIOLATION', database.commit(anonymous, [{ kind: 'restore', id: first.id }]));
        await database.commit(anonymous, [
          { kind: 'update', id: second.id, version: 1, body: { a: { b: 'y' } } },
          { kind: 'restore', id: first.id },
        ]);
      });

      it('counts each element of a list once a document, and equal numbers as equal', async () => {
        await database.createTable(anonymous, 't', { uniquePaths: ['tags'] });
        await create('t', { tags: ['a', 'a', 1] });
        for (const tags of ['a', ['b', 'a'], 1.0, [[], 1]]) await expectCode('UNIQUE_VIOLATION', create('t', { tags }));
        await create('t', { tags: [] });
        await create('t', { tags: [] });
        await create('t', { tags: ['1', 'b'] });
        await create('t', { tags: [['b', 'c']] });
        await create('t', { tags: ['c'] });
      });

      it('lets documents of one commit exchange their values', async () => {
        await database.createTable(anonymous, 't', { uniquePaths: ['n'] });
        const [a, b] = [await create('t', { n: 1 }), await create('t', { n: 2 })];
        await database.commit(anonymous, [
          { kind: 'update', id: a.id, version: 1, body: { n: 2 } },
          { kind: 'update', id: b.id, version: 1, body: { n: 1 } },
        ]);
        const attempt = database.commit(anonymous, [
          { kind: 'create', table: 't', body: { n: 3 } },
          { kind: 'create', table: 't', body: { n: 3 } },
        ]);
        await expect(attempt).rejects.toMatchObject({ code: 'UNIQUE_VIOLATION', evidence: { operation: 1 } });
        expect(await count('t')).toBe(2);
      });

      it('lets exactly one of many concurrent writers have a value', async () => {
        await database.createTable(anonymous, 't', { uniquePaths: ['n'] });
        const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => create('t', { n: 1 })));
        expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await count('t')).toBe(1);
      });

      it('is added to a table when its values are, and taken away again', async () => {
        const [first] = [await create('t', { n: 1, m: 1 }), await create('t', { n: 1, m: 2 })];
        for (const dryRun of [true, false]) {
          const attempt = database.updateTable(anonymous, 't', { uniquePaths: ['m', 'n'], readOnly: true }, dryRun);
          await expect(attempt).rejects.toMatchObject({
            code: 'UNIQUE_VIOLATION',
            evidence: { path: 'n', conflictingIds: expect.arrayContaining([first.id]) },
          });
          expect(await table('t')).toMatchObject({ indexes: [], settings: { uniquePaths: [], readOnly: false } });
        }
        const updated = await database.updateTable(anonymous, 't', { uniquePaths: ['m'] }, false);
        expect(updated.settings.uniquePaths).toEqual(['m']);
        await expectCode('UNIQUE_VIOLATION', create('t', { m: 1 }));
        await database.updateTable(anonymous, 't', { readOnly: false }, false);
        await expectCode('UNIQUE_VIOLATION', create('t', { m: 1 }));
        await database.updateTable(anonymous, 't', { uniquePaths: [] }, false);
        await create('t', { m: 1 });
      });

      it('stands in the way of no index of the same path that is there', async () => {
        await createIndex('t', ['n'], { kind: 'ORDERED' });
        for (const dryRun of [true, false]) {
          await expectCode('ALREADY_EXISTS', database.updateTable(anonymous, 't', { uniquePaths: ['n'] }, dryRun));
        }
        expect(await table('t')).toMatchObject({ indexes: [{ kind: 'ORDERED', unique: false }] });
      });
    });

    describe('an index', () => {
      it('is filled with what is there, and follows what is written', async () => {
        for (let n = 0; n < 10; n += 1) await create('t', { n, list: [n, -n] }, someId(n));
        await database.commit(anonymous, [{ kind: 'archive', id: someId(9) }]);
        const made = await createIndex('t', ['n'], { kind: 'ORDERED' });
        const traits = { table: 't', kind: 'ORDERED', unique: false, archived: 'EXCLUDE', state: 'READY' };
        expect(made).toMatchObject({ ...traits, filled: 9, documents: 9, entries: 9 });
        expect(made.paths.map(({ text }) => text)).toEqual(['n']);
        expect(await createIndex('t', ['n', '$name'], { archived: 'ONLY' })).toMatchObject({ entries: 1 });
        expect(await createIndex('t', ['list'], { archived: 'INCLUDE' })).toMatchObject({ documents: 10 });
        await create('t', { n: 10 });
        await database.commit(anonymous, [{ kind: 'erase', id: someId(0), version: 1 }]);
        for (let round = 0; round < 2; round += 1) {
          const { indexes } = (await table('t')) ?? { indexes: [] };
          expect(indexes).toHaveLength(3);
          expect(indexes.find(({ id }) => id === made.id)).toMatchObject({ ...traits, filled: 9, entries: 9 });
          await reopen();
        }
        expect((await database.status(anonymous)).indexBuilds).toEqual([]);
      });

      it('takes two commits, makes its table, and is there once', async () => {
        await createIndex('new', ['n'], { kind: 'ORDERED' });
        expect(await database.status(anonymous)).toMatchObject({ sequence: 2 });
        await expectCode('ALREADY_EXISTS', createIndex('new', ['n'], { kind: 'HASH', unique: true }));
        await createIndex('new', ['n', 'm']);
        await createIndex('new', ['m', 'n']);
        const raced = await Promise.allSettled([0, 1, 2].map(() => createIndex('new', ['raced'])));
        expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect((await table('new'))?.indexes).toHaveLength(4);
      });

      it('is dropped by its paths', async () => {
        await createIndex('t', ['n'], { unique: true });
        await create('t', { n: 1 });
        await expectCode('NOT_FOUND', database.dropIndex(anonymous, 't', toPaths(['m'])));
        await expectCode('NOT_FOUND', database.dropIndex(anonymous, 'missing', toPaths(['n'])));
        await database.dropIndex(anonymous, 't', toPaths(['n']));
        await create('t', { n: 1 });
        await reopen();
        await create('t', { n: 1 });
        expect((await table('t'))?.indexes).toEqual([]);
      });

      it('that cannot be unique is not made, and two documents tell why', async () => {
        const [a] = [
          await create('t', { n: 1, m: 1 }),
          await create('t', { n: 1, m: 1 }),
          await create('t', { n: 2, m: 1 }),
        ];
        await expect(createIndex('t', ['n', 'm'], { unique: true })).rejects.toMatchObject({
          code: 'UNIQUE_VIOLATION',
          evidence: { table: 't', path: 'n, m', conflictingIds: expect.arrayContaining([a.id]) },
        });
        expect((await table('t'))?.indexes).toEqual([]);
        await database.commit(anonymous, [{ kind: 'archive', id: a.id }]);
        await createIndex('t', ['n', 'm'], { unique: true });
        await expectCode('UNIQUE_VIOLATION', create('t', { n: 2, m: 1 }));
        await create('t', { n: 2 });
        await create('t', { n: 2 });
      });

      it('is refused where it is none', async () => {
        await expectCode('INVALID_ARGUMENT', createIndex('t', []));
        await expectCode('INVALID_ARGUMENT', createIndex('t', ['n', 'n']));
        await expectCode('INVALID_ARGUMENT', createIndex('t', ['n'], { unique: true, archived: 'ONLY' }));
        const paths = Array.from({ length: 9 }, (_, n) => `p${n}`);
        await expectCode('LIMIT_EXCEEDED', createIndex('t', paths));
        expect(await table('t')).toBeNull();
      });

      it('of several paths refuses documents with too many combinations, before and after', async () => {
        const list = Array.from({ length: 101 }, (_, n) => n);
        const { id } = await create('t', { a: list, b: list });
        await expectCode('LIMIT_EXCEEDED', createIndex('t', ['a', 'b']));
        expect((await table('t'))?.indexes).toEqual([]);
        await database.commit(anonymous, [{ kind: 'erase', id, version: 1 }]);
        await createIndex('t', ['a', 'b']);
        await expectCode('LIMIT_EXCEEDED', create('t', { a: list, b: list }));
        await create('t', { a: list, b: 1 });
      });

      it('is unique from its first commit on, for documents that are written meanwhile', async () => {
        for (let n = 0; n < 50; n += 1) await create('t', { n });
        const [made, ...written] = await Promise.allSettled([
          createIndex('t', ['n'], { unique: true }),
          ...Array.from({ length: 20 }, (_, n) => create('t', { n: 100 + (n % 10) })),
        ]);
        const isMade = made?.status === 'fulfilled';
        const created = written.filter(({ status }) => status === 'fulfilled').length;
        if (isMade) expect([created, await count('t')]).toEqual([10, 60]);
        else expect((await table('t'))?.indexes).toEqual([]);
      });
    });
  });
}

function toPaths(texts: readonly string[]) {
  return texts.map((text) => parsePath(text, 'paths'));
}

async function expectCode(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await expect(promise).rejects.toMatchObject({ code });
}
