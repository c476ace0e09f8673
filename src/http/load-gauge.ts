import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

export interface LoadLimits {
  /** Mean delay of the event loop over a second, in milliseconds. Infinity: any. */
  readonly eventLoopDelayMsMax: number;
  /** How much of its limit the heap may take, garbage included, in percent. 100: all of it. */
  readonly heapPercentMax: number;
}

export const noLoadLimits: LoadLimits = Object.freeze({
  eventLoopDelayMsMax: Number.POSITIVE_INFINITY,
  heapPercentMax: 100,
});

const sampleMs = 1_000;
const resolutionMs = 10;

/** Looks each second whether the process can keep up. What it finds holds until it looks again, so that to ask costs nothing. */
export class LoadGauge {
  readonly #limits: LoadLimits;
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  #timer: NodeJS.Timeout | undefined;
  #overload: string | null = null;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  /** What is too much, for people; null when nothing is. */
  get overload(): string | null {
    return this.#overload;
  }

  start(): void {
    const { eventLoopDelayMsMax, heapPercentMax } = this.#limits;
    if (eventLoopDelayMsMax === Number.POSITIVE_INFINITY && heapPercentMax >= 100) return;
    this.#delay.enable();
    this.#timer = setInterval(() => this.#look(), sampleMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  #look(): void {
    const { eventLoopDelayMsMax, heapPercentMax } = this.#limits;
    // What is measured is the time from one look to the next, NaN when there was none.
    const delayMs = this.#delay.mean / 1e6 - resolutionMs;
    this.#delay.reset();
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    const heapPercent = (used / limit) * 100;
    if (delayMs > eventLoopDelayMsMax) this.#overload = `the event loop is ${Math.round(delayMs)} ms behind`;
    else if (heapPercentMax < 100 && heapPercent > heapPercentMax) {
      this.#overload = `${Math.round(heapPercent)} % of the heap is in use`;
    } else this.#overload = null;
  }
}
