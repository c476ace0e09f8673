import { beforeEach, describe, expect, test } from 'vitest';
import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { openBackup } from '../../../src/embedded/maintenance/backup-reader.ts';
import { restoreBackup } from '../../../src/embedded/maintenance/restoration.ts';
import { verifyDirectory } from '../../../src/embedded/maintenance/verification.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import type { StorageEvent } from '../../../src/embedded/storage-event.ts';
import { ManualClock } from '../../fault/manual-clock.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { isOnDisk } from '../history/history-database.ts';
import { dataDirectory, documentId, logDirectory } from '../log/log-fixture.ts';
import { commitWith, type KeyedDatabaseOptions, makes, makesWithId, openKeyed } from './keyed-database.ts';

let fileSystem: SimulatedFileSystem;
let events: StorageEvent[];

beforeEach(() => {
  fileSystem = new SimulatedFileSystem();
  events = [];
});

function open(more: Partial<KeyedDatabaseOptions> = {}): Promise<EmbeddedDatabase> {
  return openKeyed(fileSystem, { clock: systemClock, segmentBytesMax: 3000, events, ...more });
}

async function expectSound(directory = dataDirectory): Promise<void> {
  const report = await verifyDirectory({ fileSystem, clock: systemClock, directory });
  expect(report.problems).toEqual([]);
}

const updates = (number: number, version: number): readonly Operation[] => [
  { kind: 'update', id: documentId(number), version, body: { version } },
];

describe('snapshots', () => {
  test('keys come back from a snapshot, and from the log behind it', async () => {
    let database = await open();
    const first = await commitWith(database, 'a', makes(1));
    const second = await commitWith(database, 'b', [...makes(2), ...makes(3)]);
    await database.takeSnapshot();
    const third = await commitWith(database, 'c', makes(4));
    await database.close();
    database = await open();
    expect((await database.status(anonymous)).recovery).toMatchObject({ snapshot: { sequence: 2 }, commits: 1 });
    expect(await commitWith(database, 'a', makes(1))).toEqual({ ...first, replayed: true });
    expect(await commitWith(database, 'b', [...makes(2), ...makes(3)])).toEqual({ ...second, replayed: true });
    expect(await commitWith(database, 'c', makes(4))).toEqual({ ...third, replayed: true });
    await expect(commitWith(database, 'a', makes(2))).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    await database.close();
    await expectSound();
  });

  test('which keys are there is the same from the log, a snapshot and a merged base, whatever the clock did', async () => {
    const random = new SeededRandom(7);
    let clock = new ManualClock();
    for (let life = 0; life < 6; life += 1) {
      const limits = { idempotencyWindowMs: 500, idempotencyKeysMax: 15, historyBytesMax: 20_000 };
      const database = await open({ clock, ...limits });
      for (let step = 0; step < 60; step += 1) {
        await clock.advance(random.below(80));
        const key = `key-${random.below(30)}`;
        await commitWith(database, key, makes(step)).catch((error: unknown) =>
          expect(error).toMatchObject({ code: expect.stringMatching(/^(OVERLOADED|IDEMPOTENCY_KEY_REUSED)$/) }),
        );
        if (random.chance(0.05)) await database.takeSnapshot();
      }
      await database.historyIdle();
      await database.close();
      await expectSound();
      if (random.chance(0.5)) clock = new ManualClock();
    }
    expect(events.map(({ kind }) => kind)).toContain('historyPruned');
    expect(events.map(({ kind }) => kind)).not.toContain('historyFailed');
  });
});

describe('history', () => {
  test('when it is pruned, what has not changed is answered still; of what has, that it was carried out', async () => {
    let database = await open({ historyBytesMax: 4000 });
    const unchanged = await commitWith(database, 'a', makesWithId(1));
    const changed = await commitWith(database, 'b', makesWithId(2));
    for (let version = 1; version < 60; version += 1) await database.commit(anonymous, updates(2, version));
    await database.takeSnapshot();
    await database.commit(anonymous, updates(2, 60));
    await database.takeSnapshot();
    await database.historyIdle();
    const { oldest } = (await database.status(anonymous)).history;
    expect(oldest).toBeGreaterThan(2);
    for (let start = 0; start < 2; start += 1) {
      expect(await commitWith(database, 'a', makesWithId(1))).toEqual({ ...unchanged, replayed: true });
      expect(await commitWith(database, 'b', makesWithId(2))).toEqual({
        sequence: changed.sequence,
        committedAt: changed.committedAt,
        replayed: true,
        documents: [],
        documentsGone: expect.objectContaining({
          code: 'HISTORY_GONE',
          evidence: {
            replayed: true,
            sequence: changed.sequence,
            committedAt: new Date(changed.committedAt ?? 0).toISOString(),
            documentIds: [documentId(2)],
            oldest,
          },
        }),
      });
      await database.close();
      await expectSound();
      database = await open({ historyBytesMax: 4000 });
    }
    await database.close();
  });

  test('the last that a commit left of a document is answered out of the base', async () => {
    const database = await open({ historyBytesMax: 1 });
    for (let number = 10; number < 40; number += 1) await database.commit(anonymous, makesWithId(number));
    const first = await commitWith(database, 'a', makesWithId(1));
    await database.takeSnapshot();
    await database.commit(anonymous, updates(1, 1));
    await database.takeSnapshot();
    await database.historyIdle();
    expect((await database.status(anonymous)).history.oldest).toBe(first.sequence);
    expect(await commitWith(database, 'a', makesWithId(1))).toEqual({ ...first, replayed: true });
    await database.close();
  });

  test('an answer that the disk does not give back is told to be gone, and whoever runs the server is told', async () => {
    const database = await open();
    await commitWith(database, 'a', makesWithId(1));
    await database.commit(anonymous, updates(1, 1));
    const [path = ''] = fileSystem.names(logDirectory).filter((name) => name.endsWith('.log'));
    const bytes = fileSystem.readBytes(`${logDirectory}/${path}`);
    fileSystem.replaceBytes(`${logDirectory}/${path}`, bytes.with(300, (bytes[300] ?? 0) ^ 1));
    expect(await commitWith(database, 'a', makesWithId(1))).toMatchObject({
      sequence: 1,
      replayed: true,
      documentsGone: { code: 'HISTORY_GONE' },
    });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'replayUnreadable', sequence: 1 }));
    fileSystem.replaceBytes(`${logDirectory}/${path}`, bytes);
    expect(await commitWith(database, 'a', makesWithId(1))).toMatchObject({ documents: [{ version: 1 }] });
    await database.close();
  });
});

test('what was erased leaves the disk with the text of the key, and the request is known still', async () => {
  let database = await open();
  const key = 'create-ann@example.com';
  await commitWith(database, key, [...makesWithId(1), ...makesWithId(2)]);
  await commitWith(database, 'other', updates(2, 1));
  await database.takeSnapshot();
  expect(isOnDisk(fileSystem, key)).toBe(true);
  await database.commit(anonymous, [{ kind: 'erase', id: documentId(1), version: 1 }]);
  await database.eraseOnDisk();
  for (const text of [key, 'body-of-1.', 'name-of-1.']) expect(isOnDisk(fileSystem, text)).toBe(false);
  const gone = { sequence: 1, replayed: true, documents: [], documentsGone: { code: 'HISTORY_GONE' } };
  for (const how of ['live', 'from the snapshot', 'from the log'] as const) {
    expect(await commitWith(database, key, [...makesWithId(1), ...makesWithId(2)]), how).toMatchObject(gone);
    await expect(commitWith(database, key, makesWithId(1)), how).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await commitWith(database, 'other', updates(2, 1))).toMatchObject({ documents: [{ version: 2 }] });
    await database.close();
    await expectSound();
    if (how === 'from the snapshot') {
      for (const name of fileSystem.names(`${dataDirectory}/snapshots`)) {
        fileSystem.deleteBytes(`${dataDirectory}/snapshots/${name}`);
      }
    }
    database = await open();
  }
  await database.close();
});

test('a backup has the keys, and a database that is restored to an earlier commit those of then', async () => {
  const database = await open();
  const first = await commitWith(database, 'a', makes(1));
  await commitWith(database, 'b', makes(2));
  const backup = await database.openBackup(anonymous);
  const chunks: Uint8Array[] = [];
  for await (const chunk of backup.archive) chunks.push(Buffer.from(chunk));
  await backup.close();
  await database.close();
  fileSystem.replaceBytes('/data/backup.tar', Buffer.concat(chunks));
  for (const sequence of [1, 2]) {
    const directory = `/restored-${sequence}`;
    const [clock, random] = [systemClock, new SeededRandom(9)];
    const opened = await openBackup(fileSystem, '/data/backup.tar');
    await restoreBackup({ fileSystem, clock, random, backup: opened, directory, to: { sequence } });
    await expectSound(directory);
    const restored = await open({ directory });
    expect(await commitWith(restored, 'a', makes(1))).toEqual({ ...first, replayed: true });
    expect(await commitWith(restored, 'b', makes(2))).toMatchObject({ replayed: sequence === 2, sequence: 2 });
    await restored.close();
  }
});
