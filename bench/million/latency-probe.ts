import { Agent, request } from 'node:http';
import { createRequest } from '../workload.ts';

/** Milliseconds from sending a request to the end of its answer. */
export interface Latencies {
  readonly reads: Percentiles;
  readonly writes: Percentiles;
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const tickMs = 1;
const ticksBetweenWrites = 5;

/**
 * Sends a read each millisecond and a write each fifth, whether those before were answered or not: a stall is then seen by every
 * request that it meets, where a client that waits for its answers would send nothing meanwhile.
 * @param until the probe ends with it. @throws what a request throws, or an answer that is no success.
 */
export async function probeLatencies(url: string, ids: readonly string[], until: Promise<unknown>): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true });
  const reads: number[] = [];
  const writes: number[] = [];
  const sent: Promise<void>[] = [];
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    const id = ids[(ticks * 7919) % ids.length] ?? '';
    sent.push(timeOf(agent, `${url}/document/get/${id}`, null).then((time) => void reads.push(time)));
    if (ticks % ticksBetweenWrites !== 0) return;
    sent.push(timeOf(agent, `${url}/document/create`, createRequest).then((time) => void writes.push(time)));
  }, tickMs);
  try {
    await until;
  } finally {
    clearInterval(timer);
  }
  await Promise.all(sent);
  agent.destroy();
  return { reads: percentilesOf(reads), writes: percentilesOf(writes) };
}

function timeOf(agent: Agent, url: string, body: string | null): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const method = body === null ? 'GET' : 'POST';
    const headers = body === null ? {} : { 'content-type': 'application/json' };
    const sending = request(url, { agent, method, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - startedAt);
        else reject(new Error(`${method} ${url} was answered ${response.statusCode}`));
      });
    });
    sending.once('error', reject);
    sending.end(body);
  });
}

function percentilesOf(times: readonly number[]): Percentiles {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), longest: at(1) };
}
