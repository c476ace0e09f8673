import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Document } from '../../../src/document/document.ts';
import { type KeyRecord, noDefinitions } from '../../../src/embedded/log/record.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import { Snapshotter } from '../../../src/embedded/snapshot/snapshotter.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, scheduleSoon, stillClock } from '../log/log-fixture.ts';
import { identity, snapshotDirectory } from './snapshot-fixture.ts';

async function* noDocuments(): AsyncGenerator<readonly Document[]> {}

/** One whose snapshots are all of a new commit. `open` is how many are being taken. */
async function makeSnapshotter({
  clock = stillClock,
  keys = [],
}: {
  readonly clock?: Clock;
  readonly keys?: readonly (readonly KeyRecord[])[];
} = {}) {
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(dataDirectory);
  const counts = { open: 0, openMax: 0, taken: 0 };
  let { sequence } = identity;
  const snapshotter = new Snapshotter({
    fileSystem,
    directory: snapshotDirectory,
    clock,
    random: new SeededRandom(1),
    logBytesMax: 1000,
    newest: null,
    damaged: [],
    capture: async () => {
      counts.open += 1;
      counts.openMax = Math.max(counts.openMax, counts.open);
      sequence += 1;
      const header = { ...identity, sequence };
      return { header, logBytes: 0, definitions: noDefinitions, documents: noDocuments(), keys, release: () => {} };
    },
    remove: (name) => fileSystem.remove(join(snapshotDirectory, name)),
    add: (rename) => rename(),
    onEvent: ({ kind }) => {
      if (kind !== 'snapshotTaken') return;
      counts.open -= 1;
      counts.taken += 1;
    },
  });
  return { snapshotter, counts };
}

test('one that waits for the running one is the next, whoever asks in the moment between them', async () => {
  const { snapshotter, counts } = await makeSnapshotter();
  const first = snapshotter.take();
  const second = snapshotter.take();
  const third = first.then(() => snapshotter.take());
  await Promise.all([first, second, third]);
  await snapshotter.close();
  expect(counts).toEqual({ open: 0, openMax: 1, taken: 2 });
});

test('the log that has grown begins none in the moment between two', async () => {
  const { snapshotter, counts } = await makeSnapshotter();
  const first = snapshotter.take();
  const second = snapshotter.take();
  const grown = first.then(() => snapshotter.logGrew(1_000_000));
  await Promise.all([first, second, grown]);
  await snapshotter.idle();
  expect(counts).toEqual({ open: 0, openMax: 1, taken: 2 });
  await snapshotter.close();
});

test('others get a turn between the keys that are written, however few there are in a slice', async () => {
  let [milliseconds, turns] = [0, 0];
  const clock: Clock = {
    ...stillClock,
    // Every look at it finds that a slice is used up.
    monotonic: () => (milliseconds += 1000),
    yield: async () => {
      turns += 1;
    },
    schedule: scheduleSoon,
  };
  const keys = Array.from({ length: 6 }, (_, number): KeyRecord[] => [keyOf(number)]);
  const { snapshotter, counts } = await makeSnapshotter({ clock, keys });
  await snapshotter.take();
  await snapshotter.close();
  expect(counts.taken).toBe(1);
  // Once for each piece that is sorted, once for each key that is written.
  expect(turns).toBeGreaterThanOrEqual(2 * keys.length);
});

function keyOf(number: number): KeyRecord {
  return {
    id: `00000000-0000-4000-8000-00000000000${number}`,
    sequence: 1,
    committedAt: 0,
    digest: '00'.repeat(16),
    forgottenBefore: 0,
    erases: false,
    documentIds: [],
  };
}
