import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangeBudget } from '../../src/document/change-budget.ts';
import type { JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { applyJsonPatch, type JsonPatchOperation } from '../../src/document/json-patch.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { DatabaseError } from '../../src/errors.ts';

const key = fc.constantFrom('a', 'b', '0', '1', '-', '__proto__');
const value: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, 0, 1, 'x', 9007199254740993n),
    fc.array(tie('value'), { maxLength: 3 }),
    // Through text, so that `__proto__` is a plain key.
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 3 })
      .map((members) =>
        parseJson(`{${[...new Map(members)].map(([k, v]) => `"${k}":${stringifyJson(v)}`).join(',')}}`),
      ),
  ),
})).value;
const pointer = fc.array(key, { maxLength: 3 }).map((keys) => ({ keys, text: keys.map((k) => `/${k}`).join('') }));
const operation: fc.Arbitrary<JsonPatchOperation> = fc.oneof(
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const, 'test' as const), path: pointer, value }),
  fc.record({ op: fc.constant('remove' as const), path: pointer }),
  fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), from: pointer, path: pointer }),
);

test('a JSON Patch comes to what it comes to on a copy of everything before each operation, and changes nothing but its own', () => {
  let applied = 0;
  fc.assert(
    fc.property(value, fc.array(operation, { minLength: 1, maxLength: 6 }), (target, patch) => {
      const before = stringifyJson([target, patch.map((each) => ('value' in each ? each.value : null))]);
      // Operations that do not fit are left out, so that the rest of the patch is tried.
      const fitting: JsonPatchOperation[] = [];
      let expected = stringifyJson(target);
      for (const each of patch) {
        const next = oneByOne(expected, each);
        if (next === undefined) continue;
        expected = next;
        fitting.push(each);
      }
      applied += fitting.length;
      expect(stringifyJson(applyJsonPatch(target, fitting, 'patch', new ChangeBudget()))).toBe(expected);
      expect(stringifyJson([target, patch.map((each) => ('value' in each ? each.value : null))])).toBe(before);
    }),
    { numRuns: 2_000 },
  );
  expect(applied).toBeGreaterThan(1_000);
});

/** What one operation makes of a value of its own, which nothing shares anything with; undefined when it does not fit. */
function oneByOne(text: string, operation: JsonPatchOperation): string | undefined {
  try {
    return stringifyJson(applyJsonPatch(parseJson(text), [operation], 'patch', new ChangeBudget()));
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}
