import { describe, expect, test } from 'vitest';
import { BackgroundSlice } from '../../../src/embedded/history/background-slice.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import { stillClock } from '../log/log-fixture.ts';

/** A loop in which others take so many milliseconds whenever they get a turn, and which tells of the rests. */
function loop(othersMs: number) {
  let now = 0;
  const rests: number[] = [];
  const clock: Clock = {
    ...stillClock,
    monotonic: () => now,
    yield: async () => {
      now += othersMs;
    },
    schedule: (milliseconds, run) => {
      rests.push(milliseconds);
      now += milliseconds;
      queueMicrotask(run);
      return () => {};
    },
  };
  return { clock, rests, work: (milliseconds: number) => (now += milliseconds) };
}

describe('background slices', () => {
  test('follow each other at once while there is no other work', async () => {
    const { clock, rests, work } = loop(0.01);
    const slice = new BackgroundSlice(clock);
    for (let round = 0; round < 5; round += 1) {
      work(1);
      expect(slice.due).toBe(true);
      await slice.pause();
      expect(slice.due).toBe(false);
    }
    expect(rests).toEqual([]);
  });

  test('rest for longer than they work while there is other work, and the next one is whole', async () => {
    const { clock, rests, work } = loop(0.1);
    const slice = new BackgroundSlice(clock);
    work(1);
    await slice.pause();
    expect(rests).toHaveLength(1);
    expect(rests[0]).toBeGreaterThan(1);
    expect(slice.due).toBe(false);
  });

  test('end with the reason for which the work is to stop, in the midst of a rest, too', async () => {
    const abort = new AbortController();
    const { clock } = loop(0.1);
    const stopping: Clock = {
      ...clock,
      schedule: (milliseconds, run) => {
        abort.abort(new Error('stopping'));
        return clock.schedule(milliseconds, run);
      },
    };
    const slice = new BackgroundSlice(stopping, abort.signal);
    await expect(slice.pause()).rejects.toThrow('stopping');
  });
});
