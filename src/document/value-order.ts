import { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from './json.ts';

/**
 * The order of types, as MongoDB has it: null, numbers, strings, objects, lists, booleans. What is missing (undefined)
 * counts as null.
 */
export function typeRank(value: JsonValue | undefined): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return 1;
    case 'string':
      return 2;
    case 'boolean':
      return 5;
    default:
      if (value === null || value === undefined) return 0;
      return Array.isArray(value) ? 4 : 3;
  }
}

/**
 * The one total order of values, for filters, sorts, indexes and every engine. Negative when `a` comes first, 0 when the two
 * are equal, which means that they have the same canonical form. Types order as in MongoDB, numbers by value (a bigint and
 * a number exactly), strings by code point, lists element by element, a list before what it is the beginning of.
 *
 * Objects compare by their keys in sorted order: type, key, then value of each. MongoDB takes the keys as they were stored,
 * but here the order of keys is not kept, and equal means equal canonical form.
 */
export function compareValues(a: JsonValue | undefined, b: JsonValue | undefined): number {
  if (a === b) return 0;
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  const rank = typeRank(a);
  const difference = rank - typeRank(b);
  if (difference !== 0) return difference;
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  if (isJsonObject(a) && isJsonObject(b)) return compareObjects(a, b);
  return rank === 0 ? 0 : Number(a) - Number(b); // null and missing, or booleans
}

function isNumeric(value: JsonValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** By code point. `<` compares UTF-16 code units, which puts U+1F600 before U+FFFD. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let position = 0; position < length; position++) {
    const left = a.charCodeAt(position);
    const right = b.charCodeAt(position);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Moves the surrogates (D800 to DFFF), which stand for the code points beyond FFFF, behind E000 to FFFF. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Whether `<` orders every string against this one by code point: it does where this one has no unit from D800 up. */
export function ordersByCodeUnit(text: string): boolean {
  return !/[\uD800-\uFFFF]/.test(text);
}

function compareLists(a: JsonArray, b: JsonArray): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = compareValues(a[index], b[index]);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareObjects(a: JsonObject, b: JsonObject): number {
  const keysOfA = Object.keys(a).sort(compareStrings);
  const keysOfB = Object.keys(b).sort(compareStrings);
  for (const [index, key] of keysOfA.entries()) {
    const other = keysOfB[index];
    if (other === undefined) return 1;
    const difference =
      typeRank(a[key]) - typeRank(b[other]) || compareStrings(key, other) || compareValues(a[key], b[other]);
    if (difference !== 0) return difference;
  }
  return keysOfA.length - keysOfB.length;
}

/** Whether two values have the same canonical form, without making it. */
export function equalValues(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') {
    return isNumeric(a) && isNumeric(b) && compareValues(a, b) === 0; // by value: one may be a bigint
  }
  if (a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((element, index) => equalValues(element, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equalValues(a[key], b[key]))
  );
}
