// `node bench/programs/filters.ts`: filters that no index serves over a million documents in memory, counted through a read view, beside the
// same predicate written by hand over an array and beside mingo, in interleaved rounds. It runs after 200 other filters: what a
// process has run before decides how well V8 runs what comes next. Prints its figures as JSON.
import { parseArgs } from 'node:util';
import { Query } from 'mingo';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import { sizeText } from '../bench.ts';
import { comparedFigure, type Figure } from '../figure.ts';
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

async function run(population: Population, { name, filter, byHand }: Contest): Promise<Figure[]> {
  const { documents } = population;
  const scan = handWritten(byHand);
  const times = { hand: [] as number[], ours: [] as number[], mingo: [] as number[] };
  const found = new Set<number>();
  const measure = async (side: keyof typeof times, count: () => number | Promise<number>) => {
    const start = performance.now();
    found.add(await count());
    times[side].push(performance.now() - start);
  };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    await measure('hand', () => scan(documents));
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
  return [
    comparedFigure({ what, unit: 'ms', beside: 'by hand', target: byHandTarget }, times.ours, times.hand),
    comparedFigure({ what, unit: 'ms', beside: 'mingo', target: mingoTarget }, times.ours, times.mingo),
  ];
}

const others = await Population.of(5_000);
for (let number = 0; number < otherFilters; number += 1) await countThroughView(others, otherFilter(number));
const population = await Population.of(Number(values.documents));
const figures: Figure[] = [];
for (const contest of contests) figures.push(...(await run(population, contest)));
process.stdout.write(JSON.stringify(figures));
