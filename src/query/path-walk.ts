import { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from '../document/json.ts';
import { listIndex, readKey } from '../document/path.ts';
import type { ValueTest } from './value-test.ts';

/** A key of a path, with what is known about it before any document is seen. */
export interface Step {
  readonly key: string;
  /** The index that the key means in a list, or -1. */
  readonly index: number;
  /** Whether every object inherits a property of this name (`constructor`), so that reading it plainly would find that. */
  readonly inherited: boolean;
}

export function toSteps(keys: readonly string[]): readonly Step[] {
  return keys.map((key) => ({ key, index: listIndex(key), inherited: key in Object.prototype }));
}

/**
 * Whether a value that is at the rest of the path, from `position` on, passes the test. Lists on the path are looked into
 * as MongoDB does it (its `ElementPath`):
 *
 * - A list before the end of the path stands for those of its elements that are objects; a key of digits also means the
 *   element at that index. Lists directly in lists are looked into only by index. So an empty list, or one of
 *   scalars, offers no value at all, not even a missing one.
 * - A list at the end of the path stands for itself and, with `expands`, for each of its elements, unless an index led to it.
 * - What lies below a scalar is missing: the test is asked about undefined.
 */
export function someAtPath(
  root: JsonValue | undefined,
  steps: readonly Step[],
  position: number,
  expands: boolean,
  test: ValueTest,
  tried?: TriedPlaces,
): boolean {
  let value = root;
  for (let current = position; current < steps.length; current++) {
    if (Array.isArray(value)) return someInList(value, steps, current, expands, test, tried);
    const step = steps[current];
    if (!isJsonObject(value) || step === undefined) return test(undefined);
    value = readStep(value, step);
  }
  return passes(value, expands, test);
}

/** Whether a value at the end of a path passes the test. */
export function passes(value: JsonValue | undefined, expands: boolean, test: ValueTest): boolean {
  return test(value) || (expands && Array.isArray(value) && someElement(value, test));
}

/** `list.some(test)`, without the arguments that `test` has no use for: it is the inner loop of scans over lists. */
function someElement(list: JsonArray, test: ValueTest): boolean {
  for (let index = 0; index < list.length; index++) {
    if (test(list[index])) return true;
  }
  return false;
}

function someInList(
  list: JsonArray,
  steps: readonly Step[],
  position: number,
  expands: boolean,
  test: ValueTest,
  triedBefore: TriedPlaces | undefined,
): boolean {
  const step = steps[position];
  const index = step?.index ?? -1;
  const tried = step !== undefined && meansBoth(list, step) ? (triedBefore ?? new TriedPlaces()) : triedBefore;
  if (index >= 0 && index < list.length) {
    const element = list[index];
    if (position + 1 === steps.length) {
      if (test(element)) return true;
    } else if (typeof element === 'object' && element !== null && tried?.isNew(element, position + 1) !== false) {
      if (someAtPath(element, steps, position + 1, expands, test, tried)) return true;
    }
  }
  for (const element of list) {
    if (!isJsonObject(element) || tried?.isNew(element, position) === false) continue;
    if (someAtPath(element, steps, position, expands, test, tried)) return true;
  }
  return false;
}

/** Whether a key of digits means an element of the list, and is a key of one of its objects, too. */
function meansBoth(list: JsonArray, { key, index }: Step): boolean {
  if (index < 0) return false;
  for (const element of list) if (isJsonObject(element) && Object.hasOwn(element, key)) return true;
  return false;
}

/**
 * What is below a value was looked through from a position of the path on. Where keys of digits mean both an index and a key, level upon level,
 * there are as many ways down as there are subsets of the levels, and each would be gone if this did not remember where they meet.
 */
class TriedPlaces {
  readonly #positions = new Map<object, Set<number>>();

  isNew(value: object, position: number): boolean {
    const positions = this.#positions.get(value);
    if (positions === undefined) this.#positions.set(value, new Set([position]));
    else if (positions.has(position)) return false;
    else positions.add(position);
    return true;
  }
}

function readStep(object: JsonObject, step: Step): JsonValue | undefined {
  return !step.inherited || Object.hasOwn(object, step.key) ? object[step.key] : undefined;
}

/**
 * Every value at a path, as orders see it. It differs from `someAtPath` where one value must stand for the document: a
 * list at the end stands for its elements only, and next to an element that was meant by its index, elements
 * that lack such a key do not count as missing values.
 * A value to which several ways lead may be visited once only.
 * @param visit Is called with undefined for what is missing, and not at all where a list offers no value.
 * @param visitEmptyList Is called for an empty list at the end of the path.
 */
export function visitPath(
  root: JsonValue | undefined,
  steps: readonly Step[],
  position: number,
  visit: (value: JsonValue | undefined) => void,
  visitEmptyList: () => void,
  visitedBefore?: TriedPlaces,
): void {
  let value = root;
  for (let current = position; current < steps.length; current++) {
    const step = steps[current];
    if (step === undefined) return;
    if (Array.isArray(value)) {
      const visited = meansBoth(value, step) ? (visitedBefore ?? new TriedPlaces()) : visitedBefore;
      for (const element of value) {
        if (!isJsonObject(element)) continue;
        if (step.index >= 0 && !Object.hasOwn(element, step.key)) continue;
        if (visited?.isNew(element, current) === false) continue;
        visitPath(element, steps, current, visit, visitEmptyList, visited);
      }
      if (step.index >= 0 && step.index < value.length) {
        const element: JsonValue | undefined = value[step.index];
        const isVisited =
          typeof element === 'object' && element !== null && visited?.isNew(element, current + 1) === false;
        if (!isVisited) visitPath(element, steps, current + 1, visit, visitEmptyList, visited);
      }
      return;
    }
    value = readKey(value, step.key);
  }
  if (!Array.isArray(value)) visit(value);
  else if (value.length === 0) visitEmptyList();
  else for (const element of value) visit(element);
}
