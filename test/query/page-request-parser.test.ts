import { describe, expect, it } from 'vitest';
import { type PageInput, parsePageRequest } from '../../src/query/page-request-parser.ts';
import { refusal } from './refusal.ts';

describe('parsePageRequest', () => {
  it('asks for the first 100 when no size is given, nulls counting as absent', () => {
    expect(parsePageRequest({})).toEqual({ first: 100 });
    expect(parsePageRequest({ first: null, last: null, after: null, before: null, offset: null })).toEqual({
      first: 100,
    });
    expect(parsePageRequest({ after: 'c' })).toEqual({ first: 100, after: 'c' });
    expect(parsePageRequest({ offset: 7 })).toEqual({ first: 100, offset: 7 });
  });

  it('keeps what is asked for', () => {
    expect(parsePageRequest({ first: 0 })).toEqual({ first: 0 });
    expect(parsePageRequest({ first: 5, after: 'c', before: 'd' })).toEqual({ first: 5, after: 'c', before: 'd' });
    expect(parsePageRequest({ last: 5, before: 'd' })).toEqual({ last: 5, before: 'd' });
    expect(parsePageRequest({ first: 1000, offset: 2 ** 40 })).toEqual({ first: 1000, offset: 2 ** 40 });
    expect(Object.isFrozen(parsePageRequest({ first: 1 }))).toBe(true);
  });

  it('refuses two ends at once, an offset with a cursor or from the end, and what is no count', () => {
    const wrong: [PageInput, string][] = [
      [{ first: 1, last: 1 }, 'last'],
      [{ offset: 1, after: 'c' }, 'offset'],
      [{ offset: 0, before: 'c' }, 'offset'],
      [{ offset: 1, last: 2 }, 'offset'],
      [{ first: -1 }, 'first'],
      [{ last: -1 }, 'last'],
      [{ offset: -1 }, 'offset'],
      [{ first: 1.5 }, 'first'],
      [{ offset: Number.NaN }, 'offset'],
    ];
    for (const [input, path] of wrong) {
      expect(refusal(() => parsePageRequest(input))).toMatchObject({ code: 'INVALID_ARGUMENT', path });
    }
  });

  it('limits the size of a page', () => {
    expect(refusal(() => parsePageRequest({ first: 1001 }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      path: 'first',
      limit: 1000,
      actual: 1001,
    });
    expect(refusal(() => parsePageRequest({ last: 11 }, { pageSizeMax: 10 }))).toMatchObject({ limit: 10, actual: 11 });
    expect(parsePageRequest({}, { pageSizeMax: 10 })).toEqual({ first: 10 });
  });
});
