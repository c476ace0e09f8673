import { SharedTurns } from '../database/shared-turns.ts';

/** The turns of the event loop that all large answers of a door share. */
export function createAnswerTurns(): SharedTurns {
  return new SharedTurns({
    monotonic: () => performance.now(),
    yield: () => new Promise((resolve) => setImmediate(resolve)),
  });
}
