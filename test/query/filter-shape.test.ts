import { describe, expect, test } from 'vitest';
import { filterShape } from '../../src/query/filter-shape.ts';
import { defaultFilterLimits } from '../../src/query/limits.ts';
import { parseMongodbFilter } from '../../src/query/mongodb-filter-parser.ts';
import { withoutValues } from '../../src/query/slow-query.ts';

describe('the shape of a filter', () => {
  test.each([
    [{}, ''],
    [{ level: 5 }, 'level equals ?'],
    [{ level: { $gte: 5, $lt: 'secret' } }, 'level gte ? and level lt ?'],
    [
      { $or: [{ a: { $eq: 1 } }, { b: { $in: [1, 2] } }], c: { $exists: false } },
      '(a eq ? or b in ?) and c does not exist',
    ],
    [{ $nor: [{ a: 'secret' }] }, 'not a equals ?'],
    [{ lines: { $elemMatch: { sku: 'secret', count: { $gt: 5 } } } }, 'lines some (sku equals ? and count gt ?)'],
    [{ name: { $regex: 'secret', $type: 'string' } }, 'name regex ? and name type STRING'],
    [{ $or: Array.from({ length: 300 }, (_, a) => ({ a })) }, 'a equals ?'],
  ])('of %j is %s', (filter, shape) => {
    expect(filterShape(parseMongodbFilter(filter, 'filter', defaultFilterLimits))).toBe(shape);
  });

  test('is no longer than a line of the log is to be', () => {
    const fields = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`field${n}`, n]));
    expect(filterShape(parseMongodbFilter(fields, 'filter', defaultFilterLimits))).toHaveLength(1_001);
  });

  test('a plan is told without the bounds of its ranges', () => {
    const index = { kind: 'index', table: 't', paths: ['a', 'b'], indexKind: 'ORDERED', estimated: 3 } as const;
    const range = { from: ['secret', 1], fromIncluded: true, to: ['secret'] };
    const access = { kind: 'union', parts: [{ ...index, ranges: Array.from({ length: 9 }, () => range) }] } as const;
    const { access: told } = withoutValues({ access, order: 'none' });
    expect(JSON.stringify(told)).not.toContain('secret');
    expect(told).toEqual({
      kind: 'union',
      parts: [
        { ...index, ranges: Array.from({ length: 3 }, () => ({ from: ['?', '?'], fromIncluded: true, to: ['?'] })) },
      ],
    });
  });
});
