import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from '../../src/document/document.ts';
import type { JsonValue } from '../../src/document/json.ts';
import { type Path, parsePath } from '../../src/document/path.ts';
import type { Filter } from '../../src/query/filter.ts';
import { analyzeFilter, type FilterAnalysis, type PathConstraint } from '../../src/query/filter-analysis.ts';
import { compileFilter } from '../../src/query/filter-compiler.ts';
import { type FilterInput, parseFilter } from '../../src/query/filter-parser.ts';
import { indexedValues } from '../../src/query/indexed-values.ts';
import { parseMatch } from '../../src/query/match-parser.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import { isInSet } from '../../src/query/value-set.ts';
import { bodies, filters } from './filter-arbitraries.ts';
import { makeDocument } from './make-document.ts';

const path = (text: string) => parsePath(text, 'path');
const analyze = (filter: JsonValue) => analyzeFilter(parseMongodbFilter(filter, ''));

function constraints(filter: JsonValue) {
  return analyze(filter).constraints.map(({ path: { text }, values, exact }) => ({ path: text, values, exact }));
}

describe('analyzeFilter', () => {
  it.each<[JsonValue, PathConstraint['values'], PathConstraint['exact']]>([
    [{ $eq: 5 }, { kind: 'oneOf', values: [5], missing: false }, 'always'],
    [{ $eq: null }, { kind: 'oneOf', values: [null], missing: true }, 'always'],
    [{ $in: [1, 'x', null] }, { kind: 'oneOf', values: [1, 'x', null], missing: true }, 'always'],
    [{ $in: [] }, { kind: 'oneOf', values: [], missing: false }, 'always'],
    [{ $gt: 5 }, { kind: 'range', type: 'NUMBER', lower: { value: 5, inclusive: false } }, 'always'],
    [{ $lte: 'x' }, { kind: 'range', type: 'STRING', upper: { value: 'x', inclusive: true } }, 'always'],
    [{ $gte: null }, { kind: 'oneOf', values: [null], missing: true }, 'always'],
    [{ $lt: null }, { kind: 'oneOf', values: [], missing: false }, 'always'],
    [{ $exists: true }, { kind: 'present' }, 'always'],
    [{ $type: 'bool' }, { kind: 'range', type: 'BOOLEAN' }, 'always'],
    [{ $regex: '^ab' }, { kind: 'prefix', text: 'ab' }, 'always'],
    [{ $regex: '^ab.*c' }, { kind: 'prefix', text: 'ab' }, 'never'],
    [{ $regex: 'ab' }, { kind: 'range', type: 'STRING' }, 'never'],
    [{ $mod: [4, 0] }, { kind: 'range', type: 'NUMBER' }, 'never'],
    [{ $size: 2 }, { kind: 'range', type: 'ARRAY' }, 'never'],
    [7, { kind: 'oneOf', values: [7], missing: false }, 'withoutLists'],
    [null, { kind: 'oneOf', values: [null], missing: false }, 'withoutLists'],
    [{ $not: { $not: { $eq: 1 } } }, { kind: 'oneOf', values: [1], missing: false }, 'always'],
    [{ $elemMatch: { $gt: 5 } }, { kind: 'range', type: 'NUMBER', lower: { value: 5, inclusive: false } }, 'never'],
  ])('says of %j which values the index must have', (condition, values, exact) => {
    expect(constraints({ a: condition })).toEqual([{ path: 'a', values, exact }]);
  });

  it('takes the parts of a conjunction one by one, and keeps two conditions on one path apart', () => {
    const { parts, constraints: found } = analyze({
      a: { $gt: 1, $lt: 5 },
      $and: [{ b: 1 }, { c: { $ne: 2 } }],
      d: { $all: [1, 2] },
    });
    expect(parts).toHaveLength(6);
    expect(found.map(({ path: { text } }) => text)).toEqual(['a', 'a', 'b', 'd', 'd']);
    for (const { part } of found) expect(parts).toContain(part);
  });

  it.each<[JsonValue]>([
    [{ $ne: 1 }],
    [{ $nin: [1] }],
    [{ $exists: false }],
    [{ $not: { $gt: 5 } }],
    [{ $elemMatch: { $not: { $gt: 5 } } }],
    [{ $elemMatch: { b: { $eq: null } } }],
    [{ $elemMatch: { 0: { $eq: 1 } } }],
  ])('says nothing of %j', (condition) => {
    expect(constraints({ a: condition })).toEqual([]);
  });

  it('goes into some', () => {
    const values = { kind: 'oneOf', values: ['x'], missing: false };
    expect(constraints({ a: { $elemMatch: { 'b.c': { $eq: 'x' }, d: { $ne: 1 } } } })).toEqual([
      { path: 'a.b.c', values, exact: 'never' },
    ]);
    expect(constraints({ 'a.0': { $elemMatch: { $eq: 'x' } } })).toEqual([]);
  });

  it('shows the branches of an or, and both readings of a key with a dot', () => {
    const { alternatives, constraints: found } = analyzeFilter(parseMatch({ 'a.b': 1 }, 'match'));
    expect(found).toEqual([]);
    expect(alternatives).toHaveLength(1);
    expect(alternatives[0]?.branches.map((branch) => branch.constraints[0]?.path.text)).toEqual(['a\\.b', 'a.b']);
  });

  it("names the document's own fields", () => {
    const filter = parseFilter({ path: '$createdAt', gte: '2026-07-25T12:30:00+03:00' });
    expect(analyzeFilter(filter).constraints).toMatchObject([
      { path: { field: 'createdAt' }, values: { lower: { value: '2026-07-25T09:30:00.000Z' } } },
    ]);
  });

  it('is true of every document that fits, and exact where it says so', () => {
    let held = 0;
    let exactly = 0;
    const check = (filter: Filter, document: Document) => {
      const analysis = analyzeFilter(filter);
      const fits = compileFilter(filter);
      if (fits(document)) {
        expect(holds(analysis, document)).toBe(true);
        held++;
      }
      expect(analysis.parts.every((part) => compileFilter(part)(document))).toBe(fits(document));
      for (const { path: at, values, exact, part } of analysis.constraints) {
        const found = indexedValues(document, at);
        if (!found.some((value) => isInSet(values, value))) continue;
        if (exact === 'never' || (exact === 'withoutLists' && meetsList(document, at))) continue;
        expect(compileFilter(part)(document)).toBe(true);
        exactly++;
      }
    };
    const strict = fc.tuple(fc.constantFrom('a', 'b', 'a.b', 'a.0', 'a.0.b'), bodies);
    const plain = strict.map(([key, { a }]) => parseMatch({ [key]: a ?? null }, 'match'));
    const searching = filters.map((filter) => parseMongodbFilter(filter, ''));
    fc.assert(
      fc.property(
        fc.oneof({ weight: 5, arbitrary: searching }, plain),
        fc.array(bodies, { minLength: 8, maxLength: 8 }),
        (filter, list) => {
          for (const body of list) check(filter, makeDocument(body));
        },
      ),
      { numRuns: 1_500 },
    );
    expect(held).toBeGreaterThan(500);
    expect(exactly).toBeGreaterThan(500);
  });

  it('takes what GraphQL alone has', () => {
    const text = (input: FilterInput) =>
      analyzeFilter(parseFilter({ path: 'a', ...input })).constraints.map(({ values }) => values);
    expect(text({ startsWith: 'x' })).toEqual([{ kind: 'prefix', text: 'x' }]);
    expect(text({ endsWith: 'x' })).toEqual([{ kind: 'range', type: 'STRING' }]);
    expect(text({ contains: 'x' })).toEqual([]);
  });
});

function holds({ constraints: all, alternatives }: FilterAnalysis, document: Document): boolean {
  return (
    all.every(({ path: at, values }) => indexedValues(document, at).some((value) => isInSet(values, value))) &&
    alternatives.every(({ branches }) => branches.some((branch) => holds(branch, document)))
  );
}

/** Whether a list lies on the path or at its end, by key or by index. */
function meetsList({ body }: Document, at: Path): boolean {
  let value: JsonValue | undefined = body;
  for (const key of at.kind === 'body' ? at.keys : []) {
    if (Array.isArray(value)) return true;
    value = typeof value === 'object' && value !== null ? (value as Record<string, JsonValue>)[key] : undefined;
  }
  return Array.isArray(value);
}

describe('indexedValues', () => {
  it('are the values that an operator is asked about', () => {
    const document = makeDocument({ a: [1, [2], { b: 3 }, { b: [4] }], c: [] }, { name: 'x' });
    expect(indexedValues(document, path('a'))).toEqual([document.body.a, 1, [2], { b: 3 }, { b: [4] }]);
    expect(indexedValues(document, path('a.b'))).toEqual([3, [4], 4]);
    expect(indexedValues(document, path('a.1'))).toEqual([[2], undefined, undefined]);
    expect(indexedValues(document, path('c'))).toEqual([[]]);
    expect(indexedValues(document, path('c.d'))).toEqual([]);
    expect(indexedValues(document, path('d.e'))).toEqual([undefined]);
    expect(indexedValues(document, path('$name'))).toEqual(['x']);
  });
});
