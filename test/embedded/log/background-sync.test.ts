import { expect, test } from 'vitest';
import { BackgroundSync } from '../../../src/embedded/log/background-sync.ts';
import { ManualClock } from '../../fault/manual-clock.ts';

test('from the moment that it is to settle it begins no sync, which would run beside what the caller writes next', async () => {
  const clock = new ManualClock();
  let syncs = 0;
  const sync = async (): Promise<void> => {
    syncs += 1;
  };
  const background = new BackgroundSync({ clock, intervalMs: 100, sync, onFailure: () => {} });
  await background.written();
  const settled = background.settle();
  // What was scheduled falls due before whoever waits gets a turn.
  const passing = clock.advance(50);
  expect(syncs).toBe(0);
  await Promise.all([settled, passing]);
  await clock.advance(1000);
  expect(syncs).toBe(0);
});
