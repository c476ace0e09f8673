import { InvalidArgumentError } from '../errors.ts';
import { type ChangeBudget, memberWork } from './change-budget.ts';
import { defineKey, isJsonObject, type JsonArray, type JsonObject, type JsonValue } from './json.ts';
import type { JsonPointer } from './json-pointer.ts';
import { listIndex, readKey } from './path.ts';
import { equalValues } from './value-order.ts';

/** One operation of a JSON Patch (RFC 6902, section 4). */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: JsonPointer; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: JsonPointer }
  | { readonly op: 'move' | 'copy'; readonly from: JsonPointer; readonly path: JsonPointer };

/**
 * The value that a JSON Patch (RFC 6902) makes of `target`, which stays as it is; what the patch does not touch is shared with it.
 * Values are compared and copied as the document's: integers of any size, every key an own property.
 * @param argument What the client calls the patch, for the error.
 * @throws {InvalidArgumentError} For an operation that does not fit the value, a failed `test` among them: with the operation's path.
 * @throws {LimitExceededError} When the budget is spent.
 */
export function applyJsonPatch(
  target: JsonValue,
  patch: readonly JsonPatchOperation[],
  argument: string,
  budget: ChangeBudget,
): JsonValue {
  const tree = new PatchedTree(target, budget);
  for (const [index, operation] of patch.entries()) {
    try {
      applyOperation(tree, operation);
    } catch (error) {
      throw error instanceof MisfitError ? misfit(error, `${argument}.${index}`, operation) : error;
    }
  }
  return tree.root;
}

function applyOperation(tree: PatchedTree, operation: JsonPatchOperation): void {
  const { keys } = operation.path;
  switch (operation.op) {
    case 'add':
      tree.add(keys, operation.value);
      break;
    case 'remove':
      tree.remove(keys);
      break;
    case 'replace':
      tree.replace(keys, operation.value);
      break;
    case 'move':
      // RFC 6902, section 4.4: a value cannot be moved into itself. Moved to its own place it stays.
      if (isInside(keys, operation.from.keys)) throw new MisfitError('a value cannot be moved into itself');
      tree.add(keys, tree.remove(operation.from.keys));
      break;
    case 'copy':
      tree.copy(operation.from.keys, keys);
      break;
    case 'test':
      if (!equalValues(tree.read(keys), operation.value)) throw new MisfitError('the value there is another');
      break;
  }
}

function isInside(keys: readonly string[], outer: readonly string[]): boolean {
  return keys.length > outer.length && outer.every((key, index) => key === keys[index]);
}

/** An operation does not fit the value as the operations before it left it. */
class MisfitError extends Error {}

function misfit({ message }: MisfitError, path: string, { op, path: { text } }: JsonPatchOperation): Error {
  return new InvalidArgumentError(`${path}: ${op} '${text}': ${message}`, {
    path,
    expected: op === 'test' ? 'a value that is equal' : 'an operation that fits the document',
  });
}

/** A value while it is patched. Containers are copied when they are first changed, and changed in place from then on. */
class PatchedTree {
  readonly #budget: ChangeBudget;
  /** Containers that are nobody else's yet. */
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
    // A spread defines own properties, `__proto__` included.
    const copy = { ...value };
    this.#budget.spend(memberWork * Object.keys(copy).length);
    return this.#owned(copy);
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
