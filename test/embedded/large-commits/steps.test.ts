import { expect, test } from 'vitest';
import { SharedTurns } from '../../../src/database/shared-turns.ts';
import { type Document, defaultTable } from '../../../src/document/document.ts';
import { EmbeddedReadView } from '../../../src/embedded/embedded-read-view.ts';
import { HistoryReader } from '../../../src/embedded/history/history-reader.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import type { IndexRecord, LogRecord } from '../../../src/embedded/log/record.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { State } from '../../../src/embedded/state.ts';
import { TableReader } from '../../../src/embedded/table-reader.ts';
import { parseMongodbFilter } from '../../../src/query/mongodb-filter-parser.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { makeDocument } from '../../query/make-document.ts';
import { idOf, textOf } from './fixture.ts';

const documentCount = 1_500;
const table = { id: '00000000-0000-7000-8000-00000000000a', name: 'things' };
const index: IndexRecord = {
  id: '00000000-0000-7000-8000-00000000000b',
  tableId: table.id,
  paths: ['slot'],
  kind: 'ORDERED',
  unique: false,
  archived: 'EXCLUDE',
  ready: true,
  createdAt: 0,
};

/** A slice that is over at every step, and a pause in which somebody looks, while nothing else goes on. */
class ObservedSlice extends TimeSlice {
  readonly #observe: () => Promise<void>;

  constructor(observe: () => Promise<void>) {
    super(systemClock);
    this.#observe = observe;
  }

  override get due(): boolean {
    return true;
  }

  override pause(): Promise<void> {
    return this.#observe();
  }
}

function documentOf(number: number, more: Partial<Document> = {}): Document {
  const home = number % 5 === 4 ? defaultTable : table;
  return makeDocument({ slot: number }, { id: idOf(number), table: home, ...more });
}

async function filledState(): Promise<State> {
  const state = new State();
  const documents = Array.from({ length: documentCount }, (_, number) => documentOf(number));
  const definitions = { tables: [{ ...table, createdAt: 0, settings: {} }], indexes: [index], settings: [] };
  state.load({ sequence: 1, committedAt: 0, definitions, documents, keys: [] });
  await state.fillIndexes(new TimeSlice(systemClock));
  return state;
}

const scanTurns = new SharedTurns(systemClock);

function viewOf(state: State): EmbeddedReadView {
  return new EmbeddedReadView({
    state,
    clock: systemClock,
    scanTurns,
    tables: new TableReader(state, systemClock),
    history: new HistoryReader({ fileSystem: new SimulatedFileSystem(), directory: '/data', clock: systemClock }),
    deadlineMs: Number.POSITIVE_INFINITY,
  });
}

/** All that a view tells, by all kinds of access. */
async function look(view: EmbeddedReadView) {
  const all = { filter: parseMongodbFilter({}, ''), archived: 'INCLUDE', orderBy: [] } as const;
  const slots = {
    filter: parseMongodbFilter({ slot: { $gte: 1_000 } }, ''),
    archived: 'EXCLUDE',
    orderBy: [],
  } as const;
  const [everything, things, bySlot]: [string[], string[], string[]] = [[], [], []];
  for await (const batch of view.scanDocuments(all)) everything.push(...batch.map(textOf));
  for await (const batch of view.scanDocuments({ ...all, table: 'things' })) things.push(...batch.map(textOf));
  for await (const batch of view.scanDocuments({ ...slots, table: 'things' })) bySlot.push(...batch.map(textOf));
  const one = await view.getDocument(idOf(1_200), 'INCLUDE');
  return {
    everything,
    things,
    bySlot: bySlot.sort(),
    one: one === null ? null : textOf(one),
    counts: [
      await view.countDocuments(all),
      await view.countDocuments({ ...all, table: 'things' }),
      await view.countDocuments({ ...slots, table: 'things' }),
    ],
  };
}

const changed: LogRecord[] = Array.from({ length: 40 }, (_, step): LogRecord => {
  const number = step * 37;
  if (step % 4 === 1) return { kind: 'eraseDocument', id: idOf(number), previousSequence: 1 };
  const next = documentOf(number, { version: 2, sequence: 2, previousSequence: 1 });
  if (step % 4 === 2) return { kind: 'putDocument', document: { ...next, archivedAt: 1 } };
  if (step % 4 === 0) return { kind: 'putDocument', document: { ...next, body: { slot: number + 500 } } };
  const made = documentOf(2_000 + step, { sequence: 2, createdSequence: 2 });
  return { kind: 'putDocument', document: made };
});

test.each<[string, LogRecord[]]>([
  ['documents are changed, erased and made', changed],
  ['a table is dropped', [{ kind: 'dropTable', id: table.id }]],
])('between any two steps in which %s, views see what was there', async (_what, records) => {
  const state = await filledState();
  const commit = { sequence: 2, committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null, records };
  const opened = viewOf(state);
  const before = await look(opened);
  expect(before.counts).toEqual([documentCount, 1_200, 400]);
  const during: EmbeddedReadView[] = [];
  let steps = 0;
  const observe = async () => {
    steps += 1;
    const view = viewOf(state);
    expect(await look(view), `a view opened at step ${steps}`).toEqual(before);
    expect(await look(opened), `a view opened before, at step ${steps}`).toEqual(before);
    expect(state.documentCount).toBe(documentCount);
    during.push(view);
  };
  await state.applyInSlices(commit, new ObservedSlice(observe));
  expect(steps).toBeGreaterThan(5);
  for (const view of [opened, ...during]) expect(await look(view)).toEqual(before);
  const replayed = await filledState();
  replayed.apply(commit);
  const after = await look(viewOf(state));
  expect(after).toEqual(await look(viewOf(replayed)));
  expect(after.counts).not.toEqual(before.counts);
  expect(state.documentCount).toBe(after.counts[0]);
});

test('a query that is under way when its index is dropped, or its table, finds each document once', async () => {
  for (const records of [changed, [{ kind: 'dropTable', id: table.id }] as const]) {
    const state = await filledState();
    const view = viewOf(state);
    const before = await look(view);
    const slots = { filter: parseMongodbFilter({ slot: { $gte: 0 } }, ''), archived: 'EXCLUDE', orderBy: [] } as const;
    const walk = view.scanDocuments({ ...slots, table: 'things' });
    const found = ((await walk.nextBatch()) ?? []).map(textOf);
    const commit = { committedAt: 0, principal: '', idempotencyKey: null, requestDigest: null };
    state.apply({ ...commit, sequence: 2, records: [{ kind: 'dropIndex', id: index.id }] });
    let steps = 0;
    const observe = async () => {
      steps += 1;
      if (steps === 3) for await (const batch of walk) found.push(...batch.map(textOf));
    };
    const later = records.map((record) =>
      record.kind === 'putDocument' ? { ...record, document: { ...record.document, sequence: 3 } } : record,
    );
    await state.applyInSlices({ ...commit, sequence: 3, records: later }, new ObservedSlice(observe));
    expect(found.sort()).toEqual([...before.things].sort());
    view.close();
  }
});
