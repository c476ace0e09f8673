import { describe, expect, it } from 'vitest';
import { parsePath } from '../../src/document/path.ts';
import { type FilterInput, parseFilter } from '../../src/query/filter-parser.ts';
import { defaultFilterLimits } from '../../src/query/limits.ts';
import { refusal } from './refusal.ts';

const path = (text: string) => parsePath(text, 'path');

describe('parseFilter', () => {
  it('makes one node of one operator, and an and of several parts', () => {
    expect(parseFilter({ path: 'a.b', eq: 5 })).toEqual({ kind: 'eq', path: path('a.b'), value: 5 });
    expect(parseFilter({ path: 'a', gte: 1, lt: 5, match: { b: 2 } })).toEqual({
      kind: 'and',
      filters: [
        { kind: 'equalField', path: path('b'), value: 2 },
        { kind: 'gte', path: path('a'), value: 1 },
        { kind: 'lt', path: path('a'), value: 5 },
      ],
    });
  });

  it('takes null for a value only where null can be compared with, and the key is there', () => {
    for (const operator of ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'contains'] as const) {
      expect(parseFilter({ path: 'a', [operator]: null })).toEqual({ kind: operator, path: path('a'), value: null });
      expect(refusal(() => parseFilter({ path: 'a', [operator]: undefined })).code).toBe('INVALID_ARGUMENT');
    }
    for (const operator of [
      'in',
      'notIn',
      'all',
      'exists',
      'type',
      'startsWith',
      'endsWith',
      'regex',
      'size',
      'some',
    ]) {
      expect(refusal(() => parseFilter({ path: 'a', [operator]: null })).path).toBe('filter.path');
      expect(parseFilter({ path: 'a', [operator]: null, eq: 1 })).toMatchObject({ kind: 'eq' });
    }
    const nulls = { and: null, or: null, not: null, match: null, path: 'a', eq: 1, in: null };
    expect(parseFilter(nulls)).toEqual(parseFilter({ path: 'a', eq: 1 }));
    expect(parseFilter({ path: 'a', in: [null, 1] })).toMatchObject({ values: [null, 1] });
  });

  it('reads inputs without a prototype, as GraphQL coerces them', () => {
    const input: FilterInput = Object.assign(Object.create(null), { path: 'a', eq: null });
    expect(parseFilter(input)).toMatchObject({ kind: 'eq', value: null });
  });

  it('is frozen, lists and inner filters included', () => {
    const filter = parseFilter({
      and: [{ path: 'a', in: [1] }, { not: { path: 'b', some: { eq: 1 } } }],
      match: { c: 1, 'd.e': 2 },
    });
    const visit = (value: unknown, key: string): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value), key).toBe(true);
      for (const [name, part] of Object.entries(value)) visit(part, `${key}.${name}`);
    };
    visit(filter, 'filter');
  });

  it('refuses what an unset variable leaves behind, and says where', () => {
    const cases: [FilterInput, string][] = [
      [{}, 'filter'],
      [{ and: null, match: null }, 'filter'],
      [{ path: 'a' }, 'filter.path'],
      [{ path: null, eq: 1 }, 'filter.eq'],
      [{ eq: 1 }, 'filter.eq'],
      [{ exists: true }, 'filter.exists'],
      [{ some: { eq: 1 } }, 'filter.some'],
      [{ and: [{ path: 'a' }] }, 'filter.and.0.path'],
      [{ or: [{ path: 'a', eq: 1 }, {}] }, 'filter.or.1'],
      [{ not: {} }, 'filter.not'],
      [{ path: 'a', some: {} }, 'filter.some'],
      [{ path: 'a', some: { path: 'b' } }, 'filter.some.path'],
      [{ path: 'a', some: { not: { and: [{ path: 'b' }] } } }, 'filter.some.not.and.0.path'],
    ];
    for (const [input, where] of cases) {
      expect(refusal(() => parseFilter(input))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        path: where,
        expected: expect.any(String),
      });
    }
    expect(parseFilter({ and: [] })).toEqual({ kind: 'and', filters: [] });
    expect(parseFilter({ match: {} })).toEqual({ kind: 'and', filters: [] });
  });

  it('lets an operator inside some concern the element itself', () => {
    expect(parseFilter({ path: 'a', some: { gt: 5 } })).toEqual({
      kind: 'some',
      path: path('a'),
      filter: { kind: 'gt', path: { kind: 'body', text: '', keys: [] }, value: 5 },
    });
  });

  it("refuses the document's own fields inside some, where paths start at the element", () => {
    const input = { path: 'a', some: { or: [{ path: '$id', eq: 'x' }] } };
    expect(refusal(() => parseFilter(input))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      path: 'filter.some.or.0.path',
    });
    expect(parseFilter({ path: 'a', some: { path: '\\$id', eq: 'x' } })).toMatchObject({
      filter: { path: { keys: ['$id'] } },
    });
  });

  it('refuses bad paths, patterns and sizes where they stand', () => {
    expect(refusal(() => parseFilter({ and: [{ path: '$nothing', eq: 1 }] })).path).toBe('filter.and.0.path');
    expect(refusal(() => parseFilter({ path: '', eq: 1 })).path).toBe('filter.path');
    expect(refusal(() => parseFilter({ path: 'a', size: -1 })).path).toBe('filter.size');
    for (const regex of ['(', '[z-a]', '(?=look)', '(a)\\1', 'a{1001}', '((a{100}){100}){100}']) {
      expect(refusal(() => parseFilter({ not: { path: 'a', regex } }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        path: 'filter.not.regex',
      });
    }
    expect(refusal(() => parseFilter({ match: 5 }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'filter.match' });
  });

  it('brings what a time is compared with to one form, and refuses what is no time', () => {
    expect(parseFilter({ path: '$updatedAt', gte: '2026-07-25T12:30:00+03:00' })).toMatchObject({
      value: '2026-07-25T09:30:00.000Z',
    });
    expect(parseFilter({ path: '$updatedAt', eq: null })).toMatchObject({ value: null });
    const wrong: [FilterInput, string][] = [
      [{ path: '$createdAt', gt: '2026-07-25' }, 'filter.gt'],
      [{ path: '$createdAt', lte: 1_784_971_800_120 }, 'filter.lte'],
      [{ path: '$archivedAt', notIn: ['2026-07-25T09:30:00Z', 'yesterday'] }, 'filter.notIn.1'],
    ];
    for (const [input, where] of wrong) {
      expect(refusal(() => parseFilter(input))).toMatchObject({ code: 'INVALID_ARGUMENT', path: where });
    }
    expect(parseFilter({ path: 'createdAt', gt: '2026' })).toMatchObject({ value: '2026' });
  });

  it('names the argument as the caller does', () => {
    expect(refusal(() => parseFilter({}, defaultFilterLimits, 'where')).path).toBe('where');
  });
});

describe('limits of a filter', () => {
  function nested(levels: number): FilterInput {
    let filter: FilterInput = { path: 'a', eq: 1 };
    for (let level = 1; level < levels; level++) filter = level % 2 === 0 ? { not: filter } : { and: [filter] };
    return filter;
  }

  it('bound its depth, some included', () => {
    expect(() => parseFilter(nested(defaultFilterLimits.depthMax))).not.toThrow();
    expect(refusal(() => parseFilter(nested(defaultFilterLimits.depthMax + 1)))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 64,
      actual: 65,
    });
    let some: FilterInput = { eq: 1 };
    for (let level = 1; level < 64; level++) some = { some };
    expect(() => parseFilter({ path: 'a', some: { some: { eq: 1 } } })).not.toThrow();
    expect(refusal(() => parseFilter({ path: 'a', some })).code).toBe('LIMIT_EXCEEDED');
    expect(refusal(() => parseFilter(nested(100_000))).code).toBe('LIMIT_EXCEEDED');
  });

  it('bound its parts, wherever they are', () => {
    const limits = { ...defaultFilterLimits, nodeCountMax: 10 };
    const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
    const many: FilterInput[] = [
      { and: Array.from({ length: 6 }, () => ({ path: 'a', eq: 1 })) },
      { match: fields(11) },
      { and: [{ match: fields(6) }, { match: fields(6) }] },
      { path: 'a', all: Array.from({ length: 10 }, (_, index) => index) },
      { path: 'a', some: { or: Array.from({ length: 5 }, () => ({ eq: 1 })) } },
    ];
    for (const input of many) {
      expect(refusal(() => parseFilter(input, limits))).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 10 });
      expect(() => parseFilter(input)).not.toThrow();
    }
    // Looking up one of many values is no more work for a document than looking up one.
    expect(() =>
      parseFilter({ path: 'a', in: Array.from({ length: 5000 }, (_, index) => index) }, limits),
    ).not.toThrow();
  });

  it('bound regular expressions, as written and as compiled', () => {
    expect(refusal(() => parseFilter({ path: 'a', regex: 'a'.repeat(1001) }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      path: 'filter.regex',
      limit: 1000,
      actual: 1001,
    });
    expect(refusal(() => parseFilter({ path: 'a', regex: '(.{500}){2}'.repeat(20) }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      path: 'filter.regex',
      limit: 2000,
    });
  });
});
