import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from './server-process.ts';

const reportName = 'event-loop.json';

/** How long the event loop of a server was away beyond what a timer asked for, in milliseconds. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
  /** The most processor time of a turn, but for what the collector of garbage took: when that comes, and how long it takes, is chance. */
  readonly busiest: number;
  /** The most that it took of a turn. */
  readonly collecting: number;
}

/** A server that is started with it can be measured by `meterEventLoop`. Until then it costs nothing. */
export function eventLoopMeterEnvironment(directory: string): NodeJS.ProcessEnv {
  const recorder = join(import.meta.dirname, 'event-loop-recorder.ts');
  return { NODE_OPTIONS: `--import=${recorder}`, BENCH_EVENT_LOOP_REPORT: join(directory, reportName) };
}

/** Measures the server while `work` is under way. @param directory that of its environment. */
export async function meterEventLoop(
  server: ServerProcess,
  directory: string,
  work: () => Promise<void>,
): Promise<EventLoopDelay> {
  server.signal('SIGUSR2');
  // What is asked for must not be there before the signal is.
  await sleep(100);
  await work();
  server.signal('SIGUSR2');
  // The report is renamed into place when it is whole.
  await sleep(500);
  return JSON.parse(await readFile(join(directory, reportName), 'utf8'));
}
