import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from '../../src/document/json.ts';
import { defaultJsonLimits, type JsonLimits, parseJson } from '../../src/document/json-parser.ts';
import { parseJsonInPieces } from '../../src/document/json-pieces.ts';
import { DatabaseError } from '../../src/errors.ts';
import { jsonTextArbitrary } from './json-arbitraries.ts';

const limits: JsonLimits = { nestingMax: 6, integerDigitsMax: 20 };

/** A long list somewhere in a request, of texts that may be no JSON; sometimes a part of the whole is left out. */
const requestArbitrary = fc
  .record({
    items: fc.array(
      fc.oneof(
        { weight: 1, arbitrary: jsonTextArbitrary },
        { weight: 6, arbitrary: fc.constantFrom('1', '{"a":[1,{"b":[]}]}', '"],["', '{"\\"":"\\\\"}') },
        { weight: 1, arbitrary: fc.constantFrom('', ' ', ']', '},{') },
      ),
      { minLength: 2, maxLength: 8 },
    ),
    frame: fc.constantFrom(
      ['', ''],
      ['{"operations":', ',"dry_run":true}'],
      ['{"query":"{ a }","variables":{"operations":', ',"x":[1,2]}}'],
      ['{"a":[1,2,3,4,5,6,7,8],"__proto__":', ',"a":1}'],
      ['{', ':1}'],
      [' [', ' ] '],
      ['\ufeff', ''],
    ),
    cut: fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.tuple(fc.nat(200), fc.nat(3)) },
    ),
    bracket: fc.constantFrom(']', ']', ']', '}', ''),
  })
  .map(({ items, frame: [before, behind], cut, bracket }) => {
    const text = `${before}[${items.join(',')}${bracket}${behind}`;
    return cut === null ? text : text.slice(0, cut[0]) + text.slice(cut[0] + cut[1]);
  });

function outcomeOf(parse: () => JsonValue): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    if (error instanceof DatabaseError) return { code: error.code, evidence: error.evidence, message: error.message };
    throw error;
  }
}

function inPieces(bytes: Uint8Array, pieceBytes: number): { readonly value: JsonValue; readonly steps: number } {
  const steps = parseJsonInPieces(bytes, limits, pieceBytes);
  for (let count = 0; ; count += 1) {
    const { done, value } = steps.next();
    if (done === true) return { value, steps: count };
  }
}

test('a text that is parsed in pieces gives what it gives as a whole, in value and in refusal', () => {
  let accepted = 0;
  let cut = 0;
  fc.assert(
    fc.property(requestArbitrary, fc.integer({ min: 1, max: 20 }), (text, pieceBytes) => {
      const bytes = Buffer.from(text);
      const whole = outcomeOf(() => parseJson(bytes, limits));
      let steps = 0;
      const parsed = outcomeOf(() => {
        const result = inPieces(bytes, pieceBytes);
        steps = result.steps;
        return result.value;
      });
      assert.deepStrictEqual(parsed, whole);
      if (typeof whole === 'object' && whole !== null && 'value' in whole) accepted += 1;
      if (steps > 1) cut += 1;
    }),
    { numRuns: 4000 },
  );
  expect(accepted).toBeGreaterThan(300);
  expect(cut).toBeGreaterThan(300);
});

test('a list of many documents takes many steps, at any level of a request', () => {
  const documents = Array.from({ length: 2_000 }, (_, number) => ({
    name: 'a,]"[',
    body: { number, text: 'x'.repeat(100) },
  }));
  for (const request of [documents, { operations: documents }, { query: '', variables: { operations: documents } }]) {
    const bytes = Buffer.from(JSON.stringify(request));
    const steps = parseJsonInPieces(bytes, defaultJsonLimits);
    let count = 0;
    let result = steps.next();
    for (; result.done !== true; result = steps.next()) count += 1;
    expect(result.value).toEqual(request);
    expect(count).toBeGreaterThan(bytes.length / 40_000);
  }
});

test.each([0, 1, 2, 3])(
  'a long text is scanned in parts, and an escape may stand at the seam of two (%i bytes on)',
  (on) => {
    const text = JSON.stringify([
      'x'.repeat(128 * 1024 - 6 + on),
      '"],[{',
      ...Array.from({ length: 40_000 }, (_, n) => n),
    ]);
    // One step for each part but the last, and one for each piece.
    const { value, steps } = inPieces(Buffer.from(text), 32 * 1024);
    expect(value).toEqual(JSON.parse(text));
    expect(steps).toBeGreaterThan(8);
  },
);
