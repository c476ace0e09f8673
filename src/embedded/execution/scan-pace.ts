import type { SharedTurns } from '../../database/shared-turns.ts';
import type { Clock } from '../ports/clock.ts';

/** What a look at the clock should come after: often enough that a slice ends in time, so seldom that it costs nothing. */
const wantedMs = 0.1;

/**
 * How many documents a scan takes between two looks at the clock. A million small ones are counted in the time in which a regular expression
 * reads ten long texts, so it follows what the last ones took.
 */
export class ScanPace {
  readonly #clock: Clock;
  readonly #turns: SharedTurns;
  readonly #stepsMax: number;
  #steps: number;
  /** By the clock. */
  #lookedAt = 0;

  constructor(clock: Clock, turns: SharedTurns) {
    this.#clock = clock;
    this.#turns = turns;
    this.#stepsMax = turns.steps * 8;
    this.#steps = Math.max(1, turns.steps >>> 4);
  }

  /** So many documents may be looked at before `isOver` is asked. */
  get steps(): number {
    return this.#steps;
  }

  /** To be called when the scan begins, and when it goes on after others had their turn. @param now what the clock says. */
  resume(now: number): void {
    this.#lookedAt = now;
  }

  /** To be asked after `steps` documents: whether the slice has ended. */
  isOver(): boolean {
    const now = this.#clock.monotonic();
    const elapsed = now - this.#lookedAt;
    this.#lookedAt = now;
    if (elapsed > 2 * wantedMs) this.#steps = Math.max(1, Math.floor((this.#steps * wantedMs) / elapsed));
    else if (elapsed < wantedMs / 2) this.#steps = Math.min(this.#stepsMax, this.#steps * 2);
    return this.#turns.isOverAt(now);
  }
}
