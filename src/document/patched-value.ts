import { type ChangeBudget, copyObject } from './change-budget.ts';
import { defineKey, isJsonObject, type JsonArray, type JsonObject, type JsonValue } from './json.ts';
import { listIndex, readKey } from './path.ts';

/** What is asked for does not fit the value as the operations before it left it. */
export class MisfitError extends Error {}

/** A value while it is patched. Containers are copied when they are first changed, and changed in place from then on. */
export class PatchedValue {
  readonly #budget: ChangeBudget;
  /** Containers that nobody else has. */
  readonly #own = new Set<JsonArray | JsonObject>();
  #root: JsonValue;

  constructor(root: JsonValue, budget: ChangeBudget) {
    this.#root = root;
    this.#budget = budget;
  }

  /** The value as it is now. To be taken once, at the end: what is changed after it would change with it. */
  get root(): JsonValue {
    return this.#root;
  }

  read(keys: readonly string[]): JsonValue {
    let value: JsonValue | undefined = this.#root;
    for (const key of keys) {
      value = readKey(value, key);
      if (value === undefined) throw new MisfitError(`there is nothing at '${key}'`);
    }
    return value;
  }

  add(keys: readonly string[], value: JsonValue): void {
    const key = keys.at(-1);
    if (key === undefined) {
      this.#root = value;
      return;
    }
    const parent = this.#ownAt(keys.slice(0, -1));
    if (isJsonObject(parent)) {
      defineKey(parent, key, value);
      return;
    }
    const index = key === '-' ? parent.length : listIndex(key);
    if (index < 0 || index > parent.length) throw new MisfitError(`'${key}' is no place in a list of ${parent.length}`);
    this.#budget.spend(parent.length - index);
    parent.splice(index, 0, value);
  }

  /** @returns what was there. */
  remove(keys: readonly string[]): JsonValue {
    const removed = this.read(keys);
    const key = keys.at(-1);
    // Without a value there is no document: whoever asks for it gets none that is an object.
    if (key === undefined) {
      this.#root = null;
      return removed;
    }
    const parent = this.#ownAt(keys.slice(0, -1));
    if (isJsonObject(parent)) {
      Reflect.deleteProperty(parent, key);
    } else {
      this.#budget.spend(parent.length - listIndex(key));
      parent.splice(listIndex(key), 1);
    }
    return removed;
  }

  replace(keys: readonly string[], value: JsonValue): void {
    this.read(keys);
    const key = keys.at(-1);
    if (key === undefined) {
      this.#root = value;
      return;
    }
    const parent = this.#ownAt(keys.slice(0, -1));
    if (isJsonObject(parent)) defineKey(parent, key, value);
    else parent[listIndex(key)] = value;
  }

  copy(from: readonly string[], to: readonly string[]): void {
    const value = this.read(from);
    // It is in two places from here on, and a change of one must not reach the other.
    if (typeof value === 'object' && value !== null) this.#own.clear();
    this.add(to, value);
  }

  /** The container at a place, and all on the way to it, made the tree's own. */
  #ownAt(keys: readonly string[]): JsonValue[] | JsonObject {
    let container = this.#makeOwn(this.#root);
    this.#root = container;
    for (const key of keys) {
      const child = this.#makeOwn(readKey(container, key));
      if (isJsonObject(container)) defineKey(container, key, child);
      else container[listIndex(key)] = child;
      container = child;
    }
    return container;
  }

  #makeOwn(value: JsonValue | undefined): JsonValue[] | JsonObject {
    if (value === undefined) throw new MisfitError('there is nothing to put it into');
    if (typeof value !== 'object' || value === null) throw new MisfitError('a value inside a scalar has no place');
    if (isList(value)) {
      if (this.#isOwn(value)) return value;
      this.#budget.spend(value.length);
      return this.#owned(value.slice());
    }
    if (this.#own.has(value)) return value;
    return this.#owned(copyObject(value, this.#budget));
  }

  #isOwn(list: JsonArray): list is JsonValue[] {
    return this.#own.has(list);
  }

  #owned<Container extends JsonValue[] | JsonObject>(container: Container): Container {
    this.#own.add(container);
    return container;
  }
}

function isList(value: JsonArray | JsonObject): value is JsonArray {
  return Array.isArray(value);
}
