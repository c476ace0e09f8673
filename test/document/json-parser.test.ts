import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { isJsonObject, type JsonValue } from '../../src/document/json.ts';
import { defaultJsonLimits, parseJson } from '../../src/document/json-parser.ts';
import { refusalOf } from './json-refusal.ts';

const bytesOf = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts.map((part) => Buffer.from(typeof part === 'string' ? part : [...part]))));

describe('numbers', () => {
  test.each<[text: string, value: number | bigint]>([
    ['0', 0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['9223372036854775808', 2 ** 63],
    ['100000000000000000000', 1e20],
    ['1152921504606847000', 1152921504606847000n],
    ['9007199254740993.0', 9007199254740992],
    ['9007199254740993e0', 9007199254740992],
    ['1e20', 1e20],
    ['0.1', 0.1],
    ['1234.5678901234567890', 1234.567890123457],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['5e-324', 5e-324],
    [`1${'0'.repeat(400)}`, 10n ** 400n],
  ])('%s is exact', (text, value) => {
    assert.deepStrictEqual(parseJson(text), value);
    assert.deepStrictEqual(parseJson(`{"a":[${text}]}`), { a: [value] });
  });

  test.each(['-0', '-0.0', '-0e5', '-0E-5', '-0.000e+0', '-1e-400', '-0.1e-330'])('%s is 0', (text) => {
    assert.deepStrictEqual(parseJson(text), 0);
    assert.deepStrictEqual(parseJson(`[${text}]`), [0]);
  });

  test.each(['1e999', '-1e999', '1e309', '1.7976931348623159e308', `${'9'.repeat(400)}.5`])('%s overflows', (text) => {
    expect(refusalOf(() => parseJson(`{"a":[1,${text}]}`))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      evidence: { path: 'a.1', expected: expect.stringContaining('1.7976931348623157e+308') },
    });
  });

  test('an integer may have as many digits as the limit says, the sign not counted', () => {
    const digits = '7'.repeat(defaultJsonLimits.integerDigitsMax);
    expect(parseJson(`[-${digits}]`)).toEqual([-BigInt(digits)]);
    expect(refusalOf(() => parseJson(`{"a":{"b":[-${digits}7]}}`))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      evidence: { path: 'a.b.0', limit: 1024, actual: 1025 },
    });
  });

  test('a limit of digits below those of a double binds too', () => {
    const limits = { nestingMax: 512, integerDigitsMax: 3 };
    expect(parseJson('[999, -999, 1234.5, 1e10]', limits)).toEqual([999, -999, 1234.5, 1e10]);
    expect(refusalOf(() => parseJson('[1000]', limits)).evidence).toEqual({ path: '0', limit: 3, actual: 4 });
  });

  test('ten million digits are refused without being converted', () => {
    expect(refusalOf(() => parseJson('9'.repeat(10_000_000))).evidence).toMatchObject({ actual: 10_000_000 });
  });

  test.each(['01', '-01', '00', '1.', '.5', '+1', '-', '1e', '1e+', '0x10', 'NaN', 'Infinity', '-Infinity', '1_000'])(
    '%s is no number',
    (text) => {
      expect(refusalOf(() => parseJson(`{"a":${text}}`)).code).toBe('INVALID_ARGUMENT');
    },
  );
});

describe('strings', () => {
  test.each<[text: string, value: string]>([
    ['"\\u0000"', '\0'],
    ['"\\ud83d\\ude00"', '\u{1f600}'],
    ['"\u{1f600}"', '\u{1f600}'],
    ['"\\\\ud800"', '\\ud800'],
    ['"\u2028\u007f\ufeff\uffff"', '\u2028\u007f\ufeff\uffff'],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"', '"\\/\b\f\n\r\té'],
    ['"long enough to be copied out of the text"', 'long enough to be copied out of the text'],
  ])('%j is kept', (text, value) => {
    expect(parseJson(text)).toBe(value);
    expect(parseJson(Buffer.from(text))).toBe(value);
  });

  test.each(['\\ud800', '\\udc00', '\\uD83D', 'x\\udE00\\ud83d', '\\ud83d \\ude00', '\ud800'])(
    'the lone surrogate in "%s" is refused',
    (content) => {
      expect(refusalOf(() => parseJson(`{"a":["","${content}"]}`))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        evidence: { path: 'a.1' },
        message: expect.stringContaining('lone surrogate'),
      });
    },
  );

  test('a lone surrogate in a key is refused, with a path that can be sent', () => {
    for (const key of ['k\\ud800', 'k\ud800']) {
      const { evidence, message } = refusalOf(() => parseJson(`{"a":{"${key}":1}}`));
      expect(evidence).toMatchObject({ path: 'a.k\ufffd' });
      expect(message).toContain('lone surrogate');
    }
  });

  test.each(['"\n"', '"\u0000"', '"\u001f"', '"\\x41"', '"\\u12g4"', '"\\u12"', '"open', '"\\', "'single'"])(
    '%j is no string',
    (text) => {
      expect(refusalOf(() => parseJson(`[${text}`))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        evidence: { path: '0' },
      });
    },
  );
});

describe('bytes', () => {
  test.each<[name: string, bytes: readonly number[]]>([
    ['a byte that is never used', [0xff]],
    ['an overlong form', [0xc0, 0x80]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['half a character', [0xe2, 0x82]],
    ['Latin-1', [0xe9]],
  ])('invalid UTF-8 is refused with its path: %s', (_name, bytes) => {
    expect(refusalOf(() => parseJson(bytesOf('{"é\ufffd\ufffd":[1,{"b":"\ufffdx', bytes, '"}]}')))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      evidence: { path: 'é\ufffd\ufffd.1.b', expected: 'UTF-8' },
      message: expect.stringContaining('byte 25 '),
    });
  });

  test('invalid UTF-8 is refused in keys, after the value and instead of it', () => {
    for (const bytes of [bytesOf('{"a', [0xff], '":1}'), bytesOf('{} ', [0xff]), bytesOf([0xff])]) {
      expect(refusalOf(() => parseJson(bytes)).evidence).toEqual({ path: '', expected: 'UTF-8' });
    }
  });

  test('a byte-order mark before the value is refused, inside a string it is kept', () => {
    expect(refusalOf(() => parseJson('\ufeff{}'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      evidence: { path: '' },
      message: expect.stringContaining('byte-order mark'),
    });
    expect(refusalOf(() => parseJson(bytesOf([0xef, 0xbb, 0xbf], '{}'))).message).toContain('byte-order mark');
    expect(parseJson(bytesOf('"', [0xef, 0xbb, 0xbf], '"'))).toBe('\ufeff');
  });

  test('a part of a larger buffer is read alone', () => {
    expect(parseJson(Buffer.from('xx[1]yy').subarray(2, 5))).toEqual([1]);
  });
});

describe('keys', () => {
  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a" : 1, "a" : 2}',
    '{"a":"x:y","a":":"}',
    '{"a":{"b":1},"a":[]}',
  ])('the duplicate key in %s is refused', (text) => {
    expect(refusalOf(() => parseJson(`{"x":[${text}]}`))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      evidence: { path: 'x.0.a', expected: 'each key once' },
      message: expect.stringContaining('"a" comes twice'),
    });
  });

  test.each(['{"__proto__":1,"__proto__":2}', '{"__proto__":{},"__proto__":{}}', '{"":1,"":2}', '{"1":1,"1":2}'])(
    'the duplicate key in %s is refused',
    (text) => {
      expect(refusalOf(() => parseJson(text)).message).toContain('comes twice');
    },
  );

  test('the same key in different objects is no duplicate', () => {
    expect(parseJson('{"a":{"a":[{"a":1},{"a":2}]}}')).toEqual({ a: { a: [{ a: 1 }, { a: 2 }] } });
  });

  // The big integer sends the second text to the strict parser.
  test.each(['1', '9007199254740993'])('names from prototypes are plain own keys, beside %s', (number) => {
    const value = parseJson(`{"__proto__":{"polluted":true},"constructor":null,"hasOwnProperty":"x","n":${number}}`);
    assert.ok(isJsonObject(value));
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'hasOwnProperty', 'n']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.values(value)[0]).toEqual({ polluted: true });
    expect('polluted' in {}).toBe(false);
  });

  // V8 keeps keys that it has seen, and takes an escaped key for one whose characters are those of the escape.
  test.each<[seen: string, text: string, key: string]>([
    ['{"h":[],"\\\\":0}', '{"h":1,"\\"":2}', '"'],
    ['{"i":[],"\\\\":0}', '{"i":1,"\\n":2}', '\n'],
    ['{"j":[],"\\\\":0}', '{"j":1,"\\u0061":2}', 'a'],
    ['{"k":[],"\\\\u":0}', '{"k":1,"\\u0061b":2}', 'ab'],
  ])('after %s was read, the keys of %s are read as they are', (seen, text, key) => {
    parseJson(seen);
    assert.deepStrictEqual(Object.keys(Object(parseJson(text)))[1], key);
    JSON.parse(seen);
    assert.deepStrictEqual(Object.keys(Object(parseJson(text)))[1], key);
  });

  test('paths escape dots, backslashes and a leading $', () => {
    const text = '{"$a":[{"b.c":{"d\\\\e":{"f$":[0,1e999]}}}]}';
    expect(refusalOf(() => parseJson(text)).evidence).toMatchObject({ path: '\\$a.0.b\\.c.d\\\\e.f$.1' });
  });

  test('an object of 100,000 keys is read, and one more that comes twice is found', () => {
    const members = Array.from({ length: 100_000 }, (_, index) => `"key:${index}":${index}`);
    const value = parseJson(`{${members.join(',')}}`);
    assert.ok(isJsonObject(value));
    expect(Object.keys(value)).toHaveLength(100_000);
    expect(value['key:99999']).toBe(99999);
    expect(refusalOf(() => parseJson(`{${members.join(',')},"key:5":0}`)).evidence).toMatchObject({ path: 'key:5' });
  });
});

describe('nesting', () => {
  const lists = (depth: number, inner = '') => '['.repeat(depth) + inner + ']'.repeat(depth);
  const objects = (depth: number) => '{"a":'.repeat(depth) + 1 + '}'.repeat(depth);
  const { nestingMax } = defaultJsonLimits;

  // The big integer sends the text to the strict parser.
  test.each([lists(nestingMax), objects(nestingMax), lists(nestingMax, '9007199254740993')])(
    'as deep as the limit is read',
    (text) => {
      let value: JsonValue | undefined = parseJson(text);
      let depth = 0;
      while (typeof value === 'object' && value !== null) {
        depth++;
        value = Object.values(value)[0];
      }
      expect(depth).toBe(nestingMax);
    },
  );

  test('one deeper is refused with its path, wherever it stands', () => {
    const evidence = { limit: 512, actual: 513, path: Array(512).fill('0').join('.') };
    expect(refusalOf(() => parseJson(lists(513)))).toMatchObject({ code: 'LIMIT_EXCEEDED', evidence });
    expect(refusalOf(() => parseJson(`[[1],${lists(512)}]`)).evidence).toMatchObject({ actual: 513 });
    expect(refusalOf(() => parseJson(objects(513))).evidence).toMatchObject({ path: Array(512).fill('a').join('.') });
  });

  test('brackets inside strings do not nest', () => {
    const text = JSON.stringify(['['.repeat(1000), '{"'.repeat(1000)]);
    expect(parseJson(text)).toEqual(['['.repeat(1000), '{"'.repeat(1000)]);
  });

  test('ten megabytes of opening brackets are refused without a stack overflow', () => {
    for (const opening of ['[', '{"a":', '[1,', '[[],', '\n[']) {
      const text = opening.repeat(Math.floor(10_000_000 / opening.length));
      expect(refusalOf(() => parseJson(text)).code).toBe('LIMIT_EXCEEDED');
    }
  });

  test('without a limit, a text may nest a million deep', () => {
    const limits = { nestingMax: Infinity, integerDigitsMax: Infinity };
    let value = parseJson(lists(1_000_000), limits);
    let depth = 0;
    for (; Array.isArray(value) && value.length > 0; depth++) {
      value = value[0];
    }
    expect(depth).toBe(999_999);
    expect(parseJson(`[${'9'.repeat(2000)}]`, limits)).toEqual([BigInt('9'.repeat(2000))]);
  });
});

describe('text that is not JSON', () => {
  test.each<[text: string, path: string, expected: string, place: string]>([
    ['', '', 'a value', 'line 1, column 1'],
    ['  ', '', 'a value', 'line 1, column 3'],
    ['{', '', "a key in double quotes or '}'", 'line 1, column 2'],
    ['{"a":1,}', '', 'a key in double quotes', 'line 1, column 8'],
    ['{"a":1,\r\n  b:2}', '', 'a key in double quotes', 'line 2, column 3'],
    ['{"a" 1}', 'a', "':'", 'line 1, column 6'],
    ['{"a":}', 'a', 'a value', 'line 1, column 6'],
    ['{"a":[1,2', 'a', "',' or ']'", 'line 1, column 10'],
    ['{"a":[1,2}', 'a', "',' or ']'", 'line 1, column 10'],
    ['{"a":[1,]}', 'a.1', 'a value', 'line 1, column 9'],
    ['{"a":{"b":1]}', 'a', "',' or '}'", 'line 1, column 12'],
    ['[1] [2]', '', 'nothing after the value', 'line 1, column 5'],
    ['[nul]', '0', 'a value', 'line 1, column 2'],
    ['[undefined]', '0', 'a value', 'line 1, column 2'],
    ['[1 // comment\n]', '', "',' or ']'", 'line 1, column 4'],
    ['\u00a01', '', 'a value', 'line 1, column 1'],
    [']'.repeat(100), '', 'a value', 'line 1, column 1'],
  ])('%j', (text, path, expected, place) => {
    const refusal = refusalOf(() => parseJson(text));
    expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT', evidence: { path, expected } });
    expect(refusal.message).toContain(place);
    expect(refusal.message).toContain(`expected ${expected}`);
  });

  test('what is quoted from the text and its path is cut in messages, whole in the evidence', () => {
    const key = 'k'.repeat(100_000);
    const refusal = refusalOf(() => parseJson(`{"${key}":1,"${key}":2}`));
    expect(refusal.message.length).toBeLessThan(300);
    expect(refusal.evidence).toMatchObject({ path: key });
  });
});
