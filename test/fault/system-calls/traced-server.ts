import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Ending, startServer } from '../../process/server-process.ts';
import { History } from '../history/history.ts';
import { HistoryClient } from '../history/history-client.ts';
import { SeededRandom } from '../seeded-random.ts';

/** The system calls by which the server changes files. Sockets and pipes are written to by others. */
export const systemCalls = ['mkdir', 'pwrite64', 'ftruncate', 'fdatasync', 'fsync', 'rename', 'unlink'] as const;
export type SystemCall = (typeof systemCalls)[number];

export const documents = 4;
/** Some writes make a segment full, so that the workload makes several. */
const textMax = 24_000;

/** Why the server cannot be traced on this machine; null when it can. */
export function tracingProblem(): string | null {
  const probe = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { encoding: 'utf8' });
  if (probe.error !== undefined) return `strace is not installed (${probe.error.message})`;
  return probe.status === 0 ? null : `this machine does not let processes be traced (${probe.stderr.trim()})`;
}

export interface TracedLife {
  /** Whether it came to be ready. */
  readonly ready: boolean;
  readonly ending: Ending;
  /** All that its client did, behind what was there before. */
  readonly history: History;
  /** How often each call was made, by the thread that made most of them. */
  readonly calls: ReadonlyMap<SystemCall, number>;
  /** Whether the call that was made to fail concerned a file that is derived from others: the index of a segment. */
  readonly faultInDerivedFile: boolean;
}

export interface TracedLifeOptions {
  readonly data: string;
  /** The file that the system calls are written to. */
  readonly trace: string;
  /** What befalls it, as strace's `inject` has it: `fsync:error=EIO:when=3`. */
  readonly inject?: string | undefined;
  /** What clients did before. */
  readonly before: History;
  /** Requests in the workload. */
  readonly steps: number;
}

/**
 * One life of the real server under `strace`: started, given the reference workload by a client, and asked to stop. The workload is
 * the same every time, and so are the system calls, because the server has one thread for files: `strace` counts by thread.
 */
export async function tracedLife({ data, trace, inject, before, steps }: TracedLifeOptions): Promise<TracedLife> {
  const history = new History(before);
  const faults = inject === undefined ? [] : ['-e', `inject=${inject}`];
  // Stopping at the calls traced and at no others is much faster, but no signal can be sent from such a stop.
  const stops = inject?.includes('signal=') === true ? [] : ['--seccomp-bpf'];
  // With `-D` the server is the process that was started and strace its grandchild: signals and the exit code are the server's own.
  const wrapper = ['strace', '-D', '-f', '-y', ...stops, '-o', trace, '-e', `trace=${systemCalls.join()}`];
  const environment = { UV_THREADPOOL_SIZE: '1', NODE_DISABLE_COMPILE_CACHE: '1' };
  const flags = ['--segment-bytes-max', '64KiB', '--log-level', 'silent'];
  const started = await startServer(data, flags, environment, [...wrapper, ...faults, '--']).catch(endingOfStart);
  if (!('server' in started)) return { ready: false, ending: started, history, ...readTrace(trace) };
  const { server, url } = started;
  await using _ = server;
  const client = new HistoryClient({ name: 'c', history, random: new SeededRandom(7), documents, textMax });
  if (await client.work(url, steps)) server.kill('SIGTERM');
  return { ready: true, ending: await server.ended, history, ...readTrace(trace) };
}

/** `startServer` rejects with the ending of a server that was never ready. */
function endingOfStart(error: unknown): Ending {
  if (error instanceof Error && isEnding(error.cause)) return error.cause;
  throw error;
}

function isEnding(cause: unknown): cause is Ending {
  return typeof cause === 'object' && cause !== null && 'signal' in cause && 'stderr' in cause;
}

function readTrace(trace: string): Pick<TracedLife, 'calls' | 'faultInDerivedFile'> {
  const text = readFileSync(trace, 'utf8');
  // By the thread that made most of them, as `when` counts: the main thread writes a file of its own.
  const count = (call: SystemCall) => {
    const threads = Array.from(text.matchAll(new RegExp(`^(\\d+) +${call}\\(`, 'gm')), ([, thread]) => thread);
    const byThread = Map.groupBy(threads, (thread) => thread);
    return Math.max(0, ...Array.from(byThread.values(), ({ length }) => length));
  };
  return {
    calls: new Map(systemCalls.map((call) => [call, count(call)])),
    faultInDerivedFile: /\.index\.tmp.*\(INJECTED\)/.test(text),
  };
}
