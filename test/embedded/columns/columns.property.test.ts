import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Document } from '../../../src/document/document.ts';
import { admits } from '../../../src/embedded/admits.ts';
import type { EmbeddedReadView } from '../../../src/embedded/embedded-read-view.ts';
import type { FindQuery } from '../../../src/query/find-query.ts';
import { fitsPlainly } from '../../query/plain-filter.ts';
import { bodies, filters } from '../index/random-queries.ts';
import { ColumnScenario, tables, type Write } from './column-scenario.ts';

const writes = fc.record({
  kind: fc.constantFrom<Write['kind']>('create', 'create', 'update', 'update', 'update', 'archive', 'archive', 'erase'),
  number: fc.nat(5_000),
  body: bodies,
});
const dropped = fc.record({ kind: fc.constant('drop' as const), number: fc.constant(0), body: fc.constant({}) });

const scenarios = fc.record({
  columnBytesMax: fc.constantFrom(64 * 1024 * 1024, 64 * 1024 * 1024, 120_000, 30_000, 0),
  count: fc.integer({ min: 1_200, max: 3_500 }),
  bodies: fc.array(bodies, { minLength: 20, maxLength: 40, size: 'max' }),
  /** Few, so that each is asked again. */
  queries: fc.array(
    fc.record({
      filter: filters,
      table: fc.constantFrom('default', undefined, undefined, 'other'),
      archived: fc.constantFrom('EXCLUDE' as const, 'EXCLUDE' as const, 'INCLUDE' as const, 'ONLY' as const),
    }),
    { minLength: 1, maxLength: 3, size: 'max' },
  ),
  steps: fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constantFrom('count' as const, 'count' as const, 'scan' as const, 'last' as const),
          query: fc.nat(2),
          /** Of those that are open, or a new one. */
          view: fc.nat(2),
          meanwhile: fc.array(fc.array(writes, { maxLength: 5, size: 'max' }), { maxLength: 8, size: 'max' }),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('write' as const), writes: fc.array(writes, { maxLength: 8 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('write' as const), writes: fc.tuple(dropped) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('open' as const) }) },
    ),
    { minLength: 10, maxLength: 20, size: 'max' },
  ),
});

interface OpenView {
  readonly view: EmbeddedReadView;
  readonly seen: readonly Document[];
}

function fitting(seen: readonly Document[], { table, filter, archived }: FindQuery): readonly Document[] {
  return seen.filter(
    (document) =>
      (table === undefined || document.table.name === table) &&
      admits(archived, document) &&
      fitsPlainly(filter, document),
  );
}

const idsOf = (documents: readonly Document[]) => documents.map(({ id, version }) => `${id} ${version}`);

async function check(kind: 'count' | 'scan' | 'last', { view, seen }: OpenView, query: FindQuery): Promise<void> {
  const expected = fitting(seen, query);
  if (kind === 'count') {
    expect(await view.countDocuments(query)).toBe(expected.length);
  } else if (kind === 'last') {
    const { documents } = await view.findDocuments(query, { last: 20 });
    expect(idsOf(documents)).toEqual(idsOf(expected.slice(-20)));
  } else {
    const documents: Document[] = [];
    for await (const batch of view.scanDocuments(query)) documents.push(...batch);
    expect(idsOf(documents)).toEqual(idsOf(expected));
  }
}

test('a scan finds the same documents in the same order, however often its paths are asked for and whatever is written', async () => {
  let columnBytes = 0;
  await fc.assert(
    fc.asyncProperty(scenarios, async ({ columnBytesMax, bodies: some, count, queries, steps }) => {
      const scenario = new ColumnScenario(columnBytesMax, some, count);
      const { state } = scenario;
      const open = (): OpenView => ({ view: scenario.view(), seen: scenario.documents() });
      const views = [open()];
      for (const step of steps) {
        if (step.kind === 'open') {
          views.unshift(open());
          views.splice(2).forEach(({ view }) => {
            view.close();
          });
        } else if (step.kind === 'write') {
          for (const write of step.writes) scenario.write(write);
        } else {
          const known = views[step.view];
          const asked = known ?? open();
          scenario.meanwhile = [...step.meanwhile];
          const query = queries[step.query % queries.length];
          if (query !== undefined) await check(step.kind, asked, { ...query, orderBy: [] });
          scenario.meanwhile = []; // an idle loop has turns, too
          if (known === undefined) asked.view.close();
        }
        expect(state.columnMemory.bytes).toBeLessThanOrEqual(Math.max(0, columnBytesMax));
        columnBytes += state.columnMemory.bytes;
      }
      for (const { view } of views) view.close();
      for (const { id } of tables) scenario.drop(id);
      expect(state.columnMemory.bytes).toBe(0);
    }),
    { numRuns: Number(process.env.YARADB_PROPERTY_RUNS ?? 100) },
  );
  expect(columnBytes).toBeGreaterThan(0);
}, 120_000);
