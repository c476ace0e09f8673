import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { comparedFigure, type Figure } from '../figure.ts';
import { type Latencies, probeLatencies } from '../latency-probe.ts';
import type { Request } from '../load.ts';
import { ServerProcess } from '../server-process.ts';
import { createRequest, graphqlGetRequest } from '../workload.ts';

const idle = 10_000;
const slow = 500;
const settleMs = 2_000;

/** How long reads take while a crowd of connections stands around, beside as long without. It needs `ulimit -n` above the crowd. */
export async function runCrowd(bench: Bench): Promise<Figure[]> {
  const { rounds, load } = bench.options;
  const { url } = await bench.server();
  const reads: Request[] = [{ method: 'POST', path: '/graphql', body: graphqlGetRequest(await createOne(url)) }];
  const probe = () => probeLatencies(url, reads, sleep(1000 * load.seconds));
  const without: Latencies[] = [];
  const during: Latencies[] = [];
  await probe();
  for (let round = 0; round < rounds; round += 1) {
    without.push(await probe());
    const crowd = await ServerProcess.start(join(import.meta.dirname, '../programs/crowd.ts'), [
      url,
      `${idle}`,
      `${slow}`,
    ]);
    try {
      await sleep(settleMs);
      during.push(await probe());
      const health = await fetch(`${url}/readyz`);
      if (!health.ok) throw new Error(`health was answered ${health.status}`);
    } finally {
      await crowd.stop();
    }
    await sleep(settleMs);
  }
  const what = `p99 of GraphQL getDocument beside ${idle.toLocaleString('en-US')} idle connections and ${slow} slow ones`;
  const p99 = ({ reads: { p99 } }: Latencies): number => p99;
  const target = { of: 'ratio', sign: '≤', value: 2 } as const;
  return [comparedFigure({ what, unit: 'ms', beside: 'without', target }, during.map(p99), without.map(p99))];
}

async function createOne(url: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/document/create`, { method: 'POST', headers, body: createRequest });
  const { _id: id } = await response.json();
  return id;
}
