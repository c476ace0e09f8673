// `node --expose-gc bench/find.ts`: queries over a million documents in memory, with and without indexes, and what other work waits for
// meanwhile. No server and no disk: bench/main.ts measures those.
import { parseArgs } from 'node:util';
import type { Document } from '../src/document/document.ts';
import { defaultTable } from '../src/document/document.ts';
import { parsePath } from '../src/document/path.ts';
import { EmbeddedReadView } from '../src/embedded/embedded-read-view.ts';
import { TimeSlice } from '../src/embedded/history/time-slice.ts';
import { systemClock } from '../src/embedded/ports/clock.ts';
import { ScanTurns } from '../src/embedded/scan-turns.ts';
import { State } from '../src/embedded/state.ts';
import { TableReader } from '../src/embedded/table-reader.ts';
import type { Filter } from '../src/query/filter.ts';
import { everything } from '../src/query/filter.ts';
import { compileFilter } from '../src/query/filter-compiler.ts';
import type { FindQuery } from '../src/query/find-query.ts';
import { parseMongodbFilter } from '../src/query/mongodb-filter-parser.ts';

const { values } = parseArgs({ options: { documents: { type: 'string', default: '1000000' } } });
const size = Number(values.documents);

const cities = ['Kyiv', 'Lviv', 'Odesa', 'Kharkiv', 'Dnipro', 'Poltava', 'Chernihiv', 'Lutsk'];

function documentOf(number: number): Document {
  const mixed = (number * 2_654_435_761) >>> 0;
  const text = JSON.stringify({
    username: `user${mixed}`,
    level: mixed % 100,
    balance: (mixed % 1_000_003) / 100,
    active: mixed % 3 === 0,
    tags: [`tag${mixed % 50}`, `tag${(mixed >>> 8) % 50}`],
    address: { city: cities[mixed % 8], zip: String(10_000 + (mixed % 90_000)) },
  });
  return {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    table: defaultTable,
    tableNamed: false,
    name: 'default',
    body: JSON.parse(text),
    bodyHash: '',
    version: 1,
    createdAt: number,
    updatedAt: null,
    archivedAt: null,
    sequence: 1,
    createdSequence: 1,
    previousSequence: 0,
  };
}

const state = new State();
state.load({
  sequence: 1,
  committedAt: 0,
  definitions: { tables: [], indexes: [], settings: [] },
  documents: Array.from({ length: size }, (_, number) => documentOf(number)),
});
await state.fillIndexes(new TimeSlice(systemClock));
const table = state.table('default');
if (table === undefined) throw new Error('there is always the default table');

const print = (line: string) => process.stdout.write(`${line}\n`);
const used = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

let commits = 1;
async function index(kind: 'HASH' | 'ORDERED', ...paths: string[]): Promise<void> {
  const record = {
    id: `index ${paths} ${kind}`,
    tableId: defaultTable.id,
    paths,
    kind,
    unique: false,
    archived: 'EXCLUDE',
    ready: true,
    createdAt: 0,
  } as const;
  const before = used();
  const start = performance.now();
  commits += 1;
  const commit = { sequence: commits, committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null };
  state.apply({ ...commit, records: [{ kind: 'putIndex', index: record }] });
  const made = table?.indexes.get(record.id);
  await made?.fill(table?.documents ?? [], new TimeSlice(systemClock));
  const milliseconds = performance.now() - start;
  const bytes = (used() - before) / (made?.entries ?? 1);
  print(
    `index ${kind} ${paths}: ${milliseconds.toFixed(0)} ms, ${made?.entries} entries of ${bytes.toFixed(1)} bytes, counted as ${((made?.bytes ?? 0) / (made?.entries ?? 1)).toFixed(1)}`,
  );
}

await index('HASH', 'username');
await index('ORDERED', 'balance');
await index('ORDERED', 'address.city', 'level');
await index('ORDERED', 'tags');
await index('ORDERED', 'username');

const scanTurns = new ScanTurns(systemClock);
const tables = new TableReader(state, systemClock);
function view(): EmbeddedReadView {
  return new EmbeddedReadView({ state, clock: systemClock, scanTurns, tables, deadlineMs: 600_000, onClose: () => {} });
}

function queryOf(filter: Filter, orderBy: FindQuery['orderBy'] = []): FindQuery {
  return { table: 'default', filter, orderBy, archived: 'EXCLUDE' };
}

async function time(
  name: string,
  times: number,
  ask: (view: EmbeddedReadView, number: number) => Promise<unknown>,
): Promise<void> {
  const durations: number[] = [];
  let plan = '';
  for (let number = 0; number < times; number++) {
    const opened = view();
    const start = performance.now();
    await ask(opened, number);
    durations.push(performance.now() - start);
    const [explanation] = opened.explanations;
    if (number === 0 && explanation !== undefined) {
      const { access, order } = explanation.plan;
      plan = `${access.kind} ${order}, ${explanation.examined} examined, ${explanation.returned} returned`;
    }
    opened.close();
  }
  durations.sort((a, b) => a - b);
  const at = (part: number) => durations[Math.min(times - 1, Math.floor(times * part))]?.toFixed(3);
  print(`${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${plan})`);
}

const pathOf = (text: string) => parsePath(text, 'path');
const usernameOf = (number: number) => `user${(((number * 7) % size) * 2_654_435_761) >>> 0}`;
await time('equality', 20_000, (opened, number) =>
  opened.findDocuments(queryOf({ kind: 'equalField', path: pathOf('username'), value: usernameOf(number) }), {
    first: 100,
  }),
);
await time('range, sort, first 20', 5_000, (opened, number) =>
  opened.findDocuments(
    queryOf(
      {
        kind: 'and',
        filters: [
          { kind: 'gte', path: pathOf('balance'), value: number },
          { kind: 'lt', path: pathOf('balance'), value: number + 500 },
        ],
      },
      [{ path: pathOf('balance'), direction: 'DESC' }],
    ),
    { first: 20 },
  ),
);
await time('equality, sort by another path, first 20', 5_000, (opened, number) =>
  opened.findDocuments(
    queryOf({ kind: 'eq', path: pathOf('address.city'), value: cities[number % 8] ?? '' }, [
      { path: pathOf('level'), direction: 'ASC' },
    ]),
    { first: 20 },
  ),
);
await time('sort, last 20', 2_000, (opened) =>
  opened.findDocuments(queryOf(everything, [{ path: pathOf('balance'), direction: 'ASC' }]), { last: 20 }),
);
await time('prefix, first 20', 2_000, (opened, number) =>
  opened.findDocuments(queryOf({ kind: 'startsWith', path: pathOf('username'), text: `user${10 + (number % 80)}` }), {
    first: 20,
  }),
);
await time('one of ten', 2_000, (opened, number) =>
  opened.findDocuments(
    queryOf({
      kind: 'in',
      path: pathOf('username'),
      values: Array.from({ length: 10 }, (_, n) => usernameOf(number * 10 + n)),
    }),
    { first: 100 },
  ),
);
await time('count of a range', 2_000, (opened, number) =>
  opened.countDocuments(queryOf({ kind: 'gt', path: pathOf('balance'), value: number })),
);
await time('an element of a list, count', 10, (opened, number) =>
  opened.countDocuments(queryOf({ kind: 'eq', path: pathOf('tags'), value: `tag${number}` })),
);
await time('offset 100,000', 20, (opened) =>
  opened.findDocuments(queryOf(everything, [{ path: pathOf('balance'), direction: 'ASC' }]), {
    first: 20,
    offset: 100_000,
  }),
);
await time('first 20 of all', 2_000, (opened) => opened.findDocuments(queryOf(everything), { first: 20 }));

const noIndex = parseMongodbFilter({ level: { $gte: 50, $lt: 60 }, active: { $eq: true } }, '');
const documents = Array.from(table.documents);
for (let round = 0; round < 4; round++) {
  let found = 0;
  let start = performance.now();
  const fits = compileFilter(noIndex);
  for (const document of documents) if (fits(document)) found += 1;
  const loop = performance.now() - start;
  start = performance.now();
  found = 0;
  for (const { body } of documents) {
    const level = body.level as number;
    if (level >= 50 && level < 60 && body.active === true) found += 1;
  }
  const hand = performance.now() - start;
  const opened = view();
  start = performance.now();
  const counted = await opened.countDocuments(queryOf(noIndex));
  const scan = performance.now() - start;
  opened.close();
  if (counted !== found) throw new Error(`${counted} of ${found}`);
  print(`scan: by hand ${hand.toFixed(1)} ms, compiled ${loop.toFixed(1)} ms, through a view ${scan.toFixed(1)} ms`);
}
await time('scan, sort, first 20', 5, (opened) =>
  opened.findDocuments(queryOf(noIndex, [{ path: pathOf('address.zip'), direction: 'ASC' }]), { first: 20 }),
);
await time('sort of all', 1, async (opened) => {
  for await (const _ of opened.scanDocuments(queryOf(everything, [{ path: pathOf('address.zip'), direction: 'ASC' }])));
});

for (const [name, query] of [
  ['scans', queryOf(noIndex)],
  ['sorts of all', queryOf(everything, [{ path: pathOf('address.zip'), direction: 'ASC' }])],
] as const) {
  const waits: number[] = [];
  let running = true;
  const loops = Array.from({ length: 4 }, async () => {
    while (running) {
      const opened = view();
      for await (const _ of opened.scanDocuments(query)) if (!running) break;
      opened.close();
    }
  });
  const end = performance.now() + 6_000;
  while (performance.now() < end) {
    const start = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    waits.push(performance.now() - start);
  }
  running = false;
  await Promise.all(loops);
  waits.sort((a, b) => a - b);
  print(
    `others wait for four ${name} in a loop: p50 ${waits[Math.floor(waits.length / 2)]?.toFixed(2)} ms, p99 ${waits[Math.floor(waits.length * 0.99)]?.toFixed(2)} ms, at most ${waits.at(-1)?.toFixed(2)} ms`,
  );
}
