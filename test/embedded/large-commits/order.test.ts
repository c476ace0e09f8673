import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { create, creates, idOf, indexSlots, LargeCommitFixture, look } from './fixture.ts';

describe('beside a large commit', () => {
  let slow: LargeCommitFixture;
  let database: EmbeddedDatabase;

  beforeEach(async () => {
    slow = new LargeCommitFixture();
    database = await slow.open();
    await indexSlots(database);
  });

  afterEach(async () => {
    slow.disk.inject = null;
    slow.fileSystem.release();
    await database.close();
  });

  it('commits that come later are decided behind it, in the order in which they came', async () => {
    const large = database.commit(anonymous, creates(100));
    await slow.turns(3);
    const update = (version: number): Operation => ({ kind: 'update', id: idOf(99), version, body: { slot: version } });
    const behind = [
      database.commit(anonymous, [{ ...update(1), body: { slot: 500 } } as Operation]),
      database.commit(anonymous, creates(20, 'things', 200)),
      database.commit(anonymous, [{ kind: 'archive', id: idOf(219) }]),
      database.commit(anonymous, [{ kind: 'archive', id: idOf(99), version: 2 }]),
    ];
    const { sequence } = await large;
    const told = await Promise.all(behind);
    expect(told.map((commit) => commit.sequence)).toEqual([1, 2, 3, 4].map((number) => number + (sequence ?? 0)));
  });

  it('what it decided against them is told only once it is durable', async () => {
    slow.fileSystem.hold();
    const large = database.commit(anonymous, creates(50));
    const outcomes: string[] = [];
    const note = (name: string) => (error: { code: string }) => void outcomes.push(`${name} ${error.code}`);
    const again = database.commit(anonymous, [create(7, 'things', {})]).catch(note('id'));
    const taken = database.commit(anonymous, [create(300, 'things', { slot: 8 })]).catch(note('slot'));
    for (let tick = 0; tick < 500; tick += 1) await nextTick();
    expect(outcomes).toEqual([]);
    slow.fileSystem.release();
    await Promise.all([large, again, taken]);
    expect(outcomes).toEqual(['id ALREADY_EXISTS', 'slot UNIQUE_VIOLATION']);
  });

  it('one ahead that becomes durable meanwhile stays, whatever comes of the large one', async () => {
    await database.commit(anonymous, [create(0)]);
    slow.fileSystem.hold();
    const ahead = database.commit(anonymous, [
      { kind: 'update', id: idOf(0), version: 1, body: { slot: 400 } },
      create(300, 'things', { slot: 0 }),
    ]);
    const refused = database.commit(anonymous, [
      { kind: 'update', id: idOf(0), version: 2, body: { slot: 401 } },
      { kind: 'erase', id: idOf(300), version: 1 },
      ...creates(60, 'things', 1),
      { kind: 'assert', id: idOf(5), exists: false },
    ]);
    await slow.turns(10);
    slow.fileSystem.release();
    await ahead;
    await expect(refused).rejects.toMatchObject({ code: 'ALREADY_EXISTS', evidence: { operation: 62 } });
    const next = await database.commit(anonymous, [
      { kind: 'update', id: idOf(0), version: 2, body: { slot: 402 } },
      { kind: 'update', id: idOf(300), version: 1, body: { slot: 400 } },
    ]);
    expect(next.documents.map(({ version }) => version)).toEqual([3, 2]);
    // What is in memory is all that later commits are decided on.
    await database.commit(anonymous, [{ kind: 'archive', id: idOf(0), version: 3 }]);
    const { documents } = await look(database, []);
    expect(documents).toEqual(['0 v4 402 archived', '300 v2 400']);
  });

  it('what it was based on is not remembered longer than that is there', async () => {
    await database.commit(anonymous, [create(0)]);
    slow.fileSystem.hold();
    const ahead = database.commit(anonymous, [{ kind: 'update', id: idOf(0), version: 1, body: { slot: 400 } }]);
    const refused = database.commit(anonymous, [
      { kind: 'update', id: idOf(0), version: 2, body: { slot: 401 } },
      ...creates(60, 'things', 1),
      { kind: 'assert', id: idOf(5), exists: false },
    ]);
    await slow.turns(10);
    slow.fileSystem.release();
    await ahead;
    await expect(refused).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await database.dropTable(anonymous, 'things');
    expect(await database.commit(anonymous, [create(0)])).toMatchObject({ documents: [{ version: 1 }] });
  });

  it('one ahead that the disk refuses takes it along, and the next one follows what is durable', async () => {
    await database.commit(anonymous, [create(0)]);
    slow.fileSystem.hold();
    const first = database.commit(anonymous, [{ kind: 'update', id: idOf(0), version: 1, body: { slot: 1 } }]);
    for (let tick = 0; tick < 20; tick += 1) await nextTick();
    const ahead = database.commit(anonymous, [{ kind: 'update', id: idOf(0), version: 2, body: { slot: 2 } }]);
    const archive: Operation = { kind: 'archive', id: idOf(0), version: 3 };
    const large = database.commit(anonymous, [archive, ...creates(60, 'things', 3)]);
    const behind = database.commit(anonymous, [create(300, 'things', { slot: 300 })]);
    const outcomes = Promise.allSettled([first, ahead, large, behind]);
    await slow.turns(10);
    slow.fail('write', 'ENOSPC');
    slow.fileSystem.release();
    const refused = { status: 'rejected', reason: { code: 'STORAGE_FULL' } };
    // The last was decided behind all of them, and has tried for itself.
    expect(await outcomes).toMatchObject([{ status: 'fulfilled' }, refused, refused, refused]);
    slow.disk.inject = null;
    const { sequence } = await database.commit(anonymous, creates(60, 'things', 2));
    expect(sequence).toBe((await database.status(anonymous)).sequence);
    expect((await look(database, [0])).byId).toEqual(['0 v2 1']);
  });

  it('a disk that fails under it leaves nothing of it to be seen', async () => {
    await database.commit(anonymous, [create(0)]);
    const large = database.commit(anonymous, creates(60, 'things', 1));
    await slow.turns(10);
    slow.fail('datasync', 'EIO');
    await expect(large).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await expect(database.commit(anonymous, creates(20, 'things', 100))).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect((await look(database, [0, 1, 60])).byId).toEqual(['0 v1 0', 'none', 'none']);
  });

  it('a patch is not rebased on what it would have written, when it is refused', async () => {
    await database.commit(anonymous, [create(0, 'things', { slot: 0, a: 1, b: 1 })]);
    const refused = database.commit(anonymous, [
      { kind: 'update', id: idOf(0), version: 1, body: { slot: 0, a: 1, b: 2 } },
      ...creates(60, 'things', 1),
      { kind: 'assert', id: idOf(5), exists: false },
    ]);
    await slow.turns(5);
    const patch: Operation = { kind: 'patch', id: idOf(0), version: 2, change: { merge: { a: 2 } }, rebase: true };
    const guessed = database.commit(anonymous, [patch]);
    await expect(refused).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(guessed).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
  });

  it('an index is not refused for what it would have written, when it is refused', async () => {
    await database.commit(anonymous, creates(100, 'others', 500));
    const building = indexSlots(database, 'others');
    await slow.turns(5);
    const refused = database.commit(anonymous, [
      create(1, 'others', { slot: 510 }),
      ...creates(60, 'things', 2),
      { kind: 'assert', id: idOf(5), exists: false },
    ]);
    await expect(refused).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await building;
    expect((await look(database, [], 'others')).bySlot).toHaveLength(100);
  });

  it('a dry run tells what would come of it, and writes nothing', async () => {
    const before = await database.status(anonymous);
    const dry = await database.commit(anonymous, creates(60), { dryRun: true });
    expect(dry.sequence).toBeNull();
    expect(dry.documents).toHaveLength(60);
    expect((await database.status(anonymous)).sequence).toBe(before.sequence);
    expect((await database.commit(anonymous, creates(60))).sequence).toBe(before.sequence + 1);
  });

  it('the same request made again meanwhile waits for it, and is answered with what came of it', async () => {
    const options = { idempotency: { key: 'once' } };
    const first = database.commit(anonymous, creates(60), options);
    await slow.turns(5);
    const again = database.commit(anonymous, creates(60), options);
    const [told, replayed] = await Promise.all([first, again]);
    expect(replayed).toMatchObject({ sequence: told.sequence, replayed: true });
    expect(replayed.documents).toEqual(told.documents);
  });

  it('a stop waits for it and for those behind it', async () => {
    const large = database.commit(anonymous, creates(60));
    await slow.turns(5);
    const behind = database.commit(anonymous, [create(100)]);
    await slow.turns(1);
    await database.close();
    expect([(await large).sequence, (await behind).sequence]).toEqual([3, 4]);
    database = await slow.open();
    expect((await look(database, [])).documents).toHaveLength(61);
  });
});

it('commits that share a frame are applied one by one, and others are let in between them', async () => {
  const slow = new LargeCommitFixture();
  const database = await slow.open();
  slow.fileSystem.hold();
  const first = database.commit(anonymous, [create(1000)]);
  for (let tick = 0; tick < 20; tick += 1) await nextTick();
  const many = Array.from({ length: 50 }, (_, number) => database.commit(anonymous, [create(number)]));
  const seen = new Set<number>();
  slow.clock.onTurn = () => {
    const there = Array.from({ length: 50 }, (_, number) => database.getDocument(anonymous, idOf(number)) !== null);
    expect(there.lastIndexOf(true) + 1).toBe(there.filter(Boolean).length);
    seen.add(there.filter(Boolean).length);
  };
  slow.fileSystem.release();
  await Promise.all([first, ...many]);
  slow.clock.onTurn = null;
  expect(seen.size).toBeGreaterThan(40);
  await database.close();
});
