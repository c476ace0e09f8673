import { beforeEach, describe, expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { verifyDirectory } from '../../../src/embedded/maintenance/verification.ts';
import { type Clock, systemClock } from '../../../src/embedded/ports/clock.ts';
import { ManualClock, someTicks } from '../../fault/manual-clock.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { HeldFileSystem } from '../held-file-system.ts';
import { dataDirectory, openLog } from '../log/log-fixture.ts';
import { commitWith, type KeyedDatabaseOptions, makes, makesWithId, openKeyed } from './keyed-database.ts';

const windowMs = 10_000;

let clock: ManualClock;
let fileSystem: SimulatedFileSystem;

beforeEach(() => {
  clock = new ManualClock();
  fileSystem = new SimulatedFileSystem();
});

function open(more: Partial<KeyedDatabaseOptions> = {}): Promise<EmbeddedDatabase> {
  return openKeyed(fileSystem, { clock, idempotencyWindowMs: windowMs, ...more });
}

describe('the window', () => {
  test('a key is remembered until its time is over, counted from its commit, across restarts', async () => {
    let database = await open();
    const first = await commitWith(database, 'a', makes(1));
    await clock.advance(windowMs - 1);
    await database.close();
    database = await open();
    expect(await commitWith(database, 'a', makes(1))).toEqual({ ...first, replayed: true });
    // A replay does not make it longer.
    await clock.advance(1);
    const second = await commitWith(database, 'a', makes(2));
    expect(second).toMatchObject({ replayed: false, sequence: 2 });
    await database.close();
    database = await open();
    expect(await commitWith(database, 'a', makes(2))).toEqual({ ...second, replayed: true });
    await clock.advance(windowMs);
    await database.close();
    database = await open();
    expect(await commitWith(database, 'a', makes(1))).toMatchObject({ replayed: false, sequence: 3 });
    await database.close();
  });

  test('a clock that was set back or forward by more than the window has keys forgotten, not remembered for years', async () => {
    const years = 10 * 365 * 24 * 60 * 60 * 1000;
    let database = await open({ idempotencyKeysMax: 2 });
    await clock.advance(years);
    await commitWith(database, 'a', makes(1));
    await database.close();
    clock = new ManualClock();
    database = await open({ idempotencyKeysMax: 2 });
    for (const key of ['b', 'c']) expect(await commitWith(database, key, makes(2))).toMatchObject({ replayed: false });
    expect(await commitWith(database, 'b', makes(2))).toMatchObject({ replayed: true });
    await database.close();
  });

  test('another window counts for the keys that are there', async () => {
    let database = await open();
    await commitWith(database, 'a', makes(1));
    await clock.advance(windowMs * 2);
    await database.close();
    database = await open({ idempotencyWindowMs: windowMs * 3 });
    expect(await commitWith(database, 'a', makes(1))).toMatchObject({ replayed: true });
    await database.close();
    database = await open();
    expect(await commitWith(database, 'a', makes(1))).toMatchObject({ replayed: false });
    await database.close();
  });
});

describe('when no more keys can be remembered', () => {
  const full = { idempotencyKeysMax: 3 };

  test('a new key is refused until the oldest is forgotten; those there are, and writes without one, are not', async () => {
    let database = await open(full);
    for (const key of ['a', 'b', 'c']) {
      await commitWith(database, key, makes(1));
      await clock.advance(1000);
    }
    for (let start = 0; start < 2; start += 1) {
      await expect(commitWith(database, 'd', makes(1))).rejects.toMatchObject({
        code: 'OVERLOADED',
        evidence: { limit: 3, retryAfterSeconds: 7 },
      });
      expect(await commitWith(database, 'a', makes(1))).toMatchObject({ replayed: true });
      await database.commit(anonymous, makes(2));
      expect(await commitWith(database, 'd', makes(1), { dryRun: true })).toMatchObject({ sequence: null });
      await database.close();
      database = await open(full);
    }
    await clock.advance(7000);
    expect(await commitWith(database, 'd', makes(1))).toMatchObject({ replayed: false });
    await expect(commitWith(database, 'e', makes(1))).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(await commitWith(database, 'b', makes(1))).toMatchObject({ replayed: true });
    await database.close();
  });

  test('what is refused for it leaves nothing behind', async () => {
    const database = await open({ idempotencyKeysMax: 1 });
    await commitWith(database, 'a', makes(1));
    await expect(commitWith(database, 'b', makesWithId(2))).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect((await database.status(anonymous)).documents).toBe(1);
    await clock.advance(windowMs);
    expect(await commitWith(database, 'b', makesWithId(2))).toMatchObject({ replayed: false });
    await database.close();
  });

  test('those on their way count: of many at once as many are taken as there is room for', async () => {
    const database = await open(full);
    await commitWith(database, 'a', makes(1));
    await clock.advance(windowMs);
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const results = await Promise.allSettled(keys.map((key) => commitWith(database, key, makes(1))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await database.close();
  });

  test('more than are forgotten at once make room again', async () => {
    const database = await open({ idempotencyKeysMax: 1100 });
    const commitAll = (name: string, count: number) =>
      Promise.all(Array.from({ length: count }, (_, index) => commitWith(database, `${name}-${index}`, makes(1))));
    await commitAll('key', 1100);
    await expect(commitWith(database, 'a', makes(1))).rejects.toMatchObject({ code: 'OVERLOADED' });
    await clock.advance(windowMs);
    // The last of them is used again before it was forgotten.
    expect(await commitWith(database, 'key-1099', makes(2))).toMatchObject({ replayed: false });
    await commitAll('new', 1099);
    await expect(commitWith(database, 'a', makes(1))).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(await commitWith(database, 'key-1099', makes(2))).toMatchObject({ replayed: true });
    await database.close();
  });

  test('keys that were used again while the first use was not forgotten yet are in a snapshot as they were used last', async () => {
    let database = await open();
    const commitAll = (from: number) =>
      Promise.all(
        Array.from({ length: 2500 - from }, (_, index) => commitWith(database, `key-${from + index}`, makes(from))),
      );
    await commitAll(0);
    await clock.advance(windowMs);
    // All at once, so that all forget the same thousand.
    const again = await commitAll(1200);
    await database.takeSnapshot();
    await database.close();
    const { problems } = await verifyDirectory({ fileSystem, clock, directory: dataDirectory });
    expect(problems).toEqual([]);
    database = await open();
    expect((await database.status(anonymous)).recovery.commits).toBe(0);
    expect(await commitAll(1200)).toEqual(again.map((commit) => ({ ...commit, replayed: true })));
    await database.close();
  });

  test('from a snapshot, too, the oldest are forgotten first', async () => {
    let database = await open({ idempotencyKeysMax: 5 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      await commitWith(database, key, makes(1));
      await clock.advance(1000);
    }
    await database.takeSnapshot();
    await database.close();
    database = await open({ idempotencyKeysMax: 5 });
    await clock.advance(windowMs - 5000);
    for (const key of ['f', 'g', 'h']) {
      await commitWith(database, key, makes(2));
      await expect(commitWith(database, 'i', makes(2))).rejects.toMatchObject({ code: 'OVERLOADED' });
      await clock.advance(1000);
    }
    expect(await commitWith(database, 'e', makes(1))).toMatchObject({ replayed: true });
    await database.close();
  });
});

test('what a commit in flight has forgotten stays forgotten when the clock is set back', async () => {
  let now = 1_700_000_000_000;
  const held = new HeldFileSystem(fileSystem);
  const setClock: Clock = { ...systemClock, now: () => now };
  const database = await openKeyed(held, { clock: setClock, idempotencyWindowMs: windowMs });
  await commitWith(database, 'a', makes(1));
  held.hold();
  now += windowMs;
  const forgets = commitWith(database, 'b', makes(1));
  await someTicks();
  now -= windowMs;
  const behind = commitWith(database, 'c', makes(1));
  await someTicks();
  held.release();
  await Promise.all([forgets, behind]);
  await database.close();
  const { recovered } = await openLog(fileSystem);
  const told = recovered.flatMap(({ records }) =>
    records.flatMap((record) => (record.kind === 'putKey' ? [record.key.forgottenBefore] : [])),
  );
  expect(told).toEqual([0, 2, 2]);
});
