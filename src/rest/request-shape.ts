import { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from '../document/json.ts';
import { InvalidArgumentError } from '../errors.ts';

/**
 * Readers of a request's JSON: each gives back what it names, or throws `INVALID_ARGUMENT` with the path, which starts at
 * the body's top level, and what was expected there. Members that nobody asks for are ignored, as in the predecessor.
 */
export function expectObject(value: unknown, path: string): JsonObject {
  if (!isJsonObject(value)) throw wrongShape(value, path, 'a JSON object');
  return value;
}

export function expectList(value: JsonValue | undefined, path: string, expected: string): JsonArray {
  if (!isJsonArray(value)) throw wrongShape(value, path, expected);
  return value;
}

export function expectString(value: JsonValue | undefined, path: string): string {
  if (typeof value !== 'string') throw wrongShape(value, path, 'a string');
  return value;
}

/** Undefined for a member that is absent or null: clients written in Python send null for what was not given. */
export function optionalString(value: JsonValue | undefined, path: string): string | undefined {
  return value === undefined || value === null ? undefined : expectString(value, path);
}

/**
 * An integer, or a string of its digits: the predecessor took both. Not a boolean, though it took that too, since `true`
 * for 1 is a mistake of the client.
 */
export function expectInteger(value: JsonValue | undefined, path: string): number {
  const number = typeof value === 'string' ? parseInteger(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw wrongShape(value, path, 'an integer');
  return number;
}

/** The integer that the text is, white space around it apart, or undefined. */
export function parseInteger(text: string): number | undefined {
  const trimmed = text.trim();
  return /^[+-]?\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** A member of this very object: nothing is read from a prototype. */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** `prefix` is empty at the top level. */
export function memberPath(prefix: string, key: string | number): string {
  return prefix === '' ? String(key) : `${prefix}.${key}`;
}

export function wrongShape(value: unknown, path: string, expected: string): InvalidArgumentError {
  const what = path === '' ? 'The request body' : path;
  const problem = value === undefined ? 'is missing' : `is ${kindOf(value)}`;
  return new InvalidArgumentError(`${what} ${problem}: expected ${expected}`, { path, expected });
}

function isJsonArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value === 'bigint' ? 'number' : typeof value}`;
}
