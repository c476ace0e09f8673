import { expect, test } from 'vitest';
import type { CommitRecord } from '../../src/embedded/log/record.ts';
import { appendFrame, openLog, putCommit } from '../embedded/log/log-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFileSystem } from './simulated-file-system.ts';

const runs = 400;
const crashesInRun = 4;

/** What the clients of the database know, over all its crashes. */
interface Ledger {
  /** The newest commit that was acknowledged or, having been read after a restart, observed. */
  acknowledged: number;
  /** By sequence: every commit that was ever tried with it since the last recovery decided. */
  readonly attempted: Map<number, CommitRecord>;
}

/** Writes until the machine stops. A frame that was not acknowledged may survive, whole, or not. */
async function writeUntilStopped(fileSystem: SimulatedFileSystem, ledger: Ledger, random: SeededRandom): Promise<void> {
  const segmentBytesMax = 500 + random.below(4000);
  const { log, recovered } = await openLog(fileSystem, { random, segmentBytesMax });
  checkRecovered(recovered, ledger);
  for (let frame = 0; frame < 12; frame += 1) {
    const first = ledger.acknowledged + 1;
    const commits = Array.from({ length: 1 + random.below(4) }, (_, index) =>
      putCommit(first + index, { text: 'x'.repeat(random.below(1500)), tag: random.below(1_000_000) }),
    );
    for (const commit of commits) ledger.attempted.set(commit.sequence, commit);
    await appendFrame(log, commits, random);
    ledger.acknowledged += commits.length;
  }
  await log.close();
}

/** The promise: all that was acknowledged is there, the frame under way is whole or absent, and each commit is what was written. */
function checkRecovered(recovered: readonly CommitRecord[], ledger: Ledger): void {
  expect(recovered.length).toBeGreaterThanOrEqual(ledger.acknowledged);
  if (recovered.length > ledger.acknowledged) expect(recovered.length).toBe(ledger.attempted.size);
  expect(recovered).toEqual([...ledger.attempted.values()].slice(0, recovered.length));
  // Observed from now on. What did not survive was never there: its sequences are given again.
  ledger.acknowledged = recovered.length;
  for (const sequence of ledger.attempted.keys()) if (sequence > recovered.length) ledger.attempted.delete(sequence);
}

/** Stops the machine at some operation, under a write after some of its bytes. */
function stopAt(fileSystem: SimulatedFileSystem, random: SeededRandom): void {
  const stop = 1 + random.below(70);
  let count = 0;
  fileSystem.inject = (_, __, size) => {
    count += 1;
    return count === stop ? { kind: 'stop', writtenBytes: random.below(size + 1) } : undefined;
  };
}

test(`a power cut at any moment keeps what was acknowledged, and of the rest no part (seeds 1 to ${runs})`, async () => {
  for (let seed = 1; seed <= runs; seed += 1) {
    const random = new SeededRandom(seed);
    const ledger: Ledger = { acknowledged: 0, attempted: new Map() };
    let fileSystem = new SimulatedFileSystem();
    try {
      for (let crash = 0; crash < crashesInRun; crash += 1) {
        stopAt(fileSystem, random);
        await writeUntilStopped(fileSystem, ledger, random).catch((error: unknown) => {
          if (!fileSystem.stopped) throw error;
        });
        fileSystem = random.chance(0.8) ? fileSystem.cutPower(random) : fileSystem.killProcess();
      }
      const { recovered } = await openLog(fileSystem, { random });
      checkRecovered(recovered, ledger);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
});
