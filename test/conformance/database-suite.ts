import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { parsePath } from '../../src/document/path.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { everything } from '../../src/query/filter.ts';
import { parseFilter } from '../../src/query/filter-parser.ts';
import type { Archived, FindQuery } from '../../src/query/find-query.ts';
import type { Direction } from '../../src/query/order.ts';

/** An engine under test. `open` opens the same data again and again: the suite closes a database before it reopens it. */
export interface EngineUnderTest {
  open(): Promise<Database>;
  /** Removes the data. */
  dispose(): Promise<void>;
  /**
   * Ends the database as a crash would, without closing it: what is open of it is not to be used any more, and the next `open` finds what is on
   * disk. Absent where the engine cannot be made to crash.
   */
  crash?(): void;
}

const missingId = '01234567-89ab-7def-8123-456789abcdef';

/** What every engine must do, whatever it keeps its documents in. */
export function describeDatabase(name: string, createEngine: () => Promise<EngineUnderTest>): void {
  describe(name, () => {
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

    async function create(
      body: JsonObject,
      more: { id?: string; table?: string; name?: string } = {},
    ): Promise<Document> {
      const { documents } = await database.commit(anonymous, [{ kind: 'create', body, ...more }]);
      const [document] = documents;
      if (document === undefined) throw new Error('a create answers with its document');
      return document;
    }

    async function change(operation: Parameters<Database['commit']>[1][number]): Promise<Document> {
      const { documents } = await database.commit(anonymous, [operation]);
      const [document] = documents;
      if (document === undefined) throw new Error('a change answers with its document');
      return document;
    }

    async function reopen(): Promise<void> {
      await database.close();
      database = await engine.open();
    }

    async function bodies(query: Partial<FindQuery> = {}): Promise<unknown[]> {
      const view = await database.view(anonymous);
      try {
        const found: unknown[] = [];
        for await (const documents of view.scanDocuments({ ...allLive, ...query })) {
          found.push(...documents.map(({ body }) => body));
        }
        return found;
      } finally {
        view.close();
      }
    }

    describe('create', () => {
      it('answers with version 1 of the document, its hash and its commit', async () => {
        const document = await create({ username: 'alice' }, { name: 'user_account' });
        expect(document).toMatchObject({
          table: { name: 'default' },
          tableNamed: false,
          name: 'user_account',
          body: { username: 'alice' },
          // printf '{"username":"alice"}' | sha256sum
          bodyHash: '04c4be721c109ac0f746bb00d3906ebf1b396457615f213ffee6e3cb6019bf64',
          version: 1,
          updatedAt: null,
          archivedAt: null,
          sequence: 1,
          createdSequence: 1,
          previousSequence: 0,
        });
        expect(document.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Math.abs(document.createdAt - Date.now())).toBeLessThan(60_000);
      });

      it('takes the id that the creator gives, once', async () => {
        await create({}, { id: missingId });
        await expectCode('ALREADY_EXISTS', create({}, { id: missingId }));
      });

      it('refuses the id of an archived document', async () => {
        await create({}, { id: missingId });
        await change({ kind: 'archive', id: missingId });
        await expectCode('ALREADY_EXISTS', create({}, { id: missingId }));
      });

      it('makes a table on first use and labels the document with it', async () => {
        const first = await create({ n: 1 }, { table: 'users' });
        const second = await create({ n: 2 }, { table: 'users', name: 'labelled' });
        expect(first).toMatchObject({ tableNamed: true, name: 'users', table: { name: 'users' } });
        expect(second).toMatchObject({ name: 'labelled', table: first.table });
      });

      it('takes table names that are members of every object', async () => {
        for (const table of ['__proto__', 'constructor', 'toString']) await create({ table }, { table });
        await reopen();
        expect(await bodies({ table: '__proto__' })).toEqual([{ table: '__proto__' }]);
        expect(await bodies({ table: 'hasOwnProperty' })).toEqual([]);
      });

      it('refuses an empty and an overlong table name', async () => {
        await expectCode('INVALID_ARGUMENT', create({}, { table: '' }));
        await expectCode('INVALID_ARGUMENT', create({}, { table: 'x'.repeat(256) }));
      });
    });

    describe('update', () => {
      it('replaces the body and counts the version up', async () => {
        const { id, createdAt } = await create({ level: 10, gone: true });
        const updated = await change({ kind: 'update', id, version: 1, body: { level: 11 } });
        expect(updated).toMatchObject({
          id,
          version: 2,
          body: { level: 11 },
          createdAt,
          sequence: 2,
          previousSequence: 1,
        });
        expect(updated.updatedAt).not.toBeNull();
        expect(await database.getDocument(anonymous, id)).toEqual(updated);
      });

      it('refuses another version and shows the current document', async () => {
        const { id } = await create({ level: 10 });
        const current = await change({ kind: 'update', id, version: 1, body: { level: 11 } });
        await expect(change({ kind: 'update', id, version: 1, body: { level: 12 } })).rejects.toMatchObject({
          code: 'VERSION_CONFLICT',
          message: 'Conflict: Document version mismatch. DB is at 2, you sent 1',
          evidence: { expectedVersion: 1, actualVersion: 2 },
          current,
        });
        expect(await bodies()).toEqual([{ level: 11 }]);
      });

      it('lets exactly one of many concurrent updates of one version through', async () => {
        const { id } = await create({ level: 0 });
        const attempts = await Promise.allSettled(
          Array.from({ length: 20 }, (_, level) => change({ kind: 'update', id, version: 1, body: { level } })),
        );
        const won = attempts.filter(({ status }) => status === 'fulfilled');
        expect(won).toHaveLength(1);
        expect((await database.getDocument(anonymous, id))?.version).toBe(2);
      });

      it('does not find a missing or an archived document', async () => {
        await expectCode('NOT_FOUND', change({ kind: 'update', id: missingId, version: 1, body: {} }));
        const { id } = await create({});
        await change({ kind: 'archive', id });
        await expectCode('NOT_FOUND', change({ kind: 'update', id, version: 2, body: {} }));
      });
    });

    describe('archive and restore', () => {
      it('hides the document and brings it back, counting the version up each time', async () => {
        const { id, bodyHash } = await create({ a: 1 });
        const archived = await change({ kind: 'archive', id });
        expect(archived).toMatchObject({ version: 2, bodyHash, archivedAt: archived.updatedAt });
        expect(await database.getDocument(anonymous, id)).toBeNull();
        expect(await database.getDocument(anonymous, id, 'INCLUDE')).toEqual(archived);
        expect(await database.getDocument(anonymous, id, 'ONLY')).toEqual(archived);
        const restored = await change({ kind: 'restore', id, version: 2 });
        expect(restored).toMatchObject({ version: 3, archivedAt: null });
        expect(await database.getDocument(anonymous, id)).toEqual(restored);
        expect(await database.getDocument(anonymous, id, 'ONLY')).toBeNull();
      });

      it('refuses to archive twice, to restore a live document and to touch a missing one', async () => {
        const { id } = await create({});
        await expectCode('NOT_ARCHIVED', change({ kind: 'restore', id }));
        await change({ kind: 'archive', id });
        await expectCode('ALREADY_ARCHIVED', change({ kind: 'archive', id }));
        await expectCode('NOT_FOUND', change({ kind: 'archive', id: missingId }));
        await expectCode('NOT_FOUND', change({ kind: 'restore', id: missingId }));
      });

      it('checks the version when one is given', async () => {
        const { id } = await create({});
        await expectCode('VERSION_CONFLICT', change({ kind: 'archive', id, version: 2 }));
        await change({ kind: 'archive', id, version: 1 });
        await expectCode('VERSION_CONFLICT', change({ kind: 'restore', id, version: 1 }));
      });
    });

    describe('erase', () => {
      it('takes a document away for good, live or archived, and answers with the version that it took', async () => {
        const live = await create({ live: true });
        const archived = await change({ kind: 'archive', id: (await create({ live: false })).id });
        expect(await change({ kind: 'erase', id: live.id, version: 1 })).toEqual(live);
        expect(await change({ kind: 'erase', id: archived.id, version: 2 })).toEqual(archived);
        for (const round of ['at once', 'after a restart']) {
          expect(await bodies({ archived: 'INCLUDE' }), round).toEqual([]);
          for (const { id } of [live, archived]) {
            expect(await database.getDocument(anonymous, id, 'INCLUDE'), round).toBeNull();
          }
          expect(await database.status(anonymous)).toMatchObject({ documents: 0, sequence: 5 });
          await reopen();
        }
        for (const kind of ['archive', 'restore'] as const)
          await expectCode('NOT_FOUND', change({ kind, id: live.id }));
        await expectCode('NOT_FOUND', change({ kind: 'update', id: live.id, version: 1, body: {} }));
        await expectCode('NOT_FOUND', change({ kind: 'erase', id: live.id, version: 1 }));
      });

      it('refuses another version and shows the current document', async () => {
        const { id } = await create({ n: 1 });
        const current = await change({ kind: 'update', id, version: 1, body: { n: 2 } });
        await expect(change({ kind: 'erase', id, version: 1 })).rejects.toMatchObject({
          code: 'VERSION_CONFLICT',
          evidence: { expectedVersion: 1, actualVersion: 2 },
          current,
        });
        expect(await bodies()).toEqual([{ n: 2 }]);
      });

      it('leaves the other documents of all tables in their order', async () => {
        const documents: Document[] = [];
        for (let n = 0; n < 6; n += 1) documents.push(await create({ n }, n % 2 === 0 ? { table: 'even' } : {}));
        for (const index of [0, 3, 5]) await change({ kind: 'erase', id: documents[index]?.id ?? '', version: 1 });
        for (let round = 0; round < 2; round += 1) {
          expect(await bodies()).toEqual([{ n: 1 }, { n: 2 }, { n: 4 }]);
          expect(await bodies({ table: 'even' })).toEqual([{ n: 2 }, { n: 4 }]);
          expect(await bodies({ table: 'default' })).toEqual([{ n: 1 }]);
          await reopen();
        }
      });

      it('frees the id, in the same commit too', async () => {
        const first = await create({ n: 1 }, { id: missingId });
        const { documents } = await database.commit(anonymous, [
          { kind: 'erase', id: missingId, version: 1 },
          { kind: 'assert', id: missingId, exists: false },
          { kind: 'create', id: missingId, body: { n: 2 } },
          { kind: 'update', id: missingId, version: 1, body: { n: 3 } },
        ]);
        expect(documents.map(({ body }) => body.n)).toEqual([1, 2, 3]);
        expect(documents[0]).toEqual(first);
        await reopen();
        expect(await database.getDocument(anonymous, missingId)).toMatchObject({
          version: 2,
          body: { n: 3 },
          createdSequence: 2,
        });
        await database.commit(anonymous, [
          { kind: 'erase', id: missingId, version: 2 },
          { kind: 'create', id: missingId, body: { n: 4 } },
          { kind: 'erase', id: missingId, version: 1 },
        ]);
        expect(await bodies({ archived: 'INCLUDE' })).toEqual([]);
        await reopen();
        expect(await bodies({ archived: 'INCLUDE' })).toEqual([]);
      });

      it('erases nothing when another operation of its commit fails', async () => {
        const { id } = await create({ kept: true });
        const attempt = database.commit(anonymous, [
          { kind: 'erase', id, version: 1 },
          { kind: 'update', id, version: 1, body: {} },
        ]);
        await expect(attempt).rejects.toMatchObject({ code: 'NOT_FOUND', evidence: { operation: 1 } });
        await change({ kind: 'update', id, version: 1, body: { kept: 'still' } });
        expect(await bodies()).toEqual([{ kept: 'still' }]);
      });

      it('lets exactly one of many concurrent erasures and updates of one version through', async () => {
        const { id } = await create({});
        const attempts = await Promise.allSettled(
          Array.from({ length: 10 }, (_, n) => [
            change({ kind: 'erase', id, version: 1 }),
            change({ kind: 'update', id, version: 1, body: { n } }),
          ]).flat(),
        );
        expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      });
    });

    describe('commit', () => {
      it('is all or nothing, and says which operation failed', async () => {
        const { id } = await create({ kept: true });
        const attempt = database.commit(anonymous, [
          { kind: 'create', body: { never: 1 }, table: 'never' },
          { kind: 'update', id, version: 1, body: { never: 2 } },
          { kind: 'update', id, version: 1, body: { never: 3 } },
        ]);
        await expect(attempt).rejects.toMatchObject({ code: 'VERSION_CONFLICT', evidence: { operation: 2 } });
        expect(await bodies()).toEqual([{ kept: true }]);
        expect((await database.status(anonymous)).sequence).toBe(1);
        expect((await create({ after: true })).sequence).toBe(2);
      });

      it('runs its operations in order, each seeing those before it', async () => {
        const { sequence, documents } = await database.commit(anonymous, [
          { kind: 'assert', id: missingId, exists: false },
          { kind: 'create', id: missingId, body: { n: 1 } },
          { kind: 'update', id: missingId, version: 1, body: { n: 2 } },
          { kind: 'archive', id: missingId, version: 2 },
        ]);
        expect(sequence).toBe(1);
        expect(documents.map(({ version }) => version)).toEqual([1, 2, 3]);
        await reopen();
        expect(await database.getDocument(anonymous, missingId, 'ONLY')).toMatchObject({
          version: 3,
          body: { n: 2 },
          sequence: 1,
        });
      });

      it('writes nothing when it only asserts', async () => {
        const { id } = await create({});
        const commit = await database.commit(anonymous, [{ kind: 'assert', id, version: 1 }]);
        expect(commit).toEqual({ sequence: null, committedAt: null, documents: [], replayed: false });
        await expectCode('VERSION_CONFLICT', database.commit(anonymous, [{ kind: 'assert', id, version: 2 }]));
        await expectCode('ALREADY_EXISTS', database.commit(anonymous, [{ kind: 'assert', id, exists: false }]));
        await expectCode('NOT_FOUND', database.commit(anonymous, [{ kind: 'assert', id: missingId, version: 1 }]));
      });

      it('refuses more operations than the limit', async () => {
        const operations = Array.from({ length: 10_001 }, () => ({ kind: 'create' as const, body: {} }));
        await expectCode('LIMIT_EXCEEDED', database.commit(anonymous, operations));
      });

      it('numbers concurrent commits without gaps', async () => {
        const created = await Promise.all(Array.from({ length: 100 }, (_, n) => create({ n })));
        expect(created.map(({ sequence }) => sequence).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 100 }, (_, n) => n + 1),
        );
      });
    });

    describe('reopened', () => {
      it('has every document, version and table as they were', async () => {
        const kept = await create(
          { text: '\u{1f600}', big: 12345678901234567890n, ['__proto__']: { x: [1, null] } },
          { table: 'users' },
        );
        const updated = await change({
          kind: 'update',
          id: (await create({ n: 1 })).id,
          version: 1,
          body: { n: 1.5e-7 },
        });
        const archived = await change({ kind: 'archive', id: (await create({ a: 1 })).id });
        const before = await database.status(anonymous);
        await reopen();
        for (const document of [kept, updated, archived]) {
          expect(await database.getDocument(anonymous, document.id, 'INCLUDE')).toEqual(document);
        }
        expect(await database.status(anonymous)).toMatchObject({
          epoch: before.epoch,
          sequence: before.sequence,
          documents: 3,
        });
        expect((await create({}, { table: 'users' })).table).toEqual(kept.table);
      });

      it('goes on where it stopped', async () => {
        for (let round = 1; round <= 3; round += 1) {
          expect((await create({ round })).sequence).toBe(round);
          await reopen();
        }
        expect(await bodies()).toEqual([{ round: 1 }, { round: 2 }, { round: 3 }]);
      });
    });

    describe('find', () => {
      async function page(
        query: Partial<FindQuery>,
        request: { first?: number; after?: string; last?: number; offset?: number },
      ) {
        const view = await database.view(anonymous);
        const found = await view.findDocuments({ ...allLive, ...query }, request);
        view.close();
        return found;
      }

      it('lists in the order of creation, table by table or all of them', async () => {
        for (let n = 0; n < 6; n += 1) await create({ n }, n % 2 === 0 ? { table: 'even' } : {});
        expect(await bodies()).toEqual([0, 1, 2, 3, 4, 5].map((n) => ({ n })));
        expect(await bodies({ table: 'even' })).toEqual([0, 2, 4].map((n) => ({ n })));
        expect(await bodies({ table: 'default' })).toEqual([1, 3, 5].map((n) => ({ n })));
        expect(await bodies({ table: 'missing' })).toEqual([]);
      });

      it('filters, sorts, pages and counts', async () => {
        for (let n = 0; n < 25; n += 1) await create({ n, group: n % 3 });
        const query = { filter: parseFilter({ path: 'group', eq: 1 }), orderBy: [order('n', 'DESC')] };
        const first = await page(query, { first: 3 });
        expect(first.documents.map(({ body }) => body.n)).toEqual([22, 19, 16]);
        expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
        const rest = await page(query, { first: 10, offset: 3 });
        expect(rest.documents.map(({ body }) => body.n)).toEqual([13, 10, 7, 4, 1]);
        expect(rest).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
        const fromEnd = await page(query, { last: 3, offset: 2 });
        expect(fromEnd.documents.map(({ body }) => body.n)).toEqual([13, 10, 7]);
        expect(fromEnd).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
        expect(await bodies(query)).toHaveLength(8);
        const view = await database.view(anonymous);
        expect(await view.countDocuments({ ...allLive, ...query })).toBe(8);
        view.close();
      });

      it('shows live documents, archived ones or both', async () => {
        await create({ live: true });
        await change({ kind: 'archive', id: (await create({ live: false })).id });
        const seen = (archived: Archived) => bodies({ archived });
        expect(await seen('EXCLUDE')).toEqual([{ live: true }]);
        expect(await seen('ONLY')).toEqual([{ live: false }]);
        expect(await seen('INCLUDE')).toEqual([{ live: true }, { live: false }]);
      });
    });

    describe('view', () => {
      it('stays as it was while documents are created, changed and archived', async () => {
        const documents = await Promise.all(Array.from({ length: 600 }, (_, n) => create({ n })));
        const view = await database.view(anonymous);
        const [first, second] = documents;
        if (first === undefined || second === undefined) throw new Error('600 documents were created');
        const seen: unknown[] = [];
        let disturbed = false;
        for await (const batch of view.scanDocuments(allLive)) {
          seen.push(...batch.map(({ body }) => body.n));
          if (disturbed) continue;
          disturbed = true;
          await change({ kind: 'update', id: first.id, version: 1, body: { n: -1 } });
          await change({ kind: 'update', id: first.id, version: 2, body: { n: -2 } });
          await change({ kind: 'archive', id: second.id });
          const created = await create({ n: -3 });
          await change({ kind: 'update', id: created.id, version: 1, body: { n: -4 } });
          expect(await view.getDocument(created.id)).toBeNull();
        }
        expect(seen).toEqual(Array.from({ length: 600 }, (_, n) => n));
        expect(await view.getDocument(first.id)).toEqual(first);
        expect(await view.getDocument(second.id)).toEqual(second);
        expect(await view.countDocuments(allLive)).toBe(600);
        expect(view.sequence).toBe(600);
        view.close();
        expect(await bodies()).toHaveLength(600);
      });

      it('still sees what was erased since, where it stood, in every table', async () => {
        const documents: Document[] = [];
        for (let n = 0; n < 10; n += 1) documents.push(await create({ n }, n % 2 === 0 ? { table: 'even' } : {}));
        const { id: changedId } = documents[4] ?? { id: '' };
        const view = await database.view(anonymous);
        await change({ kind: 'update', id: changedId, version: 1, body: { n: -1 } });
        for (const index of [0, 3, 4, 9]) {
          const { id = '' } = documents[index] ?? {};
          await change({ kind: 'erase', id, version: index === 4 ? 2 : 1 });
          // Made again under its id, it is another document, and erased again none that the view has seen.
          await create({ n: 100 + index }, { id, ...(index === 3 ? {} : { table: 'even' }) });
          if (index === 9) await change({ kind: 'erase', id, version: 1 });
        }
        const seen = async (query: Partial<FindQuery>): Promise<unknown[]> => {
          const found: unknown[] = [];
          for await (const batch of view.scanDocuments({ ...allLive, ...query })) {
            found.push(...batch.map(({ body }) => body.n));
          }
          return found;
        };
        expect(await seen({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(await seen({ table: 'even' })).toEqual([0, 2, 4, 6, 8]);
        expect(await seen({ table: 'default' })).toEqual([1, 3, 5, 7, 9]);
        expect(await seen({ orderBy: [order('n', 'DESC')] })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        for (const document of documents) expect(await view.getDocument(document.id)).toEqual(document);
        expect(await view.countDocuments(allLive)).toBe(10);
        const page = await view.findDocuments({ ...allLive }, { first: 2, offset: 3 });
        expect(page.documents.map(({ body }) => body.n)).toEqual([3, 4]);
        view.close();
        expect(await bodies()).toEqual([1, 2, 5, 6, 7, 8, 100, 103, 104].map((n) => ({ n })));
      });

      it('refuses to be read after it was closed', async () => {
        const view = await database.view(anonymous);
        view.close();
        view.close();
        await expect(view.countDocuments(allLive)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
      });

      it('opens at the newest sequence, and refuses one that is still to come', async () => {
        await create({});
        await create({});
        (await database.view(anonymous, { sequence: 2 })).close();
        const later = async () => database.view(anonymous, { sequence: 3 });
        await expectCode('INVALID_ARGUMENT', later());
      });
    });

    it('refuses everything once it is closed', async () => {
      await database.close();
      await expectCode('OVERLOADED', create({}));
      await expectCode('OVERLOADED', (async () => database.getDocument(anonymous, missingId))());
      database = await engine.open();
    });
  });
}

const allLive: FindQuery = { filter: everything, orderBy: [], archived: 'EXCLUDE' };

function order(path: string, direction: Direction) {
  return { path: parsePath(path, 'path'), direction };
}

async function expectCode(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await expect(promise).rejects.toMatchObject({ code });
}
