import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { type EventLoopDelay, meterEventLoop } from '../event-loop-meter.ts';
import { type Figure, plainFigure } from '../figure.ts';
import { probeLatencies } from '../latency-probe.ts';
import type { Request } from '../load.ts';
import { graphqlGetRequest } from '../workload.ts';

const indexes = [
  { what: 'an ordered index of a text', kind: 'ORDERED', paths: ['email'] },
  { what: 'a hash index of a text', kind: 'HASH', paths: ['email'] },
  { what: 'an ordered index of a list and a number', kind: 'ORDERED', paths: ['tags', 'level'] },
] as const;
const create = `mutation ($paths: [String!], $kind: IndexKind!) {
  createIndex(table: "default", paths: $paths, kind: $kind, archived: EXCLUDE) { state }
}`;
const drop = 'mutation ($paths: [String!]) { dropIndex(table: "default", paths: $paths) }';

/** How long the event loop is away while an index of all documents is built and dropped again, and reads and writes go on. */
export async function runIndexBuilds(bench: Bench): Promise<Figure[]> {
  const server = await bench.indexedServer();
  const reads = server.sample.map(
    ({ id }): Request => ({ method: 'POST', path: '/graphql', body: graphqlGetRequest(id) }),
  );
  const figures: Figure[] = [];
  for (const { what, kind, paths } of indexes) {
    const delays: EventLoopDelay[] = [];
    for (let round = 0; round < bench.options.rounds; round += 1) {
      const work = async () => {
        await server.ask(create, { paths, kind });
        await server.ask(drop, { paths });
        // What is let go of then would be seen after it.
        await sleep(500);
      };
      delays.push(
        await meterEventLoop(server.process, bench.directory, async () => {
          await probeLatencies(server.process.url, reads, work());
        }),
      );
    }
    const during = `while ${what} of ${bench.size} is built and dropped`;
    figures.push(
      plainFigure(
        {
          what: `longest turn of the event loop ${during}, garbage collection apart`,
          unit: 'ms',
          target: { of: 'ours', sign: '≤', value: 10 },
        },
        delays.map(({ busiest }) => busiest),
      ),
      plainFigure(
        { what: `longest event-loop delay ${during}`, unit: 'ms', target: null },
        delays.map(({ longest }) => longest),
      ),
    );
  }
  return figures;
}
