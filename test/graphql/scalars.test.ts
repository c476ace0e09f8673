import { GraphQLError, type GraphQLScalarType, parseConstValue } from 'graphql';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../src/document/json.ts';
import { defaultJsonLimits } from '../../src/document/json-parser.ts';
import { DatabaseError } from '../../src/errors.ts';
import { jsonOfLiteral } from '../../src/graphql/json-literal.ts';
import { buildSchema } from '../../src/graphql/schema.ts';

const limits = { ...defaultJsonLimits, nestingMax: 5, integerDigitsMax: 30 };
const json = (text: string): JsonValue => jsonOfLiteral(parseConstValue(text), limits);

function refusal(read: () => unknown): DatabaseError {
  try {
    read();
  } catch (error) {
    if (error instanceof GraphQLError && error.originalError instanceof DatabaseError) return error.originalError;
    throw error;
  }
  throw new Error('Expected a refusal');
}

describe('a JSON literal', () => {
  test.each<[string, JsonValue]>([
    ['null', null],
    ['true', true],
    ['"a\\u00e9\\u{1F600}\\uD83D\\uDE00"', 'aé😀😀'],
    ['"""\n  two\n  lines\n"""', 'two\nlines'],
    ['"\\u0000"', '\u0000'],
    ['12', 12],
    ['1.5e3', 1500],
    ['0.1', 0.1],
    ['9007199254740992', 9007199254740992],
    ['9007199254740993', 9007199254740993n],
    ['-123456789012345678901234567', -123456789012345678901234567n],
    ['[1, [2], {a: [3]}]', [1, [2], { a: [3] }]],
    ['{}', {}],
  ])('%s is exactly its value', (text, value) => {
    expect(json(text)).toStrictEqual(value);
  });

  test('-0 is 0', () => {
    expect(Object.is(json('-0'), 0)).toBe(true);
    expect(Object.is(json('-0.0'), 0)).toBe(true);
  });

  test('__proto__ and its like are plain own keys', () => {
    const value = json('{__proto__: {polluted: true}, constructor: 1, toString: 2}') as Record<string, JsonValue>;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value).not.toHaveProperty('polluted');
  });

  test.each([
    ['1e400', 'INVALID_ARGUMENT', 'beyond the range'],
    ['-1e309', 'INVALID_ARGUMENT', 'beyond the range'],
    ['1234567890123456789012345678901', 'LIMIT_EXCEEDED', 'too many digits'],
    ['{a: 1, a: 2}', 'INVALID_ARGUMENT', "'a' comes twice"],
    ['{__proto__: 1, __proto__: 2}', 'INVALID_ARGUMENT', "'__proto__' comes twice"],
    ['[RED]', 'INVALID_ARGUMENT', 'double quotes'],
    ['[[[[[[1]]]]]]', 'LIMIT_EXCEEDED', 'deeper than 5'],
    ['{a: {a: {a: {a: {a: {a: 1}}}}}}', 'LIMIT_EXCEEDED', 'deeper than 5'],
  ])('%s is refused', (text, code, message) => {
    const error = refusal(() => json(text));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  test('a lone surrogate is refused by the lexer', () => {
    expect(() => parseConstValue('"\\uD800"')).toThrow(/Invalid Unicode escape sequence/);
    expect(() => parseConstValue('"\uD800"')).toThrow(/Invalid character/);
  });

  test('lists and objects nest as deep as the limit', () => {
    expect(json('[[[[[1]]]]]')).toEqual([[[[[1]]]]]);
  });
});

describe('the other scalars', () => {
  const schema = buildSchema({ jsonLimits: limits });
  const scalar = (name: string): GraphQLScalarType => schema.getType(name) as GraphQLScalarType;
  const literal = (name: string, text: string): unknown => scalar(name).coerceInputLiteral?.(parseConstValue(text));

  test.each(['Sequence', 'SafeInt'])('%s is an integer from 0 to 2^53 - 1', (name) => {
    const { MAX_SAFE_INTEGER } = Number;
    expect(scalar(name).coerceOutputValue(MAX_SAFE_INTEGER)).toBe(MAX_SAFE_INTEGER);
    expect(scalar(name).coerceInputValue(MAX_SAFE_INTEGER)).toBe(MAX_SAFE_INTEGER);
    expect(literal(name, '9007199254740991')).toBe(MAX_SAFE_INTEGER);
    for (const wrong of [-1, 1.5, 2 ** 53, 9007199254740993n, '1', null, Number.NaN]) {
      expect(() => scalar(name).coerceInputValue(wrong)).toThrow(GraphQLError);
      expect(() => scalar(name).coerceOutputValue(wrong)).toThrow(RangeError);
    }
    for (const wrong of ['-1', '1.0', '9007199254740992', '"1"', 'null']) {
      expect(() => literal(name, wrong)).toThrow(GraphQLError);
    }
  });

  test('DateTime is RFC 3339 with milliseconds', () => {
    const time = Date.UTC(2026, 6, 25, 9, 30);
    expect(scalar('DateTime').coerceOutputValue(time)).toBe('2026-07-25T09:30:00.000Z');
    expect(scalar('DateTime').coerceInputValue('2026-07-25T11:30:00+02:00')).toBe(time);
    expect(literal('DateTime', '"2026-07-25T09:30:00Z"')).toBe(time);
    for (const wrong of ['2026-07-25', 'yesterday', 5, null]) {
      expect(() => scalar('DateTime').coerceInputValue(wrong)).toThrow(GraphQLError);
    }
    expect(() => literal('DateTime', '5')).toThrow(GraphQLError);
    expect(() => scalar('DateTime').coerceOutputValue('now')).toThrow(TypeError);
  });
});
