import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { someTicks } from '../../fault/manual-clock.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { HeldFileSystem } from '../held-file-system.ts';
import { commitWith, makes, makesWithId, openKeyed } from './keyed-database.ts';

/** Whether the promise is settled by now. */
function watch(promise: Promise<unknown>): () => boolean {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  return () => settled;
}

test('nothing is said of a request while the commit that it made before is not on disk, neither its answer nor a refusal', async () => {
  const held = new HeldFileSystem(new SimulatedFileSystem());
  const database = await openKeyed(held, { clock: systemClock });
  held.hold();
  const first = commitWith(database, 'a', makes(1));
  await someTicks();
  const again = commitWith(database, 'a', makes(1));
  const other = commitWith(database, 'a', makes(2));
  const look = database.replay(anonymous, { key: 'a', request: [] });
  const dryRun = commitWith(database, 'a', makes(1), { dryRun: true });
  const settled = [first, again, other, look, dryRun].map(watch);
  await someTicks();
  expect(settled.map((isSettled) => isSettled())).toEqual(settled.map(() => false));
  held.release();
  const commit = await first;
  expect(await again).toEqual({ ...commit, replayed: true });
  expect(await dryRun).toEqual({ ...commit, replayed: true });
  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  await expect(look).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  await database.close();
});

test('a commit for which there was no room on the disk is not remembered, and the next one is carried out', async () => {
  const fileSystem = new SimulatedFileSystem();
  const database = await openKeyed(fileSystem, { clock: systemClock });
  fileSystem.capacity = fileSystem.size();
  const refused = await Promise.allSettled([
    commitWith(database, 'a', makesWithId(1)),
    commitWith(database, 'a', makesWithId(1)),
    commitWith(database, 'a', makesWithId(2)),
  ]);
  expect(refused.map((result) => result.status === 'rejected' && result.reason.code)).toEqual(
    refused.map(() => 'STORAGE_FULL'),
  );
  fileSystem.capacity = Number.POSITIVE_INFINITY;
  expect(await commitWith(database, 'a', makesWithId(2))).toMatchObject({ replayed: false, sequence: 1 });
  expect(await commitWith(database, 'a', makesWithId(2))).toMatchObject({ replayed: true, sequence: 1 });
  await database.close();
});
