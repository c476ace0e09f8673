import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import { parsePath } from '../../../src/document/path.ts';
import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { everything } from '../../../src/query/filter.ts';
import { create, creates, idOf, indexSlots, LargeCommitFixture, look, type Seen, textOf } from './fixture.ts';

const numbers = Array.from({ length: 90 }, (_, number) => number);

/** Of 60 documents 30 exchange their slots, 10 are archived, 10 are erased, of which one is made again, and 30 more are made. */
const everyKind: Operation[] = [
  ...numbers
    .slice(0, 30)
    .map((number): Operation => ({ kind: 'update', id: idOf(number), version: 1, body: { slot: 29 - number } })),
  ...numbers.slice(30, 40).map((number): Operation => ({ kind: 'archive', id: idOf(number) })),
  ...numbers.slice(40, 50).map((number): Operation => ({ kind: 'erase', id: idOf(number), version: 1 })),
  create(40, 'things', { slot: 1000 }),
  ...creates(30, 'things', 60),
];

describe('while a large commit is decided and applied', () => {
  let slow: LargeCommitFixture;
  let database: EmbeddedDatabase;

  beforeEach(async () => {
    slow = new LargeCommitFixture();
    database = await slow.open();
    await indexSlots(database);
    await database.commit(anonymous, creates(60));
  });

  afterEach(async () => {
    slow.clock.onTurn = null;
    await database.close();
  });

  it('others are answered at every step, and see it as a whole or not at all', async () => {
    const before = await look(database, numbers);
    const reads: Promise<Seen>[] = [];
    const documents: [number, string][] = [];
    let turns = 0;
    slow.clock.onTurn = () => {
      turns += 1;
      // What reads are given at one moment is of one state, whichever document it is.
      const seen = numbers.map((number) => database.getDocument(anonymous, idOf(number), 'INCLUDE'));
      documents.push([turns, seen.map((document) => (document === null ? 'none' : textOf(document))).join()]);
      if (turns % 3 === 0 && reads.length < 150) reads.push(look(database, numbers));
    };
    await database.commit(anonymous, everyKind);
    slow.clock.onTurn = null;
    const after = await look(database, numbers);
    expect(turns).toBeGreaterThan(3 * everyKind.length);
    expect(after.sequence).toBe(before.sequence + 1);
    const seen = await Promise.all(reads);
    expect(new Set(seen.map(({ sequence }) => sequence))).toEqual(new Set([before.sequence]));
    for (const state of seen) expect(state).toEqual(before);
    const states = [before.byId.join(), after.byId.join()];
    expect(documents.filter(([, state]) => !states.includes(state))).toEqual([]);
    expect(after.documents).toHaveLength(81);
    expect(after.bySlot).toHaveLength(71);
  });

  it('a query that is under way when its index is dropped finds each document once', async () => {
    const before = await look(database, numbers);
    const finding = look(database, numbers);
    const dropping = database.dropIndex(anonymous, 'things', [parsePath('slot', 'path')]);
    const committing = database.commit(anonymous, everyKind);
    expect(await finding).toEqual(before);
    await Promise.all([dropping, committing]);
  });

  it('tables and the status count what there was, until there is all of it', async () => {
    const told: (readonly [number, number])[] = [];
    const pending: Promise<unknown>[] = [];
    const tell = async () => {
      const table = await Promise.resolve(database.view(anonymous)).then((view) =>
        view.table('things').finally(() => view.close()),
      );
      told.push([table?.documentCount ?? -1, table?.archivedCount ?? -1]);
    };
    const counts = new Set<number>();
    slow.clock.onTurn = () => {
      void database.status(anonymous).then(({ documents }) => counts.add(documents));
      if (slow.clock.turns % 5 === 0 && pending.length < 50) pending.push(tell());
    };
    await database.commit(anonymous, everyKind);
    slow.clock.onTurn = null;
    await Promise.all(pending);
    await tell();
    expect(told.at(-1)).toEqual([71, 10]);
    expect(new Set(told.map(String))).toEqual(new Set(['60,0', '71,10']));
    expect([...counts].sort()).toEqual([60, 81]);
  });

  it('a view that was opened before, at any step or as of the past goes on to see what it saw', async () => {
    const past = (await database.status(anonymous)).sequence;
    await database.commit(anonymous, creates(20, 'others', 500));
    const { sequence } = await database.status(anonymous);
    const views = [await database.view(anonymous)];
    const opening: Promise<void>[] = [];
    slow.clock.onTurn = () => {
      if (slow.clock.turns % 7 !== 0 || opening.length > 60) return;
      const at = slow.clock.turns % 2 === 0 ? undefined : { sequence: past };
      opening.push(Promise.resolve(database.view(anonymous, at)).then((view) => void views.push(view)));
    };
    // What was erased has no past.
    const kept = everyKind.filter((operation) => operation.kind !== 'erase' && operation.id !== idOf(40));
    await database.commit(anonymous, kept);
    slow.clock.onTurn = null;
    await Promise.all(opening);
    await database.commit(anonymous, [{ kind: 'update', id: idOf(0), version: 2, body: { slot: 777 } }]);
    // At the last steps it is there, and what is left to do is forgetting.
    for (const view of views.filter((opened) => opened.sequence <= sequence)) {
      const found: string[] = [];
      const query = { table: 'things', filter: everything, archived: 'INCLUDE', orderBy: [] } as const;
      for await (const batch of view.scanDocuments(query)) found.push(...batch.map(textOf));
      expect(found, `of ${view.sequence}`).toEqual(numbers.slice(0, 60).map((number) => `${number} v1 ${number}`));
      expect(await view.countDocuments(query)).toBe(60);
      view.close();
    }
    expect(views.length).toBeGreaterThan(20);
  });

  it.each([0, 100, 200, 250, 270, 290, 310, 330])(
    'who subscribes first at step %i is told of it whole, or not at all',
    async (first) => {
      const sizes: Promise<readonly [number, number]>[] = [];
      const size = async (): Promise<readonly [number, number]> => {
        const stream = await database.changes(anonymous, { filter: everything });
        for (;;) {
          const set = (await stream.next())?.find(({ kind }) => kind === 'changeSet');
          if (set?.kind !== 'changeSet') continue;
          stream.close();
          return [set.sequence, set.changes.length];
        }
      };
      slow.clock.onTurn = () => {
        if (slow.clock.turns >= start + first && sizes.length < 20) sizes.push(size());
      };
      const start = slow.clock.turns;
      const { sequence } = await database.commit(anonymous, everyKind);
      slow.clock.onTurn = null;
      await database.commit(anonymous, [create(900)]);
      const told = await Promise.all(sizes);
      for (const [at, changes] of told) {
        expect([
          [sequence, everyKind.length],
          [(sequence ?? 0) + 1, 1],
        ]).toContainEqual([at, changes]);
      }
      expect(told).toHaveLength(20);
    },
  );

  it('a snapshot that is taken meanwhile, and the log, bring all of it back', async () => {
    const committing = database.commit(anonymous, everyKind);
    await slow.turns(20);
    await Promise.all([committing, database.takeSnapshot()]);
    await database.takeSnapshot();
    const after = await look(database, numbers);
    await database.close();
    database = await slow.open();
    expect(await look(database, numbers)).toEqual(after);
  });
});
