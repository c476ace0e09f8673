import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Log, type LogOptions } from '../../../src/embedded/log/log.ts';
import { CorruptionError } from '../../../src/embedded/log/log-error.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { carryOutSalvage, planSalvage, type SalvageOptions } from '../../../src/embedded/maintenance/salvage.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { nodeFileSystem } from '../../../src/embedded/ports/node-file-system.ts';
import { systemRandom } from '../../../src/embedded/ports/random.ts';
import { appendFrame, putCommit } from '../log/log-fixture.ts';
import { Stopped, StoppingFileSystem } from './stopping-file-system.ts';

const ports = { fileSystem: new StoppingFileSystem(nodeFileSystem), clock: systemClock, random: systemRandom };

async function open(directory: string, options: Partial<LogOptions> = {}) {
  const commits: CommitRecord[] = [];
  const log = await Log.open({
    ...ports,
    directory,
    onCommit: (commit) => commits.push(commit),
    onSnapshot: () => {},
    ...options,
  });
  return { log, commits };
}

/** Four segments with two commits each, in frames of one and of two; the third has its second commit damaged. */
async function makeDamaged(directory: string): Promise<void> {
  for (let first = 1; first <= 7; first += 2) {
    const { log } = await open(directory);
    const commits = [putCommit(first), putCommit(first + 1, { text: `word ${first + 1}` })];
    for (const frame of first === 3 ? [commits] : commits.map((commit) => [commit])) {
      await appendFrame(log, frame, systemRandom);
    }
    await log.close();
  }
}

const damages: readonly (readonly [string, number, (log: string) => void])[] = [
  ['damage within a segment', 5, (log) => flip(join(log, '00000000000000000005.log'), 'word 6')],
  ['damage at the beginning of a segment', 4, (log) => flip(join(log, '00000000000000000005.log'), 'YARALOG')],
  ['a segment that is missing', 2, (log) => rmSync(join(log, '00000000000000000003.log'))],
  [
    'damage in the newest segment, and a seal behind it',
    7,
    (log) => flip(join(log, '00000000000000000007.log'), 'word 8'),
  ],
  ['the newest segment missing', 6, (log) => rmSync(join(log, '00000000000000000007.log'))],
  ['a record of the newest segment that is missing', 8, (log) => rmSync(join(log, 'newest'))],
  ['damage in the first segment', 1, (log) => flip(join(log, '00000000000000000001.log'), 'word 2')],
];

function flip(path: string, text: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(text);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

async function repair(options: SalvageOptions): Promise<void> {
  const plan = await planSalvage(options);
  if (plan !== null) await carryOutSalvage(plan, options);
}

test.each(damages)(
  'with %s, a repair that is killed at any step leaves what does not open, or what is right; another one ends it',
  async (_, kept, damage) => {
    const root = mkdtempSync(join(tmpdir(), 'yaradb-salvage-'));
    try {
      const original = join(root, 'original');
      await makeDamaged(original);
      const epoch = await epochOf(original);
      damage(join(original, 'log'));
      const counting = new StoppingFileSystem(nodeFileSystem);
      cpSync(original, join(root, 'counted'), { recursive: true });
      await repair({ ...ports, fileSystem: counting, directory: join(root, 'counted') });
      expect(counting.changes).toBeGreaterThan(10);
      for (let stop = 0; stop <= counting.changes; stop += 1) {
        const directory = join(root, `stop-${stop}`);
        cpSync(original, directory, { recursive: true });
        const stopping = new StoppingFileSystem(nodeFileSystem, stop);
        const repairing = repair({ ...ports, fileSystem: stopping, directory });
        if (stop < counting.changes) await expect(repairing).rejects.toThrow(Stopped);
        else await repairing;
        const copy = `${directory}-opened`;
        cpSync(directory, copy, { recursive: true });
        const refused = await epochOf(copy).catch((error: unknown) => error);
        if (refused instanceof CorruptionError) expect(stop).toBeLessThan(counting.changes);
        else await expectSalvaged(copy, kept, epoch);
        await repair({ ...ports, directory });
        await expectSalvaged(directory, kept, epoch);
        rmSync(directory, { recursive: true });
        rmSync(copy, { recursive: true });
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  },
);

async function epochOf(directory: string): Promise<string> {
  const { log } = await open(directory);
  await log.close();
  return log.epoch;
}

async function expectSalvaged(directory: string, kept: number, epochBefore: string): Promise<void> {
  const { log, commits } = await open(directory);
  expect(commits.map(({ sequence }) => sequence)).toEqual(Array.from({ length: kept }, (_, index) => index + 1));
  expect(log.epoch).not.toBe(epochBefore);
  await log.close();
}
