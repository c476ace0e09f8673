import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import type { CommitOptions, Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { Document } from '../../src/document/document.ts';
import { type DocumentChange, parseDocumentChange } from '../../src/document/document-change.ts';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { parsePath } from '../../src/document/path.ts';
import { ForbiddenError } from '../../src/errors.ts';
import type { EngineUnderTest } from './database-suite.ts';

const missingId = '01234567-89ab-7def-8123-456789abcdef';

/** What every engine must do with transactions, patches and conflicts. */
export function describeTransactions(name: string, createEngine: () => Promise<EngineUnderTest>): void {
  describe(`${name}: transactions`, () => {
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

    const commit = (operations: readonly Operation[], options?: CommitOptions) =>
      database.commit(anonymous, operations, options);

    async function change(operation: Operation): Promise<Document> {
      const [document] = (await commit([operation])).documents;
      if (document === undefined) throw new Error('a change answers with its document');
      return document;
    }

    const create = (body: JsonObject, table?: string): Promise<Document> => change({ kind: 'create', body, table });
    const update = (id: string, version: number, body: JsonObject): Promise<Document> =>
      change({ kind: 'update', id, version, body });
    const patch = (id: string, version: number | undefined, given: DocumentChange, rebase = false): Promise<Document> =>
      change({ kind: 'patch', id, version, change: given, rebase });
    const jsonPatch = (value: JsonValue): DocumentChange => parseDocumentChange({ patch: value }, 'change');
    const increment = (value: JsonValue): DocumentChange => parseDocumentChange({ increment: value }, 'change');
    const bodyOf = async (id: string): Promise<JsonObject | undefined> =>
      (await database.getDocument(anonymous, id))?.body;

    async function reopen(): Promise<void> {
      await database.close();
      database = await engine.open();
    }

    describe('patch', () => {
      it('merges, patches and increments, as versions like any other, which a restart finds', async () => {
        const { id } = await create({ a: 1, gone: true });
        await patch(id, 1, { merge: { a: { b: 2 }, gone: null } });
        await patch(id, 2, jsonPatch([{ op: 'add', path: '/list', value: [1] }]));
        const third = await patch(id, undefined, increment({ 'a.b': 5 }));
        expect(third).toMatchObject({ version: 4, body: { a: { b: 7 }, list: [1] }, previousSequence: 3 });
        expect(third.bodyHash).toBe((await create({ list: [1], a: { b: 7 } })).bodyHash);
        await reopen();
        expect(await database.getDocument(anonymous, id)).toEqual(third);
      });

      it('is for a live document at its version', async () => {
        const { id } = await create({});
        await expectError({ code: 'NOT_FOUND' }, patch(missingId, 1, { merge: {} }));
        await expectError({ code: 'VERSION_CONFLICT' }, patch(id, 2, { merge: {} }));
        await change({ kind: 'archive', id });
        await expectError({ code: 'NOT_FOUND' }, patch(id, undefined, increment({ n: 1 })));
      });

      it('writes nothing when it does not fit', async () => {
        const { id } = await create({ n: 'one' });
        await expectError({ code: 'INVALID_ARGUMENT' }, patch(id, undefined, increment({ n: 1 })));
        await expectError(
          { code: 'INVALID_ARGUMENT', evidence: { path: 'change.patch.0' } },
          patch(id, 1, jsonPatch([{ op: 'test', path: '/n', value: 'two' }])),
        );
        expect(await bodyOf(id)).toEqual({ n: 'one' });
      });

      it('increments that come at once are all counted', async () => {
        const { id } = await create({ n: 0 });
        await Promise.all(Array.from({ length: 50 }, () => patch(id, undefined, increment({ n: 1 }))));
        expect(await database.getDocument(anonymous, id)).toMatchObject({ version: 51, body: { n: 50 } });
      });

      it('obeys the constraints of the table', async () => {
        await database.createIndex(anonymous, {
          table: 'users',
          paths: [parsePath('email', 'path')],
          kind: 'HASH',
          unique: true,
          archived: 'EXCLUDE',
        });
        await create({ email: 'a' }, 'users');
        const { id } = await create({ email: 'b' }, 'users');
        await expectError({ code: 'UNIQUE_VIOLATION' }, patch(id, 1, { merge: { email: 'a' } }));
      });
    });

    describe('a transaction', () => {
      it('runs operations of all kinds in order, on what those before left, as one commit', async () => {
        const [kept, archived, erased] = [await create({ n: 1 }), await create({ n: 2 }), await create({ n: 3 })];
        await change({ kind: 'archive', id: archived.id });
        const { sequence, documents, committedAt, replayed } = await commit([
          { kind: 'assert', id: kept.id, version: 1 },
          { kind: 'assert', id: missingId, exists: false },
          { kind: 'create', id: missingId, table: 'new', body: {} },
          { kind: 'assert', id: missingId, exists: true },
          { kind: 'update', id: missingId, version: 1, body: { n: 10 } },
          { kind: 'patch', id: missingId, change: increment({ n: 1 }) },
          { kind: 'restore', id: archived.id },
          { kind: 'archive', id: kept.id },
          { kind: 'erase', id: erased.id, version: 1 },
        ]);
        expect(documents.map(({ id, version, body, archivedAt }) => [id, version, body, archivedAt !== null])).toEqual([
          [missingId, 1, {}, false],
          [missingId, 2, { n: 10 }, false],
          [missingId, 3, { n: 11 }, false],
          [archived.id, 3, { n: 2 }, false],
          [kept.id, 2, { n: 1 }, true],
          [erased.id, 1, { n: 3 }, false],
        ]);
        expect({ sequence, replayed }).toEqual({ sequence: 5, replayed: false });
        expect(committedAt).not.toBeNull();
        await reopen();
        expect(await bodyOf(missingId)).toEqual({ n: 11 });
        expect(await database.getDocument(anonymous, erased.id, 'INCLUDE')).toBeNull();
      });

      it('writes nothing when one operation fails, and names it', async () => {
        const { id } = await create({ n: 1 });
        const failing: readonly (readonly [string, Operation])[] = [
          ['VERSION_CONFLICT', { kind: 'update', id, version: 1, body: {} }],
          ['NOT_FOUND', { kind: 'archive', id: missingId }],
          ['NOT_ARCHIVED', { kind: 'restore', id }],
          ['ALREADY_EXISTS', { kind: 'create', id, body: {} }],
          ['VERSION_CONFLICT', { kind: 'erase', id, version: 1 }],
          ['VERSION_CONFLICT', { kind: 'assert', id, version: 1 }],
          ['ALREADY_EXISTS', { kind: 'assert', id, exists: false }],
          ['NOT_FOUND', { kind: 'assert', id: missingId, exists: true }],
          ['INVALID_ARGUMENT', { kind: 'patch', id, change: increment({ 'n.x': 1 }) }],
        ];
        for (const [code, operation] of failing) {
          const operations: readonly Operation[] = [
            { kind: 'create', table: 'never', body: {} },
            { kind: 'update', id, version: 1, body: { n: 2 } },
            operation,
          ];
          await expectError({ code, evidence: { operation: 2 } }, commit(operations));
          await expectError({ code, evidence: { operation: 2 } }, commit(operations, { dryRun: true }));
        }
        const view = await database.view(anonymous);
        expect(await view.table('never')).toBeNull();
        expect(view.sequence).toBe(1);
        view.close();
        expect(await bodyOf(id)).toEqual({ n: 1 });
      });

      it('names its only operation where that is asked for', async () => {
        const operations: readonly Operation[] = [{ kind: 'archive', id: missingId }];
        await expectError({ evidence: { id: missingId, operation: 0 } }, commit(operations, { namesOperation: true }));
        await expectError({ evidence: { id: missingId } }, commit(operations));
      });

      it('lets two documents swap a unique value', async () => {
        await database.createIndex(anonymous, {
          table: 'seats',
          paths: [parsePath('seat', 'path')],
          kind: 'HASH',
          unique: true,
          archived: 'EXCLUDE',
        });
        const [first, second] = [await create({ seat: 1 }, 'seats'), await create({ seat: 2 }, 'seats')];
        await expectError({ code: 'UNIQUE_VIOLATION' }, patch(first.id, 1, { merge: { seat: 2 } }));
        await commit([
          { kind: 'patch', id: first.id, version: 1, change: { merge: { seat: 2 } } },
          { kind: 'patch', id: second.id, version: 1, change: { merge: { seat: 1 } } },
        ]);
        expect([await bodyOf(first.id), await bodyOf(second.id)]).toEqual([{ seat: 2 }, { seat: 1 }]);
      });

      it('takes 10,000 operations, and not one more', async () => {
        const creates = Array.from({ length: 10_000 }, (_, n): Operation => ({ kind: 'create', body: { n } }));
        await expectError(
          { code: 'LIMIT_EXCEEDED', evidence: { limit: 10_000, actual: 10_001 } },
          commit([...creates, { kind: 'create', body: {} }]),
        );
        const { documents, sequence } = await commit(creates);
        expect([documents.length, sequence]).toEqual([10_000, 1]);
      });

      it('keeps the sum over all accounts, whoever transfers at once', async () => {
        const accounts = await Promise.all(Array.from({ length: 5 }, () => create({ balance: 100 })));
        const ids = accounts.map(({ id }) => id);
        const transfers = Array.from({ length: 200 }, async (_, n) => {
          const [from, to] = [ids[n % 5], ids[(n * 3 + 1) % 5]];
          if (from === undefined || to === undefined) throw new Error('there are five accounts');
          const read = await database.getDocument(anonymous, from);
          return commit([
            { kind: 'assert', id: from, version: read?.version ?? 0 },
            { kind: 'patch', id: from, change: increment({ balance: -n }) },
            { kind: 'patch', id: to, change: increment({ balance: n }) },
          ]);
        });
        const settled = await Promise.allSettled(transfers);
        const conflicts = settled.filter(({ status }) => status === 'rejected');
        expect(conflicts.length).toBeGreaterThan(0);
        expect(conflicts.length).toBeLessThan(200);
        const sum = async (): Promise<number> => {
          const balances = await Promise.all(ids.map(bodyOf));
          return balances.reduce((total, body) => total + Number(body?.balance), 0);
        };
        expect(await sum()).toBe(500);
        await reopen();
        expect(await sum()).toBe(500);
      });
    });

    describe('a dry run', () => {
      it('answers what would result, and writes nothing', async () => {
        const { id } = await create({ n: 1 });
        const operations: readonly Operation[] = [
          { kind: 'create', id: missingId, table: 'new', body: {} },
          { kind: 'patch', id, version: 1, change: increment({ n: 1 }) },
        ];
        const { sequence, committedAt, documents } = await commit(operations, { dryRun: true });
        expect([sequence, committedAt]).toEqual([null, null]);
        expect(documents.map(({ version, body }) => [version, body])).toEqual([
          [1, {}],
          [2, { n: 2 }],
        ]);
        expect(await database.getDocument(anonymous, missingId)).toBeNull();
        expect(await bodyOf(id)).toEqual({ n: 1 });
        expect(await commit(operations)).toMatchObject({ sequence: 2, documents: [{ id: missingId }, { version: 2 }] });
        await reopen();
        expect(await bodyOf(id)).toEqual({ n: 2 });
      });

      it('sees the commits that are still on their way', async () => {
        const { id } = await create({ n: 1 });
        const underWay = update(id, 1, { n: 2 });
        await expectError(
          { code: 'VERSION_CONFLICT' },
          commit([{ kind: 'update', id, version: 1, body: {} }], { dryRun: true }),
        );
        await underWay;
      });
    });

    describe('a conflict', () => {
      it('tells the current document, and what has changed since the version that was sent', async () => {
        const { id } = await create({ a: 1, b: { c: 1, d: 1 } });
        await update(id, 1, { a: 1, b: { c: 2, d: 1 } });
        const current = await update(id, 2, { a: 2, b: { c: 2, d: 1 } });
        const conflict = { id, actualVersion: 3 };
        await expectError(
          {
            code: 'VERSION_CONFLICT',
            current,
            evidence: { ...conflict, expectedVersion: 1, changedPaths: ['a', 'b.c'] },
          },
          update(id, 1, {}),
        );
        await expectError({ evidence: { ...conflict, expectedVersion: 2, changedPaths: ['a'] } }, update(id, 2, {}));
      });

      it('with a version yet to come tells no changes', async () => {
        const { id } = await create({});
        const conflict = await update(id, 7, {}).catch((error: unknown) => error);
        expect(conflict).toMatchObject({ code: 'VERSION_CONFLICT' });
        expect(conflict).not.toHaveProperty('evidence.changedPaths');
      });

      it('with a commit that is still on its way tells its changes, too', async () => {
        const { id } = await create({ a: 1 });
        const underWay = update(id, 1, { a: 2 });
        await expectError({ evidence: { changedPaths: ['a'] } }, update(id, 1, {}));
        await underWay;
      });

      it('tells what has changed since a version of before a restart', async () => {
        const { id } = await create({ a: 1, b: { c: 1 } });
        await update(id, 1, { a: 1, b: { c: 2 } });
        await reopen();
        await update(id, 2, { a: 2, b: { c: 2 } });
        await expectError({ evidence: { expectedVersion: 1, changedPaths: ['a', 'b.c'] } }, update(id, 1, {}));
      });

      it('tells when it was archived meanwhile', async () => {
        const { id } = await create({});
        await change({ kind: 'archive', id });
        await expectError({ evidence: { changedPaths: ['$archivedAt'] } }, change({ kind: 'erase', id, version: 1 }));
      });

      it('tells nothing of a document that was erased before under the same id', async () => {
        await change({ kind: 'create', id: missingId, body: { old: 1 } });
        await update(missingId, 1, { old: 2 });
        await change({ kind: 'erase', id: missingId, version: 2 });
        await change({ kind: 'create', id: missingId, body: { a: 1 } });
        await update(missingId, 1, { a: 2 });
        await update(missingId, 2, { a: 3 });
        await expectError({ evidence: { expectedVersion: 1, changedPaths: ['a'] } }, update(missingId, 1, {}));
      });
    });

    describe('rebase', () => {
      it('applies a merge patch when what it writes has not changed since', async () => {
        const { id } = await create({ a: 1, b: { c: 1 } });
        await update(id, 1, { a: 1, b: { c: 1, d: 1 } });
        const rebased = await patch(id, 1, { merge: { a: 2, b: { c: 2 } } }, true);
        expect(rebased).toMatchObject({ version: 3, body: { a: 2, b: { c: 2, d: 1 } } });
      });

      it('is a conflict when it has', async () => {
        const { id } = await create({ a: 1, b: 1 });
        await update(id, 1, { a: 2, b: 1 });
        await expectError({ evidence: { changedPaths: ['a'] } }, patch(id, 1, { merge: { a: 3 } }, true));
        await expectError({ code: 'VERSION_CONFLICT' }, patch(id, 1, { merge: { b: 2 } }));
        expect(await patch(id, 1, { merge: { b: 2 } }, true)).toMatchObject({ body: { a: 2, b: 2 } });
      });

      it('is from a version of before a restart, too', async () => {
        const { id } = await create({ a: 1, b: 1 });
        await update(id, 1, { a: 2, b: 1 });
        await reopen();
        await expectError({ code: 'VERSION_CONFLICT' }, patch(id, 1, { merge: { a: 3 } }, true));
        expect(await patch(id, 1, { merge: { b: 2 } }, true)).toMatchObject({ version: 3, body: { a: 2, b: 2 } });
      });

      it('of patches that write at different places and come at once loses none', async () => {
        const { id } = await create({});
        const members = Array.from({ length: 20 }, (_, n) => `member${n}`);
        await Promise.all(members.map((key) => patch(id, 1, { merge: { [key]: 1 } }, true)));
        expect(await bodyOf(id)).toEqual(Object.fromEntries(members.map((key) => [key, 1])));
      });

      it('works among the operations of one transaction', async () => {
        const { id } = await create({ a: 1, b: 1 });
        const { documents } = await commit([
          { kind: 'patch', id, version: 1, change: { merge: { a: 2 } } },
          { kind: 'patch', id, version: 1, change: { merge: { b: 2 } }, rebase: true },
        ]);
        expect(documents.at(-1)).toMatchObject({ version: 3, body: { a: 2, b: 2 } });
      });

      it('is a conflict with a version yet to come, and of one that was erased before', async () => {
        await change({ kind: 'create', id: missingId, body: { a: 1 } });
        await expectError({ code: 'VERSION_CONFLICT' }, patch(missingId, 2, { merge: {} }, true));
        await change({ kind: 'erase', id: missingId, version: 1 });
        await expectError({ code: 'NOT_FOUND' }, patch(missingId, 1, { merge: {} }, true));
      });
    });

    describe('admission', () => {
      const onlyOpen = { admission: (_operation: Operation, table: string) => table === 'open' };

      it('is asked about each operation, with the table that it finds its document in, also one that it made itself', async () => {
        const { id } = await create({}, 'closed');
        const asked: string[] = [];
        const admission = ({ kind }: Operation, table: string): boolean => asked.push(`${kind} ${table}`) > 0;
        const made = '01234567-89ab-7def-8123-000000000001';
        await commit(
          [
            { kind: 'create', id: made, table: 'open', body: {} },
            { kind: 'create', body: {} },
            { kind: 'update', id: made, version: 1, body: {} },
            { kind: 'patch', id: made, change: increment({ n: 1 }) },
            { kind: 'assert', id: made, exists: true },
            { kind: 'archive', id },
            { kind: 'restore', id },
            { kind: 'erase', id, version: 3 },
          ],
          { admission },
        );
        expect(asked).toEqual([
          ...['create open', 'create default', 'update open', 'patch open', 'assert open'],
          ...['archive closed', 'restore closed', 'erase closed'],
        ]);
      });

      it('that is not given makes a document one that is not there: no error tells of it, nothing is written', async () => {
        const { id } = await create({ secret: true }, 'closed');
        await update(id, 1, { secret: true });
        const { sequence } = await database.status(anonymous);
        const operations: readonly Operation[] = [
          { kind: 'update', id, version: 1, body: {} },
          { kind: 'patch', id, version: 1, change: { merge: {} }, rebase: true },
          { kind: 'archive', id },
          { kind: 'restore', id },
          { kind: 'erase', id, version: 1 },
          { kind: 'assert', id, version: 1 },
          { kind: 'assert', id, exists: true },
        ];
        for (const operation of operations) {
          const failure = await commit([operation], onlyOpen).catch((error: unknown) => error);
          expect(failure).toMatchObject({ code: 'NOT_FOUND', message: 'Document not found', evidence: { id } });
        }
        expect(await commit([{ kind: 'assert', id, exists: false }], onlyOpen)).toMatchObject({ sequence: null });
        expect((await database.status(anonymous)).sequence).toBe(sequence);
      });

      it('is about the table that the commit finds, whatever was there a moment ago', async () => {
        const { id } = await create({}, 'open');
        // Both are in flight when the third is decided.
        const moved = Promise.all([
          commit([{ kind: 'erase', id, version: 1 }]),
          commit([{ kind: 'create', id, table: 'closed', body: { secret: true } }]),
        ]);
        await expectError({ code: 'NOT_FOUND' }, commit([{ kind: 'update', id, version: 1, body: {} }], onlyOpen));
        await moved;
        expect(await bodyOf(id)).toEqual({ secret: true });
      });

      it('that throws refuses the whole, and tells at which operation', async () => {
        const refuse = { admission: (_operation: Operation, table: string) => throwUnlessOpen(table) };
        const operations: readonly Operation[] = [
          { kind: 'create', table: 'open', body: {} },
          { kind: 'create', table: 'closed', body: {} },
        ];
        await expectError({ code: 'FORBIDDEN', evidence: { operation: 1 } }, commit(operations, refuse));
        expect((await database.status(anonymous)).documents).toBe(0);
      });
    });
  });
}

function throwUnlessOpen(table: string): boolean {
  if (table === 'open') return true;
  throw new ForbiddenError(`not ${table}`);
}

/** The call fails with an error that has all of this. */
async function expectError(expected: object, call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject(expected);
}
