import type { Clock } from '../ports/clock.ts';

export interface BackgroundSyncOptions {
  readonly clock: Clock;
  /** What may be lost: no commit is acknowledged while one acknowledged so many milliseconds before is still not on disk. */
  readonly intervalMs: number;
  /** Makes everything that was written so far durable. */
  readonly sync: () => Promise<void>;
  /** Called once, when a sync failed. There is none after it. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Syncs beside the writes, for durability `interval`. A sync begins half an interval after the oldest write that it covers,
 * which leaves the disk the other half to finish it before writers have to wait. A disk that takes longer slows them
 * down: what is acknowledged and not on disk never spans more than the interval, however long a sync stalls.
 */
export class BackgroundSync {
  readonly #options: BackgroundSyncOptions;
  #cancelTimer: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #runningSince = 0;
  /** When the oldest write that is not on disk was made, and the oldest that the sync under way does not cover. */
  #oldestAt: number | null = null;
  #uncoveredAt: number | null = null;
  #ended = false;

  constructor(options: BackgroundSyncOptions) {
    this.#options = options;
  }

  /** How long the sync under way has taken, in milliseconds; 0 when there is none. */
  get runningMs(): number {
    return this.#running === null ? 0 : this.#options.clock.monotonic() - this.#runningSince;
  }

  /** To be called when something was written. Resolves when it may be acknowledged, or after a sync failed. */
  async written(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    const writtenAt = clock.monotonic();
    if (this.#running !== null) this.#uncoveredAt ??= writtenAt;
    this.#oldestAt ??= writtenAt;
    if (this.#running === null && this.#cancelTimer === null) this.#schedule(intervalMs / 2);
    while (!this.#ended && this.#oldestAt !== null && clock.monotonic() - this.#oldestAt >= intervalMs) {
      this.#start();
      await this.#running;
    }
  }

  /** Lets the sync under way finish and begins none for what was written so far: whoever calls this syncs it. */
  async settle(): Promise<void> {
    // The timer goes first: a sync that it begins while this waits would run beside what the caller writes next.
    this.#unschedule();
    await this.#running;
    this.#unschedule();
    this.#oldestAt = null;
  }

  #unschedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #schedule(milliseconds: number): void {
    this.#cancelTimer = this.#options.clock.schedule(Math.max(0, milliseconds), () => this.#start());
  }

  #start(): void {
    if (this.#running !== null) return;
    this.#unschedule();
    this.#runningSince = this.#options.clock.monotonic();
    this.#running = this.#run();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { clock, intervalMs, sync, onFailure } = this.#options;
    try {
      await sync();
    } catch (error) {
      this.#ended = true;
      onFailure(error);
    }
    this.#running = null;
    this.#oldestAt = this.#uncoveredAt;
    this.#uncoveredAt = null;
    if (this.#oldestAt !== null && !this.#ended) {
      this.#schedule(intervalMs / 2 - (clock.monotonic() - this.#oldestAt));
    }
  }
}
