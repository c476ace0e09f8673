import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedTurns } from '../../../src/database/shared-turns.ts';
import type { Document } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { formatPath } from '../../../src/document/path.ts';
import { admits } from '../../../src/embedded/admits.ts';
import { EmbeddedReadView } from '../../../src/embedded/embedded-read-view.ts';
import { HistoryReader } from '../../../src/embedded/history/history-reader.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import type { LogRecord } from '../../../src/embedded/log/record.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { State } from '../../../src/embedded/state.ts';
import { TableReader } from '../../../src/embedded/table-reader.ts';
import { encodeCursor } from '../../../src/query/cursor.ts';
import { compileFilter } from '../../../src/query/filter-compiler.ts';
import type { FindQuery, PageRequest } from '../../../src/query/find-query.ts';
import { sortDocuments } from '../../../src/query/sort.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { makeDocument } from '../../query/make-document.ts';
import { bodies, filters, orders, paths } from './random-queries.ts';

const tables = [
  { id: '00000000-0000-0000-0000-000000000000', name: 'default' },
  { id: '00000000-0000-4000-8000-000000000001', name: 'other' },
] as const;

interface Write {
  readonly kind: 'create' | 'update' | 'archive' | 'erase';
  readonly number: number;
  readonly body: JsonObject;
  readonly table: number;
}

const writes = fc.record({
  kind: fc.constantFrom<Write['kind']>('create', 'update', 'update', 'archive', 'erase'),
  number: fc.nat(80),
  body: bodies,
  table: fc.integer({ min: 0, max: 3 }).map((number) => Math.max(0, number - 2)),
});

const creations = writes.map((write): Write => ({ ...write, kind: 'create' }));

const indexDefinitions = fc.record({
  table: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
  paths: fc.uniqueArray(paths, { minLength: 1, maxLength: 3, selector: ({ text }) => text }),
  kind: fc.constantFrom('HASH' as const, 'ORDERED' as const),
  archived: fc.oneof(
    { weight: 4, arbitrary: fc.constant('INCLUDE' as const) },
    { weight: 1, arbitrary: fc.constantFrom('EXCLUDE' as const, 'ONLY' as const) },
  ),
});

type IndexDefinition = typeof indexDefinitions extends fc.Arbitrary<infer Value> ? Value : never;

/** A database's state, written to by commits of a write or more. */
class Writer {
  readonly state = new State();
  readonly #indexes: string[] = [];
  #created = 0;

  constructor() {
    this.#apply([{ kind: 'putTable', table: { ...tables[1], createdAt: 0, settings: {} } }]);
  }

  commit(some: readonly Write[]): void {
    for (const write of some) {
      const record = this.#record(write);
      if (record !== null) this.#apply([record]);
    }
  }

  putIndex({ table, paths: some, kind, archived }: IndexDefinition): void {
    const { id: tableId } = tables[table] ?? tables[0];
    const id = `index ${this.#indexes.length}`;
    const index = {
      id,
      tableId,
      paths: some.map(formatPath),
      kind,
      unique: id === 'index 1',
      archived,
      ready: true,
      createdAt: 0,
    };
    this.#indexes.push(id);
    this.#apply([{ kind: 'putIndex', index }]);
  }

  /** The first index that is left, or the default table, which is there again at once. */
  drop(what: 'index' | 'table'): void {
    if (what === 'table') {
      this.#indexes.length = 0;
      this.#apply([{ kind: 'dropTable', id: tables[0].id }]);
      return;
    }
    const id = this.#indexes.shift();
    if (id !== undefined) this.#apply([{ kind: 'dropIndex', id }]);
  }

  #record({ kind, number, body, table }: Write): LogRecord | null {
    const sequence = this.state.sequence + 1;
    if (kind === 'create') {
      const id = `00000000-0000-7000-8000-${String((this.#created++ * 7919) % 1_000_003).padStart(12, '0')}`;
      const document = makeDocument(body, {
        id,
        table: tables[table] ?? tables[0],
        sequence,
        createdSequence: sequence >> 2,
      });
      return { kind: 'putDocument', document };
    }
    const current = this.state.documents.at(number % Math.max(1, this.state.documents.size));
    if (current === undefined) return null;
    if (kind === 'erase') return { kind: 'eraseDocument', id: current.id, previousSequence: current.sequence };
    const next = {
      ...current,
      sequence,
      version: current.version + 1,
      updatedAt: sequence,
      previousSequence: current.sequence,
    };
    return {
      kind: 'putDocument',
      document:
        kind === 'update' ? { ...next, body } : { ...next, archivedAt: current.archivedAt === null ? sequence : null },
    };
  }

  #apply(records: readonly LogRecord[]): void {
    const sequence = this.state.sequence + 1;
    this.state.apply({ sequence, committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null, records });
  }
}

/** What is dropped, once in so many times. */
function drops(times: number): fc.Arbitrary<'index' | 'table' | null> {
  return fc.oneof(
    { weight: times - 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom('index', 'index', 'table') },
  );
}

const scenarios = fc.record({
  initial: fc.array(fc.oneof({ weight: 12, arbitrary: creations }, { weight: 1, arbitrary: writes }), {
    minLength: 40,
    maxLength: 60,
    size: 'max',
  }),
  beforeQuery: fc.oneof(fc.constant([]), fc.array(writes, { maxLength: 5 })),
  dropsBefore: drops(15),
  /** A commit, and perhaps the end of an index, at each turn that a query gives to others. */
  meanwhile: fc.array(
    fc.record({
      writes: fc.array(writes, { maxLength: 2 }),
      drops: drops(40),
    }),
    { minLength: 10, maxLength: 40, size: 'max' },
  ),
  indexes: fc.array(indexDefinitions, { minLength: 2, maxLength: 5, size: 'max' }),
  query: fc.record({
    table: fc.constantFrom('default', 'default', 'default', 'default', undefined, undefined, 'other', 'missing'),
    filter: filters,
    orderBy: orders,
    archived: fc.constantFrom('EXCLUDE' as const, 'EXCLUDE' as const, 'INCLUDE' as const, 'ONLY' as const),
  }),
  /** What is guessed decides which plan is followed, never what comes of it. */
  planCosts: fc.record({
    entry: fc.constantFrom(0, 0, 0.1, 3),
    top: fc.constantFrom(0, 0.2, 50),
    sort: fc.constantFrom(0, 50),
  }),
  page: fc.record({
    size: fc.nat(6),
    fromEnd: fc.boolean(),
    offset: fc.nat(3),
    after: fc.option(fc.nat(60), { nil: undefined }),
    before: fc.option(fc.nat(60), { nil: undefined }),
  }),
});

type Scenario = typeof scenarios extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs a query on a view of the scenario's database, each time from the beginning. */
async function run<Result>(
  scenario: Scenario,
  ask: (view: EmbeddedReadView, seen: readonly Document[]) => Promise<Result>,
): Promise<Result> {
  const writer = new Writer();
  const { state } = writer;
  await state.fillIndexes(new TimeSlice(systemClock));
  for (const definition of scenario.indexes) writer.putIndex(definition);
  writer.commit(scenario.initial);
  let time = 0;
  const meanwhile = [...scenario.meanwhile];
  const clock = {
    ...systemClock,
    monotonic: () => {
      time += 3;
      return time;
    },
    yield: async () => {
      await systemClock.yield();
      const next = meanwhile.shift();
      if (next === undefined) return;
      writer.commit(next.writes);
      if (next.drops !== null) writer.drop(next.drops);
    },
  };
  const seen = Array.from({ length: state.documents.size }, (_, number) => state.documents.at(number)).filter(
    (document) => document !== undefined,
  );
  const view = new EmbeddedReadView({
    state,
    clock,
    tables: new TableReader(state, clock),
    history: new HistoryReader({ fileSystem: new SimulatedFileSystem(), directory: '/data', clock }),
    scanTurns: new SharedTurns(clock, 4),
    deadlineMs: 1e9,
    planCosts: scenario.planCosts,
  });
  writer.commit(scenario.beforeQuery);
  if (scenario.dropsBefore !== null) writer.drop(scenario.dropsBefore);
  try {
    return await ask(view, seen);
  } finally {
    view.close();
  }
}

/** What the query means. */
function fitting(documents: readonly Document[], { table, filter, archived, orderBy }: FindQuery): readonly Document[] {
  const matches = compileFilter(filter);
  return sortDocuments(
    documents.filter(
      (document) =>
        (table === undefined || document.table.name === table) && admits(archived, document) && matches(document),
    ),
    orderBy,
  );
}

const runs = { numRuns: Number(process.env.YARADB_PROPERTY_RUNS ?? 500) };

test('a query gives the same documents in the same order whatever indexes there are, while commits go on', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      await run(scenario, async (view, seen) => {
        const documents: Document[] = [];
        for await (const batch of view.scanDocuments(scenario.query)) documents.push(...batch);
        expect(documents).toEqual(fitting(seen, scenario.query));
      });
    }),
    runs,
  );
}, 120_000);

test('a count is that of the documents, whatever indexes there are', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      await run(scenario, async (view, seen) => {
        expect(await view.countDocuments(scenario.query)).toBe(fitting(seen, scenario.query).length);
      });
    }),
    runs,
  );
}, 120_000);

test('a page is the part of the whole list that was asked for, whatever indexes there are', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      await run(scenario, async (view, seen) => {
        const all = fitting(seen, scenario.query);
        const { request, from, to } = requestOf(scenario, seen, all);
        const range = all.slice(from, Math.max(from, to));
        const { first, last, offset = 0 } = request;
        const start = last === undefined ? Math.min(offset, range.length) : Math.max(0, range.length - last);
        const end = last === undefined ? Math.min(start + (first ?? 100), range.length) : range.length;
        const page = await view.findDocuments(scenario.query, request);
        expect(page.documents).toEqual(range.slice(start, end));
        if (from <= to) {
          expect(page.hasPreviousPage).toBe(from + start > 0);
          expect(page.hasNextPage).toBe(from + end < all.length);
        }
      });
    }),
    runs,
  );
}, 120_000);

/** Cursors of any documents of the view, whether or not they fit: a cursor is a place. */
function requestOf(
  { query: { orderBy }, page }: Scenario,
  seen: readonly Document[],
  all: readonly Document[],
): { readonly request: PageRequest; readonly from: number; readonly to: number } {
  const after = page.after === undefined ? undefined : seen[page.after];
  const before = page.before === undefined ? undefined : seen[page.before];
  const cursors = {
    ...(after === undefined ? {} : { after: encodeCursor(orderBy, after) }),
    ...(before === undefined ? {} : { before: encodeCursor(orderBy, before) }),
  };
  const isBefore = (document: Document, other: Document) =>
    document !== other && sortDocuments([document, other], orderBy)[0] === document;
  const from =
    after === undefined ? 0 : all.filter((document) => document === after || isBefore(document, after)).length;
  const to = before === undefined ? all.length : all.filter((document) => isBefore(document, before)).length;
  if (page.fromEnd) return { request: { last: page.size, ...cursors }, from, to };
  const offset = after === undefined && before === undefined ? page.offset : 0;
  return { request: { first: page.size, ...(offset > 0 ? { offset } : {}), ...cursors }, from, to };
}
