import { type ChangeBudget, copyObject } from './change-budget.ts';
import { defineKey, isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { equalValues } from './value-order.ts';

/**
 * The object that a merge patch (RFC 7396, section 2) makes of `target`, which stays as it is; what the patch does not touch is shared
 * with it. A null takes a member away, an object is merged, everything else replaces.
 * @throws {LimitExceededError} When the budget is spent.
 */
export function applyMergePatch(target: JsonValue | undefined, patch: JsonObject, budget: ChangeBudget): JsonObject {
  const merged = isJsonObject(target) ? copyObject(target, budget) : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else if (isJsonObject(value)) defineKey(merged, key, applyMergePatch(ownMember(merged, key), value, budget));
    else defineKey(merged, key, value);
  }
  return merged;
}

/** Whether what a merge patch writes is the same in both: then it may be applied to `after`, though it was made for `before`. */
export function isUntouched(patch: JsonObject, before: JsonObject, after: JsonObject): boolean {
  if (before === after) return true;
  return Object.entries(patch).every(([key, value]) => {
    const [was, is] = [ownMember(before, key), ownMember(after, key)];
    if (isJsonObject(value) && isJsonObject(was) && isJsonObject(is)) return isUntouched(value, was, is);
    return equalValues(was, is);
  });
}

function ownMember(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
