import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, startYaradb } from '../bench.ts';
import { ChangeReaders } from '../change-readers.ts';
import { type Figure, percentile, plainFigure } from '../figure.ts';
import type { ServerProcess } from '../server-process.ts';
import { sampleBody } from '../workload.ts';

const subscribers = 1_000;
const groups = 10;
const commitsPerSecond = 1_000;
/** Commits that all of the subscribers are told of. */
const burst = 500;

/**
 * How many events 1,000 subscribers are told in a second when each commit concerns all of them, and how long each event takes when the filters differ,
 * each commit concerns a tenth of them, and there are 1,000 commits a second. Each round sees to it that every subscriber was told of every commit.
 */
export async function runChanges(bench: Bench): Promise<Figure[]> {
  const { rounds, load } = bench.options;
  const server = await startYaradb(join(bench.directory, 'changes'));
  const rates: number[] = [];
  const shares: number[][] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      rates.push(await deliveriesPerSecond(server));
      shares.push(await latencies(server, load.seconds));
    }
    const resident = await server.residentMebibytes();
    const what = 'change feed, 1,000 subscribers over SSE';
    return [
      {
        ...plainFigure(
          { what: `${what}: events told`, unit: '/s', target: { of: 'ours', sign: '≥', value: 100_000 } },
          rates,
        ),
        resident,
      },
      plainFigure(
        { what: `${what} with filters of their own, 1,000 commits/s: p50 of an event`, unit: 'ms', target: null },
        shares.map((times) => percentile(times, 0.5)),
      ),
      plainFigure(
        { what: `${what} with filters of their own, 1,000 commits/s: p99 of an event`, unit: 'ms', target: null },
        shares.map((times) => percentile(times, 0.99)),
      ),
    ];
  } finally {
    await server.stop();
  }
}

async function deliveriesPerSecond(server: ServerProcess): Promise<number> {
  const readers = await ChangeReaders.open(server.url, subscribers, () => null);
  const agent = new Agent({ keepAlive: true });
  try {
    const begun = performance.now();
    let sent = 0;
    const write = async () => {
      while (sent < burst) {
        sent += 1;
        await create(agent, server.url, sent);
      }
    };
    await Promise.all(Array.from({ length: 16 }, write));
    await told(readers, burst * subscribers);
    return (1000 * burst * subscribers) / (performance.now() - begun);
  } finally {
    readers.close();
    agent.destroy();
  }
}

async function latencies(server: ServerProcess, seconds: number): Promise<number[]> {
  // A thousand filters, of which each document fits a tenth.
  const filterOf = (number: number) => ({
    and: [
      { path: 'group', eq: number % groups },
      { path: 'level', gte: -number },
    ],
  });
  const readers = await ChangeReaders.open(server.url, subscribers, filterOf);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  try {
    const sent: Promise<void>[] = [];
    const begun = performance.now();
    for (let count = 0; count < seconds * commitsPerSecond; ) {
      const due = Math.min(seconds * commitsPerSecond, ((performance.now() - begun) * commitsPerSecond) / 1000);
      for (; count < due; count += 1) sent.push(create(agent, server.url, count % groups));
      await sleep(1);
    }
    await Promise.all(sent);
    await told(readers, (sent.length * subscribers) / groups);
    return readers.latencies;
  } finally {
    readers.close();
    agent.destroy();
  }
}

/** @throws {Error} when more were told than there are, or fewer within a minute. */
async function told(readers: ChangeReaders, events: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (readers.events < events && performance.now() < deadline) await sleep(1);
  await sleep(20);
  if (readers.events !== events) throw new Error(`${readers.events} events were told instead of ${events}`);
}

async function create(agent: Agent, url: string, group: number): Promise<void> {
  const outgoing = request(`${url}/document/create`, {
    agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  const sentAt = performance.timeOrigin + performance.now();
  outgoing.end(JSON.stringify({ name: 'x', body: { ...sampleBody, group, sentAt } }));
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`a create was answered with ${response.statusCode}`);
}
