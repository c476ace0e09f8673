import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import type { Document } from './document.ts';
import { isJsonObject, type JsonValue } from './json.ts';
import { formatTime } from './timestamp.ts';

/**
 * A parsed path: either keys into the body, or one of the document's own fields. `text` is what was parsed. Only inside
 * `some` is there a path of no keys: it is the element itself.
 *
 * Grammar: keys joined by `.`; digits index a list or name a key; a backslash escapes `.`, a leading `$` and itself;
 * an unescaped leading `$` names one of the document's own fields. A key may be empty (`a.` is the key `` in `a`), for
 * JSON allows it, but a path may not.
 */
export type Path =
  | { readonly kind: 'body'; readonly text: string; readonly keys: readonly string[] }
  | { readonly kind: 'field'; readonly text: string; readonly field: DocumentField };

export type DocumentField = 'id' | 'name' | 'table' | 'version' | 'createdAt' | 'updatedAt' | 'archivedAt';

/**
 * What a document's own field is to filters, orders and `value`. A time is the text that clients see (`formatTime`), and
 * null until it happens.
 */
const fieldValues: { readonly [Field in DocumentField]: (document: Document) => JsonValue } = {
  id: (document) => document.id,
  name: (document) => document.name,
  table: (document) => document.table.name,
  version: (document) => document.version,
  createdAt: (document) => timeValue(document.createdAt),
  updatedAt: (document) => timeValue(document.updatedAt),
  archivedAt: (document) => timeValue(document.archivedAt),
};

function isDocumentField(name: string): name is DocumentField {
  return Object.hasOwn(fieldValues, name);
}

/** Whether the text of a path names one of the document's own fields. */
export function isDocumentFieldPath(text: string): boolean {
  return text.startsWith('$') && isDocumentField(text.slice(1));
}

function timeValue(milliseconds: number | null): string | null {
  return milliseconds === null ? null : formatTime(milliseconds);
}

/** Longer paths are refused: each key is a step of work for every document, and no body is nested so deep. */
export const pathKeysMax = 1_000;
export const pathLengthMax = 10_000;

/** Of an argument no more is said in an error. */
const argumentLengthMax = 200;

/** Those that were parsed last: the value at one path is asked of every document of a list. */
const parsedPaths = new Map<string, Path>();
const parsedPathsMax = 100;

/**
 * @param argument What the client calls the path, for the error.
 * @returns A frozen path.
 * @throws {InvalidArgumentError} For an empty path, an unknown `$field` and a backslash that escapes nothing.
 * @throws {LimitExceededError} For more than `pathLengthMax` characters or `pathKeysMax` keys.
 */
export function parsePath(text: string, argument: string): Path {
  const known = parsedPaths.get(text);
  if (known !== undefined) return known;
  const path = parse(text, argument);
  for (const oldest of parsedPaths.keys()) {
    if (parsedPaths.size < parsedPathsMax) break;
    parsedPaths.delete(oldest);
  }
  parsedPaths.set(text, path);
  return path;
}

function parse(text: string, argument: string): Path {
  checkLimit(text.length, pathLengthMax, 'characters', argument);
  if (text === '') {
    throw new InvalidArgumentError(`${argument}: a path must not be empty`, { path: argument, expected: expectedPath });
  }
  if (!text.startsWith('$')) {
    const keys = splitKeys(text, argument);
    checkLimit(keys.length, pathKeysMax, 'keys', argument);
    return bodyPath(keys, text);
  }
  const field = text.slice(1);
  if (!isDocumentField(field)) {
    const fields = Object.keys(fieldValues).map((name) => `$${name}`);
    throw new InvalidArgumentError(
      `${argument}: '${text}' is none of a document's own fields. To name a key that begins with $, write '\\${text}'`,
      { path: argument, expected: `one of ${fields.join(', ')}, or an escaped key` },
    );
  }
  return Object.freeze({ kind: 'field', text, field });
}

function checkLimit(actual: number, limit: number, what: string, argument: string): void {
  if (actual <= limit) return;
  // Where keys are paths, the argument is the path itself.
  const path = argument.length <= argumentLengthMax ? argument : `${argument.slice(0, argumentLengthMax)}…`;
  throw new LimitExceededError(`${path}: a path of ${actual} ${what} is given, and ${limit} are allowed`, {
    limit,
    actual,
    path,
  });
}

const expectedPath = "keys joined by dots, such as 'address.city'";

/** The path of exactly these keys, frozen. `text` is how it was written, when it was. */
export function bodyPath(keys: readonly string[], text = formatKeys(keys)): Path & { readonly kind: 'body' } {
  return Object.freeze({ kind: 'body', text, keys: Object.freeze([...keys]) });
}

function splitKeys(text: string, argument: string): string[] {
  const keys: string[] = [];
  let key = '';
  for (let position = 0; position < text.length; position++) {
    const character = text.charAt(position);
    if (character === '.') {
      keys.push(key);
      key = '';
    } else if (character === '\\') {
      const escaped = text.charAt(++position);
      if (escaped !== '.' && escaped !== '\\' && !(escaped === '$' && key === '')) {
        throw new InvalidArgumentError(
          `${argument}: in the path '${text}' a backslash stands before '${escaped}'. It escapes a dot, a leading $ and itself only`,
          { path: argument, expected: String.raw`\., \\, or \$ at the beginning of a key` },
        );
      }
      key += escaped;
    } else {
      key += character;
    }
  }
  keys.push(key);
  return keys;
}

/** The canonical text of a path: `parsePath` makes the same path of it again. */
export function formatPath(path: Path): string {
  return path.kind === 'field' ? `$${path.field}` : formatKeys(path.keys);
}

function formatKeys(keys: readonly string[]): string {
  return keys.map(escapeKey).join('.');
}

/** One key as it is written in a path, in any place of it. */
export function escapeKey(key: string): string {
  // Each query asks for the text of its paths and operators, and next to none has more to escape than its beginning: to look takes less time than to replace.
  const escaped = key.includes('.') || key.includes('\\') ? key.replace(/[.\\]/g, String.raw`\$&`) : key;
  return escaped.startsWith('$') ? `\\${escaped}` : escaped;
}

/**
 * What is at a path of a document, taken literally: digits index a list or name a key, and lists on the path are not looked
 * into. Undefined when nothing is there. Own properties only, so no key reaches a prototype.
 */
export function resolvePath(document: Document, path: Path): JsonValue | undefined {
  return path.kind === 'field' ? readField(document, path.field) : resolveKeys(document.body, path.keys);
}

export function readField(document: Document, field: DocumentField): JsonValue {
  return fieldValues[field](document);
}

/** What is at the keys of a value, taken literally, as in `resolvePath`. */
export function resolveKeys(root: JsonValue, keys: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const key of keys) {
    value = readKey(value, key);
    if (value === undefined) return undefined;
  }
  return value;
}

/** The value of an object's own key, or a list's element when the key is the digits of its index. */
export function readKey(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (isJsonObject(value)) return Object.hasOwn(value, key) ? value[key] : undefined;
  return Array.isArray(value) ? value[listIndex(key)] : undefined;
}

/** The index that a key means in a list, or -1 when it means none: `01` and `1e2` are names only. */
export function listIndex(key: string): number {
  return /^(?:0|[1-9]\d{0,9})$/.test(key) ? Number(key) : -1;
}
