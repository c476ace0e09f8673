import { describe, expect, test } from 'vitest';
import { changedPaths } from '../../src/document/changed-paths.ts';
import type { Document } from '../../src/document/document.ts';
import { isJsonObject } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { makeDocument } from '../query/make-document.ts';

function version(body: string, more: Partial<Document> = {}): Document {
  const parsed = parseJson(body);
  if (!isJsonObject(parsed)) throw new TypeError('a body is an object');
  return { ...makeDocument(parsed), ...more };
}

const changed = (before: string, after: string, countMax = 10): readonly string[] =>
  changedPaths(version(before), version(after), countMax);

describe('changed paths', () => {
  test.each([
    ['nothing, the order of keys apart', '{"a":1,"b":[{}]}', '{"b":[{}],"a":1}', []],
    ['a value', '{"a":1,"b":2}', '{"a":1,"b":3}', ['b']],
    ['a member that came, and one that went', '{"a":1}', '{"b":1}', ['a', 'b']],
    ['a value inside', '{"a":{"b":{"c":1}}}', '{"a":{"b":{"c":2}}}', ['a.b.c']],
    ['an element', '{"a":[1,{"b":1}]}', '{"a":[1,{"b":2}]}', ['a.1.b']],
    ['the length of a list', '{"a":[1]}', '{"a":[1,2]}', ['a']],
    ['a type', '{"a":{"0":1}}', '{"a":[1]}', ['a']],
    ['keys that have to be escaped', '{}', '{"a.b":1,"$c":1}', ['a\\.b', '\\$c']],
    ['keys of every object', '{"toString":1}', '{"__proto__":1}', ['toString', '__proto__']],
    ['integers that doubles do not tell apart', '{"a":9007199254740993}', '{"a":9007199254740992}', ['a']],
  ])('%s', (_name, before, after, expected) => {
    expect(changed(before, after)).toEqual(expected);
  });

  test('archiving is told as the path of its time', () => {
    expect(changedPaths(version('{"a":1}'), version('{"a":2}', { archivedAt: 1 }), 10)).toEqual(['$archivedAt', 'a']);
  });

  test('where there are more than are told, what holds them is told', () => {
    const before = '{"a":{"x":1,"y":1,"z":1},"b":{"x":1,"y":1},"c":0}';
    const after = '{"a":{"x":2,"y":2,"z":2},"b":{"x":2,"y":2},"c":0}';
    expect(changed(before, after, 5)).toEqual(['a.x', 'a.y', 'a.z', 'b.x', 'b.y']);
    expect(changed(before, after, 4)).toEqual(['a', 'b']);
    expect(changed(before, after, 2)).toEqual(['a', 'b']);
    expect(changed(before, after, 1)).toEqual(['']);
  });
});
