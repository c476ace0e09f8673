import { describe, expect, test } from 'vitest';
import { defaultBodyLimits } from '../../src/document/body-limits.ts';
import { ChangeBudget } from '../../src/document/change-budget.ts';
import { applyChange, parseDocumentChange } from '../../src/document/document-change.ts';
import type { JsonValue } from '../../src/document/json.ts';
import { isJsonObject } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';

function change(body: string, given: object, limits = defaultBodyLimits, budget = new ChangeBudget()): string {
  const before = parseJson(body);
  if (!isJsonObject(before)) throw new TypeError('a body is an object');
  const parsed = parseDocumentChange(parseJson(stringifyJson(given)) as { readonly merge?: JsonValue }, 'change');
  const after = applyChange(before, parsed, limits, budget);
  expect(stringifyJson(before)).toBe(stringifyJson(parseJson(body)));
  return stringifyJson(after);
}

const increment = (body: string, by: object | string): string =>
  change(body, { increment: typeof by === 'string' ? parseJson(by) : by });

describe('increments', () => {
  test.each([
    ['a number', '{"n":1}', '{"n":2}', '{"n":3}'],
    ['a number inside', '{"a":{"n":1,"m":1}}', '{"a.n":-2}', '{"a":{"n":-1,"m":1}}'],
    ['an element of a list', '{"a":[1,2]}', '{"a.1":5}', '{"a":[1,7]}'],
    ['nothing: the number is put there', '{}', '{"stats.views":1}', '{"stats":{"views":1}}'],
    ['several, one after the other', '{"n":1}', '{"n":1,"a.b":2,"a.c":3}', '{"n":2,"a":{"b":2,"c":3}}'],
    ['a key with a dot', '{"a.b":1}', '{"a\\\\.b":1}', '{"a.b":2}'],
    ['a key that is a member of every object', '{}', '{"__proto__.n":1}', '{"__proto__":{"n":1}}'],
    ['an integer beyond what doubles tell apart', '{"n":9007199254740992}', '{"n":1}', '{"n":9007199254740993}'],
    ['and back', '{"n":9007199254740993}', '{"n":-1}', '{"n":9007199254740992}'],
    ['a large integer by a fraction', '{"n":9007199254740993}', '{"n":0.5}', '{"n":9007199254740992}'],
    ['fractions', '{"n":0.5}', '{"n":0.25}', '{"n":0.75}'],
    ['to zero', '{"n":-0.5}', '{"n":0.5}', '{"n":0}'],
  ])('%s', (_name, body, by, expected) => {
    expect(increment(body, by)).toBe(expected);
  });

  test.each([
    ['a string', '{"n":"1"}', { n: 1 }, 'change.increment.n'],
    ['null', '{"n":null}', { n: 1 }, 'change.increment.n'],
    ['a place inside a scalar', '{"n":1}', { 'n.a': 1 }, 'change.increment.n\\.a'],
    ['an element that a list lacks', '{"a":[]}', { 'a.0': 1 }, 'change.increment.a\\.0'],
    ['a fraction by an integer beyond all doubles', `{"n":1${'0'.repeat(400)}}`, { n: 0.5 }, 'change.increment.n'],
  ])('%s is refused with its path', (_name, body, by, path) => {
    expect(() => increment(body, by)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', evidence: expect.objectContaining({ path }) }),
    );
  });
});

describe('a change', () => {
  test.each([
    ['none of the three', {}, 'change'],
    ['two of the three', { merge: {}, increment: {} }, 'change'],
    ['a merge patch that is no object', { merge: 1 }, 'change.merge'],
    ['increments that are no object', { increment: [1] }, 'change.increment'],
    ['an increment by no number', { increment: { 'a.b': '1' } }, 'change.increment.a\\.b'],
    ['an increment of a field of the document', { increment: { $version: 1 } }, 'change.increment.\\$version'],
    ['a JSON Patch that leaves no object', { patch: [{ op: 'replace', path: '', value: 1 }] }, 'change.patch'],
    ['a JSON Patch that leaves nothing', { patch: [{ op: 'remove', path: '' }] }, 'change.patch'],
  ])('%s is refused', (_name, given, path) => {
    expect(() => change('{"a":{"b":1}}', given)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', evidence: expect.objectContaining({ path }) }),
    );
  });

  test.each([
    ['deeper', { patch: [{ op: 'add', path: '/a/b', value: [[]] }] }, 3],
    ['deeper, by the path of an increment', { increment: { 'a.b.c.d': 1 } }, 3],
    ['longer', { merge: { b: 'x'.repeat(50) } }, 50],
    ['longer, again and again itself', { patch: Array(200).fill({ op: 'copy', from: '', path: '/a' }) }, 3],
    ['with an integer of more digits', { increment: { n: 2 } }, 20],
  ])('the body must not become %s than a body may be', (_name, given, limit) => {
    const limits = { nestingMax: 3, integerDigitsMax: 20, bodyLengthMax: 50 };
    expect(() => change('{"a":{},"n":99999999999999999999}', given, limits)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', evidence: expect.objectContaining({ limit }) }),
    );
  });

  test('what the changes of a commit write counts together', () => {
    const budget = new ChangeBudget(200);
    const again = (): string => change('{"text":"0123456789"}', { increment: { n: 1 } }, defaultBodyLimits, budget);
    expect(again()).toBe('{"text":"0123456789","n":1}');
    again();
    expect(() => [again(), again()]).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});
