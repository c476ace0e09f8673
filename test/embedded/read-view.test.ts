import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { type Clock, systemClock } from '../../src/embedded/ports/clock.ts';
import { everything } from '../../src/query/filter.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';

/** Every look at it finds it 3 ms later, so that a scan gives way after each of its batches. */
function hastyClock(): Clock {
  let milliseconds = 0;
  return {
    ...systemClock,
    monotonic: () => {
      milliseconds += 3;
      return milliseconds;
    },
  };
}

test('a scan in slices meets each document once, erased before or behind the place it has come to', async () => {
  const database = await openEmbeddedDatabase({
    directory: '/data',
    fileSystem: new SimulatedFileSystem(),
    clock: hastyClock(),
  });
  const { documents } = await database.commit(
    anonymous,
    Array.from({ length: 700 }, (_, n) => ({ kind: 'create', body: { n } })),
  );
  const eraseTenth = (remainder: number) =>
    database.commit(
      anonymous,
      documents.filter((_, n) => n % 10 === remainder).map(({ id }) => ({ kind: 'erase', id, version: 1 })),
    );
  const view = await database.view(anonymous);
  const query = { filter: everything, orderBy: [], archived: 'EXCLUDE' } as const;
  const seen: unknown[] = [];
  let slices = 0;
  for await (const slice of view.scanDocuments(query)) {
    seen.push(...slice.map(({ id }) => id));
    if (slices < 5) await eraseTenth(slices);
    slices += 1;
  }
  expect(slices).toBeGreaterThan(4);
  // All of one commit: their order is that of their ids.
  expect(seen).toEqual(documents.map(({ id }) => id).sort());
  view.close();
  const later = await database.view(anonymous);
  expect(await later.countDocuments(query)).toBe(350);
  later.close();
  await database.close();
});

test('scans that run at one time share the turns of the event loop', async () => {
  const database = await openEmbeddedDatabase({
    directory: '/data',
    fileSystem: new SimulatedFileSystem(),
    clock: hastyClock(),
  });
  await database.commit(
    anonymous,
    Array.from({ length: 40 }, () => ({ kind: 'create', body: {} })),
  );
  const slicesOfTurn: number[] = [];
  let immediate: NodeJS.Immediate | undefined;
  function countTurn(): void {
    slicesOfTurn.push(0);
    immediate = setImmediate(countTurn);
  }
  countTurn();
  const view = await database.view(anonymous);
  const scan = async () => {
    for await (const _ of view.scanDocuments({ filter: everything, orderBy: [], archived: 'EXCLUDE' })) {
      slicesOfTurn[slicesOfTurn.length - 1] = (slicesOfTurn.at(-1) ?? 0) + 1;
    }
  };
  const scans = 10;
  await Promise.all(Array.from({ length: scans }, scan));
  clearImmediate(immediate);
  view.close();
  await database.close();
  // By this clock every look at it comes too late: slices become short, and each takes a whole turn.
  expect(slicesOfTurn.reduce((sum, slices) => sum + slices)).toBeGreaterThan(scans * 10);
  expect(Math.max(...slicesOfTurn)).toBeLessThanOrEqual(2);
});
