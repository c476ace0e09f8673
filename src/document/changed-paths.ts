import type { Document } from './document.ts';
import { isJsonObject, type JsonArray, type JsonValue } from './json.ts';
import { escapeKey } from './path.ts';
import { equalValues } from './value-order.ts';

/**
 * Where two versions of a document differ, in the one grammar of paths: members that one of them lacks, values that are not equal, elements
 * of lists that are as long as each other (of others the list itself), and `$archivedAt` when one is archived. All of it is told: where
 * more than `countMax` places differ, what holds them is told in their place, the whole body as the empty path if need be.
 */
export function changedPaths(before: Document, after: Document, countMax: number): readonly string[] {
  const inBody = differences(before.body, after.body, '', countMax);
  return before.archivedAt === after.archivedAt ? inBody : ['$archivedAt', ...inBody];
}

function differences(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: string,
  countMax: number,
): readonly string[] {
  if (before === after) return [];
  const keys = commonKeys(before, after);
  if (keys === undefined) return equalValues(before, after) ? [] : [path];
  const changedMembers: string[] = [];
  const found: string[] = [];
  for (const key of keys) {
    const member = path === '' ? escapeKey(key) : `${path}.${escapeKey(key)}`;
    const inside = differences(memberOf(before, key), memberOf(after, key), member, countMax);
    if (inside.length === 0) continue;
    changedMembers.push(member);
    if (changedMembers.length > countMax) return [path];
    if (found.length <= countMax) found.push(...inside);
  }
  return found.length > countMax ? changedMembers : found;
}

/** The keys at which two containers are to be compared; undefined when they are to be compared as a whole. */
function commonKeys(before: JsonValue | undefined, after: JsonValue | undefined): Iterable<string> | undefined {
  if (isJsonObject(before) && isJsonObject(after)) return new Set([...Object.keys(before), ...Object.keys(after)]);
  return isList(before) && isList(after) && before.length === after.length ? Object.keys(before) : undefined;
}

function memberOf(container: JsonValue | undefined, key: string): JsonValue | undefined {
  if (isList(container)) return container[Number(key)];
  return isJsonObject(container) && Object.hasOwn(container, key) ? container[key] : undefined;
}

function isList(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}
