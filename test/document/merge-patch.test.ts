import { describe, expect, test } from 'vitest';
import { ChangeBudget } from '../../src/document/change-budget.ts';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { isJsonObject } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { applyMergePatch, isUntouched } from '../../src/document/merge-patch.ts';

/** The test cases of RFC 7396, appendix A. Those whose patch is no object are left to `parseDocumentChange`, which refuses them. */
const appendixA: readonly (readonly [string, string, string])[] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

function object(text: string): JsonObject {
  const value: JsonValue = parseJson(text);
  if (!isJsonObject(value)) throw new TypeError(`${text} is no object`);
  return value;
}

describe('merge patch', () => {
  test.each(appendixA)('RFC 7396, appendix A: %s with %s', (target, patch, expected) => {
    const before = parseJson(target);
    expect(stringifyJson(applyMergePatch(before, object(patch), new ChangeBudget()))).toBe(expected);
    expect(stringifyJson(before)).toBe(target);
  });

  test('keys that are members of every object are plain keys', () => {
    const patch = object('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    const merged = applyMergePatch({}, patch, new ChangeBudget());
    expect(stringifyJson(merged)).toBe(stringifyJson(patch));
    expect(stringifyJson(applyMergePatch(merged, object('{"__proto__":null}'), new ChangeBudget()))).toBe(
      '{"constructor":{"prototype":{"polluted":true}}}',
    );
    expect('polluted' in {}).toBe(false);
  });

  test.each([
    ['another member', '{"a":1}', '{"a":0,"b":0}', '{"a":0,"b":1}', true],
    ['the member', '{"a":1}', '{"a":0}', '{"a":2}', false],
    ['a member inside it', '{"a":1}', '{"a":{"b":0}}', '{"a":{"b":1}}', false],
    ['a sibling inside an object', '{"a":{"b":1}}', '{"a":{"b":0,"c":0}}', '{"a":{"b":0,"c":1}}', true],
    ['the object around it, now a scalar', '{"a":{"b":1}}', '{"a":{"b":0}}', '{"a":5}', false],
    ['the object around it, now gone', '{"a":{"b":1}}', '{"a":{"b":0}}', '{}', false],
    ['a member that it takes away', '{"a":null}', '{"a":0}', '{"a":1}', false],
    ['a member that it takes away, gone in both', '{"a":null}', '{"b":0}', '{"b":1}', true],
    ['a key of every object', '{"toString":1}', '{}', '{"b":1}', true],
  ])('it can be rebased or not when this has changed: %s', (_name, patch, before, after, expected) => {
    expect(isUntouched(object(patch), object(before), object(after))).toBe(expected);
  });
});
