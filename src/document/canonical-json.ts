import { InvalidArgumentError } from '../errors.ts';
import type { JsonValue } from './json.ts';
import { escapeKey } from './path.ts';

/**
 * The canonical form of a value by RFC 8785: no white space, keys in the order of their UTF-16 code units, strings and
 * numbers as ECMAScript writes them. An extension, for RFC 8785 knows doubles only: a `bigint` is its plain digits.
 *
 * Throws `InvalidArgumentError` with the path of what is not JSON: undefined, NaN, an infinity, a lone surrogate, an
 * object that is not plain, such as a `Date`.
 */
export function canonicalize(value: JsonValue): string {
  try {
    return canonicalText(value);
  } catch (error) {
    if (error instanceof NotJsonError) {
      const path = error.keysFromInside
        .map((key) => escapeKey(key.toWellFormed()))
        .toReversed()
        .join('.');
      throw new InvalidArgumentError(`${error.message}${path === '' ? '' : `, at ${path}`}.`, {
        path,
        expected: 'a JSON value',
      });
    }
    throw error;
  }
}

/** Collects the keys that lead to its place on its way out, so that nobody keeps a path while all is well. */
class NotJsonError extends Error {
  readonly keysFromInside: string[] = [];
}

// `unknown` because types do not hold everywhere: an embedding program may pass whatever it likes.
function canonicalText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      // RFC 8785, 3.2.2.3: NaN and the infinities are errors. Minus zero is written 0.
      if (!Number.isFinite(value)) {
        throw new NotJsonError(`${value} is not JSON`);
      }
      return String(value);
    case 'bigint':
      return value.toString();
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) {
        return 'null';
      }
      return Array.isArray(value) ? canonicalList(value) : canonicalObject(value);
    default:
      throw new NotJsonError(`A value of type ${typeof value} is not JSON`);
  }
}

function canonicalList(list: readonly unknown[]): string {
  let text = '[';
  let index = 0;
  try {
    // By index, because `map` would skip holes: a hole is undefined, and refused.
    for (; index < list.length; index++) {
      text += index === 0 ? canonicalText(list[index]) : `,${canonicalText(list[index])}`;
    }
  } catch (error) {
    throw withKey(error, String(index));
  }
  return `${text}]`;
}

function canonicalObject(object: object): string {
  refuseUnlessPlain(object);
  const members = object as Readonly<Record<string, unknown>>;
  const keys = sortByCodeUnits(Object.keys(members));
  let text = '{';
  let current = '';
  try {
    for (const key of keys) {
      current = key;
      text += `${text === '{' ? '' : ','}${canonicalString(key)}:${canonicalText(members[key])}`;
    }
  } catch (error) {
    throw withKey(error, current);
  }
  return `${text}}`;
}

/** A `Date` or a `Map` has no own keys: it would be written as `{}`, and two different ones would be equal. */
function refuseUnlessPlain(object: object): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  // Objects from another realm have another Object.prototype, but like ours it has no prototype itself.
  if (prototype !== Object.prototype && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new NotJsonError('An object of a class, such as a Date, is not JSON');
  }
}

// For as few keys as most objects have, insertion is several times as fast as `sort`.
const insertionSortMax = 16;

/** Sorts in place. `sort` and `>` both compare strings by UTF-16 code units, as RFC 8785, 3.2.3 wants it. */
function sortByCodeUnits(keys: string[]): string[] {
  if (keys.length > insertionSortMax) {
    return keys.sort();
  }
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index] ?? '';
    let place = index;
    for (; place > 0; place--) {
      const before = keys[place - 1] ?? '';
      if (before <= key) {
        break;
      }
      keys[place] = before;
    }
    keys[place] = key;
  }
  return keys;
}

// Above this length `JSON.stringify` is faster than looking at each character here.
const plainLengthMax = 40;

/** RFC 8785, 3.2.2.2: the escapes are those of ECMAScript's `JSON.stringify`. */
function canonicalString(string: string): string {
  if (string.length <= plainLengthMax && isPlain(string)) {
    return `"${string}"`;
  }
  if (!string.isWellFormed()) {
    throw new NotJsonError('A lone surrogate is not a character');
  }
  return JSON.stringify(string);
}

/** Printable ASCII without `"` and `\`: nothing to escape. */
function isPlain(string: string): boolean {
  for (let index = 0; index < string.length; index++) {
    const unit = string.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) {
      return false;
    }
  }
  return true;
}

function withKey(error: unknown, key: string): unknown {
  if (error instanceof NotJsonError) {
    error.keysFromInside.push(key);
  }
  return error;
}
