import { InvalidArgumentError } from '../errors.ts';
import type { ChangeBudget } from './change-budget.ts';
import { defineKey, isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { PatchedValue } from './patched-value.ts';
import { escapeKey, type Path, parsePath, readKey } from './path.ts';

/** A number to be added to the one at a path, or to be put where there is nothing, as by MongoDB's `$inc`. */
export interface Increment {
  readonly path: Path & { readonly kind: 'body' };
  readonly by: number | bigint;
}

/**
 * Increments in what a client sent: `{"stats.views": 1}`.
 * @param argument What the client calls it, for the error.
 * @throws {InvalidArgumentError}
 */
export function parseIncrements(value: JsonValue | undefined, argument: string): readonly Increment[] {
  if (!isJsonObject(value)) {
    throw new InvalidArgumentError(`${argument}: increments are an object of paths and numbers`, {
      path: argument,
      expected: 'an object such as {"stats.views": 1}',
    });
  }
  return Object.entries(value).map(([text, by]) => {
    const place = `${argument}.${escapeKey(text)}`;
    const path = parsePath(text, place);
    if (path.kind === 'field') {
      throw new InvalidArgumentError(
        `${place}: '${text}' is one of the document's own fields, which the server counts`,
        {
          path: place,
          expected: 'a path into the body',
        },
      );
    }
    if (!isNumber(by))
      throw new InvalidArgumentError(`${place}: expected a number`, { path: place, expected: 'a number' });
    return { path, by };
  });
}

/**
 * The body with the numbers at the paths increased, one after the other. Objects on the way are made where there is nothing. Integers are
 * added exactly; where a fraction is in it, the sum is the nearest double.
 * @throws {InvalidArgumentError} Where something other than a number is; for a sum beyond the range of doubles.
 * @throws {LimitExceededError} When the budget is spent.
 */
export function applyIncrements(
  body: JsonObject,
  increments: readonly Increment[],
  argument: string,
  budget: ChangeBudget,
): JsonValue {
  const tree = new PatchedValue(body, budget);
  for (const { path, by } of increments) increase(tree, path.keys, by, `${argument}.${escapeKey(path.text)}`);
  return tree.root;
}

function increase(tree: PatchedValue, keys: readonly string[], by: number | bigint, place: string): void {
  let value = tree.root;
  for (const [depth, key] of keys.entries()) {
    const inside = readKey(value, key);
    if (inside === undefined) {
      if (!isJsonObject(value)) throw noNumber(place);
      tree.add(keys.slice(0, depth + 1), nested(keys.slice(depth + 1), by));
      return;
    }
    value = inside;
  }
  if (!isNumber(value)) throw noNumber(place);
  const sum = exactSum(value, by);
  if (typeof sum === 'number' && !Number.isFinite(sum)) {
    throw new InvalidArgumentError(`${place}: the sum is beyond the range of doubles`, {
      path: place,
      expected: 'a sum that a double holds',
    });
  }
  tree.replace(keys, sum);
}

/** The value in objects inside each other, one for each key. */
function nested(keys: readonly string[], value: JsonValue): JsonValue {
  let result = value;
  for (const key of keys.toReversed()) {
    const object = {};
    defineKey(object, key, result);
    result = object;
  }
  return result;
}

function exactSum(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    // Minus zero is 0, as wherever a value comes in.
    if (Number.isSafeInteger(sum) || !Number.isInteger(a) || !Number.isInteger(b)) return sum === 0 ? 0 : sum;
  }
  if (!isInteger(a) || !isInteger(b)) return Number(a) + Number(b);
  const sum = BigInt(a) + BigInt(b);
  const double = Number(sum);
  return Number.isFinite(double) && BigInt(double) === sum ? double : sum;
}

function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function isNumber(value: JsonValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function noNumber(place: string): InvalidArgumentError {
  return new InvalidArgumentError(`${place}: there is no number to increase`, {
    path: place,
    expected: 'the path of a number, or of nothing in an object',
  });
}
