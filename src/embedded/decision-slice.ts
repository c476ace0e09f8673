import { commitSlice, type TimeSlice } from './history/time-slice.ts';
import type { Clock } from './ports/clock.ts';
import type { Staging } from './staging.ts';

/** The slices in which a large commit is decided. Commits ahead may become durable in a pause, or be lost, and then it is lost with them. */
export class DecisionSlice {
  readonly #slice: TimeSlice;
  readonly #staging: Staging;
  readonly #losses: number;
  readonly #settled: () => Promise<void>;

  /** @param settled rejects with what the newest commit enqueued failed with. */
  constructor(clock: Clock, staging: Staging, settled: () => Promise<void>) {
    this.#slice = commitSlice(clock);
    this.#staging = staging;
    this.#losses = staging.losses;
    this.#settled = settled;
  }

  get due(): boolean {
    return this.#slice.due;
  }

  /** Lets others run. @throws what the commits ahead failed with, when they did: this one was decided on what they held. */
  async pause(): Promise<void> {
    await this.#slice.pause();
    if (this.#staging.losses === this.#losses) return;
    await this.#settled();
    throw new Error('commits in flight were lost, but the newest of them was not');
  }
}
