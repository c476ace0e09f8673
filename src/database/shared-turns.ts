/** The event loop, and the time of it. */
export interface TurnClock {
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  /** Resolves in a later macrotask, so that whoever waits for the event loop gets a turn. */
  yield(): Promise<void>;
}

/** How long those who share it may run before other work gets its turn. */
const sliceMs = 2;
/** The same when there was other work since the last slice: it would come to wait for as long as it takes itself, several times over. */
const busySliceMs = 0.5;
/** Other work that takes no longer is none: the event loop itself takes some time. */
const idleMs = 0.2;

/**
 * Shares the event loop among all that takes long of one kind: all scans of a database, all large answers of a server. Between two turns of the loop they
 * run for one slice of time all together: if each had its own, a query with a thousand of them would keep everybody else waiting for a thousand slices.
 */
export class SharedTurns {
  readonly #clock: TurnClock;
  /** After about so many steps, each of a document, a scan looks whether its slice is over: more often where they take long. */
  readonly steps: number;
  /** In the order in which they came. */
  readonly #waiting: (() => void)[] = [];
  /** When those who share it last gave way; null when they have not since their last slice began. */
  #gaveWayAt: number | null = null;
  /** When this slice ends; null while none has run since the loop had its turn. */
  #sliceEnd: number | null = null;

  constructor(clock: TurnClock, steps = 128) {
    this.#clock = clock;
    this.steps = steps;
  }

  /** Whether the slice has ended, so that whoever runs in it should ask for its next turn. */
  get over(): boolean {
    return this.isOverAt(this.#clock.monotonic());
  }

  /** The same at a moment of the clock that is known already. */
  isOverAt(now: number): boolean {
    return this.#sliceEnd !== null && now > this.#sliceEnd;
  }

  /**
   * To be asked before work begins, or goes on after it waited for anything else. Undefined when it may run at once, without waiting even for a promise: others that ask
   * before it has run would find as much time left. Else it resolves when its turn has come.
   */
  next(): Promise<void> | undefined {
    if (this.#sliceEnd === null) this.#beginSlice();
    if (this.#waiting.length === 0 && !this.over) return undefined;
    this.#gaveWayAt ??= this.#clock.monotonic();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes all steps, each of which is short. Resolves to what the last one returns, rejects with what one throws. */
  async take<T>(steps: Generator<unknown, T>): Promise<T> {
    const turn = this.next();
    if (turn !== undefined) await turn;
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      if (this.over) await this.next();
    }
  }

  #beginSlice(): void {
    const now = this.#clock.monotonic();
    const wasBusy = this.#gaveWayAt !== null && now - this.#gaveWayAt > idleMs;
    this.#gaveWayAt = null;
    this.#sliceEnd = now + (wasBusy ? busySliceMs : sliceMs);
    void this.#clock.yield().then(() => this.#endSlice());
  }

  async #endSlice(): Promise<void> {
    this.#sliceEnd = null;
    if (this.#waiting.length === 0) return;
    this.#beginSlice();
    // Those of a few steps are done at once: if each took a slice of its own, as many of them would be answered as the loop turns.
    for (let resume = this.#waiting.shift(); resume !== undefined; resume = this.#waiting.shift()) {
      resume();
      // It has run, up to its end or its next turn, when what was put behind it comes.
      await undefined;
      if (this.over) return;
    }
  }
}
