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

/** @param prepare what the work needs, which is not measured. */
async function measure<T>(
  name: string,
  times: number,
  prepare: (round: number) => T,
  work: (prepared: T) => Promise<unknown>,
): Promise<void> {
  const stalls: Stall[] = [];
  for (let round = 0; round < times; round += 1) {
    const prepared = prepare(round);
    await new Promise((resolve) => setTimeout(resolve, 200));
    stalls.push(await meter(() => work(prepared)));
  }
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

function updates(found: readonly Document[], round: number): Operation[] {
  return found.map(({ id, version }, index) => ({
    kind: 'update',
    id,
    version,
    body: personOf(10_000_000 * (round + 1) + index),
  }));
}

const directory = await mkdtemp(join(tmpdir(), 'yaradb-large-commits-'));
const database = await openEmbeddedDatabase({ directory: join(directory, 'data') });
try {
  const commit = (operations: readonly Operation[]) => database.commit(anonymous, operations);
  const createMany = (round: number) =>
    Array.from({ length: many }, (_, index) => create(round * many + index, 'first'));
  await measure('create 10,000', rounds, createMany, commit);
  await fill(database, 'indexed', many);
  const nothing = () => undefined;
  await measure('build 5 indexes of 10,000', 1, nothing, () => indexed(database, 'indexed'));
  const view = await database.view(anonymous);
  const query = { table: 'indexed', filter: parseMongodbFilter({}, ''), archived: 'INCLUDE', orderBy: [] } as const;
  const ids: string[] = [];
  for await (const batch of view.scanDocuments(query)) ids.push(...batch.map(({ id }) => id));
  view.close();
  const current = () => ids.flatMap((id) => database.getDocument(anonymous, id, 'INCLUDE') ?? []);
  await measure('update 10,000 with 5 indexes', rounds, (round) => updates(current(), round), commit);
  const erasures = () => current().map(({ id, version }): Operation => ({ kind: 'erase', id, version }));
  await measure('erase 10,000 with 5 indexes', 1, erasures, commit);
  await fill(database, 'large', documents);
  await measure(`build 5 indexes of ${documents}`, 1, nothing, () => indexed(database, 'large'));
  const filterOf = (round: number) => {
    const usernames = Array.from({ length: many }, (_, index) => usernameOf((round * many + index) % documents));
    return parseMongodbFilter({ username: { $in: usernames } }, '');
  };
  await measure('in with 10,000', rounds, filterOf, async (filter) => {
    const open = await database.view(anonymous);
    await open.findDocuments({ table: 'large', filter, archived: 'EXCLUDE', orderBy: [] }, { first: 100 });
    open.close();
  });
  await measure(`drop a table of ${documents}`, 1, nothing, () => database.dropTable(anonymous, 'large'));
} finally {
  await database.close();
  await rm(directory, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
