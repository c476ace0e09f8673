import type { Clock } from '../ports/clock.ts';

/**
 * How long background work runs before others get a turn of the event loop. A read takes less than a tenth of it, so this is most of
 * what a request can feel of a snapshot; a turn of an idle loop takes a hundredth, which is what more of them cost.
 */
const sliceMs = 0.5;

/** The same of a commit: whoever waits for it waits as well for those who get their turns, so it gives way less often. */
const commitSliceMs = 1;

/** A slice of the work that a commit makes. */
export function commitSlice(clock: Clock): TimeSlice {
  return new TimeSlice(clock, undefined, commitSliceMs);
}

/**
 * Cuts background work into slices, so that no request waits for it. Ask `due` as often as it is cheap to, `pause` when it says so:
 *
 *     if (slice.due) await slice.pause();
 */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #milliseconds: number;
  #end: number;

  constructor(clock: Clock, signal?: AbortSignal, milliseconds = sliceMs) {
    this.#clock = clock;
    this.#signal = signal;
    this.#milliseconds = milliseconds;
    this.#end = clock.monotonic() + milliseconds;
  }

  /** Whether the slice is used up, or the work is to stop. */
  get due(): boolean {
    return this.#clock.monotonic() >= this.#end || this.#signal?.aborted === true;
  }

  /** Takes all steps, and pauses where that is due. Resolves to what the last one returns, rejects with what one throws. */
  async takeAll<T>(steps: Generator<void, T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      if (this.due) await this.pause();
    }
  }

  /** Lets others run. @throws the signal's reason when the work is to stop. */
  async pause(): Promise<void> {
    this.#signal?.throwIfAborted();
    await this.#clock.yield();
    this.#signal?.throwIfAborted();
    this.#end = this.#clock.monotonic() + this.#milliseconds;
  }
}
