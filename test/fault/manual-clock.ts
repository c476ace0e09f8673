import { setImmediate as nextTick } from 'node:timers/promises';
import type { Clock } from '../../src/embedded/ports/clock.ts';

/** A clock that a test moves. Time passes in `advance` alone, which runs what was scheduled for it in order. */
export class ManualClock implements Clock {
  #milliseconds = 0;
  readonly #scheduled = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return 1_700_000_000_000 + this.#milliseconds;
  }

  monotonic(): number {
    return this.#milliseconds;
  }

  yield(): Promise<void> {
    return nextTick();
  }

  schedule(milliseconds: number, run: () => void): () => void {
    const entry = { at: this.#milliseconds + milliseconds, run };
    this.#scheduled.add(entry);
    return () => this.#scheduled.delete(entry);
  }

  /** Whether anything is still to run. */
  get idle(): boolean {
    return this.#scheduled.size === 0;
  }

  /** Lets time pass, and what follows from it happen as far as it can. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#milliseconds + milliseconds;
    for (;;) {
      const [next] = [...this.#scheduled].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#milliseconds = Math.max(this.#milliseconds, next.at);
      this.#scheduled.delete(next);
      next.run();
      await someTicks();
    }
    this.#milliseconds = end;
    await someTicks();
  }
}

/** Long enough for everything that waits for nothing but the simulation. */
export async function someTicks(): Promise<void> {
  for (let tick = 0; tick < 10; tick += 1) await nextTick();
}
