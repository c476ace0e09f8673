import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJsonObject, type JsonValue } from '../../src/document/json.ts';
import { defaultJsonLimits, type JsonLimits, parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { parseJsonStrictly } from '../../src/document/strict-json-parser.ts';
import { DatabaseError } from '../../src/errors.ts';
import { jsonTextArbitrary, jsonValueArbitrary, keyArbitrary, objectOf } from './json-arbitraries.ts';

type Outcome =
  | { readonly value: JsonValue }
  | { readonly code: string; readonly evidence: unknown; readonly message: string };

function outcomeOf(parse: () => JsonValue): Outcome {
  try {
    return { value: parse() };
  } catch (error) {
    if (error instanceof DatabaseError) {
      return { code: error.code, evidence: error.evidence, message: error.message };
    }
    throw error;
  }
}

const smallLimits: JsonLimits = { nestingMax: 2, integerDigitsMax: 3 };

test('the fast way and the strict parser agree on every text, in value and in refusal', () => {
  let acceptedCount = 0;
  let runCount = 0;
  fc.assert(
    fc.property(jsonTextArbitrary, fc.constantFrom(defaultJsonLimits, smallLimits), (text, limits) => {
      const strict = outcomeOf(() => parseJsonStrictly(text, limits));
      assert.deepStrictEqual(
        outcomeOf(() => parseJson(text, limits)),
        strict,
      );
      if (text.isWellFormed()) {
        assert.deepStrictEqual(
          outcomeOf(() => parseJson(Buffer.from(text), limits)),
          strict,
        );
      }
      runCount++;
      acceptedCount += 'value' in strict ? 1 : 0;
    }),
    { numRuns: 4000 },
  );
  // The texts are worth something only while many are accepted and many refused.
  expect(acceptedCount / runCount).toBeGreaterThan(0.2);
  expect(acceptedCount / runCount).toBeLessThan(0.9);
});

// In a key with an escape JSON.parse itself may go wrong: https://github.com/nodejs/node/issues/63785.
const escapeInKey = /\\(?:[^"\\]|\\.)*"\s*:/;

test('the strict parser accepts only what JSON.parse accepts, and differs from it only in big integers and -0', () => {
  fc.assert(
    fc.property(jsonTextArbitrary, (text) => {
      fc.pre(!escapeInKey.test(text));
      const outcome = outcomeOf(() => parseJsonStrictly(text, defaultJsonLimits));
      if ('value' in outcome) {
        assert.deepStrictEqual(roundIntegers(outcome.value), roundIntegers(JSON.parse(text)));
      }
    }),
    { numRuns: 2000 },
  );
});

function roundIntegers(value: JsonValue): JsonValue {
  if (isJsonObject(value)) {
    return objectOf(Object.entries(value).map(([key, member]) => [key, roundIntegers(member)]));
  }
  if (Array.isArray(value)) {
    return value.map(roundIntegers);
  }
  return typeof value === 'bigint' || value === 0 ? Number(value) + 0 : value;
}

test('what is written is read back as the same value', () => {
  fc.assert(
    fc.property(jsonValueArbitrary, (value) => {
      assert.deepStrictEqual(parseJson(stringifyJson(value)), value);
      assert.deepStrictEqual(parseJson(Buffer.from(stringifyJson(value))), value);
    }),
    { numRuns: 500 },
  );
});

test('an object is refused exactly when a key comes twice in it, however the keys are written', () => {
  const written = (key: string, escaped: boolean) =>
    escaped
      ? `"${[...key.split('')].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(key);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.oneof(fc.constantFrom('a', 'b', '__proto__', ':', '"', '1'), keyArbitrary), fc.boolean()), {
        maxLength: 8,
      }),
      (keys) => {
        const text = `{${keys.map(([key, escaped]) => `${written(key, escaped)} : ":"`).join(',')}}`;
        const distinct = new Set(keys.map(([key]) => key));
        const outcome = outcomeOf(() => parseJson(text));
        if (distinct.size === keys.length) {
          assert.ok('value' in outcome);
          assert.deepStrictEqual(new Set(Object.keys(Object(outcome.value))), distinct);
        } else {
          assert.ok('code' in outcome);
          expect(outcome.code).toBe('INVALID_ARGUMENT');
        }
      },
    ),
    { numRuns: 500 },
  );
});
