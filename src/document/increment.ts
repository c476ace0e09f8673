import { InvalidArgumentError } from '../errors.ts';
import { type ChangeBudget, memberWork } from './change-budget.ts';
import { defineKey, isJsonObject, type JsonArray, type JsonObject, type JsonValue } from './json.ts';
import { escapeKey, listIndex, type Path, parsePath, readKey } from './path.ts';

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
  let root: JsonValue = body;
  for (const { path, by } of increments) {
    const place = `${argument}.${escapeKey(path.text)}`;
    root = incremented({ by, keys: path.keys, place, budget }, root, 0);
  }
  return root;
}

interface Way {
  readonly by: number | bigint;
  readonly keys: readonly string[];
  readonly place: string;
  readonly budget: ChangeBudget;
}

/** A copy of what is at the first `depth` keys, with the number at the rest of them increased. */
function incremented(way: Way, value: JsonValue | undefined, depth: number): JsonValue {
  const key = way.keys[depth];
  if (key === undefined) return increased(way, value);
  const next = incremented(way, readKey(value, key), depth + 1);
  if (value === undefined || isJsonObject(value)) {
    // A spread defines own properties, `__proto__` included.
    const copy = { ...value };
    way.budget.spend(memberWork * (Object.keys(copy).length + 1));
    defineKey(copy, key, next);
    return copy;
  }
  const index = listIndex(key);
  if (!isList(value) || index < 0 || index >= value.length) throw noNumber(way);
  way.budget.spend(value.length);
  return value.with(index, next);
}

function increased(way: Way, value: JsonValue | undefined): JsonValue {
  if (value === undefined) return way.by;
  if (!isNumber(value)) throw noNumber(way);
  const sum = exactSum(value, way.by);
  if (typeof sum === 'bigint' || Number.isFinite(sum)) return sum;
  throw new InvalidArgumentError(`${way.place}: the sum is beyond the range of doubles`, {
    path: way.place,
    expected: 'a sum that a double holds',
  });
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

function isList(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

function noNumber({ place }: Way): InvalidArgumentError {
  return new InvalidArgumentError(`${place}: there is no number to increase`, {
    path: place,
    expected: 'the path of a number, or of nothing in an object',
  });
}
