import { expect, test } from 'vitest';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import { stillClock } from '../log/log-fixture.ts';

test('steps are taken with a turn for others whenever the slice is used up', async () => {
  let now = 0;
  const done: string[] = [];
  const clock = {
    ...stillClock,
    monotonic: () => now,
    yield: async () => void done.push('others'),
  };
  function* steps(): Generator<void, string> {
    for (const milliseconds of [1, 2, 1]) {
      now += milliseconds;
      done.push(`step of ${milliseconds} ms`);
      yield;
    }
    return 'result';
  }
  expect(await new TimeSlice(clock, undefined, 2).takeAll(steps())).toBe('result');
  expect(done).toEqual(['step of 1 ms', 'step of 2 ms', 'others', 'step of 1 ms']);
});
