import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { type EventLoopDelay, meterEventLoop } from '../event-loop-meter.ts';
import { type Figure, plainFigure, type Target } from '../figure.ts';
import type { IndexedServer } from '../indexed-server.ts';
import { measure, type Request } from '../load.ts';
import { createRequest, graphqlGetRequest, sampleBody } from '../workload.ts';

const operationsInBulk = 10_000;
const scan = `{
  findDocuments(table: "default", filter: { and: [{ path: "level", gte: 50, lt: 60 }, { path: "active", eq: true }] }) {
    totalCount
  }
}`;
const bulk = `mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence } }`;

/**
 * How long the event loop is away under all kinds of work at once: reads, finds and creates on all connections, one after the other a find
 * that no index serves, and now and then a commit of 10,000 operations and a snapshot.
 */
export async function runEventLoop(bench: Bench): Promise<Figure[]> {
  const { rounds, load } = bench.options;
  const server = await bench.indexedServer();
  const requests = mixOf(server);
  await measure(server.process.url, requests, load);
  const delays: EventLoopDelay[] = [];
  for (let round = 0; round < rounds; round += 1) {
    delays.push(
      await meterEventLoop(server.process, bench.directory, async () => {
        const ended = new AbortController();
        const measured = measure(server.process.url, requests, load).finally(() => ended.abort());
        await Promise.all([measured, scanUntil(ended.signal, server), writeInBulk(server), snapshot(server)]);
      }),
    );
  }
  const what = `event-loop delay with ${bench.size}, mixed load`;
  const most: Target = { of: 'ours', sign: '≤', value: 20 };
  return [
    plainFigure(
      { what: `${what}, p99.9`, unit: 'ms', target: most },
      delays.map(({ p999 }) => p999),
    ),
    plainFigure(
      { what: `${what}, longest`, unit: 'ms', target: null },
      delays.map(({ longest }) => longest),
    ),
  ];
}

/** Of twenty requests twelve are reads, four finds on an index, four creates. */
function mixOf({ sample }: IndexedServer): Request[] {
  return sample.slice(0, 1000).flatMap(({ id, username }): Request[] => {
    const get: Request = { method: 'GET', path: `/document/get/${id}` };
    const graphqlGet: Request = { method: 'POST', path: '/graphql', body: graphqlGetRequest(id) };
    const body = JSON.stringify({ username: { $eq: username } });
    const find: Request = { method: 'POST', path: '/document/find?table_name=default', body };
    const create: Request = { method: 'POST', path: '/document/create', body: createRequest };
    return [get, graphqlGet, find, get, create];
  });
}

async function scanUntil(signal: AbortSignal, server: IndexedServer): Promise<void> {
  while (!signal.aborted) await server.ask(scan);
}

async function writeInBulk(server: IndexedServer): Promise<void> {
  await sleep(500);
  const operations = Array.from({ length: operationsInBulk }, () => ({ create: { name: 'bulk', body: sampleBody } }));
  await server.ask(bulk, { operations });
}

async function snapshot({ process: { url } }: IndexedServer): Promise<void> {
  await sleep(1000);
  const response = await fetch(`${url}/system/snapshot`, { method: 'POST' });
  if (!response.ok) throw new Error(`the snapshot was answered ${response.status}`);
}
