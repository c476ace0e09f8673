import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { ChangeBudget } from '../../src/document/change-budget.ts';
import type { JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { applyJsonPatch } from '../../src/document/json-patch.ts';
import { parseJsonPatch } from '../../src/document/json-patch-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { DatabaseError } from '../../src/errors.ts';

/** One record of the tests that the authors of RFC 6902 keep (https://github.com/json-patch/json-patch-tests). */
interface SuiteRecord {
  readonly comment?: string;
  readonly doc: JsonValue;
  readonly patch: JsonValue;
  readonly expected?: JsonValue;
  readonly error?: string;
}

function suite(file: string): readonly (readonly [string, SuiteRecord])[] {
  const path = createRequire(import.meta.url).resolve(`json-patch-test-suite/${file}`);
  // Not ours to parse exactly: two records have a key twice, which our parser refuses.
  const records: readonly SuiteRecord[] = JSON.parse(readFileSync(path, 'utf8'));
  return records
    .filter(
      ({ patch, comment, error }) => patch !== undefined && !/two 'op' members/.test(error ?? '') && comment !== '',
    )
    .map((record, index) => [`${file} ${index}: ${record.comment ?? stringifyJson(record.patch)}`, record]);
}

const apply = (target: JsonValue, patch: JsonValue, budget = new ChangeBudget()): JsonValue =>
  applyJsonPatch(target, parseJsonPatch(patch, 'patch'), 'patch', budget);

const suites = [...suite('tests.json'), ...suite('spec_tests.json')];

describe('JSON Patch, by the test suite of RFC 6902', () => {
  test('the suite is whole', () => {
    expect(suites.length).toBeGreaterThanOrEqual(90);
  });

  test.each(suites)('%s', (_name, { doc, patch, expected, error }) => {
    const before = stringifyJson(doc);
    if (error === undefined) {
      const patched = apply(doc, patch);
      // A record of tests alone has no expected value: that it does not fail is what it expects.
      expect(patched).toEqual(expected ?? doc);
    } else {
      expect(() => apply(doc, patch)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
    expect(stringifyJson(doc)).toBe(before);
  });
});

describe('JSON Patch', () => {
  test('values that are in several places are several values', () => {
    const patched = apply({ a: { list: [1] } }, [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/list/-', value: 2 },
      { op: 'copy', from: '/b/list', path: '/c' },
      { op: 'add', path: '/a/list/-', value: 3 },
      { op: 'replace', path: '/c/0', value: 4 },
    ]);
    expect(patched).toEqual({ a: { list: [1, 3] }, b: { list: [1, 2] }, c: [4, 2] });
  });

  test('a value of the patch stays what it is when it is changed by a later operation', () => {
    const patch = parseJsonPatch(
      [
        { op: 'add', path: '/a', value: { n: 1 } },
        { op: 'replace', path: '/a/n', value: 2 },
      ],
      'patch',
    );
    for (let time = 0; time < 2; time += 1) {
      expect(applyJsonPatch({}, patch, 'patch', new ChangeBudget())).toEqual({ a: { n: 2 } });
    }
  });

  test('keys that are members of every object are plain keys', () => {
    const patched = apply({}, [
      { op: 'add', path: '/__proto__', value: { polluted: true } },
      { op: 'add', path: '/constructor', value: { prototype: {} } },
      { op: 'add', path: '/constructor/prototype/polluted', value: true },
    ]);
    expect(stringifyJson(patched)).toBe(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    );
    expect('polluted' in {}).toBe(false);
    for (const path of ['/toString', '/__proto__/x', '/constructor']) {
      expect(() => apply({}, [{ op: 'replace', path, value: 1 }])).toThrow(DatabaseError);
    }
  });

  test('integers are tested and kept exactly', () => {
    const large = parseJson('{"n": 9007199254740993}');
    expect(apply(large, parseJson('[{"op": "test", "path": "/n", "value": 9007199254740993}]'))).toEqual(large);
    expect(() => apply(large, parseJson('[{"op": "test", "path": "/n", "value": 9007199254740992}]'))).toThrow(
      expect.objectContaining({ evidence: { path: 'patch.0', expected: 'a value that is equal' } }),
    );
  });

  test('what does not fit names the operation and its place', () => {
    expect(() =>
      apply({ a: 1 }, [
        { op: 'add', path: '/b', value: 1 },
        { op: 'remove', path: '/c' },
      ]),
    ).toThrow("patch.1: remove '/c': there is nothing at 'c'");
    expect(() => apply({ a: {} }, [{ op: 'move', from: '/a', path: '/a/b' }])).toThrow('into itself');
  });

  test.each([
    ['no list', {}, 'patch'],
    ['no operation', [1], 'patch.0'],
    ['an unknown operation', [{ op: 'increase', path: '/a' }], 'patch.0.op'],
    ['no path', [{ op: 'remove' }], 'patch.0.path'],
    ['a path that is none', [{ op: 'remove', path: 'a' }], 'patch.0.path'],
    ['a tilde that escapes nothing', [{ op: 'remove', path: '/~2' }], 'patch.0.path'],
    ['no value', [{ op: 'add', path: '/a' }], 'patch.0.value'],
    ['no from', [{ op: 'copy', path: '/a' }], 'patch.0.from'],
  ])('%s is refused with the path of it', (_name, patch, path) => {
    expect(() => parseJsonPatch(patch, 'patch')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', evidence: expect.objectContaining({ path }) }),
    );
  });

  test('a short patch cannot copy a long list or object for ever', () => {
    const patch = Array.from({ length: 100 }, () => [
      { op: 'copy', from: '/big', path: '/copy' },
      { op: 'add', path: '/big/0', value: 1 },
    ]).flat();
    const list = Array.from({ length: 1_000 }, (_, index) => index);
    for (const big of [list, Object.fromEntries(list.map((n) => [`${n}`, n]))]) {
      expect(apply({ big }, patch)).toBeDefined();
      expect(() => apply({ big }, patch, new ChangeBudget(50_000))).toThrow(
        expect.objectContaining({ code: 'LIMIT_EXCEEDED', evidence: expect.objectContaining({ limit: 50_000 }) }),
      );
    }
  });
});
