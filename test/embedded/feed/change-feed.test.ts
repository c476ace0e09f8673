import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import { openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { EmbeddedDatabaseLimits } from '../../../src/embedded/embedded-database-options.ts';
import { everything } from '../../../src/query/filter.ts';
import { parseFilter } from '../../../src/query/filter-parser.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory } from '../log/log-fixture.ts';

function open(limits: Partial<EmbeddedDatabaseLimits>, fileSystem = new SimulatedFileSystem()) {
  return openEmbeddedDatabase({ directory: dataDirectory, fileSystem, limits });
}

test('there are so many subscriptions and no more, until one is let go', async () => {
  const database = await open({ subscriptionsMax: 2 });
  const [first] = [
    await database.changes(anonymous, { filter: everything }),
    await database.changes(anonymous, { filter: everything }),
  ];
  await expect(database.changes(anonymous, { filter: everything })).rejects.toMatchObject({
    code: 'OVERLOADED',
    evidence: { limit: 2 },
  });
  first?.close();
  await database.changes(anonymous, { filter: everything });
  await database.close();
});

test('whom nothing concerns is told from time to time how far it has come', async () => {
  const database = await open({ progressMs: 1 });
  const stream = await database.changes(anonymous, { filter: parseFilter({ path: 'n', gte: 5 }) });
  await stream.next();
  await database.commit(anonymous, [{ kind: 'create', body: { n: 1 } }]);
  expect(await stream.next()).toMatchObject([{ kind: 'progress', sequence: 1 }]);
  await database.close();
});

test('who is slower than the ring is told from the log, and then from the ring again', async () => {
  const database = await open({ feedBytesMax: 10_000 });
  const stream = await database.changes(anonymous, { filter: everything });
  await stream.next();
  for (let n = 1; n <= 100; n += 1) await database.commit(anonymous, [{ kind: 'create', body: { n } }]);
  const told: number[] = [];
  while (told.length < 100) {
    for (const event of (await stream.next()) ?? []) if (event.kind === 'changeSet') told.push(event.sequence);
  }
  expect(told).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  await database.commit(anonymous, [{ kind: 'create', body: { n: 101 } }]);
  expect(await stream.next()).toMatchObject([{ kind: 'changeSet', sequence: 101 }]);
  await database.close();
});

test('subscribers who are told the same are given the same object', async () => {
  const database = await open({});
  const streams = [
    await database.changes(anonymous, { filter: everything }),
    await database.changes(anonymous, { filter: parseFilter({ path: 'n', gte: 1 }) }),
  ];
  for (const stream of streams) await stream.next();
  await database.commit(anonymous, [{ kind: 'create', body: { n: 1 } }]);
  const [first, second] = await Promise.all(streams.map((stream) => stream.next()));
  expect(first?.[0]).toBe(second?.[0]);
  await database.close();
});

test('a commit that erases more than is told one by one has subscribers read the list again', async () => {
  const database = await open({ operationsMax: 20_000 });
  const create = { kind: 'create', table: 'large', body: {} } as const;
  for (let n = 0; n < 2; n += 1) await database.commit(anonymous, Array(15_000).fill(create));
  const concerned = await database.changes(anonymous, { filter: everything });
  const other = await database.changes(anonymous, { filter: everything, table: 'other' });
  for (const stream of [concerned, other]) await stream.next();
  await database.dropTable(anonymous, 'large');
  expect(await concerned.next()).toMatchObject([{ kind: 'resyncRequired', newest: 3 }]);
  await database.commit(anonymous, [{ kind: 'create', table: 'other', body: {} }]);
  expect(await other.next()).toMatchObject([{ kind: 'changeSet', sequence: 4 }]);
  await database.close();
});

test('commits that were pruned have a subscriber read the list again', async () => {
  const database = await open({
    segmentBytesMax: 2_000,
    snapshotLogBytes: 4_000,
    historyBytesMax: 4_000,
    feedBytesMax: 1,
  });
  for (let n = 0; n < 300; n += 1) await database.commit(anonymous, [{ kind: 'create', body: { n } }]);
  await database.takeSnapshot();
  await database.historyIdle();
  const { oldest } = (await database.status(anonymous)).history;
  expect(oldest).toBeGreaterThan(0);
  const gone = await database.changes(anonymous, { filter: everything, after: oldest - 1 });
  expect(await gone.next()).toMatchObject([{ kind: 'resyncRequired', oldest, newest: 300 }]);
  expect(await gone.next()).toBeNull();
  const kept = await database.changes(anonymous, { filter: everything, after: oldest });
  expect((await kept.next())?.[0]).toMatchObject({ kind: 'changeSet', sequence: oldest + 1 });
  await database.close();
});
