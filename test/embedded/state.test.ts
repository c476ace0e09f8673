import { expect, test } from 'vitest';
import { defaultTable } from '../../src/document/document.ts';
import { type IndexRecord, type LogRecord, noDefinitions, type TableRecord } from '../../src/embedded/log/record.ts';
import { State } from '../../src/embedded/state.ts';
import { commitOf, documentId, documentOf, putCommit } from './log/log-fixture.ts';

const table: TableRecord = { id: documentId(0xa1), name: 'things', createdAt: 1, settings: {} };
const ofTable = (sequence: number) =>
  documentOf(sequence, {}, { table: { id: table.id, name: table.name }, sequence, createdSequence: sequence });

test('a loaded state goes on where the snapshot ends, with its documents in the order of creation', () => {
  const state = new State();
  // Sorted by id, as a snapshot has them; created the other way round.
  const documents = [documentOf(1, {}, { createdSequence: 2 }), documentOf(2, {}, { createdSequence: 1 })];
  state.load({ sequence: 7, committedAt: 99, definitions: { ...noDefinitions, tables: [table] }, documents, keys: [] });
  expect(state.sequence).toBe(7);
  expect(state.committedAt).toBe(99);
  expect([state.documents.at(0)?.id, state.documents.at(1)?.id]).toEqual([documentId(2), documentId(1)]);
  expect(state.definitions().tables).toEqual([table]);
  state.apply(putCommit(8));
  expect(state.documents.size).toBe(3);
});

test('a snapshot cannot follow a commit, nor a commit another than the one before it', () => {
  const state = new State();
  expect(() => state.apply(putCommit(2))).toThrow('commit 2 cannot follow commit 0');
  state.apply(putCommit(1));
  expect(() =>
    state.load({ sequence: 2, committedAt: 0, definitions: noDefinitions, documents: [], keys: [] }),
  ).toThrow('cannot follow');
});

test('tables are listed by id, each with what it was last told', () => {
  const state = new State();
  const other: TableRecord = { ...table, id: documentId(0xa0), name: 'others' };
  const put = (record: TableRecord): LogRecord => ({ kind: 'putTable', table: record });
  state.apply(commitOf(1, [put(table), put(other)]));
  state.apply(commitOf(2, [put({ ...table, settings: { readOnly: true } })]));
  expect(state.definitions().tables).toEqual([other, { ...table, settings: { readOnly: true } }]);
});

test('a table that is dropped takes its documents with it', () => {
  const state = new State();
  const put = (sequence: number): LogRecord => ({ kind: 'putDocument', document: ofTable(sequence) });
  state.apply(commitOf(1, [{ kind: 'putTable', table }, put(1)]));
  state.apply(commitOf(2, [put(2), { kind: 'putDocument', document: documentOf(3, {}, { sequence: 2 }) }]));
  state.apply(commitOf(3, [{ kind: 'dropTable', id: table.id }]));
  expect(state.table(table.name)).toBeUndefined();
  expect(state.documents.size).toBe(1);
  expect(state.definitions().tables).toEqual([]);
  expect(() => state.apply(commitOf(4, [{ kind: 'dropTable', id: table.id }]))).toThrow('not there');
});

test('a table that is dropped gives back just the memory that its documents took, whatever became of them', () => {
  const state = new State();
  const kept = documentOf(9, { kept: 'x'.repeat(100) });
  state.apply(
    commitOf(1, [
      { kind: 'putTable', table },
      { kind: 'putDocument', document: kept },
    ]),
  );
  const { bytes } = state;
  const first = ofTable(2);
  const longer = { ...first, body: { text: 'y'.repeat(500) }, version: 2, sequence: 3 };
  const put = (document: typeof first): LogRecord => ({ kind: 'putDocument', document });
  const other = { ...ofTable(2), id: documentId(5) };
  state.apply(commitOf(2, [put(first), put(other)]));
  state.apply(commitOf(3, [put(longer), { kind: 'eraseDocument', id: other.id, previousSequence: 2 }]));
  expect(state.bytes).toBeGreaterThan(bytes + 500);
  state.apply(commitOf(4, [{ kind: 'dropTable', id: table.id }]));
  expect(state.bytes).toBe(bytes);
});

test('an index and a setting are kept as they were last told; a table that is dropped takes its indexes with it', () => {
  const state = new State();
  const index: IndexRecord = {
    id: documentId(0xb1),
    tableId: table.id,
    paths: ['a'],
    kind: 'HASH',
    unique: false,
    archived: 'EXCLUDE',
    ready: false,
    createdAt: 1,
  };
  const setting = { name: 'kept', value: 1 };
  state.apply(
    commitOf(1, [
      { kind: 'putTable', table },
      { kind: 'putIndex', index },
      { kind: 'putIndex', index: { ...index, id: documentId(0xb0) } },
      { kind: 'putSetting', setting },
    ]),
  );
  state.apply(
    commitOf(2, [
      { kind: 'putIndex', index: { ...index, ready: true } },
      { kind: 'dropIndex', id: documentId(0xb0) },
      { kind: 'putSetting', setting: { ...setting, value: 2 } },
    ]),
  );
  const settings = [{ name: 'kept', value: 2 }];
  expect(state.definitions()).toEqual({ tables: [table], indexes: [{ ...index, ready: true }], settings });
  state.apply(commitOf(3, [{ kind: 'dropTable', id: table.id }]));
  expect(state.definitions()).toEqual({ tables: [], indexes: [], settings });
  expect(() => state.apply(commitOf(4, [{ kind: 'putIndex', index }]))).toThrow('not there');
});

test('the default table stays when it is dropped, without documents and settings', () => {
  const state = new State();
  const settings: TableRecord = { ...defaultTable, createdAt: 1, settings: { readOnly: false } };
  state.apply(
    commitOf(1, [
      { kind: 'putTable', table: settings },
      { kind: 'putDocument', document: documentOf(1) },
    ]),
  );
  expect(state.table('default')).toMatchObject({ record: settings, liveCount: 1 });
  state.apply(commitOf(2, [{ kind: 'dropTable', id: defaultTable.id }]));
  expect(state.table('default')).toMatchObject({ record: null, liveCount: 0 });
  expect(state.documents.size).toBe(0);
});

test('what cannot be is refused: a document of no table, the drop of an index that is not there', () => {
  const state = new State();
  expect(() => state.apply(commitOf(1, [{ kind: 'putDocument', document: ofTable(1) }]))).toThrow('not there');
  expect(() => state.apply(commitOf(1, [{ kind: 'dropIndex', id: table.id }]))).toThrow('not there');
  expect(state.table(defaultTable.name)?.documents.size).toBe(0);
});

test('a commit takes long by its records, or by the documents of a table that it drops, which may be one of its own', () => {
  const state = new State();
  const drop = commitOf(2, [
    { kind: 'putTable', table },
    { kind: 'dropTable', id: table.id },
  ]);
  expect([state.takesLong(drop, 1), state.takesLong(drop, 2)]).toEqual([true, false]);
  state.apply(
    commitOf(1, [
      { kind: 'putTable', table },
      ...[1, 2, 3].map((number) => ({ kind: 'putDocument' as const, document: ofTable(number) })),
    ]),
  );
  expect([state.takesLong(drop, 2), state.takesLong(drop, 3)]).toEqual([true, false]);
});
