import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, ReadView } from '../../src/database/database.ts';
import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { IndexDefinition } from '../../src/database/table.ts';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { formatPath, parsePath } from '../../src/document/path.ts';
import { encodeCursor } from '../../src/query/cursor.ts';
import type { Filter } from '../../src/query/filter.ts';
import { type FilterInput, parseFilter } from '../../src/query/filter-parser.ts';
import type { Archived, FindQuery } from '../../src/query/find-query.ts';
import { parseMatch } from '../../src/query/match-parser.ts';
import type { Order } from '../../src/query/order.ts';
import { sortDocuments } from '../../src/query/sort.ts';
import * as random from '../embedded/index/random-queries.ts';
import { fitsPlainly } from '../query/plain-filter.ts';
import type { EngineUnderTest } from './database-suite.ts';

/** Each of another make: none, each kind, compound, through lists, of live documents only, of the document's own fields. */
const indexes: readonly { readonly name: string; readonly definitions: readonly Partial<IndexDefinition>[] }[] = [
  { name: 'no index', definitions: [] },
  { name: 'hash indexes', definitions: ['a', 'a.x', 'b', 'c'].map((path) => hash(path)) },
  {
    name: 'ordered indexes',
    definitions: ['a', 'a.x', 'b', 'c', '$version', '$createdAt'].map((path) => ordered(path)),
  },
  {
    name: 'compound indexes',
    definitions: [ordered('c', 'a'), hash('c', 'b'), ordered('a.x', 'c'), ordered('b', 'a', 'c')],
  },
  {
    name: 'partial indexes',
    definitions: [
      { ...ordered('a'), archived: 'EXCLUDE' },
      { ...hash('c'), archived: 'EXCLUDE' },
      { ...ordered('a', 'c'), archived: 'ONLY' },
    ],
  },
  {
    name: 'a unique index',
    definitions: [
      { ...ordered('u'), unique: true },
      { ...hash('v'), unique: true },
    ],
  },
];

function hash(...paths: string[]): Partial<IndexDefinition> {
  return { paths: paths.map((text) => parsePath(text, 'path')), kind: 'HASH' };
}

function ordered(...paths: string[]): Partial<IndexDefinition> {
  return { ...hash(...paths), kind: 'ORDERED' };
}

const all: Omit<FindQuery, 'filter'> = { table: 't', orderBy: [], archived: 'EXCLUDE' };
const by = (...orders: readonly (readonly [string, Order['direction']])[]): readonly Order[] =>
  orders.map(([path, direction]) => ({ path: parsePath(path, 'orderBy'), direction }));

/** Their numbers are in `u`, and in `v` as a text. */
const bodies: readonly JsonObject[] = [
  { a: 1, c: 'ab' },
  { a: 5, c: 'b' },
  { a: [1, 7], c: 'ab', b: [] },
  { a: 'ab', c: null },
  { a: 'abc', b: { x: 1 } },
  { a: null, c: true },
  { c: 'ab' },
  { a: { x: 3 }, c: 5 },
  { a: [{ x: 1 }, { x: 7 }], c: 'b' },
  { a: [[1]], c: ['ab', 'b'] },
  { a: 12345678901234567891n, c: 1 },
  { a: true, c: 'ab' },
  { 'a.x': 3, c: 'b' },
].map((body, number): JsonObject => ({ ...body, u: number, v: `v${number}` }));

/** Every operator, with what fits. */
const operators: readonly (readonly [FilterInput, readonly number[]])[] = [
  [{ path: 'a', eq: 1 }, [0, 2]],
  [{ path: 'a', eq: null }, [5, 6, 12]],
  [{ path: 'a', eq: [1, 7] }, [2]],
  [{ path: 'a', ne: 1 }, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  [{ path: 'a', gt: 1 }, [1, 2, 10]],
  [{ path: 'a', gte: 5, lt: 8 }, [1, 2]],
  [{ path: 'a', lt: 5 }, [0, 2]],
  [{ path: 'a', lte: 1 }, [0, 2]],
  [{ path: 'a', in: [5, 'ab', null] }, [1, 3, 5, 6, 12]],
  [{ path: 'a', in: [] }, []],
  [{ path: 'a', notIn: [1, null] }, [1, 3, 4, 7, 8, 9, 10, 11]],
  [{ path: 'a', exists: true }, [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]],
  [{ path: 'a', exists: false }, [6, 12]],
  [{ path: 'a', type: 'STRING' }, [3, 4]],
  [{ path: 'a', type: 'NUMBER' }, [0, 1, 2, 10]],
  [{ path: 'a', type: 'ARRAY' }, [2, 8, 9]],
  [{ path: 'a', type: 'OBJECT' }, [7, 8]],
  [{ path: 'a', type: 'NULL' }, [5]],
  [{ path: 'a', type: 'BOOLEAN' }, [11]],
  [{ path: 'a', contains: 'bc' }, [4]],
  [{ path: 'a', contains: 7 }, [2]],
  [{ path: 'c', startsWith: 'a' }, [0, 2, 6, 9, 11]],
  [{ path: 'c', endsWith: 'b' }, [0, 1, 2, 6, 8, 9, 11, 12]],
  [{ path: 'c', regex: '^ab' }, [0, 2, 6, 9, 11]],
  [{ path: 'c', regex: '^.$' }, [1, 8, 9, 12]],
  [{ path: 'b', size: 0 }, [2]],
  [{ path: 'a', mod: [4, 1] }, [0, 1, 2]],
  [{ path: 'c', all: ['ab', 'b'] }, [9]],
  [{ path: 'a', some: { path: 'x', gt: 5 } }, [8]],
  [{ path: 'a', some: { gt: 5 } }, [2]],
  [{ path: 'a.x', eq: 3 }, [7]],
  [{ path: 'a.x', gt: 0 }, [7, 8]],
  [{ path: 'a.0', eq: 1 }, [2]],
  [{ match: { a: 1 } }, [0]],
  [{ match: { a: null } }, [5]],
  [{ match: { 'a.x': 3 } }, [7, 12]],
  [
    {
      and: [
        { path: 'a', gt: 0 },
        { path: 'c', eq: 'ab' },
      ],
    },
    [0, 2],
  ],
  [{ and: [] }, bodies.map((_, number) => number)],
  [
    {
      or: [
        { path: 'a', eq: 5 },
        { path: 'c', eq: 'ab' },
      ],
    },
    [0, 1, 2, 6, 9, 11],
  ],
  [{ or: [] }, []],
  [{ not: { path: 'c', type: 'STRING' } }, [3, 4, 5, 7, 10]],
  [{ path: '$version', gt: 1 }, [1]],
  [{ path: '$createdAt', gt: '2000-01-01T00:00:00Z' }, bodies.map((_, number) => number)],
  [{ path: '$updatedAt', eq: null }, bodies.map((_, number) => number).filter((number) => number !== 1)],
  [{ path: '$table', eq: 't' }, bodies.map((_, number) => number)],
  [{ path: '$id', in: [idOf(3), idOf(4), idOf(99)] }, [3, 4]],
];

function idOf(number: number): string {
  return `01234567-89ab-7def-8123-${String(number).padStart(12, '0')}`;
}

/** What every engine must answer to queries, whatever indexes there are, also after it was stopped or has crashed. */
export function describeQueries(name: string, createEngine: () => Promise<EngineUnderTest>): void {
  describe(`queries of the ${name}`, () => {
    let engine: EngineUnderTest;
    let database: Database;

    beforeEach(async () => {
      engine = await createEngine();
      database = await engine.open();
    });

    afterEach(async () => {
      await database.close();
      await engine.dispose();
    });

    /** The next time is after a crash, where the engine can be made to have one. */
    async function reopen(): Promise<void> {
      if (engine.crash === undefined) await database.close();
      else engine.crash();
      database = await engine.open();
      while ((await database.status(anonymous)).indexBuilds.length > 0) await new Promise(setImmediate);
    }

    async function createIndexes(definitions: readonly Partial<IndexDefinition>[]): Promise<void> {
      for (const definition of definitions) {
        await database.createIndex(anonymous, {
          table: 't',
          paths: [],
          kind: 'HASH',
          unique: false,
          archived: 'INCLUDE',
          ...definition,
        });
      }
    }

    async function withView<Result>(run: (view: ReadView) => Promise<Result>): Promise<Result> {
      const view = await database.view(anonymous);
      try {
        return await run(view);
      } finally {
        view.close();
      }
    }

    /** What a scan gives, which a page, a count and an aggregate must agree with. */
    function find(query: FindQuery): Promise<readonly Document[]> {
      return withView(async (view) => {
        const found: Document[] = [];
        for await (const documents of view.scanDocuments(query)) found.push(...documents);
        const page = await view.findDocuments(query, { first: 1_000 });
        expect(page.documents.map(({ id }) => id)).toEqual(found.map(({ id }) => id));
        expect(await view.countDocuments(query)).toBe(found.length);
        const { table, filter, archived } = query;
        const aggregate = { table, filter, archived, groupBy: [], orderBy: [] };
        expect(await view.aggregateDocuments({ ...aggregate, measures: [{ kind: 'count', as: 'n' }] })).toEqual([
          { key: {}, values: { n: found.length } },
        ]);
        return found;
      });
    }

    const numbersOf = (documents: readonly Document[]) => documents.map(({ body }) => body.u);

    describe.each(indexes)('with $name', ({ definitions }) => {
      beforeEach(async () => {
        await database.commit(
          anonymous,
          bodies.map((body, number): Operation => ({ kind: 'create', table: 't', id: idOf(number), body })),
        );
        await database.commit(anonymous, [{ kind: 'update', id: idOf(1), version: 1, body: bodies[1] ?? {} }]);
        await database.commit(anonymous, [{ kind: 'create', table: 'other', body: { a: 1, c: 'ab' } }]);
        await createIndexes(definitions);
      });

      it('each operator means what it means, also after a restart', async () => {
        for (const round of ['at once', 'after a restart']) {
          for (const [input, expected] of operators) {
            const found = await find({ ...all, filter: parseFilter(input) });
            expect(numbersOf(found), `${JSON.stringify(input)} ${round}`).toEqual(expected);
          }
          await reopen();
        }
      });

      it('orders by several paths, either way, and pages through them from both ends', async () => {
        const filter = parseFilter({ path: 'u', gte: 0 });
        for (const orderBy of [
          by(['a', 'ASC']),
          by(['a', 'DESC']),
          by(['c', 'ASC'], ['a', 'ASC']),
          by(['c', 'DESC'], ['a', 'DESC']),
          by(['c', 'ASC'], ['a', 'DESC']),
          by(['a.x', 'ASC']),
          by(['$version', 'DESC']),
          by(['b', 'ASC'], ['a', 'ASC'], ['c', 'ASC']),
        ]) {
          const found = await find({ ...all, filter, orderBy });
          const sorted = sortDocuments(await find({ ...all, filter }), orderBy);
          expect(numbersOf(found), orderBy.map(({ path }) => formatPath(path)).join()).toEqual(numbersOf(sorted));
          expect(numbersOf(await pagesFrom('start', { ...all, filter, orderBy }))).toEqual(numbersOf(sorted));
          expect(numbersOf(await pagesFrom('end', { ...all, filter, orderBy }))).toEqual(numbersOf(sorted));
        }
      });

      it('finds documents of all tables, live ones, archived ones and both', async () => {
        await database.commit(anonymous, [{ kind: 'archive', id: idOf(0) }]);
        const found = async (query: Partial<FindQuery>) =>
          numbersOf(await find({ ...all, filter: parseFilter({ path: 'a', lte: 1 }), ...query }));
        expect(await found({})).toEqual([2]);
        expect(await found({ archived: 'ONLY' })).toEqual([0]);
        expect(await found({ archived: 'INCLUDE' })).toEqual([0, 2]);
        expect(await found({ table: undefined })).toEqual([2, undefined]);
        expect(await found({ table: undefined, archived: 'INCLUDE' })).toEqual([0, 2, undefined]);
        expect(await found({ table: 'missing' })).toEqual([]);
      });
    });

    async function pagesFrom(end: 'start' | 'end', query: FindQuery): Promise<readonly Document[]> {
      const pages: Document[] = [];
      for (;;) {
        const edge = end === 'start' ? pages.at(-1) : pages[0];
        const cursor = edge === undefined ? undefined : encodeCursor(query.orderBy, edge);
        const request = end === 'start' ? { first: 3, after: cursor } : { last: 3, before: cursor };
        const page = await withView((view) => view.findDocuments(query, request));
        if (end === 'start') pages.push(...page.documents);
        else pages.unshift(...page.documents);
        if (!(end === 'start' ? page.hasNextPage : page.hasPreviousPage)) return pages;
      }
    }

    // Each of these is best served by another plan. Which one an engine takes is its own business, what comes of it is not.
    it.each<readonly [string, Filter, readonly Order[], readonly number[]]>([
      ['a scan', parseFilter({ path: 'm', mod: [50, 3] }), [], [3, 53, 103]],
      ['one key of an index', parseFilter({ path: 'h', eq: 'h7' }), [], [7, 37, 67]],
      ['several keys of an index', parseFilter({ path: 'h', in: ['h7', 'h3', 'none'] }), [], [3, 7, 33]],
      ['a range of an index', parseFilter({ path: 'o', gte: 100, lt: 103 }), [], [18, 19, 20]],
      ['the beginning of a text in an index', parseFilter({ path: 's', startsWith: 's11' }), [], [11, 110, 111]],
      ['the order of an index', parseFilter({ and: [] }), by(['o', 'ASC']), [119, 118, 117]],
      ['the order of an index, backwards', parseFilter({ and: [] }), by(['o', 'DESC']), [0, 1, 2]],
      ['equality and the order of an index', parseFilter({ path: 'g', eq: 2 }), by(['o', 'ASC']), [118, 114, 110]],
      [
        'a union',
        parseFilter({
          or: [
            { path: 'h', eq: 'h7' },
            { path: 'o', gt: 117 },
          ],
        }),
        [],
        [0, 1, 2],
      ],
      ['ids', parseFilter({ path: '$id', in: [idOf(5), idOf(4)] }), by(['o', 'ASC']), [5, 4]],
      ['a key that reads like a path', parseMatch({ 'd.e': 1 }, 'match'), [], [40, 41]],
      ['nothing', parseFilter({ path: 'o', lt: null }), [], []],
      ['a sort', parseFilter({ path: 'g', eq: 1 }), by(['m', 'DESC']), [117, 113, 109]],
    ])('are answered by %s as they are without any index', async (_, filter, orderBy, expected) => {
      await database.commit(
        anonymous,
        Array.from({ length: 120 }, (_, u): Operation => {
          const literal = u === 40 ? { 'd.e': 1 } : u === 41 ? { d: { e: 1 } } : {};
          const body = { u, m: u, h: `h${u % 30}`, o: 120 - u, s: `s${u}`, g: u % 4, ...literal };
          return { kind: 'create', table: 't', id: idOf(u), body };
        }),
      );
      const first = async (query: FindQuery) =>
        numbersOf((await withView((view) => view.findDocuments(query, { first: 3 }))).documents);
      const query = { ...all, filter, orderBy };
      const whole = numbersOf(await find(query));
      expect(await first(query)).toEqual(expected);
      await createIndexes([hash('h'), ordered('o'), ordered('s'), ordered('g', 'o'), hash('d.e')]);
      expect(numbersOf(await find(query))).toEqual(whole);
      expect(await first(query)).toEqual(expected);
    });

    it('explains how it answered', async () => {
      await database.commit(anonymous, [{ kind: 'create', table: 't', body: { a: 1 } }]);
      await withView(async (view) => {
        const filter = parseFilter({ path: 'a', eq: 1 });
        await view.findDocuments({ ...all, filter }, { first: 1 });
        expect(view.explanations).toMatchObject([{ operation: 'find', examined: 1, returned: 1 }]);
      });
    });

    it('gives the same documents in the same order with and without indexes, after writes and a crash', async () => {
      const random_ = { seed: 20_261_126 };
      const scenarios = fc.sample(
        fc.record({
          created: fc.array(random.bodies, { minLength: 15, maxLength: 40, size: 'max' }),
          updated: fc.array(fc.tuple(fc.nat(39), random.bodies), { maxLength: 10 }),
          archived: fc.array(fc.nat(39), { maxLength: 6 }),
          erased: fc.array(fc.nat(39), { maxLength: 4 }),
          definitions: fc.uniqueArray(
            fc.record({
              paths: fc.uniqueArray(random.paths, { minLength: 1, maxLength: 3, selector: formatPath }),
              kind: fc.constantFrom('HASH' as const, 'ORDERED' as const),
              archived: fc.constantFrom<Archived>('INCLUDE', 'INCLUDE', 'EXCLUDE', 'ONLY'),
            }),
            { minLength: 2, maxLength: 4, selector: ({ paths }) => paths.map(formatPath).join() },
          ),
          queries: fc.array(
            fc.record({
              filter: random.filters,
              orderBy: random.orders,
              archived: fc.constantFrom<Archived>('EXCLUDE', 'EXCLUDE', 'INCLUDE', 'ONLY'),
            }),
            { minLength: 12, maxLength: 12 },
          ),
        }),
        { numRuns: Number(process.env.YARADB_QUERY_SCENARIOS ?? 12), ...random_ },
      );
      for (const [number, scenario] of scenarios.entries()) {
        const table = `random ${number}`;
        const { created, updated, archived, erased, definitions, queries } = scenario;
        const idAt = (index: number) => idOf(1_000 * (number + 1) + (index % created.length));
        await database.commit(
          anonymous,
          created.map((body, index): Operation => ({ kind: 'create', table, id: idAt(index), body })),
        );
        await createIndexes(definitions.map((definition) => ({ ...definition, table })));
        const change = async (id: string, operation: (version: number) => Operation) => {
          const current = await database.getDocument(anonymous, id, 'INCLUDE');
          if (current !== null && (current.archivedAt === null || operation(0).kind === 'erase')) {
            await database.commit(anonymous, [operation(current.version)]);
          }
        };
        for (const [index, body] of updated) {
          await change(idAt(index), (version) => ({ kind: 'update', id: idAt(index), version, body }));
        }
        for (const index of archived) await change(idAt(index), () => ({ kind: 'archive', id: idAt(index) }));
        for (const index of erased) {
          await change(idAt(index), (version) => ({ kind: 'erase', id: idAt(index), version }));
        }
        const answers: string[][] = [];
        for (let round = 0; round < 2; round += 1) {
          const everything = await find({ table, filter: parseFilter({ and: [] }), orderBy: [], archived: 'INCLUDE' });
          for (const [index, query] of queries.entries()) {
            const expected = sortDocuments(
              everything.filter(
                (document) =>
                  (query.archived === 'INCLUDE' || (query.archived === 'ONLY') === (document.archivedAt !== null)) &&
                  fitsPlainly(query.filter, document),
              ),
              query.orderBy,
            ).map(({ id }) => id);
            const found = (await find({ table, ...query })).map(({ id }) => id);
            expect(found, `scenario ${number}, query ${index}, round ${round}`).toEqual(expected);
            expect(found).toEqual(answers[index] ?? found);
            answers[index] = found;
          }
          if (round === 0) await reopen();
        }
      }
    }, 60_000);
  });
}
