import { describe, expect, test } from 'vitest';
import { pythonJson, pythonMembers } from '../../../src/cli/legacy/python-json.ts';

/** JSON, and what `json.dumps(json.loads(text), sort_keys=True)` of Python 3.11 makes of it. */
const vectors: readonly (readonly [string, string])[] = [
  ['1', '1'],
  ['1.0', '1.0'],
  ['-0', '0'],
  ['-0.0', '-0.0'],
  ['0.0', '0.0'],
  ['1e5', '100000.0'],
  ['1E+5', '100000.0'],
  ['100000000000000.0', '100000000000000.0'],
  ['1e15', '1000000000000000.0'],
  ['1e16', '1e+16'],
  ['12345678901234567.0', '1.2345678901234568e+16'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['1.5e300', '1.5e+300'],
  ['5e-324', '5e-324'],
  ['1.7976931348623157e308', '1.7976931348623157e+308'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
  ['0.000123', '0.000123'],
  ['1.234e-7', '1.234e-07'],
  ['-2.5', '-2.5'],
  ['9007199254740993.0', '9007199254740992.0'],
  ['1e22', '1e+22'],
  ['1e21', '1e+21'],
  ['0.1', '0.1'],
  ['33.333333333333336', '33.333333333333336'],
  [
    '"\u00e9\\u00e9\ud83d\ude00\\u007f\\n\\b\\f\\t\\r\\"\\\\/\\/"',
    '"\\u00e9\\u00e9\\ud83d\\ude00\\u007f\\n\\b\\f\\t\\r\\"\\\\//"',
  ],
  ['"\\u0000\\u001f"', '"\\u0000\\u001f"'],
  [
    '{"b": 1, "a": [1, 2.0, {"z": null, "y": true}], "B": false, "\u00e9": "\u00e9", "\ud83d\ude00": 1, "\\ufffd": 2, "": {}}',
    '{"": {}, "B": false, "a": [1, 2.0, {"y": true, "z": null}], "b": 1, "\\u00e9": "\\u00e9", "\\ufffd": 2, "\\ud83d\\ude00": 1}',
  ],
  ['[ ]', '[]'],
  ['[[],{}]', '[[], {}]'],
  ['"<>&\u2028"', '"<>&\\u2028"'],
];

describe('what Python hashed', () => {
  test.each(vectors)('%s is %s', (text, expected) => {
    expect(pythonJson(text)).toBe(expected);
    // What Python wrote, it reads as the same.
    expect(pythonJson(expected)).toBe(expected);
  });

  test('is told member by member, white space or not', () => {
    const members = pythonMembers('\n{ "body" : {"b":1.0,\t"a":[ ]} , "name":"x" }');
    expect([...members]).toEqual([
      ['body', '{"a": [], "b": 1.0}'],
      ['name', '"x"'],
    ]);
  });

  test('of a long string takes no stack', () => {
    const text = JSON.stringify(`${'x"\\'.repeat(1_000_000)}é`);
    expect(pythonJson(text).length).toBe(text.length + 5);
  });
});
