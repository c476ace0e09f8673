import type { DocumentChange } from '../../../src/document/document-change.ts';
import type { JsonObject, JsonValue } from '../../../src/document/json.ts';

/**
 * What a change makes of a body, as far as clients of the simulation go: members at the top, numbers that doubles hold, and elements that are added to
 * the end of a list.
 */
export function patchedBody(body: JsonObject, change: DocumentChange): JsonObject {
  if ('merge' in change) return { ...body, ...change.merge };
  const members = new Map<string, JsonValue>(Object.entries(body));
  if ('increment' in change) {
    for (const { path, by } of change.increment) {
      const [key = ''] = path.keys;
      members.set(key, Number(members.get(key) ?? 0) + Number(by));
    }
    return Object.fromEntries(members);
  }
  for (const operation of change.patch) {
    if (operation.op !== 'add') throw new Error(`no client sends ${operation.op}`);
    const [key = ''] = operation.path.keys;
    const list = members.get(key);
    members.set(key, [...(Array.isArray(list) ? list : []), operation.value]);
  }
  return Object.fromEntries(members);
}
