import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import type { DatabaseError } from '../../src/errors.ts';
import { everything } from '../../src/query/filter.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';
import { HeldFileSystem } from './held-file-system.ts';

const id = '01234567-89ab-7def-8123-456789abcdef';
const create = { kind: 'create', id, body: { n: 1 } } as const;
const update = { kind: 'update', id, version: 1, body: { n: 2 } } as const;

describe('while a commit is on its way to the disk', () => {
  let disk: SimulatedFileSystem;
  let fileSystem: HeldFileSystem;
  let database: EmbeddedDatabase;
  let failures: DatabaseError[];

  beforeEach(async () => {
    disk = new SimulatedFileSystem();
    fileSystem = new HeldFileSystem(disk);
    failures = [];
    database = await open();
  });

  afterEach(async () => {
    fileSystem.release();
    await database.close().catch(() => {});
  });

  function open(): Promise<EmbeddedDatabase> {
    return openEmbeddedDatabase({
      directory: '/data',
      fileSystem,
      onFailure: (error) => failures.push(error),
      limits: { pendingBytesMax: 2048 },
    });
  }

  it('is neither acknowledged nor visible to any reader', async () => {
    fileSystem.hold();
    const state = stateOf(database.commit(anonymous, [create]));
    await someTicks();
    expect(state.settled).toBe(false);
    expect(database.getDocument(anonymous, id)).toBeNull();
    const view = await database.view(anonymous);
    expect(await view.countDocuments({ filter: everything, orderBy: [], archived: 'INCLUDE' })).toBe(0);
    expect(view.sequence).toBe(0);
    view.close();
    fileSystem.release();
    await state.done;
    expect(database.getDocument(anonymous, id)).toMatchObject({ version: 1 });
  });

  it('can be built upon by the next one, which is acknowledged after it', async () => {
    fileSystem.hold();
    const first = stateOf(database.commit(anonymous, [create]));
    await someTicks();
    const second = stateOf(database.commit(anonymous, [update]));
    await someTicks();
    expect([first.settled, second.settled]).toEqual([false, false]);
    fileSystem.release();
    await Promise.all([first.done, second.done]);
    expect(database.getDocument(anonymous, id)).toMatchObject({ version: 2, body: { n: 2 }, previousSequence: 1 });
  });

  it('decides a rejection, which is told only once it is durable', async () => {
    fileSystem.hold();
    const created = stateOf(database.commit(anonymous, [create]));
    await someTicks();
    const again = stateOf(database.commit(anonymous, [create]));
    const asserted = stateOf(database.commit(anonymous, [{ kind: 'assert', id, version: 1 }]));
    await someTicks();
    expect([again.settled, asserted.settled]).toEqual([false, false]);
    fileSystem.release();
    await created.done;
    expect(await again.done).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await asserted.done).toMatchObject({ sequence: null });
  });

  it('hides a document that it erases from the commits behind it, whose rejection waits for it', async () => {
    await database.commit(anonymous, [create]);
    fileSystem.hold();
    const erased = stateOf(database.commit(anonymous, [{ kind: 'erase', id, version: 1 }]));
    await someTicks();
    const updated = stateOf(database.commit(anonymous, [update]));
    const again = stateOf(database.commit(anonymous, [{ kind: 'erase', id, version: 1 }]));
    const absent = stateOf(database.commit(anonymous, [{ kind: 'assert', id, exists: false }]));
    await someTicks();
    expect([erased, updated, again, absent].map(({ settled }) => settled)).toEqual([false, false, false, false]);
    expect(database.getDocument(anonymous, id)).toMatchObject({ version: 1 });
    fileSystem.release();
    expect(await erased.done).toMatchObject({ sequence: 2 });
    expect(await updated.done).toMatchObject({ code: 'NOT_FOUND' });
    expect(await again.done).toMatchObject({ code: 'NOT_FOUND' });
    expect(await absent.done).toMatchObject({ sequence: null });
    expect(database.getDocument(anonymous, id)).toBeNull();
  });

  it('shares one sync with all that gather meanwhile', async () => {
    let syncs = 0;
    disk.inject = (kind) => {
      if (kind === 'datasync') syncs += 1;
      return undefined;
    };
    fileSystem.hold();
    const first = database.commit(anonymous, [create]);
    await someTicks();
    const rest = Array.from({ length: 10 }, (_, n) => database.commit(anonymous, [{ kind: 'create', body: { n } }]));
    await someTicks();
    fileSystem.release();
    await Promise.all([first, ...rest]);
    expect(syncs).toBe(2);
  });

  it('bounds what may wait behind it', async () => {
    fileSystem.hold();
    const body = { text: 'x'.repeat(1500) };
    const waiting = [0, 1].map(() => database.commit(anonymous, [{ kind: 'create', body }]));
    await someTicks();
    await expect(database.commit(anonymous, [{ kind: 'create', body }])).rejects.toMatchObject({ code: 'OVERLOADED' });
    fileSystem.release();
    await Promise.all(waiting);
    await database.commit(anonymous, [{ kind: 'create', body }]);
  });

  it('takes all commits behind it along when the disk is full, and the next one follows what is durable', async () => {
    await database.commit(anonymous, [create]);
    fileSystem.hold();
    disk.inject = (kind) => (kind === 'write' ? { kind: 'error', code: 'ENOSPC' } : undefined);
    const failing = stateOf(database.commit(anonymous, [update]));
    const behind = stateOf(database.commit(anonymous, [{ kind: 'archive', id, version: 2 }]));
    await someTicks();
    fileSystem.release();
    expect(await failing.done).toMatchObject({ code: 'STORAGE_FULL' });
    expect(await behind.done).toMatchObject({ code: 'STORAGE_FULL' });
    disk.inject = null;
    const { sequence } = await database.commit(anonymous, [update]);
    expect(sequence).toBe(2);
    await database.close();
    database = await open();
    expect(database.getDocument(anonymous, id)).toMatchObject({ version: 2 });
    expect(failures).toEqual([]);
  });

  it('takes no sequence when it cannot be written down, so that the next one follows what is in the log', async () => {
    await database.commit(anonymous, [create]);
    const unwritable = database.commit({ ...anonymous, name: 'x'.repeat(256) }, [update]);
    await expect(unwritable).rejects.toThrow('a principal has at most 255 bytes');
    expect(await database.commit(anonymous, [update])).toMatchObject({ sequence: 2, documents: [{ version: 2 }] });
    expect(failures).toEqual([]);
  });

  it('has an unknown outcome when its sync fails: nothing more is written, and the owner is told once', async () => {
    await database.commit(anonymous, [create]);
    disk.inject = (kind) => (kind === 'datasync' ? { kind: 'error', code: 'EIO' } : undefined);
    const attempts = [update, { kind: 'archive', id } as const].map((operation) =>
      stateOf(database.commit(anonymous, [operation])),
    );
    for (const { done } of attempts) expect(await done).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    disk.inject = null;
    await expect(database.commit(anonymous, [update])).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(failures.length).toBe(1);
    expect(database.getDocument(anonymous, id)).toMatchObject({ version: 1 });
  });
});

/** A promise whose outcome, an error included, can be looked at without waiting for it. */
function stateOf<T>(promise: Promise<T>): { settled: boolean; readonly done: Promise<T | unknown> } {
  const state = { settled: false, done: Promise.resolve<T | unknown>(undefined) };
  state.done = promise.then(
    (value) => {
      state.settled = true;
      return value;
    },
    (error: unknown) => {
      state.settled = true;
      return error;
    },
  );
  return state;
}

async function someTicks(): Promise<void> {
  for (let tick = 0; tick < 20; tick += 1) await nextTick();
}
