import type { Clock } from '../ports/clock.ts';
import { TimeSlice } from './time-slice.ts';

/** Half of what others get in a slice: a request that meets one waits for less than most requests take. */
const backgroundSliceMs = 0.25;
/** Others' work that takes no longer is none: the event loop itself takes some time. A read that comes alone takes more. */
const idleMs = 0.03;
/**
 * How long the work rests when others had something to do: several slices, so that most requests come while it rests and wait for
 * nothing, and the disk is theirs, too. What nobody but the server asked for takes longer for it.
 */
const restMs = 2;

/** Slices of work that nobody waits for: it takes all the time that there is while there is no other, and a part of it otherwise. */
export class BackgroundSlice extends TimeSlice {
  readonly #clock: Clock;

  constructor(clock: Clock, signal?: AbortSignal) {
    super(clock, signal, backgroundSliceMs);
    this.#clock = clock;
  }

  override async pause(): Promise<void> {
    const gaveWayAt = this.#clock.monotonic();
    await super.pause();
    if (this.#clock.monotonic() - gaveWayAt <= idleMs) return;
    await new Promise<void>((resolve) => void this.#clock.schedule(restMs, resolve));
    await super.pause();
  }
}
