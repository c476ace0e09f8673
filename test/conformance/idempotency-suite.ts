import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import type { Commit, CommitOptions, Operation } from '../../src/database/operation.ts';
import { anonymous, type Principal } from '../../src/database/principal.ts';
import { parseDocumentChange } from '../../src/document/document-change.ts';
import { DatabaseError } from '../../src/errors.ts';
import { everything } from '../../src/query/filter.ts';
import type { EngineUnderTest } from './database-suite.ts';

const firstId = '0190a000-0000-7000-8000-000000000001';
const secondId = '0190a000-0000-7000-8000-000000000002';

/** What every engine must do with idempotency keys. */
export function describeIdempotency(name: string, createEngine: () => Promise<EngineUnderTest>): void {
  describe(`${name}: idempotency keys`, () => {
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

    const commit = (operations: readonly Operation[], key?: string, more?: CommitOptions): Promise<Commit> =>
      database.commit(anonymous, operations, { ...more, idempotency: key === undefined ? undefined : { key } });

    const create = (id?: string): Operation => ({
      kind: 'create',
      id,
      table: 'people',
      body: { n: 1, list: [2n ** 64n + 1n] },
    });

    async function countDocuments(): Promise<number> {
      const view = await database.view(anonymous);
      const count = await view.countDocuments({ filter: everything, orderBy: [], archived: 'INCLUDE' });
      view.close();
      return count;
    }

    async function reopen(): Promise<void> {
      await database.close();
      database = await engine.open();
    }

    it('carries a request out once, and answers it again as it was', async () => {
      const first = await commit([create(), create(firstId)], 'a');
      expect(first.replayed).toBe(false);
      expect(await commit([create(), create(firstId)], 'a')).toEqual({ ...first, replayed: true });
      await reopen();
      expect(await commit([create(), create(firstId)], 'a')).toEqual({ ...first, replayed: true });
      expect(await countDocuments()).toBe(2);
      expect((await database.status(anonymous)).sequence).toBe(first.sequence);
    });

    it('answers with the documents as they were, whatever has become of them', async () => {
      const operations: Operation[] = [
        create(firstId),
        { kind: 'update', id: firstId, version: 1, body: { n: 2 } },
        create(),
        { kind: 'archive', id: firstId },
      ];
      const first = await commit(operations, 'a');
      expect(first.documents.map(({ version }) => version)).toEqual([1, 2, 1, 3]);
      const other = first.documents[2]?.id ?? '';
      await commit([{ kind: 'update', id: other, version: 1, body: {} }]);
      await commit([{ kind: 'restore', id: firstId }]);
      await commit([{ kind: 'archive', id: other }]);
      expect(await commit(operations, 'a')).toEqual({ ...first, replayed: true });
      await reopen();
      expect(await commit(operations, 'a')).toEqual({ ...first, replayed: true });
    });

    it('refuses another request under the same key', async () => {
      await commit([create(firstId)], 'a');
      await expectError('IDEMPOTENCY_KEY_REUSED', commit([create(secondId)], 'a'));
      await expectError('IDEMPOTENCY_KEY_REUSED', commit([{ kind: 'archive', id: firstId }], 'a'));
      await expectError('IDEMPOTENCY_KEY_REUSED', commit([create(firstId), create(secondId)], 'a', { dryRun: true }));
      await reopen();
      await expectError('IDEMPOTENCY_KEY_REUSED', commit([create(secondId)], 'a'));
      expect(await countDocuments()).toBe(1);
    });

    it.each<[string, Operation, Operation]>([
      [
        'key order',
        { kind: 'create', id: firstId, body: { a: 1, b: { c: 2, d: 3 } } },
        { kind: 'create', id: firstId, body: { b: { d: 3, c: 2 }, a: 1 } },
      ],
      [
        'what is absent',
        { kind: 'create', id: firstId, table: undefined, body: {} },
        { kind: 'create', body: {}, id: firstId },
      ],
    ])('takes a request for the same in spite of %s', async (_, sent, again) => {
      const first = await commit([sent], 'a');
      expect(await commit([again], 'a')).toEqual({ ...first, replayed: true });
    });

    it('tells patches apart by what they change, and in no other way', async () => {
      const patch = (change: Parameters<typeof parseDocumentChange>[0]): Operation => ({
        kind: 'patch',
        id: firstId,
        version: 1,
        change: parseDocumentChange(change, 'change'),
      });
      const requests = [
        patch({ increment: { a: 1, 'b.c': 2 } }),
        patch({ increment: { a: 1, 'b.c': 3 } }),
        patch({ increment: { a: 1, 'b\\.c': 2 } }),
        patch({ merge: { a: 1, 'b.c': 2 } }),
        patch({ merge: { a: 1, 'b.c': null } }),
        patch({ patch: [{ op: 'add', path: '/a', value: 1 }] }),
        patch({ patch: [{ op: 'add', path: '/a/b', value: 1 }] }),
        patch({
          patch: [
            { op: 'add', path: '/x', value: 1 },
            { op: 'copy', from: '/x', path: '/y' },
          ],
        }),
        patch({
          patch: [
            { op: 'add', path: '/x', value: 1 },
            { op: 'move', from: '/x', path: '/y' },
          ],
        }),
        patch({
          patch: [
            { op: 'add', path: '/x', value: 1 },
            { op: 'remove', path: '/x' },
          ],
        }),
      ];
      for (const [at, request] of requests.entries()) {
        // A table of its own for none: the document is made anew each time.
        await commit([{ kind: 'create', id: firstId, body: { a: { b: 0 } } }]);
        const key = `key-${at}`;
        const refused = await commit([request], key).catch((error: unknown) => error);
        if (!(refused instanceof DatabaseError)) {
          expect(await commit([request], key)).toMatchObject({ replayed: true });
          for (const other of requests.filter((_, index) => index !== at)) {
            await expectError('IDEMPOTENCY_KEY_REUSED', commit([other], key));
          }
        }
        const { version = 0 } = (await database.getDocument(anonymous, firstId)) ?? {};
        await commit([{ kind: 'erase', id: firstId, version }]);
      }
      await commit([{ kind: 'create', id: firstId, body: {} }]);
      await commit([patch({ increment: { a: 1, b: 2 } })], 'order');
      expect(await commit([patch({ increment: { b: 2, a: 1 } })], 'order')).toMatchObject({ replayed: true });
    });

    it('remembers commits only: what was refused, or wrote nothing, may be tried again', async () => {
      await expectError('NOT_FOUND', commit([{ kind: 'archive', id: firstId }], 'a'));
      const asserted = await commit([{ kind: 'assert', id: firstId, exists: false }], 'a');
      expect(asserted).toMatchObject({ sequence: null, replayed: false });
      await commit([create(firstId)]);
      expect(await commit([{ kind: 'archive', id: firstId }], 'a')).toMatchObject({ replayed: false, sequence: 2 });
      await expectError('IDEMPOTENCY_KEY_REUSED', commit([{ kind: 'assert', id: firstId, exists: false }], 'a'));
    });

    it('has one in flight waited for: of many at once one is carried out', async () => {
      const commits = await Promise.all(Array.from({ length: 40 }, () => commit([create()], 'a')));
      expect(commits.filter(({ replayed }) => !replayed)).toHaveLength(1);
      const [first] = commits;
      for (const { replayed: _, ...same } of commits) expect(same).toEqual({ ...first, replayed: undefined });
      expect(await countDocuments()).toBe(1);
    });

    it('carries the next one out when the one in flight is refused', async () => {
      const results = await Promise.allSettled([
        commit([{ kind: 'archive', id: firstId }], 'a'),
        commit([{ kind: 'create', id: firstId, body: {} }], 'a'),
        commit([{ kind: 'create', id: firstId, body: {} }], 'a'),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
      expect(await countDocuments()).toBe(1);
    });

    it('keeps the keys of principals apart', async () => {
      const [ann, bea]: Principal[] = ['ann', 'bea'].map((each) => ({ ...anonymous, name: each }));
      if (ann === undefined || bea === undefined) throw new Error('there are two');
      const as = (principal: Principal) => database.commit(principal, [create()], { idempotency: { key: 'a' } });
      await as(ann);
      expect(await as(bea)).toMatchObject({ replayed: false });
      expect(await as(ann)).toMatchObject({ replayed: true, sequence: 1 });
    });

    it('has a dry run write and remember nothing, but tell what is remembered', async () => {
      expect(await commit([create(firstId)], 'a', { dryRun: true })).toMatchObject({ sequence: null, replayed: false });
      const first = await commit([create(firstId)], 'a');
      expect(first.replayed).toBe(false);
      expect(await commit([create(firstId)], 'a', { dryRun: true })).toEqual({ ...first, replayed: true });
    });

    it('tells that it was carried out, and no more, when a document was erased since, even if there is another one', async () => {
      const first = await commit([create(firstId), create(secondId)], 'a');
      await commit([{ kind: 'erase', id: firstId, version: 1 }]);
      const gone = {
        sequence: first.sequence,
        committedAt: first.committedAt,
        replayed: true,
        documents: [],
        documentsGone: expect.objectContaining({
          code: 'HISTORY_GONE',
          evidence: expect.objectContaining({ sequence: first.sequence, documentIds: [firstId, secondId] }),
        }),
      };
      expect(await commit([create(firstId), create(secondId)], 'a')).toEqual(gone);
      await commit([create(firstId)]);
      expect(await commit([create(firstId), create(secondId)], 'a')).toEqual(gone);
      await reopen();
      expect(await commit([create(firstId), create(secondId)], 'a')).toEqual(gone);
      await commit([{ kind: 'archive', id: secondId }]);
      expect(await commit([create(firstId), create(secondId)], 'a')).toEqual(gone);
      await database.dropTable(anonymous, 'people');
      expect(await commit([create(firstId), create(secondId)], 'a')).toEqual(gone);
    });

    it('has an erasure carried out once, and keeps nothing of what it took away', async () => {
      await commit([create(firstId)]);
      const erase: Operation = { kind: 'erase', id: firstId, version: 1 };
      const first = await commit([erase], 'a');
      await commit([create(firstId)]);
      expect(await commit([erase], 'a')).toMatchObject({
        sequence: first.sequence,
        replayed: true,
        documents: [],
        documentsGone: { code: 'HISTORY_GONE' },
      });
      expect(await database.getDocument(anonymous, firstId)).not.toBeNull();
    });

    it('finds the commit of a request whose operations follow from more than it', async () => {
      const idempotency = { key: 'a', request: { combine: [firstId] } };
      expect(await database.replay(anonymous, idempotency)).toBeNull();
      const first = await database.commit(anonymous, [create(firstId)], { idempotency });
      expect(await database.replay(anonymous, idempotency)).toEqual({ ...first, replayed: true });
      expect(await database.commit(anonymous, [create()], { idempotency })).toEqual({ ...first, replayed: true });
      await expectError('IDEMPOTENCY_KEY_REUSED', database.replay(anonymous, { key: 'a', request: {} }));
      await expectError('IDEMPOTENCY_KEY_REUSED', commit([create(firstId)], 'a'));
    });
  });
}

async function expectError(code: string, promise: Promise<unknown>): Promise<void> {
  await expect(promise).rejects.toMatchObject({ code });
}
