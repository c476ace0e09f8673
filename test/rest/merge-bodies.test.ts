import { describe, expect, test } from 'vitest';
import { type Document, defaultTable } from '../../src/document/document.ts';
import type { JsonObject } from '../../src/document/json.ts';
import { type MergeStrategy, mergeBodies } from '../../src/rest/merge-bodies.ts';

function documentOf(body: JsonObject, name = 'source'): Document {
  return {
    id: '01234567-89ab-7def-8123-456789abcdef',
    table: defaultTable,
    tableNamed: false,
    name,
    body,
    bodyHash: '',
    version: 1,
    createdAt: 0,
    updatedAt: null,
    archivedAt: null,
    sequence: 1,
    createdSequence: 1,
    previousSequence: 0,
  };
}

function merge(
  strategy: MergeStrategy,
  ...sources: readonly (JsonObject | readonly [string, JsonObject])[]
): JsonObject {
  const documents = sources.map((source) =>
    Array.isArray(source) ? documentOf(source[1], source[0]) : documentOf(source as JsonObject),
  );
  const { _metadata, ...body } = mergeBodies(strategy, documents, { merged: true });
  expect(_metadata).toEqual({ merged: true });
  return body;
}

describe('overwrite', () => {
  test('the last document that has a key wins, whole', () => {
    expect(merge('overwrite', { a: { x: 1 }, b: 1 }, { a: { y: 2 } })).toEqual({ a: { y: 2 }, b: 1 });
  });
});

describe('append', () => {
  test('lists are joined, and other values become elements', () => {
    expect(merge('append', { a: [1], b: 1, c: { x: 1 } }, { a: 2, b: [2, [3]], c: { y: 2 } })).toEqual({
      a: [1, 2],
      b: [1, 2, [3]],
      c: [{ x: 1 }, { y: 2 }],
    });
  });

  test('a key of one document keeps its value', () => {
    expect(merge('append', { a: 1, b: [1] }, { c: null })).toEqual({ a: 1, b: [1], c: null });
  });

  test('null and equal values are elements like any other', () => {
    expect(merge('append', { a: null, b: 1 }, { a: null, b: 1 })).toEqual({ a: [null, null], b: [1, 1] });
  });
});

describe('namespace', () => {
  test('each body stands under its name, and a name that is taken gets a number', () => {
    expect(merge('namespace', ['n', { a: 1 }], ['n_2', { b: 2 }], ['n', { c: 3 }], ['n', { d: 4 }])).toEqual({
      n: { a: 1 },
      n_2: { b: 2 },
      n_3: { c: 3 },
      n_4: { d: 4 },
    });
  });

  test('a document named _metadata does not take its place', () => {
    expect(merge('namespace', ['_metadata', { a: 1 }])).toEqual({ _metadata_2: { a: 1 } });
  });

  test('a document named __proto__ is a key like any other', () => {
    const body = merge('namespace', ['__proto__', { polluted: true }]);
    expect(Object.keys(body)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
  });
});

test.each(['overwrite', 'append'] as const)('%s leaves out what a source itself was combined from', (strategy) => {
  expect(merge(strategy, { a: 1, _metadata: { source_documents: [] } }, { b: 2 })).toEqual({ a: 1, b: 2 });
});
