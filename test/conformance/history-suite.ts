import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AsOf, Database, ReadView } from '../../src/database/database.ts';
import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { Document } from '../../src/document/document.ts';
import { everything } from '../../src/query/filter.ts';
import type { EngineUnderTest } from './database-suite.ts';

const id = '01234567-89ab-7def-8123-456789abcdef';

/** What every engine must tell of the past. */
export function describeHistory(name: string, createEngine: () => Promise<EngineUnderTest>): void {
  describe(`history on the ${name}`, () => {
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

    async function reopen(): Promise<void> {
      await database.close();
      database = await engine.open();
    }

    /** @returns the documents that the commit resulted in. */
    async function commit(...operations: readonly Operation[]): Promise<readonly Document[]> {
      return (await database.commit(anonymous, operations)).documents;
    }

    const update = (version: number): Operation => ({ kind: 'update', id, version, body: { version: version + 1 } });

    async function withView<T>(use: (view: ReadView) => Promise<T>): Promise<T> {
      const view = await database.view(anonymous);
      try {
        return await use(view);
      } finally {
        view.close();
      }
    }

    const history = (page: Partial<Parameters<ReadView['documentHistory']>[1]> = {}) =>
      withView((view) => view.documentHistory(id, { limit: 100, ...page }));

    const version = (number: number) => withView((view) => view.documentVersion(id, number));

    describe('as of then', () => {
      const find = { filter: everything, archived: 'INCLUDE', orderBy: [] } as const;

      async function asOf<T>(at: AsOf, use: (view: ReadView) => Promise<T>): Promise<T> {
        const view = await database.view(anonymous, at);
        try {
          return await use(view);
        } finally {
          view.close();
        }
      }

      it('shows what was there, as it was, in the order of then, and survives a restart', async () => {
        const other = '01234567-89ab-7def-8123-456789abcdff';
        await commit(
          { kind: 'create', id, table: 'notes', body: { version: 1 } },
          { kind: 'create', id: other, body: { n: 7 } },
        );
        const { committedAt } = await database.commit(anonymous, [update(1)]);
        await commit({ kind: 'archive', id: other });
        await database.dropTable(anonymous, 'notes');
        await commit({ kind: 'create', body: { later: true } });
        for (const restarts of [0, 1]) {
          if (restarts === 1) await reopen();
          const bodiesAt = (sequence: number) =>
            asOf({ sequence }, async (view) => {
              const { documents } = await view.findDocuments(find, { first: 9 });
              expect(await view.countDocuments(find)).toBe(documents.length);
              return documents.map(({ body, archivedAt }) => (archivedAt === null ? body : 'archived'));
            });
          expect(await bodiesAt(0)).toEqual([]);
          expect(await bodiesAt(1)).toEqual([{ version: 1 }, { n: 7 }]);
          expect(await bodiesAt(2)).toEqual([{ version: 2 }, { n: 7 }]);
          expect(await bodiesAt(3)).toEqual([{ version: 2 }, 'archived']);
          expect(await bodiesAt(4)).toEqual(['archived']);
          expect(await bodiesAt(5)).toEqual(['archived', { later: true }]);
          expect(await asOf({ sequence: 3 }, (view) => Promise.resolve(view.getDocument(id)))).toMatchObject({
            version: 2,
          });
          expect(await asOf({ sequence: 1 }, (view) => Promise.resolve(view.getDocument(other)))).toMatchObject({
            version: 1,
          });
          expect(await asOf({ sequence: 3 }, (view) => view.documentHistory(id, { limit: 9 }))).toMatchObject([
            { version: 2 },
            { version: 1 },
          ]);
          const early = await asOf({ time: (committedAt ?? 0) - 3_600_000 }, async (view) => view.sequence);
          const now = await asOf({ time: (committedAt ?? 0) + 3_600_000 }, async (view) => view.sequence);
          expect([early, now]).toEqual([0, 5]);
          expect(await asOf({ time: committedAt ?? 0 }, async (view) => view.sequence)).toBeGreaterThanOrEqual(2);
        }
      });

      it('shows nothing of what was erased since', async () => {
        await commit({ kind: 'create', id, body: { secret: true } });
        await commit(update(1));
        await commit({ kind: 'erase', id, version: 2 });
        await commit({ kind: 'create', id, body: { new: true } });
        for (const sequence of [1, 2, 3]) {
          await asOf({ sequence }, async (view) => {
            expect(await view.getDocument(id)).toBeNull();
            expect(await view.countDocuments(find)).toBe(0);
            expect(await view.documentHistory(id, { limit: 9 })).toEqual([]);
          });
        }
      });

      it('is refused of a commit that is still to come', async () => {
        await expect(database.view(anonymous, { sequence: 1 })).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          evidence: { path: 'asOf.sequence' },
        });
      });
    });

    describe('of a document', () => {
      it('has every version as it was, newest first, whatever made it, and survives a restart', async () => {
        const versions = [
          ...(await commit({ kind: 'create', id, table: 'notes', name: 'a', body: { version: 1 } })),
          ...(await commit(update(1))),
          ...(await commit({ kind: 'archive', id })),
          ...(await commit({ kind: 'restore', id })),
          // One commit that writes three versions.
          ...(await commit(update(4), update(5), update(6))),
          ...(await commit(update(7))),
        ];
        for (const restarts of [0, 1]) {
          if (restarts === 1) await reopen();
          expect(await history()).toEqual(versions.toReversed());
          expect(await history({ before: 4, limit: 2 })).toEqual([versions[2], versions[1]]);
          expect(await history({ before: 1 })).toEqual([]);
          for (const document of versions) expect(await version(document.version)).toEqual(document);
          expect([await version(0), await version(9)]).toEqual([null, null]);
          expect(await withView((view) => view.oldestDocumentVersion(id))).toBe(1);
        }
      });

      it('is as of the view: what is committed later is not in it', async () => {
        await commit({ kind: 'create', id, body: { version: 1 } });
        await withView(async (view) => {
          await commit(update(1));
          expect(await view.documentVersion(id, 2)).toBeNull();
          expect(await view.documentHistory(id, { limit: 9 })).toMatchObject([{ version: 1, body: { version: 1 } }]);
        });
      });

      it('goes with an erasure; who has the id then has a history of its own', async () => {
        await commit({ kind: 'create', id, body: { secret: 1 } });
        await commit(update(1));
        await commit({ kind: 'erase', id, version: 2 });
        expect(await history()).toEqual([]);
        expect(await version(1)).toBeNull();
        await commit(
          { kind: 'create', id, body: { other: 1 } },
          { kind: 'erase', id, version: 1 },
          { kind: 'create', id, body: {} },
        );
        await commit(update(1));
        expect(await history()).toMatchObject([{ version: 2 }, { version: 1, body: {} }]);
        await database.createTable(anonymous, 'dropped', {});
        const other = '01234567-89ab-7def-8123-456789abcd00';
        await commit({ kind: 'create', id: other, table: 'dropped', body: {} });
        await database.dropTable(anonymous, 'dropped');
        await commit({ kind: 'create', id: other, body: { again: true } });
        expect(await withView((view) => view.documentHistory(other, { limit: 9 }))).toMatchObject([
          { version: 1, body: { again: true } },
        ]);
      });

      it('is none where no document is', async () => {
        expect(await history()).toEqual([]);
        expect(await version(1)).toBeNull();
        expect(await withView((view) => view.oldestDocumentVersion(id))).toBeNull();
      });
    });
  });
}
