/**
 * The values that a document can hold: JSON, exactly. An integer is a `number` where a double holds it exactly and a
 * `bigint` only where none does, so that equal values have one representation. Objects may have any key, `__proto__`
 * included, as an own property: read them with `Object.hasOwn` and write them with `defineKey`.
 */
export type JsonValue = null | boolean | number | bigint | string | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** True for an object, false for a list, null and every scalar. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets an own property whatever its name: assignment would let `__proto__` change the prototype instead. */
export function defineKey(target: object, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    (target as Record<string, JsonValue>)[key] = value;
  }
}
