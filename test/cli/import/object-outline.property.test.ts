import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasObjectOutline } from '../../../src/cli/import/object-outline.ts';

const isOutlined = (text: string): boolean => hasObjectOutline(Buffer.from(text));

/** Texts that are JSON more often than chance would have it, and often enough are not. */
const pieces = ['{', '}', '[', ']', '"', '"a":', ',', '1', '\\\\', '\\"', '"{"', '"}"', '{}', '"a":{"b":[1]}', 'é'];
const textArbitrary = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => `{${parts.join('')}`);

test('every object as JSON writes it has the outline of one', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => isOutlined(JSON.stringify(object))));
});

test('what has the outline of an object is one value wherever it stands, if anything is', () => {
  let found = 0;
  const check = (text: string): void => {
    if (!isOutlined(text)) return;
    const list = parsed(`[{"body":${text}},{"body":${text}}]`);
    if (list === undefined) return;
    found += 1;
    assert.deepEqual(list, [{ body: parsed(text) }, { body: parsed(text) }]);
  };
  fc.assert(fc.property(textArbitrary, check), { numRuns: 20_000 });
  expect(found).toBeGreaterThan(20);
});

test.each([
  '',
  '{',
  '}',
  '[]',
  '{"a"',
  '{"a":"}',
  '{"a":"\\"}',
  '{}{}',
  '{}}',
  '{"a":1},{"b":2}',
  ' {}',
  '{} ',
  '\ufeff{}',
  '{"a":"\\',
])('not so %j', (text) => {
  expect(isOutlined(text)).toBe(false);
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
