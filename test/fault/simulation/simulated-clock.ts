import type { Clock } from '../../../src/embedded/ports/clock.ts';
import type { SeededRandom } from '../seeded-random.ts';

const yearMs = 365 * 24 * 3_600_000;
const start = Date.UTC(2025, 0, 1);
/** Version 7 ids and the format hold times from 1970 on; ten years of either side are left. */
const earliest = 10 * yearMs;
const latest = start + 100 * yearMs;

/** A clock that is set back and forward by years. What is measured by `monotonic` goes on evenly, as the contract says. */
export class SimulatedClock implements Clock {
  readonly #random: SeededRandom;
  #now = start;
  #monotonic = 0;
  /** How much time goes by each time that somebody looks. On a slow machine whatever is done in slices gives way after each of its steps. */
  step = 0.01;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    this.#monotonic += this.step;
    return this.#monotonic;
  }

  /** Others go first, some more often than others. */
  yield(): Promise<void> {
    return someTurns(this.#random.below(8));
  }

  /** A millisecond is as long as it takes for some that are ready to go on. */
  schedule(milliseconds: number, run: () => void): () => void {
    let cancelled = false;
    void someTurns(milliseconds * (1 + this.#random.below(20))).then(() => {
      if (!cancelled) run();
    });
    return () => {
      cancelled = true;
    };
  }

  pass(): void {
    this.#now += this.#random.below(3);
    if (!this.#random.chance(0.03)) return;
    const years = this.#random.below(41) - 20;
    this.#now = Math.min(latest, Math.max(earliest, this.#now + years * yearMs));
  }
}

/** Lets whatever is ready go first, so many times: time, as a simulation without timers knows it. */
export async function someTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await null;
}
