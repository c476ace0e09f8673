import { expect, test } from 'vitest';
import { appendFrame, openLog, putCommit } from '../embedded/log/log-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFileSystem } from './simulated-file-system.ts';

test.each(['/', '/data'])(
  'after the sync of %s failed under a new directory, the next start makes that again, and a power cut takes nothing',
  async (parent) => {
    const fileSystem = new SimulatedFileSystem();
    let failed = false;
    fileSystem.inject = (kind, path) => {
      if (failed || kind !== 'syncDirectory' || path !== parent) return undefined;
      failed = true;
      return { kind: 'error', code: 'EIO' };
    };
    await expect(openLog(fileSystem)).rejects.toMatchObject({ code: 'EIO' });
    const { log } = await openLog(fileSystem);
    await appendFrame(log, [putCommit(1)], new SeededRandom(1));
    for (let seed = 1; seed <= 20; seed += 1) {
      const { recovered } = await openLog(fileSystem.copyAfterPowerCut(new SeededRandom(seed)));
      expect(recovered).toEqual([putCommit(1)]);
    }
  },
);
