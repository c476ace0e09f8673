import type { Bench } from '../bench.ts';
import { runContest } from '../contest.ts';
import { type Figure, percentile, plainFigure } from '../figure.ts';

/** Find by equality on an indexed path beside a get of the same documents, both over REST and of the same server. */
export async function runFind(bench: Bench): Promise<Figure[]> {
  const { process: server, sample } = await bench.indexedServer();
  const ours = {
    name: `POST /document/find, equality on an indexed path, ${bench.size}`,
    server,
    requests: sample.map(({ username }) => ({
      method: 'POST' as const,
      path: '/document/find?table_name=default',
      body: JSON.stringify({ username: { $eq: username } }),
    })),
  };
  const get = {
    name: 'GET /document/get/{id} of the same documents',
    server,
    requests: sample.map(({ id }) => ({ method: 'GET' as const, path: `/document/get/${id}` })),
    target: { of: 'ratio', sign: '≥', value: 0.7 } as const,
  };
  return runContest(ours, [get], bench.options.rounds, bench.options.load);
}

const range = `query ($from: JSON, $to: JSON) @explain {
  findDocuments(
    table: "default", first: 20, orderBy: [{ path: "balance", direction: DESC }]
    filter: { path: "balance", gte: $from, lt: $to }
  ) { nodes { id body } }
}`;
const rangesInRound = 2_000;

/** Range, sort and first 20 on an indexed path: what the server says that it took, in answers to GraphQL requests one after the other. */
export async function runRange(bench: Bench): Promise<Figure[]> {
  const server = await bench.indexedServer();
  const rounds: number[][] = [];
  for (let round = 0; round <= bench.options.rounds; round += 1) {
    const times: number[] = [];
    for (let number = 0; number < rangesInRound; number += 1) {
      const from = (number * 7919) % 240_000;
      const { data, extensions } = await server.ask(range, { from, to: from + 5_000 });
      const [{ plan, milliseconds }] = extensions.explain;
      if (data.findDocuments.nodes.length !== 20 || plan.order !== 'index') {
        throw new Error(`the page was not read off the index: ${JSON.stringify({ data, plan })}`);
      }
      times.push(milliseconds);
    }
    if (round > 0) rounds.push(times); // the first one warms up
  }
  const of = (share: number) => rounds.map((times) => percentile(times, share));
  const what = `range, sort and first 20 on an indexed path, ${bench.size}: server time`;
  return [
    plainFigure({ what: `${what}, p50`, unit: 'ms', target: { of: 'ours', sign: '≤', value: 1 } }, of(0.5)),
    plainFigure({ what: `${what}, p99`, unit: 'ms', target: null }, of(0.99)),
  ];
}
