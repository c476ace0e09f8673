import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { everything } from '../../src/query/filter.ts';
import { stillClock } from '../embedded/log/log-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFileSystem } from './simulated-file-system.ts';

test('clock set back or forward by years: no effect on order, over restarts too', async () => {
  let fileSystem = new SimulatedFileSystem();
  const years = [2025, 2045, 1985, 2025, 1971, 2100];
  const sequences: (number | null)[] = [];
  const ids: string[] = [];
  for (const year of years) {
    const clock = { ...stillClock, now: () => Date.UTC(year, 0, 1) };
    const random = new SeededRandom(year);
    const database = await openEmbeddedDatabase({ directory: '/data', fileSystem, clock, random });
    const { sequence, committedAt, documents } = await database.commit(anonymous, [{ kind: 'create', body: { year } }]);
    sequences.push(sequence);
    expect(committedAt).toBe(clock.now());
    ids.push(...documents.map(({ id }) => id));
    const view = await database.view(anonymous);
    const page = await view.findDocuments({ filter: everything, orderBy: [], archived: 'EXCLUDE' }, { first: 100 });
    expect(page.documents.map(({ id }) => id)).toEqual(ids);
    view.close();
    fileSystem = fileSystem.killProcess();
  }
  expect(sequences).toEqual([1, 2, 3, 4, 5, 6]);
});
