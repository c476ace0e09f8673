import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { comparedFigure, type Figure, type Target } from '../figure.ts';
import { type Latencies, probeLatencies } from '../latency-probe.ts';
import type { Request } from '../load.ts';
import { graphqlGetRequest } from '../workload.ts';

const scan = `{
  findDocuments(table: "default", filter: { and: [{ path: "level", gte: 50, lt: 60 }, { path: "active", eq: true }] }) {
    nodes { id }
    totalCount
  }
}`;

/** How long GraphQL `getDocument` and REST creates take while a `findDocuments` over all documents without an index runs in a loop, beside without. */
export async function runScanLoad(bench: Bench): Promise<Figure[]> {
  const { rounds, load } = bench.options;
  const server = await bench.indexedServer();
  const reads = server.sample.map(
    ({ id }): Request => ({ method: 'POST', path: '/graphql', body: graphqlGetRequest(id) }),
  );
  const without: Latencies[] = [];
  const during: Latencies[] = [];
  await probeLatencies(server.process.url, reads, sleep(1000 * load.seconds));
  for (let round = 0; round < rounds; round += 1) {
    without.push(await probeLatencies(server.process.url, reads, sleep(1000 * load.seconds)));
    const end = performance.now() + 1000 * load.seconds;
    const scanning = async () => {
      while (performance.now() < end) await server.ask(scan);
    };
    during.push(await probeLatencies(server.process.url, reads, scanning()));
  }
  const figure = (what: string, target: Target | null, of: (latencies: Latencies) => number): Figure =>
    comparedFigure({ what, unit: 'ms', beside: 'without', target }, during.map(of), without.map(of));
  const loop = `while a find without an index over ${bench.size} runs in a loop`;
  const most: Target = { of: 'ours', sign: '≤', value: 20 };
  return [
    figure(`p99 of GraphQL getDocument ${loop}`, most, ({ reads }) => reads.p99),
    figure(`p99 of POST /document/create ${loop}`, null, ({ writes }) => writes.p99),
    figure(`longest GraphQL getDocument ${loop}`, null, ({ reads }) => reads.longest),
  ];
}
