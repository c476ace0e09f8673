import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeEvent, ChangeStream, ChangesRequest } from '../../src/database/changes.ts';
import type { Database } from '../../src/database/database.ts';
import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { everything } from '../../src/query/filter.ts';
import { parseFilter } from '../../src/query/filter-parser.ts';
import type { EngineUnderTest } from './database-suite.ts';

/** What every engine must tell of what is committed. */
export function describeChanges(name: string, createEngine: () => Promise<EngineUnderTest>): void {
  describe(`${name}: changes`, () => {
    let engine: EngineUnderTest;
    let database: Database;
    let streams: ChangeStream[];

    beforeEach(async () => {
      engine = await createEngine();
      database = await engine.open();
      streams = [];
    });

    afterEach(async () => {
      for (const stream of streams) stream.close();
      await database.close();
      await engine.dispose();
    });

    async function subscribe(request: Partial<ChangesRequest> = {}): Promise<ChangeStream> {
      const stream = await database.changes(anonymous, { filter: everything, ...request });
      streams.push(stream);
      return stream;
    }

    async function commit(...operations: Operation[]): Promise<readonly Document[]> {
      return (await database.commit(anonymous, operations)).documents;
    }

    async function create(body: JsonObject, table?: string): Promise<Document> {
      const [document] = await commit({ kind: 'create', body, table });
      if (document === undefined) throw new Error('a create answers with its document');
      return document;
    }

    async function newest(): Promise<number> {
      return (await database.status(anonymous)).sequence;
    }

    /** Everything up to the newest commit that there is now. */
    async function replay(request: Partial<ChangesRequest> = {}): Promise<ChangeEvent[]> {
      const stream = await subscribe({ after: 0, ...request });
      const events = await readTo(stream, await newest());
      stream.close();
      return events;
    }

    const levelAtLeast = (level: number) => parseFilter({ path: 'level', gte: level });

    describe('a subscriber without a place to begin', () => {
      it('is told at once from where it could go on', async () => {
        await create({ n: 1 });
        const stream = await subscribe();
        const { epoch } = await database.status(anonymous);
        expect(await stream.next()).toEqual([{ kind: 'progress', sequence: 1, epoch }]);
      });

      it('is told of each commit from then on, with all that it changed', async () => {
        await create({ n: 0 });
        const stream = await subscribe();
        await stream.next();
        const { epoch } = await database.status(anonymous);
        const { documents, sequence, committedAt } = await database.commit(anonymous, [
          { kind: 'create', body: { n: 1 } },
          { kind: 'create', body: { n: 2 }, table: 'people' },
        ]);
        const [first, second] = documents;
        expect(await readTo(stream, 2)).toEqual([
          {
            kind: 'changeSet',
            sequence,
            epoch,
            committedAt,
            changes: [
              { kind: 'CREATED', document: first, before: null },
              { kind: 'CREATED', document: second, before: null },
            ],
          },
        ]);
      });
    });

    it('tells what became of a document, and what it was', async () => {
      const first = await create({ level: 1 });
      const [second] = await commit({ kind: 'update', id: first.id, version: 1, body: { level: 2 } });
      const [third] = await commit({ kind: 'archive', id: first.id });
      const [fourth] = await commit({ kind: 'restore', id: first.id });
      const changes = changesOf(await replay());
      expect(changes).toEqual([
        { kind: 'CREATED', document: first, before: null },
        { kind: 'UPDATED', document: second, before: first },
        { kind: 'ARCHIVED', document: third, before: second },
        { kind: 'RESTORED', document: fourth, before: third },
      ]);
    });

    it('tells when a document comes to fit the filter, and when it leaves it', async () => {
      const live = await subscribe({ filter: levelAtLeast(5) });
      await live.next();
      const { id } = await create({ level: 1 });
      await commit({ kind: 'update', id, version: 1, body: { level: 5 } });
      await commit({ kind: 'update', id, version: 2, body: { level: 6 } });
      await commit({ kind: 'update', id, version: 3, body: { level: 2 } });
      await commit({ kind: 'update', id, version: 4, body: { level: 3 } });
      await commit({ kind: 'update', id, version: 5, body: { level: 9 } });
      const expected = [
        ['UPDATED', 2],
        ['UPDATED', 3],
        ['LEFT', 4],
        ['UPDATED', 6],
      ];
      expect(kindsOf(await readTo(live, 6))).toEqual(expected);
      expect(kindsOf(await replay({ filter: levelAtLeast(5) }))).toEqual(expected);
    });

    it('tells of one table where one is named', async () => {
      await create({ n: 1 }, 'people');
      await create({ n: 2 }, 'places');
      const events = await replay({ table: 'places' });
      expect(changesOf(events).map(({ document }) => document.body)).toEqual([{ n: 2 }]);
    });

    it('tells a commit as a whole, with those of its documents that concern the filter', async () => {
      await commit(
        { kind: 'create', body: { level: 1 } },
        { kind: 'create', body: { level: 7 } },
        { kind: 'create', body: { level: 2 } },
        { kind: 'create', body: { level: 8 } },
      );
      const [event] = await replay({ filter: levelAtLeast(5) });
      expect(event).toMatchObject({
        kind: 'changeSet',
        sequence: 1,
        changes: [{ document: { body: { level: 7 } } }, { document: { body: { level: 8 } } }],
      });
    });

    it('goes on behind a commit, from what was committed before to what is committed now', async () => {
      for (let n = 1; n <= 5; n += 1) await create({ n });
      const stream = await subscribe({ after: 2 });
      expect(numbersOf(await readTo(stream, 5))).toEqual([3, 4, 5]);
      await create({ n: 6 });
      expect(numbersOf(await readTo(stream, 6))).toEqual([6]);
    });

    it('tells each commit once to a subscriber that begins while others commit', async () => {
      const commits = 300;
      for (let n = 1; n <= 100; n += 1) await create({ n });
      const writing = (async () => {
        for (let n = 101; n <= commits; n += 1) await create({ n });
      })();
      const read: ChangeEvent[][] = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          await create({ other: true });
          const stream = await subscribe({ after: index * 10, filter: parseFilter({ path: 'n', exists: true }) });
          return readTo(stream, commits + 10);
        }),
      );
      await writing;
      for (const [index, events] of read.entries()) {
        const numbers = numbersOf(events);
        expect(numbers).toEqual(Array.from(numbers, (_, at) => at + index * 10 + 1));
      }
    });

    it('goes on after the database was opened again', async () => {
      const { id } = await create({ level: 5 });
      await create({ level: 6 });
      const { epoch } = await database.status(anonymous);
      await database.close();
      database = await engine.open();
      const stream = await subscribe({ after: 1, epoch, filter: levelAtLeast(5) });
      await commit({ kind: 'update', id, version: 1, body: { level: 1 } });
      const events = await readTo(stream, 3);
      expect(kindsOf(events)).toEqual([
        ['CREATED', 1],
        ['LEFT', 2],
      ]);
    });

    it('tells of an erased document that it is gone, and nothing that was in it', async () => {
      const live = await subscribe({ filter: levelAtLeast(5) });
      await live.next();
      const { id } = await create({ level: 7, secret: 'x' });
      expect(kindsOf(await readTo(live, 1))).toEqual([['CREATED', 1]]);
      await commit({ kind: 'erase', id, version: 1 });
      for (const events of [await readTo(live, 2), await replay({ filter: levelAtLeast(5) })]) {
        expect(events).toMatchObject([
          {
            kind: 'changeSet',
            sequence: 2,
            changes: [{ kind: 'ERASED', document: { id, table: { name: 'default' }, body: {} }, before: null }],
          },
        ]);
      }
    });

    it('does not tell that a document was erased which did not fit', async () => {
      const live = await subscribe({ filter: levelAtLeast(5) });
      await live.next();
      const { id } = await create({ level: 1 });
      await commit({ kind: 'erase', id, version: 1 });
      await create({ level: 5 });
      expect(kindsOf(await readTo(live, 3))).toEqual([['CREATED', 1]]);
    });

    it('tells a document that was made anew under the id of an erased one apart from it', async () => {
      const { id } = await create({ n: 1 });
      await commit({ kind: 'erase', id, version: 1 }, { kind: 'create', id, body: { n: 2 } });
      const changes = changesOf(await replay());
      expect(changes.map(({ kind, document }) => [kind, document.body])).toEqual([
        ['ERASED', {}],
        ['CREATED', { n: 2 }],
      ]);
    });

    it('tells that the documents of a dropped table are erased', async () => {
      const { id } = await create({ level: 7 }, 'people');
      await create({ level: 1 }, 'people');
      await create({ level: 8 }, 'places');
      const live = await subscribe({ filter: levelAtLeast(5) });
      await live.next();
      await database.dropTable(anonymous, 'people');
      const changes = changesOf(await readTo(live, 4));
      expect(changes.map(({ kind, document }) => [kind, document.id])).toEqual([['ERASED', id]]);
    });

    it('has nobody go on who is not told which documents went with a table', async () => {
      await create({ level: 7 }, 'people');
      await create({ level: 8 }, 'places');
      await database.dropTable(anonymous, 'people');
      await create({ level: 9 }, 'places');
      await database.close();
      database = await engine.open();
      expect(await readAll(await subscribe({ after: 2, table: 'people' }))).toMatchObject([
        { kind: 'resyncRequired', newest: 4 },
      ]);
      expect(numbersOf(await readTo(await subscribe({ after: 2, table: 'places' }), 4), 'level')).toEqual([9]);
    });

    it('tells how far it has come when there is nothing for the filter', async () => {
      const { epoch } = await database.status(anonymous);
      for (let n = 1; n <= 5; n += 1) await create({ n });
      const stream = await subscribe({ after: 0, filter: levelAtLeast(1) });
      expect(await stream.next()).toEqual([{ kind: 'progress', sequence: 5, epoch }]);
    });

    it.each([
      ['of another epoch', { after: 1, epoch: '01234567-89ab-7def-8123-456789abcdef' }],
      ['still to come', { after: 3 }],
    ])('has a subscriber read the list again whose commit is %s', async (_, request) => {
      await create({ n: 1 });
      await create({ n: 2 });
      const { epoch } = await database.status(anonymous);
      const stream = await subscribe(request);
      expect(await readAll(stream)).toEqual([{ kind: 'resyncRequired', epoch, oldest: 0, newest: 2 }]);
    });

    it('ends when it is closed, also while somebody waits for it', async () => {
      const stream = await subscribe();
      await stream.next();
      const waiting = stream.next();
      stream.close();
      expect(await waiting).toBeNull();
      expect(await stream.next()).toBeNull();
    });

    it('ends when the database is closed', async () => {
      const stream = await subscribe();
      await stream.next();
      const waiting = stream.next();
      await database.close();
      expect(await waiting).toBeNull();
      database = await engine.open();
    });
  });
}

/** Until it has told of this commit, or has nothing until then. */
export async function readTo(stream: ChangeStream, sequence: number): Promise<ChangeEvent[]> {
  const read: ChangeEvent[] = [];
  for (;;) {
    const events = await stream.next();
    if (events === null) throw new Error('the stream ended before');
    read.push(...events.filter(({ kind }) => kind !== 'progress'));
    const last = events.at(-1);
    if (last?.kind === 'resyncRequired' || (last !== undefined && last.sequence >= sequence)) return read;
  }
}

async function readAll(stream: ChangeStream): Promise<ChangeEvent[]> {
  const read: ChangeEvent[] = [];
  for (let events = await stream.next(); events !== null; events = await stream.next()) read.push(...events);
  return read;
}

function changesOf(events: readonly ChangeEvent[]) {
  return events.flatMap((event) => (event.kind === 'changeSet' ? event.changes : []));
}

function kindsOf(events: readonly ChangeEvent[]) {
  return changesOf(events).map(({ kind, document }) => [kind, document.version]);
}

function numbersOf(events: readonly ChangeEvent[], key = 'n') {
  return changesOf(events).map(({ document }) => document.body[key]);
}
