import { expect, test } from 'vitest';
import { failureOfSeed, replayOf } from './replay.ts';
import { noCounts, type SimulationCounts, simulate } from './simulation/simulation.ts';

test('simulated: power cuts, kills, failing, full, stalling and rotting disks keep what was acknowledged or read, and of the rest no part', {
  timeout: 1_800_000,
}, async () => {
  const { seed, runs } = replayOf('simulation', 20_000);
  const counts: SimulationCounts = { ...noCounts };
  for (let current = seed; current < seed + runs; current += 1) {
    await simulate(current, counts).catch((error: unknown) => {
      throw failureOfSeed('simulation', current, error);
    });
  }
  process.stdout.write(`simulation: ${runs} runs, ${JSON.stringify(counts)}\n`);
  // A replay of few runs need not have tried everything.
  if (runs >= 1000) for (const [what, count] of Object.entries(counts)) expect(count, what).toBeGreaterThan(runs / 500);
});

test('simulated: a seed decides everything, so that a failure can be had again', async () => {
  const { seed } = replayOf('replay', 1);
  for (let current = seed; current < seed + 20; current += 1) {
    const [first, second] = [await simulate(current, { ...noCounts }), await simulate(current, { ...noCounts })];
    expect(second.contents(), `seed ${current}`).toEqual(first.contents());
  }
});
