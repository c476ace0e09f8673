import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Document } from '../../../src/document/document.ts';
import type { JsonValue } from '../../../src/document/json.ts';
import { parsePath } from '../../../src/document/path.ts';
import { ColumnMemory } from '../../../src/embedded/columns/column-memory.ts';
import { ListColumns } from '../../../src/embedded/columns/list-columns.ts';
import { LargeDocumentList } from '../../../src/embedded/large-document-list.ts';
import type { Filter } from '../../../src/query/filter.ts';
import { makeDocument } from '../../query/make-document.ts';

const count = 5_000;

function documentOf(number: number, value: JsonValue = number, version = 1): Document {
  const id = `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return makeDocument({ a: value, b: number, c: { d: `${number}` } }, { id, createdSequence: number, version });
}

function listOf(memory: ColumnMemory): LargeDocumentList {
  const list = new LargeDocumentList([], new ListColumns(memory));
  for (let number = 0; number < count; number += 1) list.append(documentOf(number));
  return list;
}

/** Counts documents by a path. @returns the number, or null when the path had no column at the beginning. */
function scan(list: LargeDocumentList, ...paths: readonly string[]): number | null {
  const filters = paths.map((path): Filter => ({ kind: 'exists', path: parsePath(path, 'path'), exists: true }));
  const search = list.columns?.scan({ kind: 'and', filters }, 'EXCLUDE', list.size) ?? null;
  return search === null ? null : list.count(search.count, 0, list.size, 1);
}

test('a path gets its column when it is asked for the second time, chunk by chunk as scans come to them', () => {
  const memory = new ColumnMemory();
  const list = listOf(memory);
  expect(scan(list, 'a')).toBeNull();
  expect(memory.bytes).toBe(0);
  expect(scan(list, 'a')).toBe(count);
  expect(memory.bytes).toBeGreaterThanOrEqual(count * 8);
  expect(memory.bytes).toBeLessThan(count * 8.5);
  const { bytes } = memory;
  expect(scan(list, 'c.d', 'a')).toBeNull();
  const search = list.columns?.scan({ kind: 'exists', path: parsePath('c.d', 'path'), exists: true }, 'EXCLUDE', count);
  list.count(search?.count ?? (() => 0), 0, 10, 1);
  expect(memory.bytes - bytes).toBeGreaterThan(2_000 * 8);
  expect(memory.bytes - bytes).toBeLessThan(2_200 * 8);
});

test('a list of few documents, and one that no columns are kept of, are scanned as they are', () => {
  const memory = new ColumnMemory(0);
  const list = listOf(memory);
  const few = new LargeDocumentList([documentOf(1)], new ListColumns(new ColumnMemory()));
  for (let time = 0; time < 3; time += 1) {
    expect(scan(list, 'a')).toBeNull();
    expect(scan(few, 'a')).toBeNull();
  }
});

test('columns keep within their bytes: those that were used least lately go, for those that were asked for later than they', () => {
  const memory = new ColumnMemory(2.2 * count * 8);
  const list = listOf(memory);
  const other = listOf(memory);
  for (const path of ['a', 'a', 'b', 'b']) scan(list, path);
  const { bytes } = memory;
  expect(bytes).toBeGreaterThan(2 * count * 8);
  // Asked for before `a` and `b` were used last: it comes too seldom.
  expect(scan(other, 'a')).toBeNull();
  for (const path of ['a', 'b']) expect(scan(list, path)).toBe(count);
  expect(scan(other, 'a')).toBe(count);
  expect(memory.bytes).toBe(bytes);
  // And again, while nobody asked for `a`.
  expect(scan(list, 'b')).toBe(count);
  expect(scan(other, 'a')).toBe(count);
  expect(scan(other, 'a')).toBe(count);
  expect(memory.bytes).toBeLessThanOrEqual(memory.bytesMax);
  expect(scan(list, 'a')).not.toBeNull();
  list.columns?.close();
  expect(memory.bytes).toBeGreaterThan(count * 8);
  other.columns?.close();
  expect(memory.bytes).toBe(0);
});

test('numbers that take room of their own keep within the bytes, too, when a scan reads them and when they are written', () => {
  const memory = new ColumnMemory(2 * count * 8);
  const list = new LargeDocumentList([], new ListColumns(memory));
  for (let number = 0; number < count; number += 1) list.append(documentOf(number, number + 0.5));
  for (let time = 0; time < 3; time += 1) scan(list, 'a');
  expect(scan(list, 'a')).toBe(count);
  expect(memory.bytes).toBeGreaterThan(count * 8);
  expect(memory.bytes).toBeLessThanOrEqual(memory.bytesMax);
  const small = new ColumnMemory(count * 8 + 1_000);
  const written = listOf(small);
  scan(written, 'a');
  scan(written, 'a');
  expect(small.bytes).toBeGreaterThanOrEqual(count * 8);
  for (let number = 0; number < count; number += 1) {
    written.put(documentOf(number, number + 0.5, 2));
    expect(small.bytes).toBeLessThanOrEqual(small.bytesMax);
  }
  expect(scan(written, 'a')).toBe(count);
});

test('a scan whose columns go meanwhile finds what it would have found', () => {
  const memory = new ColumnMemory();
  const list = listOf(memory);
  scan(list, 'a');
  const path = parsePath('a', 'path');
  const search = list.columns?.scan({ kind: 'gte', path, value: 4_000 }, 'EXCLUDE', count);
  if (search === undefined || search === null) throw new Error('there are columns of what is asked for again');
  const before = list.count(search.count, 0, 4_500, 1);
  memory.clear();
  expect(memory.bytes).toBe(0);
  list.put(documentOf(4_501, 0, 2));
  expect(before + list.count(search.count, 4_500, count, 1)).toBe(999);
  expect(memory.bytes).toBe(0);
});

test('a scan counts no document that came behind the others meanwhile', () => {
  const list = listOf(new ColumnMemory());
  const missing: Filter = { kind: 'exists', path: parsePath('z', 'path'), exists: false };
  list.columns?.scan(missing, 'EXCLUDE', count);
  const search = list.columns?.scan(missing, 'EXCLUDE', count);
  if (search === undefined || search === null) throw new Error('there are columns of what is asked for again');
  const before = list.count(search.count, 0, 4_500, 1);
  list.append({ ...documentOf(count), sequence: 2 });
  expect(before + list.count(search.count, 4_500, list.size, 1)).toBe(count);
});

test('a text that a scan meets in the lists of a later chunk is found there, in a first list or the hundredth', () => {
  const list = new LargeDocumentList([], new ListColumns(new ColumnMemory()));
  for (let number = 0; number < count; number += 1)
    list.append(documentOf(number, [`${Math.floor(number / 100)}`, 'all']));
  for (const text of ['0', '20', '28', '29', '30', '49', '50']) {
    const filter: Filter = { kind: 'eq', path: parsePath('a', 'path'), value: text };
    list.columns?.scan(filter, 'EXCLUDE', count);
    list.columns?.clear();
    const search = list.columns?.scan(filter, 'EXCLUDE', count) ?? null;
    if (search === null) throw new Error('there are columns of what is asked for again');
    expect(list.count(search.count, 0, count, 1)).toBe(text === '50' ? 0 : 100);
  }
});

test('what leaves the list gives its bytes back, however it leaves', () => {
  const memory = new ColumnMemory();
  const list = listOf(memory);
  const documents = list.toArray();
  for (const path of ['a', 'a', 'c.d', 'c.d']) scan(list, path);
  for (const document of documents.slice(0, 3_000)) {
    list.remove(document);
    if (document.createdSequence % 100 === 0) scan(list, 'a', 'c.d');
  }
  scan(list, 'a', 'c.d');
  expect(memory.bytes).toBeLessThan(2_000 * 2 * 8.5);
  for (const document of documents.slice(3_000).reverse()) {
    list.remove(document);
    if (document.createdSequence % 100 === 0 && list.size > 1_000) scan(list, 'a', 'c.d');
  }
  expect(memory.bytes).toBe(0);
  const again = listOf(memory);
  for (const path of ['a', 'a']) scan(again, path);
  for (const _ of again.removeAll(again.toArray()));
  expect(memory.bytes).toBe(0);
});

test('a column keeps no document and no value that was replaced', async () => {
  const memory = new ColumnMemory();
  const list = listOf(memory);
  const gone: WeakRef<object>[] = [];
  const watch = (number: number) => {
    const value = { x: number };
    const document = documentOf(number, value, 2);
    list.put(document);
    gone.push(new WeakRef(document), new WeakRef(value));
  };
  watch(7);
  watch(2_500);
  for (const path of ['a', 'a']) scan(list, path);
  list.put(documentOf(7, 1, 3));
  list.put(documentOf(2_500, 1, 3));
  await new Promise((resolve) => setImmediate(resolve)); // a WeakRef keeps what it was asked for to the end of the job
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  expect(memory.bytes).toBeGreaterThan(0);
  expect(gone.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined, undefined]);
});
