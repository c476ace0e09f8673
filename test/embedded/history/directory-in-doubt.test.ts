import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/database/principal.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { documentId } from '../log/log-fixture.ts';
import { create, openDatabase } from '../snapshot/database-fixture.ts';
import { snapshotDirectory } from '../snapshot/snapshot-fixture.ts';

const secret = 'a secret';

/** A database with a document in its snapshot that was erased since. */
async function withErasure() {
  const fileSystem = new SimulatedFileSystem();
  const { database } = await openDatabase(fileSystem);
  await create(database, 1, secret);
  await database.takeSnapshot();
  await database.commit(anonymous, [{ kind: 'erase', id: documentId(1), version: 1 }]);
  return { fileSystem, database };
}

function isOnDisk(fileSystem: SimulatedFileSystem): boolean {
  return Object.values(fileSystem.contents()).some((bytes) => bytes.includes(Buffer.from(secret).toString('hex')));
}

test('an erasure that a directory was not synced for is not said to be done when it is asked for again', async () => {
  const { fileSystem, database } = await withErasure();
  let failed = false;
  fileSystem.inject = (kind, path) => {
    if (failed || kind !== 'syncDirectory' || path !== snapshotDirectory) return undefined;
    failed = true;
    return { kind: 'error', code: 'EIO' };
  };
  await expect(database.eraseOnDisk()).rejects.toMatchObject({ code: 'EIO' });
  // Nothing is found to be written again, and the sync finds nothing to do.
  await expect(database.eraseOnDisk()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  const { history } = await database.status(anonymous);
  expect(history.erasedOnDiskUpTo).toBeLessThan(2);

  const copies = Array.from({ length: 20 }, (_, seed) => fileSystem.copyAfterPowerCut(new SeededRandom(seed)));
  expect(copies.some(isOnDisk)).toBe(true);
  for (const copy of copies) {
    const again = await openDatabase(copy);
    await again.database.eraseOnDisk();
    await again.database.close();
    expect(isOnDisk(copy.cutPower(new SeededRandom(1)))).toBe(false);
  }
});

test('a snapshot whose removal was to be synced with another one keeps an erasure from being said to be done', async () => {
  const { fileSystem, database } = await withErasure();
  for (const number of [2, 3]) {
    await create(database, number);
    await database.takeSnapshot();
  }
  await create(database, 4);
  fileSystem.inject = (kind, path) =>
    kind === 'syncDirectory' && path === snapshotDirectory ? { kind: 'error', code: 'EIO' } : undefined;
  await expect(database.takeSnapshot()).rejects.toMatchObject({ code: 'EIO' });
  fileSystem.inject = null;
  await expect(database.eraseOnDisk()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  await database.close();
  const copies = Array.from({ length: 20 }, (_, seed) => fileSystem.copyAfterPowerCut(new SeededRandom(seed)));
  expect(copies.some(isOnDisk)).toBe(true);
});
