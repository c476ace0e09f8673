import { Agent, request } from 'node:http';
import { percentile } from './figure.ts';
import type { Request } from './load.ts';
import { createRequest } from './workload.ts';

/** Milliseconds from sending a request to the end of its answer. */
export interface Latencies {
  readonly reads: Percentiles;
  readonly writes: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const create: Request = { method: 'POST', path: '/document/create', body: createRequest };
const tickMs = 1;
const ticksBetweenWrites = 5;

/**
 * Sends a read each millisecond and a write each fifth, whether those before were answered or not: a stall is then seen by every
 * request that it meets, where a client that waits for its answers would send nothing meanwhile.
 * @param reads are sent in turn. @param until the probe ends with it. @throws what a request throws, or an answer that is no success.
 */
export async function probeLatencies(
  url: string,
  reads: readonly Request[],
  until: Promise<unknown>,
): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true });
  const readTimes: number[] = [];
  const writeTimes: number[] = [];
  const sent: Promise<void>[] = [];
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    const read = reads[ticks % reads.length];
    if (read !== undefined) sent.push(timeOf(agent, url, read).then((time) => void readTimes.push(time)));
    if (ticks % ticksBetweenWrites !== 0) return;
    sent.push(timeOf(agent, url, create).then((time) => void writeTimes.push(time)));
  }, tickMs);
  try {
    await until;
  } finally {
    clearInterval(timer);
  }
  await Promise.all(sent);
  agent.destroy();
  return { reads: percentilesOf(readTimes), writes: percentilesOf(writeTimes) };
}

function timeOf(agent: Agent, url: string, { method, path, body }: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sending = request(url + path, { agent, method, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - startedAt);
        else reject(new Error(`${method} ${path} was answered ${response.statusCode}`));
      });
    });
    sending.once('error', reject);
    sending.end(body);
  });
}

function percentilesOf(times: readonly number[]): Percentiles {
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), longest: percentile(times, 1) };
}
