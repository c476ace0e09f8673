// `node bench/scan.ts`: a filter that no index serves over a million documents in memory, beside the same predicate written by
// hand and beside mingo, in interleaved rounds. It runs after 200 other filters: what a process has run before
// decides how well V8 runs what comes next. No server and no disk: the scan of a read view has its own costs on top.
import { parseArgs } from 'node:util';
import { Query } from 'mingo';
import type { Document } from '../src/document/document.ts';
import { isJsonObject, type JsonObject } from '../src/document/json.ts';
import { parseJson } from '../src/document/json-parser.ts';
import { compileFilter } from '../src/query/filter-compiler.ts';
import { parseMongodbFilter } from '../src/query/mongodb-filter-parser.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '7' },
    others: { type: 'string', default: '200' },
  },
});

const cities = ['Kyiv', 'Lviv', 'Odesa', 'Kharkiv', 'Dnipro', 'Poltava', 'Chernihiv', 'Lutsk'];
const tags = ['admin', 'early', 'staff', 'beta', 'vip'];

interface Person {
  readonly username: string;
  readonly email: string;
  readonly level: number;
  readonly active: boolean;
  readonly balance: number;
  readonly tags: readonly string[];
  readonly address: { readonly city: string; readonly zip: string };
}

function personOf(number: number): Person {
  const mixed = (number * 2_654_435_761) >>> 0;
  return {
    username: `user${mixed % 1_000_003}`,
    email: `user${number}@example.com`,
    level: mixed % 100,
    active: mixed % 3 === 0,
    balance: (mixed % 100_000) / 100,
    tags: [tags[mixed % 5] ?? '', tags[(mixed >>> 8) % 5] ?? ''],
    address: { city: cities[mixed % 8] ?? '', zip: String(10_000 + (mixed % 90_000)) },
  };
}

/** Parsed from text, as documents come in: that decides the shapes of the objects. */
function documentOf(number: number): Document {
  const body = parseJson(JSON.stringify(personOf(number)));
  if (!isJsonObject(body)) throw new TypeError('A body is an object');
  return {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    table: { id: '', name: 'people' },
    tableNamed: true,
    name: 'people',
    body,
    bodyHash: '',
    version: 1,
    createdAt: number,
    updatedAt: null,
    archivedAt: null,
    sequence: number,
    createdSequence: number,
    previousSequence: 0,
  };
}

interface Contest {
  readonly name: string;
  /** In MongoDB's language, which mingo takes as it is. */
  readonly filter: JsonObject;
  readonly byHand: (person: Person) => boolean;
}

const contests: readonly Contest[] = [
  {
    name: 'a number compared',
    filter: { level: { $gte: 90 } },
    byHand: ({ level }) => level >= 90,
  },
  {
    name: 'a plain value',
    filter: { username: 'user7' },
    byHand: ({ username }) => username === 'user7',
  },
  {
    name: "a text's beginning",
    filter: { username: { $regex: '^user77' } },
    byHand: ({ username }) => username.startsWith('user77'),
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
    filter: { $or: [{ 'address.city': { $eq: 'Lutsk' } }, { balance: { $gt: 990 } }, { level: { $eq: 7 } }] },
    byHand: ({ address, balance, level }) => address.city === 'Lutsk' || balance > 990 || level === 7,
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
];
const tenLevels = new Set([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);

function count(documents: readonly Document[], fits: (document: Document) => boolean): number {
  let found = 0;
  for (const document of documents) if (fits(document)) found += 1;
  return found;
}

/** Each contest's loop is its own function, as it would be if it was written by hand. */
function handWritten(byHand: (person: Person) => boolean): (documents: readonly Document[]) => number {
  return new Function(
    'byHand',
    'return (documents) => { let n = 0; for (const d of documents) if (byHand(d.body)) n += 1; return n; }',
  )(byHand);
}

/** Filters of all kinds on all kinds of paths. */
function otherFilter(number: number): JsonObject {
  const fields = [
    'level',
    'balance',
    'username',
    'address.city',
    'tags',
    'active',
    'address.zip',
    `x${number}`,
    'a.b.c',
  ];
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

const documents = Array.from({ length: Number(values.documents) }, (_, number) => documentOf(number));
for (let number = 0; number < Number(values.others); number++) {
  count(documents.slice(0, 5_000), compileFilter(parseMongodbFilter(otherFilter(number), '')));
}

process.stdout.write(
  '| filter | by hand, ms | ours, ms | mingo, ms | ours ÷ hand | mingo ÷ ours |\n| --- | --- | --- | --- | --- | --- |\n',
);
for (const { name, filter, byHand } of contests) {
  const runs: Record<'hand' | 'ours' | 'mingo', number[]> = { hand: [], ours: [], mingo: [] };
  const scan = handWritten(byHand);
  for (let round = 0; round < Number(values.rounds); round++) {
    const query = new Query(filter);
    const bodies = {
      hand: () => scan(documents),
      ours: () => count(documents, compileFilter(parseMongodbFilter(filter, ''))),
      mingo: () => count(documents, ({ body }) => query.test(body)),
    };
    const found = new Set<number>();
    for (const side of ['hand', 'ours', 'mingo'] as const) {
      if (side === 'mingo' && round > 2) continue;
      const start = performance.now();
      found.add(bodies[side]());
      runs[side].push(performance.now() - start);
    }
    if (found.size !== 1) throw new Error(`${name}: ${[...found].join(', ')} documents were found`);
  }
  const [hand, ours, mingo] = [median(runs.hand), median(runs.ours), median(runs.mingo)];
  const cells = [
    hand.toFixed(1),
    ours.toFixed(1),
    mingo.toFixed(0),
    (ours / hand).toFixed(2),
    (mingo / ours).toFixed(1),
  ];
  process.stdout.write(`| ${name} | ${cells.join(' | ')} |\n`);
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >>> 1] ?? Number.NaN;
}
