import type { Document } from '../document/document.ts';
import { defineKey, type JsonObject, type JsonValue } from '../document/json.ts';

/**
 * How the bodies of several documents become one, in the order in which their ids were sent:
 *
 * - `overwrite`: key by key at the top level, the last document that has a key wins.
 * - `append`: a key that one document has keeps its value. What several have becomes one list: lists are joined, every other
 *   value is an element.
 * - `namespace`: each body stands whole under its document's name. A name that is taken gets `_2`, `_3`, … at its end.
 */
export const mergeStrategies = ['overwrite', 'append', 'namespace'] as const;

export type MergeStrategy = (typeof mergeStrategies)[number];

/** The key under which a combined body tells where it comes from. What the sources have there tells about them, and is left out. */
export const metadataKey = '_metadata';

const merges: Readonly<
  Record<MergeStrategy, (sources: readonly Document[]) => Iterable<readonly [string, JsonValue]>>
> = {
  overwrite: (sources) => {
    const merged = new Map<string, JsonValue>();
    for (const { body } of sources) {
      for (const [key, value] of Object.entries(body)) merged.set(key, value);
    }
    merged.delete(metadataKey);
    return merged;
  },

  append: (sources) => {
    const collected = new Map<string, JsonValue[]>();
    for (const { body } of sources) {
      for (const [key, value] of Object.entries(body)) {
        const values = collected.get(key);
        if (values === undefined) collected.set(key, [value]);
        else values.push(value);
      }
    }
    collected.delete(metadataKey);
    return [...collected].map(([key, values]) => [key, joined(values)] as const);
  },

  namespace: (sources) => {
    const merged = new Map<string, JsonValue>();
    const isTaken = (name: string): boolean => name === metadataKey || merged.has(name);
    for (const { name, body } of sources) {
      let unique = name;
      for (let number = 2; isTaken(unique); number += 1) unique = `${name}_${number}`;
      merged.set(unique, body);
    }
    return merged;
  },
};

export function mergeBodies(strategy: MergeStrategy, sources: readonly Document[], metadata: JsonObject): JsonObject {
  const body = {};
  for (const [key, value] of merges[strategy](sources)) defineKey(body, key, value);
  defineKey(body, metadataKey, metadata);
  return body;
}

function joined(values: readonly JsonValue[]): JsonValue {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : values.flat(1);
}
