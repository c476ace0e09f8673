import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { pathKeysMax } from '../../src/document/path.ts';
import { everything } from '../../src/query/filter.ts';
import { compileFilter } from '../../src/query/filter-compiler.ts';
import { parseMatch } from '../../src/query/match-parser.ts';
import { makeDocument } from './make-document.ts';
import { refusal } from './refusal.ts';

function matches(match: JsonValue, body: JsonObject): boolean {
  return compileFilter(parseMatch(match, 'match'))(makeDocument(body));
}

describe('parseMatch', () => {
  it('asks that the whole value of every field is equal', () => {
    const body = { username: 'alice', level: 5, address: { city: 'Kyiv', zip: '01001' }, tags: ['a', 'b'], x: null };
    expect(matches({ username: 'alice', level: 5 }, body)).toBe(true);
    expect(matches({ username: 'alice', level: 6 }, body)).toBe(false);
    expect(matches({ address: { zip: '01001', city: 'Kyiv' } }, body)).toBe(true);
    expect(matches({ address: { city: 'Kyiv' } }, body)).toBe(false);
    expect(matches({ tags: ['a', 'b'] }, body)).toBe(true);
    expect(matches({ tags: 'a' }, body)).toBe(false);
    expect(matches({ x: null }, body)).toBe(true);
    expect(matches({ y: null }, body)).toBe(false);
  });

  it('fits everything when it is empty', () => {
    expect(parseMatch({}, 'match')).toBe(everything);
  });

  it('takes a key that is longer than a path may be for that very key', () => {
    const key = 'a.'.repeat(pathKeysMax + 1);
    expect(matches({ [key]: 1 }, { [key]: 1 })).toBe(true);
    expect(matches({ [key]: 1 }, { a: 1 })).toBe(false);
  });

  it('tries a key that holds a dot as that very key, and as a path', () => {
    expect(matches({ 'address.city': 'Kyiv' }, { address: { city: 'Kyiv' } })).toBe(true);
    expect(matches({ 'address.city': 'Kyiv' }, { 'address.city': 'Kyiv' })).toBe(true);
    expect(matches({ 'address.city': 'Kyiv' }, { 'address.city': 'Lviv', address: { city: 'Kyiv' } })).toBe(true);
    expect(matches({ 'address.city': 'Kyiv' }, { address: [{ city: 'Kyiv' }] })).toBe(false);
    expect(matches({ 'tags.1': 'b' }, { tags: ['a', 'b'] })).toBe(true);
    expect(parseMatch({ 'a.b': 1 }, 'match')).toMatchObject({
      kind: 'or',
      filters: [{ path: { keys: ['a.b'] } }, { path: { keys: ['a', 'b'] } }],
    });
  });

  it('takes a key that is no path for that very key', () => {
    expect(matches({ 'C:\\dir\\file.txt': 1 }, { 'C:\\dir\\file.txt': 1 })).toBe(true);
    expect(matches({ 'a\\.b': 1 }, { 'a.b': 1 })).toBe(true);
    expect(matches({ '': 1 }, { '': 1 })).toBe(true);
    expect(matches({ '.': 1 }, { '': { '': 1 } })).toBe(true);
  });

  it('takes keys that begin with $ for data, at any depth', () => {
    expect(matches({ $id: 'x' }, { $id: 'x' })).toBe(true);
    expect(matches({ $id: '00000000-0000-7000-8000-000000000001' }, {})).toBe(false);
    expect(matches({ '$id.x': 1 }, { $id: { x: 1 } })).toBe(true);
    expect(matches({ level: { $ne: 1 } }, { level: { $ne: 1 } })).toBe(true);
    expect(matches({ level: { $ne: 1 } }, { level: 2 })).toBe(false);
    expect(matches({ $or: [] }, {})).toBe(false);
  });

  it('reaches no prototype', () => {
    expect(matches(JSON.parse('{"__proto__": {}}'), {})).toBe(false);
    expect(matches(JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 1}'))).toBe(true);
    expect(matches({ 'a.constructor': {} }, { a: {} })).toBe(false);
  });

  it('refuses what is no object, and too many fields', () => {
    for (const value of [null, 5, 'a', [], true]) {
      expect(refusal(() => parseMatch(value, 'filter.match'))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        path: 'filter.match',
      });
    }
    const fields = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`k${index}`, 1]));
    expect(refusal(() => parseMatch(fields, 'body'))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      path: 'body',
      limit: 1000,
      actual: 1001,
    });
  });
});
