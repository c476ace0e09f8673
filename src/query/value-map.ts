import { canonicalize } from '../document/canonical-json.ts';
import type { JsonValue } from '../document/json.ts';

/** A map whose keys are JSON values, equal when their canonical forms are. Iterates in the order of insertion. */
export class ValueMap<Entry> {
  /** Scalars are their own keys: a number and a bigint are never equal, for an integer that a double holds is never a bigint. */
  readonly #ofScalars = new Map<JsonValue, Entry>();
  /** Of lists and objects, by their canonical form. */
  readonly #ofTrees = new Map<string, readonly [JsonValue, Entry]>();

  get size(): number {
    return this.#ofScalars.size + this.#ofTrees.size;
  }

  get(key: JsonValue): Entry | undefined {
    return isTree(key) ? this.#ofTrees.get(canonicalize(key))?.[1] : this.#ofScalars.get(key);
  }

  set(key: JsonValue, entry: Entry): void {
    if (isTree(key)) this.#ofTrees.set(canonicalize(key), [key, entry]);
    else this.#ofScalars.set(key, entry);
  }

  *entries(): Generator<readonly [JsonValue, Entry]> {
    yield* this.#ofScalars;
    yield* this.#ofTrees.values();
  }
}

function isTree(value: JsonValue): value is Exclude<JsonValue, null | boolean | number | bigint | string> {
  return typeof value === 'object' && value !== null;
}
