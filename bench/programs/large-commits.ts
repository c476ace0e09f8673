// `node bench/programs/large-commits.ts`: how long the event loop is away while the largest commits there are are carried out, by an engine in
// this process. Prints its figures as JSON, in milliseconds: of each round the longest turn of the event loop, the most processor time of a turn (a machine
// that others use takes the processor away for longer than that), and what the work took.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { Document } from '../../src/document/document.ts';
import { parsePath } from '../../src/document/path.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import { personOf, usernameOf } from '../people.ts';

const { values } = parseArgs({
  options: { documents: { type: 'string', default: '500000' }, rounds: { type: 'string', default: '5' } },
});
const documents = Number(values.documents);
const rounds = Number(values.rounds);
const many = 10_000;

interface Stall {
  readonly longest: number;
  readonly busiest: number;
  readonly total: number;
}

/** Takes a turn of the event loop as often as it gets one. */
async function meter(work: () => Promise<unknown>): Promise<Stall> {
  let ended = false;
  let longest = 0;
  let busiest = 0;
  const startedAt = performance.now();
  let last = startedAt;
  let lastUsed = processorMs();
  const turn = () => {
    const now = performance.now();
    const used = processorMs();
    longest = Math.max(longest, now - last);
    busiest = Math.max(busiest, used - lastUsed);
    last = now;
    lastUsed = used;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  ended = true;
  turn();
  return { longest, busiest, total: performance.now() - startedAt };
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const figures: Record<string, readonly string[]> = {};

async function measure(name: string, times: number, work: (round: number) => Promise<unknown>): Promise<void> {
  const stalls: Stall[] = [];
  for (let round = 0; round < times; round += 1) stalls.push(await meter(() => work(round)));
  figures[name] = stalls.map(
    ({ longest, busiest, total }) => `${longest.toFixed(1)} (${busiest.toFixed(1)}) of ${total.toFixed(0)}`,
  );
}

function create(number: number, table: string): Operation {
  return { kind: 'create', table, name: 'person', body: personOf(number) };
}

async function fill(database: EmbeddedDatabase, table: string, count: number): Promise<void> {
  for (let start = 0; start < count; start += many) {
    const length = Math.min(many, count - start);
    await database.commit(
      anonymous,
      Array.from({ length }, (_, index) => create(start + index, table)),
    );
  }
}

async function indexed(database: EmbeddedDatabase, table: string): Promise<void> {
  for (const path of ['username', 'email', 'level', 'address.city', 'balance']) {
    await database.createIndex(anonymous, {
      table,
      paths: [parsePath(path, 'path')],
      kind: path === 'email' ? 'HASH' : 'ORDERED',
      unique: path === 'email',
      archived: 'EXCLUDE',
    });
  }
}

async function updated(database: EmbeddedDatabase, found: readonly Document[], round: number): Promise<unknown> {
  const operations = found.map(
    ({ id, version }, index): Operation => ({
      kind: 'update',
      id,
      version,
      body: personOf(10_000_000 * (round + 1) + index),
    }),
  );
  return database.commit(anonymous, operations);
}

const directory = await mkdtemp(join(tmpdir(), 'yaradb-large-commits-'));
const database = await openEmbeddedDatabase({ directory: join(directory, 'data') });
try {
  await measure('create 10,000', rounds, (round) =>
    database.commit(
      anonymous,
      Array.from({ length: many }, (_, index) => create(round * many + index, 'first')),
    ),
  );
  await fill(database, 'indexed', many);
  await measure('build 5 indexes of 10,000', 1, () => indexed(database, 'indexed'));
  const view = await database.view(anonymous);
  const query = { table: 'indexed', filter: parseMongodbFilter({}, ''), archived: 'INCLUDE', orderBy: [] } as const;
  const ids: string[] = [];
  for await (const batch of view.scanDocuments(query)) ids.push(...batch.map(({ id }) => id));
  view.close();
  const current = () => ids.flatMap((id) => database.getDocument(anonymous, id, 'INCLUDE') ?? []);
  await measure('update 10,000 with 5 indexes', rounds, (round) => updated(database, current(), round));
  await measure('erase 10,000 with 5 indexes', 1, () =>
    database.commit(
      anonymous,
      current().map(({ id, version }): Operation => ({ kind: 'erase', id, version })),
    ),
  );
  await fill(database, 'large', documents);
  await measure(`build 5 indexes of ${documents}`, 1, () => indexed(database, 'large'));
  await measure('in with 10,000', rounds, async (round) => {
    const usernames = Array.from({ length: many }, (_, index) => usernameOf((round * many + index) % documents));
    const open = await database.view(anonymous);
    const filter = parseMongodbFilter({ username: { $in: usernames } }, '');
    await open.findDocuments({ table: 'large', filter, archived: 'EXCLUDE', orderBy: [] }, { first: 100 });
    open.close();
  });
  await measure(`drop a table of ${documents}`, 1, () => database.dropTable(anonymous, 'large'));
} finally {
  await database.close();
  await rm(directory, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
