import { parseDocumentId } from '../../document/document-id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../document/json.ts';
import { parseTime } from '../../document/timestamp.ts';
import { LegacyError } from './legacy-problem.ts';

/** Readers of members of the old data: each gives back what it names. @throws {LegacyError} */
export function member(object: JsonObject, key: string): JsonValue {
  return Object.hasOwn(object, key) ? (object[key] ?? null) : null;
}

export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = member(object, key);
  if (!isJsonObject(value)) throw wrong(key, 'an object');
  return value;
}

export function textAt(object: JsonObject, key: string): string {
  const value = member(object, key);
  if (typeof value !== 'string') throw wrong(key, 'a string');
  return value;
}

export function idAt(object: JsonObject, key: string): string {
  return parseDocumentId(member(object, key), key);
}

/** Format version 1 keeps a version in 32 bits. */
const versionMax = 2 ** 32 - 1;

export function versionAt(object: JsonObject, key: string): number {
  const value = member(object, key);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > versionMax) {
    throw wrong(key, 'a version, 1 or more');
  }
  return value;
}

/** Milliseconds since the Unix epoch. */
export function timeAt(object: JsonObject, key: string): number {
  const time = optionalTimeAt(object, key);
  if (time === null) throw wrong(key, 'a time');
  return time;
}

/** Null for null. Early releases wrote times without an offset, in the zone of their server, which containers have as UTC. */
export function optionalTimeAt(object: JsonObject, key: string): number | null {
  if (member(object, key) === null) return null;
  const text = textAt(object, key);
  const time = parseTime(text) ?? parseTime(`${text}Z`);
  if (time === undefined) throw wrong(key, 'a time');
  return time.milliseconds;
}

export function wrong(key: string, expected: string): LegacyError {
  return new LegacyError(`'${key}' is not ${expected}`);
}
