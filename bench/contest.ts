import { comparedFigure, type Figure, median, type Target } from './figure.ts';
import { type Load, type Measurement, measure, type Request } from './load.ts';
import type { ServerProcess } from './server-process.ts';

export interface Contestant {
  readonly name: string;
  readonly server: ServerProcess;
  readonly requests: readonly Request[];
  /** For ours by theirs; null for a peer that only stands by. */
  readonly target: Target | null;
}

/** Runs ours and the peers in turn, round after round, so that a slow minute of the machine hits all of them. @returns a figure for each peer. */
export async function runContest(
  ours: Omit<Contestant, 'target'>,
  peers: readonly Contestant[],
  rounds: number,
  load: Load,
): Promise<Figure[]> {
  const contestants = [ours, ...peers];
  const measurements = contestants.map((): Measurement[] => []);
  for (const { server, requests } of contestants) await measure(server.url, requests, { ...load, seconds: 2 });
  for (let round = 0; round < rounds; round += 1) {
    for (const [number, { server, requests }] of contestants.entries()) {
      measurements[number]?.push(await measure(server.url, requests, load));
    }
  }
  const rates = (number: number) => measurements[number]?.map(({ requestsPerSecond }) => requestsPerSecond) ?? [];
  const [mine = []] = measurements;
  return Promise.all(
    peers.map(async ({ name, target }, number) => ({
      ...comparedFigure({ what: ours.name, unit: '/s', beside: name, target }, rates(0), rates(number + 1)),
      p50: median(mine.map(({ p50 }) => p50)),
      p99: median(mine.map(({ p99 }) => p99)),
      resident: await ours.server.residentMebibytes(),
    })),
  );
}
