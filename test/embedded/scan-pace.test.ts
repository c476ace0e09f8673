import { expect, test } from 'vitest';
import { SharedTurns } from '../../src/database/shared-turns.ts';
import { ScanPace } from '../../src/embedded/execution/scan-pace.ts';
import { systemClock } from '../../src/embedded/ports/clock.ts';

test('a scan looks at the clock after many documents that are quick, and after each one that is slow', () => {
  let now = 0;
  const clock = { ...systemClock, monotonic: () => now };
  const pace = new ScanPace(clock, new SharedTurns(clock));
  const scan = (millisecondsEach: number, looks: number) => {
    for (let look = 0; look < looks; look += 1) {
      now += pace.steps * millisecondsEach;
      pace.isOver();
    }
    return pace.steps;
  };
  expect(scan(0.000_02, 20)).toBe(1_024);
  expect(scan(1, 1)).toBe(1);
  expect(scan(5, 5)).toBe(1);
  const some = scan(0.005, 20);
  expect(some * 0.005).toBeGreaterThan(0.04);
  expect(some * 0.005).toBeLessThan(0.21);
  now += 1_000; // while others had their turn
  pace.resume(now);
  pace.isOver();
  expect(pace.steps).toBeGreaterThanOrEqual(some);
});
