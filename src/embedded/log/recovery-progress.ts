import type { Clock } from '../ports/clock.ts';
import type { LogEvent } from './log-event.ts';

/** Whoever waits for a start hears this often how far it is, and not at all of one that is quick. */
const intervalMs = 2_000;

/** Tells how far a recovery is: first the snapshot is read, then the log behind it. */
export class RecoveryProgress {
  readonly #clock: Clock;
  readonly #onEvent: ((event: LogEvent) => void) | undefined;
  readonly #startedAt: number;
  #toldAt: number;
  #phase: 'snapshot' | 'log' = 'snapshot';
  #bytes = 0;
  #bytesTotal = 0;

  constructor(clock: Clock, onEvent: ((event: LogEvent) => void) | undefined) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#startedAt = clock.monotonic();
    this.#toldAt = this.#startedAt;
  }

  begin(phase: 'snapshot' | 'log', bytesTotal: number): void {
    this.#phase = phase;
    this.#bytes = 0;
    this.#bytesTotal = bytesTotal;
  }

  /** So many bytes more were read. */
  advance(bytes: number): void {
    this.#bytes += bytes;
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < intervalMs) return;
    this.#toldAt = now;
    this.#onEvent?.({
      kind: 'recovering',
      phase: this.#phase,
      bytes: this.#bytes,
      bytesTotal: this.#bytesTotal,
      milliseconds: now - this.#startedAt,
    });
  }
}
