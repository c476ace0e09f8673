import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import {
  bodyPath,
  escapeKey,
  formatPath,
  parsePath,
  pathKeysMax,
  pathLengthMax,
  resolvePath,
} from '../../src/document/path.ts';
import { InvalidArgumentError } from '../../src/errors.ts';
import { makeDocument } from '../query/make-document.ts';

function keys(text: string): readonly string[] {
  const path = parsePath(text, 'path');
  if (path.kind !== 'body') throw new Error(`${text} is a field`);
  return path.keys;
}

function refusal(text: string): InvalidArgumentError {
  try {
    parsePath(text, 'orderBy.0.path');
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error;
    throw error;
  }
  throw new Error(`${text} was not refused`);
}

describe('parsePath', () => {
  it('splits keys at dots', () => {
    expect(keys('a')).toEqual(['a']);
    expect(keys('address.city.0')).toEqual(['address', 'city', '0']);
    expect(keys('straße. .😀')).toEqual(['straße', ' ', '😀']);
  });

  it('takes escaped dots, backslashes and leading $ as parts of a key', () => {
    expect(keys(String.raw`a\.b.c`)).toEqual(['a.b', 'c']);
    expect(keys(String.raw`a\\.b`)).toEqual(['a\\', 'b']);
    expect(keys(String.raw`\$id`)).toEqual(['$id']);
    expect(keys(String.raw`a.\$id`)).toEqual(['a', '$id']);
  });

  it('takes a $ as a plain character anywhere but at the beginning', () => {
    expect(keys('a.$ref')).toEqual(['a', '$ref']);
    expect(keys('price$')).toEqual(['price$']);
  });

  it('takes as many keys as a body can be nested, and refuses more, and overlong ones', () => {
    expect(keys(`${'a.'.repeat(pathKeysMax - 1)}a`)).toHaveLength(pathKeysMax);
    for (const [text, limit, actual] of [
      ['a.'.repeat(pathKeysMax), pathKeysMax, pathKeysMax + 1],
      ['a'.repeat(pathLengthMax + 1), pathLengthMax, pathLengthMax + 1],
    ] as const) {
      const evidence = { limit, actual, path: 'orderBy.0.path' };
      for (let round = 0; round < 2; round += 1) {
        expect(() => parsePath(text, 'orderBy.0.path')).toThrow(
          expect.objectContaining({ code: 'LIMIT_EXCEEDED', evidence }),
        );
      }
    }
  });

  it('gives the same path again, however many were parsed in between', () => {
    const texts = Array.from({ length: 300 }, (_, number) => `a.b${number}`);
    for (const text of [...texts, ...texts.toReversed()]) expect(keys(text)).toEqual(text.split('.'));
    expect(parsePath('a.b', 'path')).toBe(parsePath('a.b', 'path'));
  });

  it('names empty keys, for JSON has them', () => {
    expect(keys('a.')).toEqual(['a', '']);
    expect(keys('.a')).toEqual(['', 'a']);
    expect(keys('a..b')).toEqual(['a', '', 'b']);
  });

  it("names the document's own fields by an unescaped $", () => {
    for (const field of ['id', 'name', 'table', 'version', 'createdAt', 'updatedAt', 'archivedAt']) {
      expect(parsePath(`$${field}`, 'path')).toEqual({ kind: 'field', text: `$${field}`, field });
    }
  });

  it('refuses an empty path, unknown fields and backslashes that escape nothing, and says where', () => {
    for (const text of ['', '$', '$body', '$id.x', '$toString', '$constructor', 'a\\', 'a\\b', '\\a', 'a\\$']) {
      expect(refusal(text).evidence).toMatchObject({ path: 'orderBy.0.path', expected: expect.any(String) });
    }
  });

  it('is frozen', () => {
    const path = parsePath('a.b', 'path');
    expect(Object.isFrozen(path)).toBe(true);
    expect(path.kind === 'body' && Object.isFrozen(path.keys)).toBe(true);
    expect(Object.isFrozen(parsePath('$id', 'path'))).toBe(true);
  });
});

describe('formatPath', () => {
  it('writes a text that means the same path', () => {
    const key = fc.oneof(fc.string({ unit: fc.constantFrom('a', '.', '\\', '$', '0') }), fc.string());
    const lists = fc
      .array(key, { minLength: 1, maxLength: 4 })
      .filter(([first, ...rest]) => first !== '' || rest.length > 0);
    fc.assert(
      fc.property(lists, (list) => {
        expect(keys(formatPath(bodyPath(list)))).toEqual(list);
      }),
    );
    expect(formatPath(parsePath('$createdAt', 'path'))).toBe('$createdAt');
  });

  it('writes the same text for the same keys, however they were written', () => {
    expect(formatPath(parsePath(String.raw`a.\$b`, 'path'))).toBe(formatPath(parsePath('a.$b', 'path')));
  });
});

describe('escapeKey', () => {
  it('escapes dots, backslashes and a leading $', () => {
    expect(escapeKey('a.b\\c$')).toBe('a\\.b\\\\c$');
    expect(escapeKey('$id')).toBe('\\$id');
  });
});

describe('resolvePath', () => {
  function at(json: string, path: string): JsonValue | undefined {
    const body = parseJson(json);
    if (!isJsonObject(body)) throw new Error('a body is an object');
    return resolvePath(makeDocument(body), parsePath(path, 'path'));
  }

  it('finds what is at the keys', () => {
    expect(at('{"a": {"b": {"c": null}}}', 'a.b.c')).toBe(null);
    expect(at('{"a": {"b": 5}}', 'a')).toEqual({ b: 5 });
    expect(at('{"a.b": 1, "a": {"b": 2}}', String.raw`a\.b`)).toBe(1);
    expect(at('{"a": {"": 1}}', 'a.')).toBe(1);
  });

  it('takes digits for an index of a list and for a key of an object', () => {
    expect(at('{"a": [[5, 6]]}', 'a.0.1')).toBe(6);
    expect(at('{"a": {"0": 5}}', 'a.0')).toBe(5);
    expect(at('{"a": {"01": 5}}', 'a.01')).toBe(5);
    for (const path of ['a.01', 'a.-1', 'a.1', 'a.1e0', 'a. 0', 'a.4294967295', 'a.99999999999999999999']) {
      expect(at('{"a": [5]}', path)).toBe(undefined);
    }
  });

  it('does not look into lists', () => {
    expect(at('{"a": [{"b": 1}]}', 'a.b')).toBe(undefined);
  });

  it('finds nothing below scalars, and no property that JSON does not have', () => {
    for (const path of ['a.b', 'b', 'text.length', 'text.0', 'list.length', 'list.map', 'null.x', 'n.toFixed']) {
      expect(at('{"a": 1, "text": "abc", "list": [1], "null": null, "n": 1}', path)).toBe(undefined);
    }
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(at('{"a": {}}', name)).toBe(undefined);
      expect(at('{"a": {}}', `a.${name}`)).toBe(undefined);
      expect(at('{"a": {}}', `a.${name}.name`)).toBe(undefined);
      expect(at(`{"a": {"${name}": {"x": 1}}}`, `a.${name}.x`)).toBe(1);
    }
  });

  it("finds the document's own fields, times as the text that clients see", () => {
    const document = makeDocument({ id: 'body' }, { name: 'label', createdAt: 1, updatedAt: null });
    const field = (path: string) => resolvePath(document, parsePath(path, 'path'));
    expect(field('$id')).toBe(document.id);
    expect(field('$name')).toBe('label');
    expect(field('$table')).toBe('default');
    expect(field('$version')).toBe(1);
    expect(field('$createdAt')).toBe('1970-01-01T00:00:00.001Z');
    expect(field('$updatedAt')).toBe(null);
  });
});
