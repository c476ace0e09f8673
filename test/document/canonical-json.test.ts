import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalize } from '../../src/document/canonical-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { jsonValueArbitrary, objectOf } from './json-arbitraries.ts';
import { refusalOf } from './json-refusal.ts';

/** Values as they might come from an embedding program, which types do not stop. */
function fromOutside(value: unknown): JsonValue {
  return value as JsonValue;
}

function doubleOf(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

describe('the examples of RFC 8785', () => {
  test('3.2.2 to 3.2.4: serialization of primitive types, sorting, UTF-8', () => {
    const sample = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    const bytes = `
      7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72
      75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
      5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
      65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
      5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30
      30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
    expect(Buffer.from(canonicalize(parseJson(sample))).toString('hex')).toBe(bytes.replace(/\s/g, ''));
  });

  test('3.2.3: keys sort by UTF-16 code units', () => {
    const sample = String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`;
    expect([...canonicalize(parseJson(sample)).matchAll(/"([A-Z][^"]+)"/g)].map(([, value]) => value)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: the double %s is %s', (bits, text) => {
    expect(canonicalize(doubleOf(bits))).toBe(text);
  });

  test.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('appendix B: %s is refused', (bits) => {
    expect(refusalOf(() => canonicalize(doubleOf(bits))).code).toBe('INVALID_ARGUMENT');
  });
});

describe('canonicalize', () => {
  test('writes a bigint as its plain digits', () => {
    expect(canonicalize({ b: -9007199254740993n, a: 10n ** 25n })).toBe(
      `{"a":1${'0'.repeat(25)},"b":-9007199254740993}`,
    );
  });

  test('writes empty containers, own keys of any name, and short and long strings', () => {
    expect(canonicalize(parseJson('{"b":[],"a":{},"__proto__":"","":{"toJSON":[""]}}'))).toBe(
      '{"":{"toJSON":[""]},"__proto__":"","a":{},"b":[]}',
    );
    for (const string of ['plain', '"', '\\', '\u007f', '\u2028é\u{1f600}', `${'x'.repeat(50)}"\n`]) {
      expect(canonicalize([string])).toBe(JSON.stringify([string]));
    }
  });

  test.each([16, 17, 1000])('sorts %i keys', (count) => {
    const keys = Array.from({ length: count }, (_, index) => `k${(index * 7919) % count}`);
    const sorted = keys.toSorted().map((key) => `"${key}":0`);
    expect(canonicalize(objectOf(keys.map((key) => [key, 0])))).toBe(`{${sorted.join(',')}}`);
  });

  test('is the same for every order of keys, and canonical already when it is read again', () => {
    fc.assert(
      fc.property(jsonValueArbitrary, (value) => {
        const text = canonicalize(value);
        expect(canonicalize(reverseKeys(value))).toBe(text);
        expect(canonicalize(parseJson(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test.each<[name: string, value: unknown]>([
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['an infinity', Number.NEGATIVE_INFINITY],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a boxed string', Object('x')],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a long string', `${'x'.repeat(50)}\udc00`],
  ])('refuses %s with its path', (_name, value) => {
    expect(refusalOf(() => canonicalize(fromOutside({ z: 1, 'a.b': [0, { $c: value }] })))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      evidence: { path: 'a\\.b.1.\\$c', expected: 'a JSON value' },
    });
    expect(refusalOf(() => canonicalize(fromOutside(value))).evidence).toMatchObject({ path: '' });
  });

  test('refuses a hole in a list and a lone surrogate in a key', () => {
    const list: number[] = [1];
    list[2] = 3;
    expect(refusalOf(() => canonicalize(list)).evidence).toMatchObject({ path: '1' });
    expect(refusalOf(() => canonicalize({ a: { '\ud800': 1 } })).evidence).toMatchObject({ path: 'a.\ufffd' });
  });
});

function reverseKeys(value: JsonValue): JsonValue {
  if (isJsonObject(value)) {
    return reverseObject(value);
  }
  return Array.isArray(value) ? value.map(reverseKeys) : value;
}

function reverseObject(object: JsonObject): JsonObject {
  return objectOf(
    Object.keys(object)
      .map((key): [string, JsonValue] => [key, reverseKeys(object[key] ?? null)])
      .reverse(),
  );
}
