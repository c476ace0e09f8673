import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Document } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import { isList } from '../../../src/embedded/index/hash-groups.ts';
import { SecondaryIndex } from '../../../src/embedded/index/secondary-index.ts';
import type { IndexRecord } from '../../../src/embedded/log/record.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { makeDocument } from '../../query/make-document.ts';
import { bodies } from './random-queries.ts';

function indexOf(more: Partial<IndexRecord>): SecondaryIndex {
  return new SecondaryIndex({
    id: '00000000-0000-4000-8000-00000000000a',
    tableId: '00000000-0000-0000-0000-000000000000',
    paths: ['a'],
    kind: 'ORDERED',
    unique: false,
    archived: 'INCLUDE',
    ready: true,
    createdAt: 0,
    ...more,
  });
}

function documentOf(number: number, body: JsonObject, more: Partial<Document> = {}): Document {
  const id = `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return makeDocument(body, { id, createdSequence: number, ...more });
}

function conflictsOf(index: SecondaryIndex, document: Document): readonly number[] {
  const numbers = Array.from(index.documentsWithKeysOf(document), ({ createdSequence }) => createdSequence);
  return Array.from(new Set(numbers)).sort((a, b) => a - b);
}

describe.each(['HASH', 'ORDERED'] as const)('a unique index (%s)', (kind) => {
  test('knows the documents that share a key: an equal value, an element of a list, null', () => {
    const index = indexOf({ kind, unique: true });
    const bodiesInIt: readonly JsonObject[] = [{ a: 1 }, { a: [2, 3] }, { a: null }, {}, { a: [] }, { a: { x: 1 } }];
    for (const [number, body] of bodiesInIt.entries()) index.add(documentOf(number, body));
    const of = (body: JsonObject) => conflictsOf(index, documentOf(99, body));
    expect(of({ a: 1 })).toEqual([0]);
    expect(of({ a: [3, 1] })).toEqual([0, 1]);
    expect(of({ a: null })).toEqual([2]);
    expect(of({ a: { x: 1 } })).toEqual([5]);
    expect(of({})).toEqual([]);
    expect(of({ a: [] })).toEqual([]);
    expect(conflictsOf(index, documentOf(0, { a: 1 }))).toEqual([]);
    expect(conflictsOf(index, documentOf(99, { a: 1 }, { archivedAt: 1 }))).toEqual([]);
    index.replace(documentOf(2, { a: null }), documentOf(2, {}));
    expect(of({ a: null })).toEqual([]);
    index.replace(documentOf(3, {}), documentOf(3, { a: null }));
    expect(of({ a: null })).toEqual([3]);
    index.replace(documentOf(0, { a: 1 }), documentOf(0, { a: 1 }, { archivedAt: 1 }));
    expect(of({ a: 1 })).toEqual([]);
  });

  test('of several paths does not constrain a document that lacks one of them', () => {
    const index = indexOf({ kind, unique: true, paths: ['a', 'b.c'] });
    index.add(documentOf(1, { a: 1, b: { c: null } }));
    index.add(documentOf(2, { a: 1 }));
    expect(conflictsOf(index, documentOf(9, { a: 1, b: { c: null } }))).toEqual([1]);
    expect(conflictsOf(index, documentOf(9, { a: 1 }))).toEqual([]);
    expect(conflictsOf(index, documentOf(9, { a: [1, 2], b: [{ c: null }, { c: 3 }] }))).toEqual([1]);
  });
});

test('equal keys have equal texts, and no others', () => {
  const index = indexOf({ unique: true, paths: ['a'] });
  const textsOf = (body: JsonObject) => index.uniqueKeyTexts(documentOf(1, body));
  expect(textsOf({ a: { x: 1, y: 2 } })).toEqual(textsOf({ a: { y: 2, x: 1 } }));
  expect(textsOf({ a: [1, '1', 1] })).toHaveLength(2);
  expect(textsOf({})).toEqual([]);
});

test('a document with too many combinations of keys is refused', () => {
  const index = indexOf({ paths: ['a', 'b'] });
  const list = Array.from({ length: 200 }, (_, number) => number);
  const document = documentOf(1, { a: list, b: list });
  expect(() => index.check(document)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  index.check(documentOf(1, { a: list, b: 1 }));
});

interface Step {
  readonly kind: 'add' | 'remove' | 'replace';
  readonly number: number;
  readonly body: JsonObject;
  readonly archivedAt: number | null;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('add', 'add', 'remove', 'replace'),
    number: fc.nat(30),
    body: bodies,
    archivedAt: fc.constantFrom(null, null, 1),
  }),
  { maxLength: 120, size: 'max' },
);

describe.each(['HASH', 'ORDERED'] as const)('an index (%s)', (kind) => {
  test('that was written to holds what one holds that was filled with the documents left', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom(['a'], ['c'], ['c', 'a'], ['a.x'], ['c', 'b.x']),
        fc.constantFrom('INCLUDE' as const, 'EXCLUDE' as const),
        async (some, paths, archived) => {
          const written = indexOf({ kind, paths, archived, unique: true });
          const documents = new Map<number, Document>();
          for (const step of some) {
            const previous = documents.get(step.number);
            const next = documentOf(step.number, step.body, { archivedAt: step.archivedAt });
            if (step.kind === 'remove' || previous !== undefined) {
              if (step.kind === 'replace' && previous !== undefined) written.replace(previous, next);
              else written.remove(previous ?? next);
              documents.delete(step.number);
              if (step.kind === 'remove') written.remove(next);
            }
            if (step.kind === 'remove') continue;
            if (step.kind === 'add' || previous === undefined) written.add(next);
            written.add(next); // once more changes nothing
            documents.set(step.number, next);
          }
          const filled = indexOf({ kind, paths, archived, unique: true });
          const left = Array.from(documents.values()).sort((a, b) => a.createdSequence - b.createdSequence);
          await filled.fill(left, new TimeSlice(systemClock));
          expect(written.entries).toBe(filled.entries);
          expect(written.documentCount).toBe(filled.documentCount);
          for (const [number] of paths.entries()) {
            expect(written.hasLists(number)).toBe(filled.hasLists(number));
          }
          for (const key of ['a.x', 'b.x']) {
            const found = written.literalKeys.documents(key)?.toArray();
            expect(found).toEqual(filled.literalKeys.documents(key)?.toArray());
            const isIn = (document: Document) => written.admits(document) && Object.hasOwn(document.body, key);
            if (found !== undefined) expect(found).toEqual(left.filter(isIn));
          }
          for (const document of left) {
            expect(conflictsOf(written, document)).toEqual(conflictsOf(filled, document));
            for (const key of filled.keys.of(document)) {
              expect(Array.from(written.documentsOf(key))).toEqual(Array.from(filled.documentsOf(key)));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('an ordered index of many documents stays sorted while they come and go', () => {
  const index = indexOf({});
  const numbers = Array.from({ length: 5_000 }, (_, number) => (number * 7_919) % 5_003);
  for (const number of numbers) index.add(documentOf(number, { a: number % 100 }));
  for (const number of numbers) if (number % 3 > 0) index.remove(documentOf(number, { a: number % 100 }));
  const left = numbers.filter((number) => number % 3 === 0);
  const seen: Document[] = [];
  for (let chunk = 0; chunk < (index.sorted?.chunkCount ?? 0); chunk++) {
    seen.push(...(index.sorted?.chunk(chunk)?.documents ?? []));
  }
  expect(index.entries).toBe(left.length);
  expect(seen.map(({ createdSequence }) => createdSequence)).toEqual(
    left.sort((a, b) => (a % 100) - (b % 100) || a - b),
  );
});

test('a key of a hash index that many documents have gives them in the order of creation while they come and go', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ isRemoved: fc.boolean(), from: fc.nat(9_999), count: fc.nat(4_000), step: fc.nat(6) }), {
        maxLength: 8,
      }),
      (changes) => {
        const index = indexOf({ kind: 'HASH' });
        const expected = new Map<number, Document>();
        for (const [version, { isRemoved, from, count, step }] of changes.entries()) {
          for (let position = 0; position < count; position++) {
            const number = (from + position * (step * 2 + 1)) % 10_000;
            const document = documentOf(number, { a: 1 }, { version });
            if (isRemoved) {
              index.remove(document);
              expected.delete(number);
            } else {
              index.add(document);
              expected.set(number, document);
            }
          }
          const documents = Array.from(expected.keys())
            .sort((a, b) => a - b)
            .map((number) => expected.get(number));
          expect(index.entries).toBe(documents.length);
          expect(Array.from(index.documentsOf(1))).toEqual(documents);
          const group = index.groups?.get([1]);
          if (group === undefined || !isList(group)) continue;
          for (const number of [0, 1, 4_999, 9_999]) {
            const behind = documents.filter((document) => (document?.createdSequence ?? 0) <= number).length;
            expect(group.indexAfter(documentOf(number, {}))).toBe(behind);
            expect(group.at(behind)).toBe(documents[behind]);
          }
        }
      },
    ),
    { numRuns: 30 },
  );
});
