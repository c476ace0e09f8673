// `node bench/programs/filters.ts`: filters that no index serves over a million documents in memory, counted through a read view, beside the
// same predicate written by hand over an array and beside mingo, in interleaved rounds. A filter that is asked again is answered from the columns
// of its paths, which the scan before has made: what it takes the first time, and while they are made, is measured for itself. It runs after 200
// other filters: what a process has run before decides how well V8 runs what comes next. Prints its figures as JSON.
import { parseArgs } from 'node:util';
import { Query } from 'mingo';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import { sizeText } from '../bench.ts';
import { comparedFigure, type Figure, median, plainFigure } from '../figure.ts';
import type { Person } from '../people.ts';
import { Population, queryOf } from './population.ts';

const { values } = parseArgs({
  options: { documents: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } },
});
/** Of those that are run first. */
const otherFilters = 200;
const mingoRounds = 3;

interface Contest {
  readonly name: string;
  /** In MongoDB's language, which mingo takes as it is. */
  readonly filter: JsonObject;
  readonly byHand: (person: Person) => boolean;
}

const contests: readonly Contest[] = [
  { name: 'a number compared', filter: { level: { $gte: 90 } }, byHand: ({ level }) => level >= 90 },
  { name: 'a plain value', filter: { username: 'alice7' }, byHand: ({ username }) => username === 'alice7' },
  {
    name: "a text's beginning",
    filter: { username: { $regex: '^alice77' } },
    byHand: ({ username }) => username.startsWith('alice77'),
  },
  {
    name: 'two fields',
    filter: { level: { $gte: 50, $lt: 60 }, active: { $eq: true } },
    byHand: ({ level, active }) => level >= 50 && level < 60 && active,
  },
  {
    name: 'a nested text',
    filter: { 'address.city': { $eq: 'Kyiv' } },
    byHand: ({ address }) => address.city === 'Kyiv',
  },
  {
    name: 'an element of a list',
    filter: { tags: { $eq: 'vip' } },
    byHand: (person) => person.tags.includes('vip'),
  },
  {
    name: 'either of three',
    filter: { $or: [{ 'address.city': { $eq: 'Lutsk' } }, { balance: { $gt: 249_000 } }, { level: { $eq: 7 } }] },
    byHand: ({ address, balance, level }) => address.city === 'Lutsk' || balance > 249_000 || level === 7,
  },
  {
    name: 'one of ten values',
    filter: { level: { $in: [1, 3, 5, 7, 9, 11, 13, 15, 17, 19] } },
    byHand: ({ level }) => tenLevels.has(level),
  },
  {
    name: 'not',
    filter: { $nor: [{ active: { $eq: true } }, { level: { $lt: 95 } }] },
    byHand: ({ active, level }) => !active && !(level < 95),
  },
  { name: 'half of all', filter: { level: { $lt: 50 } }, byHand: ({ level }) => level < 50 },
];
const tenLevels = new Set([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);

/** Each contest's loop is its own function, as it would be if it was written by hand. */
function handWritten(byHand: (person: Person) => boolean): (documents: readonly Document[]) => number {
  return new Function(
    'byHand',
    'return (documents) => { let n = 0; for (const d of documents) if (byHand(d.body)) n += 1; return n; }',
  )(byHand);
}

/** Filters of all kinds on all kinds of paths. */
function otherFilter(number: number): JsonObject {
  const fields = ['level', 'balance', 'username', 'address.city', 'tags', 'active', 'address.zip', `x${number}`, 'a.b'];
  const path = fields[number % fields.length] ?? 'level';
  const operators: JsonObject[] = [
    { $eq: number },
    { $gt: number },
    { $lt: `user${number}` },
    { $in: [number, 'Kyiv', null] },
    { $ne: 'Lviv' },
    { $exists: number % 2 === 0 },
    { $regex: 'a' },
    { $type: 'string' },
    { $all: ['vip'] },
    { $size: 2 },
    { $not: { $gte: number } },
    { $elemMatch: { $eq: 'vip' } },
    { $mod: [4, 1] },
  ];
  const condition = { [path]: operators[number % operators.length] ?? null };
  return number % 4 === 0 ? { $or: [condition, { level: { $eq: number } }] } : condition;
}

async function countThroughView(population: Population, filter: JsonObject): Promise<number> {
  const view = population.view();
  try {
    return await view.countDocuments(queryOf(parseMongodbFilter(filter, '')));
  } finally {
    view.close();
  }
}

interface Contestants {
  readonly population: Population;
  /** The same where every time is the first one. */
  readonly withoutColumns: Population;
}

interface Measured {
  readonly figures: readonly Figure[];
  /** Milliseconds of the scans that made columns. */
  readonly making: readonly number[];
}

async function run({ population, withoutColumns }: Contestants, contest: Contest): Promise<Measured> {
  const { name, filter, byHand } = contest;
  const { documents } = population;
  const scan = handWritten(byHand);
  const times = {
    hand: [] as number[],
    first: [] as number[],
    making: [] as number[],
    ours: [] as number[],
    mingo: [] as number[],
  };
  const found = new Set<number>();
  const measure = async (side: keyof typeof times, count: () => number | Promise<number>) => {
    const start = performance.now();
    found.add(await count());
    times[side].push(performance.now() - start);
  };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    await measure('hand', () => scan(documents));
    await measure('first', () => countThroughView(withoutColumns, filter));
    population.dropColumns();
    await measure('making', () => countThroughView(population, filter));
    await measure('ours', () => countThroughView(population, filter));
    if (round >= mingoRounds) continue;
    const query = new Query(filter);
    await measure('mingo', () => {
      let count = 0;
      for (const { body } of documents) if (query.test(body)) count += 1;
      return count;
    });
  }
  if (found.size !== 1) throw new Error(`${name}: ${[...found].join(', ')} documents were found`);
  const what = `filter without an index over ${sizeText(Number(values.documents))}: ${name}`;
  const byHandTarget = { of: 'ratio', sign: '≤', value: 1.5 } as const;
  const mingoTarget = { of: 'ratio', sign: '≤', value: 1 / 8 } as const;
  const again = `${what}, asked again`;
  const first = `${what}, asked for the first time`;
  const figures = [
    comparedFigure({ what: again, unit: 'ms', beside: 'by hand', target: byHandTarget }, times.ours, times.hand),
    comparedFigure({ what: again, unit: 'ms', beside: 'mingo', target: mingoTarget }, times.ours, times.mingo),
    comparedFigure({ what: first, unit: 'ms', beside: 'by hand', target: byHandTarget }, times.first, times.hand),
  ];
  return { figures, making: times.making };
}

const others = await Population.of(5_000);
for (let number = 0; number < otherFilters; number += 1) await countThroughView(others, otherFilter(number));
const population = await Population.of(Number(values.documents));
const withoutColumns = await population.withoutColumns();
const figures: Figure[] = [];
let slowest: readonly number[] = [0];
for (const contest of contests) {
  await countThroughView(population, contest.filter);
  const { figures: some, making } = await run({ population, withoutColumns }, contest);
  figures.push(...some);
  if (median(making) > median(slowest)) slowest = making;
}
const what = `filter without an index over ${sizeText(Number(values.documents))}: the slowest of these while its columns are made, the second time`;
figures.push(plainFigure({ what, unit: 'ms', target: null }, slowest));
process.stdout.write(JSON.stringify(figures));
