import { hash } from 'node:crypto';
import type { Document } from '../document/document.ts';
import type { JsonValue } from '../document/json.ts';
import { type JsonLimits, parseJson } from '../document/json-parser.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { formatPath } from '../document/path.ts';
import { DatabaseError, InvalidArgumentError } from '../errors.ts';
import type { Order } from './order.ts';
import { Ordering, type Position, type SortKey } from './ordering.ts';

/**
 * An opaque text for the place of a document in a list of this order. It says where the document stood, not which one it was,
 * so it stays right while documents are written, and also when its document has changed or is gone.
 */
export function encodeCursor(orderBy: readonly Order[], document: Document): string {
  const { keys, createdSequence, id } = new Ordering(orderBy).position(document);
  // The base64url of the exact JSON of: digest of the order, creation, id, and each key in a list of its own, which is
  // empty for the key of an empty list.
  const content = [orderDigest(orderBy), createdSequence, id, ...keys.map((key) => (key === undefined ? [] : [key]))];
  return Buffer.from(stringifyJson(content)).toString('base64url');
}

/**
 * The place that a cursor means.
 * @param argument What the client calls the cursor, for the error.
 * @throws {InvalidArgumentError} When the text is no cursor, or one of a list in another order.
 */
export function decodeCursor(orderBy: readonly Order[], text: string, argument: string): Position {
  const content = parseContent(text);
  if (!Array.isArray(content)) throw malformed(argument);
  const [digest, createdSequence, id, ...encodedKeys]: readonly JsonValue[] = content;
  if (typeof digest !== 'string' || typeof createdSequence !== 'number' || typeof id !== 'string') {
    throw malformed(argument);
  }
  if (digest !== orderDigest(orderBy)) {
    throw new InvalidArgumentError(`${argument}: the cursor is of a list in another order`, {
      path: argument,
      expected: 'a cursor of a list with the same orderBy',
    });
  }
  const keys = encodedKeys.map((key) => decodeKey(key, argument));
  if (!Number.isSafeInteger(createdSequence) || keys.length !== orderBy.length) throw malformed(argument);
  return { keys, createdSequence, id };
}

// A sort key is a part of a document, so whatever a document may hold at the widest settings must pass.
const contentLimits: JsonLimits = { nestingMax: 1_100, integerDigitsMax: 100_000 };

/** Undefined when the text is not the base64url of a JSON text. */
function parseContent(text: string): JsonValue | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return undefined; // Node skips what is not in the alphabet
  try {
    return parseJson(bytes, contentLimits);
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}

function decodeKey(encoded: JsonValue, argument: string): SortKey {
  if (!Array.isArray(encoded) || encoded.length > 1) throw malformed(argument);
  const [key]: readonly JsonValue[] = encoded;
  return key;
}

/** Tells one order from another: a cursor means nothing in a list of another order. */
function orderDigest(orderBy: readonly Order[]): string {
  const text = JSON.stringify(orderBy.map(({ path, direction }) => [formatPath(path), direction]));
  return hash('sha256', text, 'base64url').slice(0, 8);
}

function malformed(argument: string): InvalidArgumentError {
  return new InvalidArgumentError(`${argument}: this is not a cursor`, {
    path: argument,
    expected: 'a cursor that a page of this list gave',
  });
}
