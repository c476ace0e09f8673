import type { Clock } from '../ports/clock.ts';

/**
 * How long background work runs before others get a turn of the event loop. A read takes less than a tenth of it, so this is most of
 * what a request can feel of a snapshot; a turn of an idle loop takes a hundredth, which is what more of them cost.
 */
const sliceMs = 0.5;

/**
 * Cuts background work into slices, so that no request waits for it. Ask `due` as often as it is cheap to, `pause` when it says so:
 *
 *     if (slice.due) await slice.pause();
 */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  #end: number;

  constructor(clock: Clock, signal?: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#end = clock.monotonic() + sliceMs;
  }

  /** Whether the slice is used up, or the work is to stop. */
  get due(): boolean {
    return this.#clock.monotonic() >= this.#end || this.#signal?.aborted === true;
  }

  /** Lets others run. @throws the signal's reason when the work is to stop. */
  async pause(): Promise<void> {
    this.#signal?.throwIfAborted();
    await this.#clock.yield();
    this.#signal?.throwIfAborted();
    this.#end = this.#clock.monotonic() + sliceMs;
  }
}
