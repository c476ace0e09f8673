import { setImmediate as nextTick } from 'node:timers/promises';
import { type Clock, systemClock } from '../../../src/embedded/ports/clock.ts';

/** A clock by which every step takes so long that its slice is over: what is done in slices gives way after each. Others may use each such turn. */
export class CrowdedClock implements Clock {
  /** Turns that were given to others so far. */
  turns = 0;
  /** Called in each. */
  onTurn: (() => void) | null = null;
  #milliseconds = 0;

  now(): number {
    return 1_700_000_000_000;
  }

  monotonic(): number {
    this.#milliseconds += 2;
    return this.#milliseconds;
  }

  async yield(): Promise<void> {
    await nextTick();
    this.turns += 1;
    this.onTurn?.();
  }

  schedule(milliseconds: number, run: () => void): () => void {
    return systemClock.schedule(milliseconds, run);
  }
}
