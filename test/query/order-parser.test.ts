import { describe, expect, it } from 'vitest';
import { parsePath } from '../../src/document/path.ts';
import { parseOrderBy } from '../../src/query/order-parser.ts';
import { refusal } from './refusal.ts';

describe('parseOrderBy', () => {
  it('reads paths and directions, ascending when none is given', () => {
    const orderBy = parseOrderBy([
      { path: 'a.b', direction: 'DESC' },
      { path: '$createdAt', direction: null },
      { path: 'c' },
    ]);
    expect(orderBy).toEqual([
      { path: parsePath('a.b', 'path'), direction: 'DESC' },
      { path: parsePath('$createdAt', 'path'), direction: 'ASC' },
      { path: parsePath('c', 'path'), direction: 'ASC' },
    ]);
    expect(Object.isFrozen(orderBy) && orderBy.every(Object.isFrozen)).toBe(true);
  });

  it('means the order of creation when it is absent', () => {
    expect(parseOrderBy(undefined)).toEqual([]);
    expect(parseOrderBy(null)).toEqual([]);
  });

  it('refuses a path that is none, where it stands, and more paths than the limit', () => {
    expect(refusal(() => parseOrderBy([{ path: 'a' }, { path: '$size' }]))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      path: 'orderBy.1.path',
    });
    const paths = (count: number) => Array.from({ length: count }, (_, index) => ({ path: `k${index}` }));
    expect(parseOrderBy(paths(8))).toHaveLength(8);
    expect(refusal(() => parseOrderBy(paths(9)))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      path: 'orderBy',
      limit: 8,
      actual: 9,
    });
  });
});
