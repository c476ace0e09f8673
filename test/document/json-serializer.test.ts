import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';

describe('stringifyJson', () => {
  test('writes a bigint as plain digits, wherever it stands', () => {
    expect(stringifyJson(9007199254740993n)).toBe('9007199254740993');
    expect(stringifyJson({ a: [1, { b: -(10n ** 30n) }] })).toBe(`{"a":[1,{"b":-1${'0'.repeat(30)}}]}`);
  });

  test.each(['9007199254740992', '-1152921504606846976', '9223372036854775808', '18446744073709551616'])(
    'writes the double that holds %s with all its digits',
    (literal) => {
      expect(JSON.stringify({ n: parseJson(literal) }) === `{"n":${literal}}`).toBe(literal === '9007199254740992');
      expect(stringifyJson({ n: parseJson(literal) })).toBe(`{"n":${literal}}`);
    },
  );

  test('writes other numbers as JSON.stringify does', () => {
    const numbers = [0, -0, 1.5, -1e-7, 1e20, 1e21, 2 ** 70, Number.MAX_VALUE, 5e-324, Number.MAX_SAFE_INTEGER];
    expect(stringifyJson(numbers)).toBe(JSON.stringify(numbers));
  });

  test.each<[name: string, bigint: unknown]>([
    ['without', 1],
    ['beside', 9007199254740993n],
  ])('leaves undefined members out and calls toJSON, %s a bigint', (_name, number) => {
    const envelope = { data: { at: new Date(0), gone: undefined, list: [undefined] }, errors: undefined, number };
    expect(stringifyJson(envelope)).toBe(
      `{"data":{"at":"1970-01-01T00:00:00.000Z","list":[null]},"number":${String(number)}}`,
    );
  });

  test('writes what toJSON gives exactly', () => {
    expect(stringifyJson([{ toJSON: () => ({ a: 2n ** 64n + 1n, b: 2 ** 64 }) }])).toBe(
      '[{"a":18446744073709551617,"b":18446744073709551616}]',
    );
  });

  test('takes a key named toJSON or __proto__ for data', () => {
    for (const text of ['{"toJSON":1,"__proto__":[2]}', '{"toJSON":9007199254740993,"__proto__":9007199254740993}']) {
      expect(stringifyJson(parseJson(text))).toBe(text);
    }
  });

  test('writes objects without a prototype, as GraphQL results are', () => {
    expect(stringifyJson(Object.assign(Object.create(null), { a: 1, b: 10n ** 20n + 1n }))).toBe(
      '{"a":1,"b":100000000000000000001}',
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('throws on %s', (number) => {
    expect(() => stringifyJson({ a: [number] })).toThrow(TypeError);
  });

  test('throws when there is nothing to write', () => {
    expect(() => stringifyJson(undefined)).toThrow(TypeError);
    expect(() => stringifyJson(() => 1)).toThrow(TypeError);
  });

  test('leaves the global prototypes alone', () => {
    stringifyJson([1n]);
    expect('toJSON' in BigInt.prototype).toBe(false);
    expect(() => JSON.stringify(1n)).toThrow(TypeError);
  });
});
