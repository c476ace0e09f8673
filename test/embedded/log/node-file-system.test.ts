import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Log } from '../../../src/embedded/log/log.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { nodeFileSystem } from '../../../src/embedded/ports/node-file-system.ts';
import { systemRandom } from '../../../src/embedded/ports/random.ts';
import { appendFrame, putCommit } from './log-fixture.ts';

test('a log on the file system of the machine keeps what was written, over segments and restarts', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'yaradb-log-'));
  try {
    const directory = join(parent, 'not', 'there', 'yet');
    const open = async (): Promise<{ log: Log; recovered: CommitRecord[] }> => {
      const recovered: CommitRecord[] = [];
      const log = await Log.open({
        fileSystem: nodeFileSystem,
        directory,
        clock: systemClock,
        random: systemRandom,
        segmentBytesMax: 2000,
        onSnapshot: () => {},
        onCommit: (commit) => recovered.push(commit),
      });
      return { log, recovered };
    };
    const expected: CommitRecord[] = [];
    for (let restart = 0; restart < 3; restart += 1) {
      const { log, recovered } = await open();
      expect(recovered).toEqual(expected);
      expect(log.report.clean).toBe(true);
      for (let frame = 0; frame < 5; frame += 1) {
        const commits = [putCommit(expected.length + 1), putCommit(expected.length + 2, { text: 'y'.repeat(300_000) })];
        await appendFrame(log, commits, systemRandom);
        expected.push(...commits);
      }
      await log.close();
    }
    const names = await readdir(join(directory, 'log'));
    expect(names.filter((name) => name.endsWith('.log'))).toHaveLength(15);
    // Nobody but the owner reads documents.
    expect((await stat(join(directory, 'log', 'newest'))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  } finally {
    await rm(parent, { recursive: true });
  }
});
