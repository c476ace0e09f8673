// Loaded into a server by NODE_OPTIONS: records its event-loop delay from one SIGUSR2 to the next, and then writes it to the file that
// BENCH_EVENT_LOOP_REPORT names.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

const resolutionMs = 1;
const path = process.env.BENCH_EVENT_LOOP_REPORT;
let recording: Recording | null = null;

interface Turn {
  readonly from: number;
  readonly to: number;
  /** Milliseconds of the processor: on a machine that others use, too, the clock tells how long they took. */
  readonly used: number;
}

interface Collection {
  readonly at: number;
  readonly duration: number;
}

class Recording {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #turns: Turn[] = [];
  readonly #collections: Collection[] = [];
  readonly #observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) this.#collections.push({ at: startTime, duration });
  });
  readonly #interval: NodeJS.Timeout;
  #at = performance.now();
  #used = usedMs();

  constructor() {
    this.#histogram.enable();
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#interval = setInterval(() => this.#tick(), resolutionMs);
  }

  end() {
    this.#tick();
    clearInterval(this.#interval);
    this.#histogram.disable();
    for (const { startTime, duration } of this.#observer.takeRecords()) {
      this.#collections.push({ at: startTime, duration });
    }
    this.#observer.disconnect();
    // A sample is the time from one tick of its timer to the next, of which the resolution was asked for.
    const delay = (nanoseconds: number) => nanoseconds / 1e6 - resolutionMs;
    const [p50, p99, p999] = [50, 99, 99.9].map((share) => delay(this.#histogram.percentile(share)));
    return { p50, p99, p999, longest: delay(this.#histogram.max), ...this.#busiest() };
  }

  #tick(): void {
    const at = performance.now();
    const used = usedMs();
    this.#turns.push({ from: this.#at, to: at, used: used - this.#used });
    this.#at = at;
    this.#used = used;
  }

  /** Between two ticks the processor is used for as long as the clock says at most, so what is over that is one turn of the event loop. */
  #busiest(): { readonly busiest: number; readonly collecting: number } {
    let busiest = 0;
    let collecting = 0;
    let next = 0;
    for (const { from, to, used } of this.#turns) {
      let collected = 0;
      for (; (this.#collections[next]?.at ?? Number.POSITIVE_INFINITY) < to; next += 1) {
        const { at = 0, duration = 0 } = this.#collections[next] ?? {};
        if (at >= from) collected += duration;
      }
      busiest = Math.max(busiest, used - collected);
      collecting = Math.max(collecting, collected);
    }
    return { busiest, collecting };
  }
}

function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

process.on('SIGUSR2', () => {
  if (recording === null) {
    recording = new Recording();
    return;
  }
  const report = recording.end();
  recording = null;
  if (path === undefined) return;
  writeFileSync(`${path}.new`, JSON.stringify(report));
  renameSync(`${path}.new`, path);
});
