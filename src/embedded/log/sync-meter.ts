import { Histogram } from '../../database/histogram.ts';
import type { Clock } from '../ports/clock.ts';

/** From what a fast disk takes to what one takes that is about to fail, in seconds. */
const bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How long the syncs of the log take that commits wait for. */
export class SyncMeter {
  readonly seconds = new Histogram(bounds);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns what `end` is to be given. */
  begin(): number {
    return this.#clock.monotonic();
  }

  end(begun: number): void {
    this.seconds.add((this.#clock.monotonic() - begun) / 1_000);
  }
}
