import { expect, test } from 'vitest';
import type { Document } from '../../src/document/document.ts';
import { compareCreation } from '../../src/embedded/document-list.ts';
import { LargeDocumentList } from '../../src/embedded/large-document-list.ts';
import type { Predicate } from '../../src/query/predicate-factory.ts';
import { SeededRandom } from '../fault/seeded-random.ts';
import { documentId, documentOf } from './log/log-fixture.ts';

/** The order of ids is not that of creation. */
function versionOf(number: number, version = 1): Document {
  return documentOf(1, {}, { id: documentId(number), createdSequence: (number * 7919) % 10_007, version });
}

const isTenth = ({ createdSequence }: Document) => createdSequence % 10 === 0;
const search: Predicate['search'] = (list, start, end, step) => {
  for (let index = start; index !== end; index += step) {
    const document = list[index];
    if (document !== undefined && isTenth(document)) return index;
  }
  return end;
};
const count: Predicate['count'] = (list, start, end) => list.slice(start, end).filter(isTenth).length;

/** All that the list tells, beside the same of a plain array. */
function expectSame(list: LargeDocumentList, sorted: readonly Document[]): void {
  expect(list.toArray()).toEqual(sorted);
  expect([...list]).toEqual(sorted);
  expect(list.size).toBe(sorted.length);
  for (const index of [0, 1, 700, 2_047, 2_048, 5_000, sorted.length - 1]) {
    const document = sorted[index];
    expect(list.at(index)).toBe(document);
    if (document !== undefined) expect(list.indexAfter(document)).toBe(index + 1);
  }
  expect(list.at(sorted.length)).toBeUndefined();
  const tenths = sorted.flatMap((document, index) => (isTenth(document) ? [index] : []));
  expect(found(list, 1)).toEqual(tenths);
  expect(found(list, -1)).toEqual(tenths.toReversed());
  for (const [start, end] of [
    [0, sorted.length],
    [1_500, Math.min(4_500, sorted.length)],
  ] as const) {
    expect(list.count(count, start, Math.max(start, end), 1)).toBe(count(sorted, start, Math.max(start, end), 1));
  }
}

function found(list: LargeDocumentList, step: 1 | -1): number[] {
  const end = step === 1 ? list.size : -1;
  const numbers: number[] = [];
  for (let index = step === 1 ? 0 : list.size - 1; index !== end; index += step) {
    index = list.search(search, index, end);
    if (index === end) break;
    numbers.push(index);
  }
  return numbers;
}

test('thousands of documents stand in the order of creation, whatever is put, put again and removed', () => {
  const random = new SeededRandom(5);
  const list = new LargeDocumentList();
  const expected = new Map<number, Document>();
  const put = (number: number, version: number) => {
    const document = versionOf(number, version);
    list.put(document);
    expected.set(number, document);
  };
  const remove = (number: number) => {
    list.remove(versionOf(number));
    expected.delete(number);
  };
  const sorted = () => [...expected.values()].sort(compareCreation);
  for (let number = 0; number < 9_000; number += 1) put(number, 1);
  expectSame(list, sorted());
  for (let change = 0; change < 12_000; change += 1) {
    if (random.below(3) > 0) remove(random.below(9_500));
    else put(random.below(9_500), change);
  }
  expectSame(list, sorted());
  const gone = sorted().filter((_, index) => index % 7 !== 0 && index > 300);
  const numbers = new Map(Array.from(expected, ([number, document]) => [document, number]));
  let steps = 0;
  // Others read it between two steps.
  for (const left of list.removeAll(gone)) {
    for (const document of left) expected.delete(numbers.get(document) ?? -1);
    if (steps % 8 === 0) expectSame(list, sorted());
    steps += 1;
  }
  expect(steps).toBeGreaterThan(8);
  expect(gone.some((document) => expected.has(numbers.get(document) ?? -1))).toBe(false);
  expectSame(list, sorted());
  for (const number of [...expected.keys()]) remove(number);
  expectSame(list, []);
  put(1, 1);
  expectSame(list, sorted());
});

test('documents that are appended, and those that it is made of, are the same as those that are put', () => {
  const sorted = Array.from({ length: 7_000 }, (_, number) => versionOf(number)).sort(compareCreation);
  const appended = new LargeDocumentList();
  for (const document of sorted) appended.append(document);
  expectSame(appended, sorted);
  expectSame(new LargeDocumentList(sorted), sorted);
  const left = [...appended.removeAll(sorted.slice(2_000))].flat();
  expect(left).toEqual(sorted.slice(2_000));
  expectSame(appended, sorted.slice(0, 2_000));
});
