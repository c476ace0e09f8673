// Loaded into a server by NODE_OPTIONS: records its event-loop delay from one SIGUSR2 to the next, and then writes it to the file that
// BENCH_EVENT_LOOP_REPORT names.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 1;
const path = process.env.BENCH_EVENT_LOOP_REPORT;
let histogram: ReturnType<typeof monitorEventLoopDelay> | null = null;

process.on('SIGUSR2', () => {
  if (histogram === null) {
    histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    histogram.enable();
    return;
  }
  histogram.disable();
  const { max } = histogram;
  const [p50, p99, p999, longest] = [50, 99, 99.9]
    .map((share) => histogram?.percentile(share) ?? 0)
    .concat(max)
    // A sample is the time from one tick of its timer to the next, of which the resolution was asked for.
    .map((nanoseconds) => nanoseconds / 1e6 - resolutionMs);
  histogram = null;
  if (path === undefined) return;
  writeFileSync(`${path}.new`, JSON.stringify({ p50, p99, p999, longest }));
  renameSync(`${path}.new`, path);
});
