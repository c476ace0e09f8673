import { expect, test } from 'vitest';
import { SharedTurns } from '../../src/database/shared-turns.ts';
import type { Clock } from '../../src/embedded/ports/clock.ts';

/** Scans that take so many milliseconds each, on a clock that only they move. */
function startScans(milliseconds: readonly number[]) {
  let now = 0;
  const yielded: (() => void)[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    yield: () => new Promise((resolve) => yielded.push(resolve)),
    schedule: () => () => {},
  };
  const turns = new SharedTurns(clock);
  const ended: number[] = [];
  const scan = async (each: number, number: number) => {
    const turn = turns.next();
    if (turn !== undefined) await turn;
    now += each;
    ended.push(number);
  };
  milliseconds.forEach((each, number) => {
    void scan(each, number);
  });
  /** The event loop turns once. @returns the scans that have ended by now. */
  const turnLoop = async (): Promise<readonly number[]> => {
    for (const resolve of yielded.splice(0)) resolve();
    // A macrotask: all that follows in microtasks has been.
    await new Promise((resolve) => setImmediate(resolve));
    return [...ended];
  };
  return { ended, turnLoop };
}

test('scans that wait for a turn share one, as long as it lasts, in the order in which they came', async () => {
  const { ended, turnLoop } = startScans([3, ...Array(50).fill(0.001)]);
  expect(ended).toEqual([0]);
  expect(await turnLoop()).toEqual(Array.from({ length: 51 }, (_, number) => number));
});

test('a scan that takes the whole turn leaves none of it to the others', async () => {
  const { turnLoop } = startScans([3, 3, 3, 0.001, 0.001, 3]);
  expect(await turnLoop()).toEqual([0, 1]);
  expect(await turnLoop()).toEqual([0, 1, 2]);
  expect(await turnLoop()).toEqual([0, 1, 2, 3, 4, 5]);
});
