import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { everything } from '../../../src/query/filter.ts';
import { create, creates, idOf, indexSlots, LargeCommitFixture, look, type Seen } from './fixture.ts';

const some = [0, 1, 299, 300, 599, 600, 1000];

describe('while a table of many documents is dropped', () => {
  let slow: LargeCommitFixture;
  let database: EmbeddedDatabase;

  beforeEach(async () => {
    slow = new LargeCommitFixture();
    database = await slow.open();
    await indexSlots(database);
    // Those of another table stand between them in the list of all.
    await database.commit(anonymous, creates(300));
    await database.commit(anonymous, creates(50, 'others', 1000));
    await database.commit(anonymous, creates(300, 'things', 300));
  });

  afterEach(async () => {
    slow.clock.onTurn = null;
    await database.close();
  });

  it('others are answered at every step, and find all of it or nothing', async () => {
    const before = await look(database, some);
    const [reads, all, byId]: [Promise<Seen>[], Promise<number>[], Set<string>] = [[], [], new Set()];
    const countAll = async () => {
      const view = await database.view(anonymous);
      const query = { filter: everything, archived: 'INCLUDE', orderBy: [] } as const;
      let scanned = 0;
      for await (const batch of view.scanDocuments(query)) scanned += batch.length;
      expect(await view.countDocuments(query)).toBe(scanned);
      view.close();
      return scanned;
    };
    let turns = 0;
    slow.clock.onTurn = () => {
      turns += 1;
      byId.add(some.map((number) => database.getDocument(anonymous, idOf(number)) !== null).join());
      if (reads.length < 20) reads.push(look(database, some));
      if (all.length < 20) all.push(countAll());
    };
    await database.dropTable(anonymous, 'things');
    slow.clock.onTurn = null;
    expect(turns).toBeGreaterThan(2);
    for (const state of await Promise.all(reads)) {
      if (state.sequence === before.sequence) expect(state).toEqual(before);
      else expect(state).toMatchObject({ documents: [], bySlot: [], count: 0 });
    }
    expect([...new Set(await Promise.all(all))].filter((count) => count !== 650)).toEqual([]);
    expect(byId.has('true,true,true,true,true,false,true')).toBe(true);
    const known = ['true,true,true,true,true,false,true', 'false,false,false,false,false,false,true'];
    expect([...byId].filter((state) => !known.includes(state))).toEqual([]);
    expect(await countAll()).toBe(50);
    expect(await database.status(anonymous)).toMatchObject({ documents: 50 });
  });

  it('a view that was opened before, or at any step, goes on to see it', async () => {
    const views = [await database.view(anonymous)];
    const opening: Promise<void>[] = [];
    slow.clock.onTurn = () => {
      if (opening.length < 30)
        opening.push(Promise.resolve(database.view(anonymous)).then((view) => void views.push(view)));
    };
    const { sequence } = await database.status(anonymous);
    await database.dropTable(anonymous, 'things');
    slow.clock.onTurn = null;
    await Promise.all(opening);
    for (const view of views) {
      if (view.sequence > sequence) continue;
      const query = { table: 'things', filter: everything, archived: 'INCLUDE', orderBy: [] } as const;
      const page = await view.findDocuments(query, { first: 1000 });
      expect(page.documents.map(({ id }) => Number(id.slice(-12)))).toEqual(Array.from({ length: 600 }, (_, n) => n));
      expect(await view.countDocuments(query)).toBe(600);
      expect(await view.getDocument(idOf(599))).toMatchObject({ version: 1 });
    }
    for (const view of views) view.close();
    expect(views.length).toBeGreaterThan(3);
  });

  it('what comes behind finds nothing of it: ids and unique values are free, the name is that of another table', async () => {
    const dropping = database.dropTable(anonymous, 'things');
    await slow.turns(1);
    const again = database.commit(anonymous, creates(40));
    const gone = database.commit(anonymous, [{ kind: 'erase', id: idOf(599), version: 1 }]);
    const table = database.createTable(anonymous, 'things', {});
    await expect(gone).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(table).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await Promise.all([dropping, again]);
    await database.commit(anonymous, [create(40, 'things', { slot: 1 })]);
    expect((await look(database, [0, 599])).byId).toEqual(['0 v1 0', 'none']);
    await database.close();
    database = await slow.open();
    const view = await database.view(anonymous);
    expect(await view.table('things')).toMatchObject({ documentCount: 41, indexes: [] });
    view.close();
  });

  it('subscribers are told of each document, in one commit', async () => {
    const stream = await database.changes(anonymous, { filter: everything });
    await stream.next();
    await database.dropTable(anonymous, 'things');
    let told = 0;
    while (told === 0) {
      for (const event of (await stream.next()) ?? []) if (event.kind === 'changeSet') told = event.changes.length;
    }
    expect(told).toBe(600);
    stream.close();
  });
});
