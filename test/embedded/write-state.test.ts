import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import type { WriteState } from '../../src/database/status.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import type { StorageEvent } from '../../src/embedded/storage-event.ts';
import { ManualClock, someTicks } from '../fault/manual-clock.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';
import { HeldFileSystem } from './held-file-system.ts';

const stallMsMax = 1000;

const create = (database: EmbeddedDatabase, text = '') =>
  database.commit(anonymous, [{ kind: 'create', body: { text } }]);

const writesOf = async (database: EmbeddedDatabase): Promise<WriteState> => (await database.status(anonymous)).writes;

test.each([null, 100])(
  'a disk that takes longer than the limit stalls, and no longer once it answers (interval %s)',
  async (syncIntervalMs) => {
    const clock = new ManualClock();
    const fileSystem = new HeldFileSystem(new SimulatedFileSystem());
    const database = await openEmbeddedDatabase({
      directory: '/data',
      fileSystem,
      clock,
      syncIntervalMs,
      limits: { stallMsMax, pendingBytesMax: 1000 },
    });
    expect(await writesOf(database)).toBe('accepted');
    fileSystem.hold();
    const first = create(database);
    await someTicks();
    await clock.advance(stallMsMax);
    expect(await writesOf(database)).toBe('accepted');
    await clock.advance(stallMsMax);
    expect(await writesOf(database)).toBe('stalled');
    const second = create(database, 'x'.repeat(1000));
    await clock.advance(30_000);
    await expect(create(database)).rejects.toMatchObject({ code: 'OVERLOADED', evidence: { retryAfterSeconds: 1 } });
    fileSystem.release();
    await Promise.all([first, second]);
    expect(await writesOf(database)).toBe('accepted');
    expect((await create(database)).sequence).toBe(3);
    await database.close();
  },
);

test('a full disk is told until a write finds room, and each change once', async () => {
  const fileSystem = new SimulatedFileSystem();
  const states: WriteState[] = [];
  const events: StorageEvent[] = [];
  const database = await openEmbeddedDatabase({
    directory: '/data',
    fileSystem,
    onWriteState: (state) => states.push(state),
    onStorageEvent: (event) => events.push(event),
  });
  const { documents } = await create(database);
  fileSystem.capacity = 0;
  for (let round = 0; round < 3; round += 1) {
    const error = await create(database).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'STORAGE_FULL', message: expect.stringContaining('erasing included') });
    // Where it was is for whoever runs the server, not for clients.
    expect(String(error)).not.toContain('/data');
  }
  expect(events.filter(({ kind }) => kind === 'noSpace')).toMatchObject([
    { file: expect.stringMatching(/^\/data\/log/) },
  ]);
  expect(await writesOf(database)).toBe('storageFull');
  expect(database.getDocument(anonymous, documents[0]?.id ?? '')).toEqual(documents[0]);
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  expect((await create(database)).sequence).toBe(2);
  expect(await writesOf(database)).toBe('accepted');
  expect(states).toEqual(['storageFull', 'accepted']);
  await database.close();
});

test('a database that is opened on a full disk says so, and tells when it takes writes again', async () => {
  const fileSystem = new SimulatedFileSystem();
  const before = await openEmbeddedDatabase({ directory: '/data', fileSystem });
  const { documents } = await create(before);
  await before.close();
  const states: WriteState[] = [];
  fileSystem.capacity = Object.values(fileSystem.contents()).join('').length / 2;
  const database = await openEmbeddedDatabase({
    directory: '/data',
    fileSystem,
    onWriteState: (state) => states.push(state),
  });
  expect(await writesOf(database)).toBe('storageFull');
  expect(database.getDocument(anonymous, documents[0]?.id ?? '')).toEqual(documents[0]);
  await expect(create(database)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  await create(database);
  expect(states).toEqual(['accepted']);
  await database.close();
});

test.each([null, 100])('a disk that failed stays failed (interval %s)', async (syncIntervalMs) => {
  const clock = new ManualClock();
  const fileSystem = new SimulatedFileSystem();
  const failures: string[] = [];
  const database = await openEmbeddedDatabase({
    directory: '/data',
    fileSystem,
    clock,
    syncIntervalMs,
    onFailure: ({ code }) => failures.push(code),
  });
  await create(database);
  await clock.advance(1000);
  fileSystem.inject = (kind) => (kind === 'datasync' ? { kind: 'error', code: 'EIO' } : undefined);
  const attempt = create(database).catch(() => {});
  await someTicks();
  await clock.advance(1000);
  await attempt;
  fileSystem.inject = null;
  expect(await writesOf(database)).toBe('failed');
  await expect(create(database)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(failures).toEqual(['OUTCOME_UNKNOWN']);
  await database.close();
});
