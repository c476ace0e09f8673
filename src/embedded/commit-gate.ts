import { commitSlice, type TimeSlice } from './history/time-slice.ts';
import type { Clock } from './ports/clock.ts';

/**
 * Keeps the order in which commits are decided while one of them is decided in slices: whoever comes meanwhile waits, and has its turn in the order in
 * which it came. While there is no such commit it costs nothing.
 */
export class CommitGate {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  readonly #whenOpen: (() => void)[] = [];
  /** While it is closed: how long those who wait may have their turns before others get theirs. */
  #slice: TimeSlice | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when the caller may go on at once. Else it resolves when its turn has come, at the end of which it calls `leave`. */
  enter(): Promise<void> | undefined {
    if (this.#slice === null) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Has everybody else wait until the caller calls `leave`: to be called in the very tick in which it was let in. */
  close(): void {
    this.#slice ??= commitSlice(this.#clock);
  }

  /** Gives the turn to the next who waits. */
  leave(): void {
    if (this.#waiting.length > 0 && this.#slice?.due === true) void this.#slice.pause().then(() => this.#next());
    else this.#next();
  }

  /** Resolves when nobody is inside or waits. */
  async idle(): Promise<void> {
    while (this.#slice !== null) await new Promise<void>((resolve) => this.#whenOpen.push(resolve));
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#slice = null;
    for (const resolve of this.#whenOpen.splice(0)) resolve();
  }
}
