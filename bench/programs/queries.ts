// `node bench/programs/queries.ts`: queries of all kinds through read views over a million documents in memory, and how long the event
// loop waits for those that take long. Prints its figures as JSON.
import { parseArgs } from 'node:util';
import { parsePath } from '../../src/document/path.ts';
import type { EmbeddedReadView } from '../../src/embedded/embedded-read-view.ts';
import type { AggregateQuery } from '../../src/query/aggregate-query.ts';
import { everything } from '../../src/query/filter.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import type { Direction, Order } from '../../src/query/order.ts';
import { sizeText } from '../bench.ts';
import { type Figure, median, percentile, plainFigure } from '../figure.ts';
import { usernameOf } from '../people.ts';
import { Population, queryOf } from './population.ts';

const { values } = parseArgs({
  options: { documents: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } },
});
const size = Number(values.documents);
const rounds = Number(values.rounds);

interface Workload {
  readonly name: string;
  /** In a round. */
  readonly times: number;
  readonly ask: (view: EmbeddedReadView, number: number) => Promise<unknown>;
  /** Whether it takes so long that others must get their turn meanwhile. */
  readonly isLong?: boolean;
}

const orderBy = (path: string, direction: Direction = 'ASC'): readonly Order[] => [
  { path: parsePath(path, 'path'), direction },
];
const someUsername = (number: number) => usernameOf((number * 7919) % size);
const noIndex = parseMongodbFilter({ level: { $gte: 50, $lt: 60 }, active: { $eq: true } }, '');

const workloads: readonly Workload[] = [
  {
    name: 'equality',
    times: 5_000,
    ask: (view, number) =>
      view.findDocuments(queryOf(parseMongodbFilter({ username: { $eq: someUsername(number) } }, '')), { first: 100 }),
  },
  {
    name: 'one of ten',
    times: 2_000,
    ask(view, number) {
      const usernames = Array.from({ length: 10 }, (_, index) => someUsername(number * 10 + index));
      return view.findDocuments(queryOf(parseMongodbFilter({ username: { $in: usernames } }, '')), { first: 100 });
    },
  },
  {
    name: 'range, sort, first 20',
    times: 2_000,
    ask: (view, number) =>
      view.findDocuments(
        queryOf(parseMongodbFilter({ balance: { $gte: number, $lt: number + 5_000 } }, ''), orderBy('balance', 'DESC')),
        { first: 20 },
      ),
  },
  {
    name: 'offset 100,000 in the order of an index',
    times: 5,
    ask: (view) => view.findDocuments(queryOf(everything, orderBy('balance')), { first: 20, offset: 100_000 }),
  },
  {
    name: 'range with another condition, 50,000 entries',
    times: 5,
    ask: (view, number) =>
      view.countDocuments(
        queryOf(parseMongodbFilter({ balance: { $gte: number, $lt: number + 12_500 }, active: { $eq: true } }, '')),
      ),
  },
  {
    name: 'count of a range',
    times: 2_000,
    ask: (view, number) => view.countDocuments(queryOf(parseMongodbFilter({ balance: { $gt: number } }, ''))),
  },
  {
    name: 'scan, sort, first 20',
    isLong: true,
    times: 3,
    ask: (view) => view.findDocuments(queryOf(noIndex, orderBy('address.zip')), { first: 20 }),
  },
  { name: 'sort of all by a text', isLong: true, times: 1, ask: (view) => readAll(view, orderBy('address.zip')) },
  { name: 'sort of all by a number', times: 1, ask: (view) => readAll(view, orderBy('level')) },
  {
    name: 'sum and average of all',
    times: 3,
    ask: (view) =>
      view.aggregateDocuments(
        aggregateQuery(
          [],
          [
            { kind: 'sum', path: parsePath('balance', 'path'), as: 'sum' },
            { kind: 'avg', path: parsePath('level', 'path'), as: 'average' },
          ],
        ),
      ),
  },
  {
    name: 'count and sum by city',
    isLong: true,
    times: 3,
    ask: (view) =>
      view.aggregateDocuments(
        aggregateQuery(
          ['address.city'],
          [
            { kind: 'count', as: 'count' },
            { kind: 'sum', path: parsePath('balance', 'path'), as: 'sum' },
          ],
        ),
      ),
  },
];

function aggregateQuery(groupBy: readonly string[], measures: AggregateQuery['measures']): AggregateQuery {
  const paths = groupBy.map((text) => parsePath(text, 'groupBy'));
  return { table: 'default', filter: everything, archived: 'EXCLUDE', groupBy: paths, measures, orderBy: [] };
}

async function readAll(view: EmbeddedReadView, order: readonly Order[]): Promise<void> {
  for await (const _ of view.scanDocuments(queryOf(everything, order)));
}

async function run(population: Population, { name, times, ask }: Workload): Promise<Figure> {
  const medians: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const durations: number[] = [];
    for (let number = 0; number < times; number += 1) {
      const view = population.view();
      const start = performance.now();
      await ask(view, number);
      durations.push(performance.now() - start);
      view.close();
    }
    medians.push(median(durations));
  }
  return plainFigure({ what: `${name}, ${sizeText(size)} in process: p50`, unit: 'ms', target: null }, medians);
}

/** The longest turn of the event loop while four of them run in a loop. */
async function measureWaits(population: Population, { name, ask }: Workload): Promise<Figure> {
  const longest: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let running = true;
    const loops = Array.from({ length: 4 }, async () => {
      while (running) {
        const view = population.view();
        await ask(view, 0);
        view.close();
      }
    });
    const waits: number[] = [];
    const end = performance.now() + 3_000;
    while (performance.now() < end) {
      const start = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      waits.push(performance.now() - start);
    }
    running = false;
    await Promise.all(loops);
    longest.push(percentile(waits, 1));
  }
  const what = `longest wait for the event loop, 4 in a loop, ${sizeText(size)}: ${name}`;
  return plainFigure({ what, unit: 'ms', target: { of: 'ours', sign: '≤', value: 10 } }, longest);
}

const population = await Population.of(size);
await population.createIndex('HASH', 'username');
await population.createIndex('ORDERED', 'balance');
const figures: Figure[] = [];
for (const workload of workloads) figures.push(await run(population, workload));
for (const workload of workloads) if (workload.isLong === true) figures.push(await measureWaits(population, workload));
process.stdout.write(JSON.stringify(figures));
