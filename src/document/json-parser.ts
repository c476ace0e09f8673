import { isUtf8 } from 'node:buffer';
import { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from './json.ts';
import { parseJsonStrictly } from './strict-json-parser.ts';

/** What a JSON text may hold at most. `Infinity` lifts a limit: no input overflows the stack even then. */
export interface JsonLimits {
  /** Lists and objects inside each other: `[[1]]` has 2. */
  readonly nestingMax: number;
  /** Digits of an integer literal, the sign not counted: turning digits into a `bigint` takes more than linear time. */
  readonly integerDigitsMax: number;
}

export const defaultJsonLimits: JsonLimits = Object.freeze({ nestingMax: 512, integerDigitsMax: 1024 });

// The walk over a parsed value recurses. Where deeper nesting is allowed, the strict parser reads it, without recursion.
const nativeNestingMax = 512;

// With `ignoreBOM` the decoder leaves a byte-order mark in the text, where it is refused instead of being dropped.
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The value of a JSON text (RFC 8259), exactly: an integer that no double holds is a `bigint`, every other number the
 * nearest double, -0 is 0, and every key is an own property. A text that cannot be kept as it is, is refused.
 *
 * Throws `LimitExceededError` for what is over `limits`, and `InvalidArgumentError` for everything else, both with the
 * path in their evidence: text that is not JSON, bytes that are not UTF-8, a byte-order mark, a lone surrogate, a key
 * that comes twice in one object, a number beyond the range of doubles.
 */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = defaultJsonLimits): JsonValue {
  if (typeof input === 'string') {
    return input.isWellFormed() ? parseText(input, Buffer.from(input), limits) : parseJsonStrictly(input, limits);
  }
  if (!isUtf8(input)) {
    const before = validUtf8Prefix(input);
    return parseJsonStrictly(before, limits, { invalidByteOffset: Buffer.byteLength(before) });
  }
  return parseText(utf8Decoder.decode(input), input, limits);
}

/**
 * `JSON.parse` does the work where a scan of the text and a walk over the value prove that it gives the answer that the
 * strict parser would give. The strict parser does all the rest, refusals included.
 */
function parseText(text: string, bytes: Uint8Array, limits: JsonLimits): JsonValue {
  const memberCount = countMembers(bytes, Math.min(limits.nestingMax, nativeNestingMax));
  if (memberCount !== undefined) {
    const value = parseNatively(text);
    // At this magnitude a literal may have been an integer that no double holds, one with too many digits, or one that
    // overflowed. Below it every integer literal has a double of its own.
    const magnitudeEnd = Math.min(2 ** 53, 10 ** limits.integerDigitsMax);
    // Of two members with one key `JSON.parse` keeps one, so the counts agree only where no key came twice.
    if (value !== undefined && countParsedMembers(value, magnitudeEnd) === memberCount) {
      return value;
    }
  }
  return parseJsonStrictly(text, limits);
}

/**
 * How many members the objects of a JSON text have: one for each colon outside strings. Undefined when the text is for
 * the strict parser: when it
 * - nests deeper than `nestingMax`,
 * - may hold a lone surrogate: a well-formed text can hold one only as an escape, \uD800 to \uDFFF,
 * - has an escape in a key: V8 takes such a key for another one that it has seen in such a place before
 *   (https://github.com/nodejs/node/issues/63785).
 * What it says of a text that is not JSON means nothing.
 */
function countMembers(bytes: Uint8Array, nestingMax: number): number | undefined {
  const { length } = bytes;
  let count = 0;
  let nesting = 0;
  let escaped = false;
  for (let index = 0; index < length; index++) {
    const byte = bytes[index];
    if (byte === 0x22 /* " */) {
      escaped = false;
      for (index++; index < length; index++) {
        const inString = bytes[index];
        if (inString === 0x22 /* " */) {
          break;
        }
        if (inString === 0x5c /* \ */) {
          escaped = true;
          index++;
          const digit = bytes[index + 1];
          if (bytes[index] === 0x75 /* u */ && (digit === 0x64 /* d */ || digit === 0x44) /* D */) {
            return undefined;
          }
        }
      }
    } else if (byte === 0x3a /* : */) {
      if (escaped) {
        return undefined;
      }
      count++;
    } else if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) {
      nesting++;
      if (nesting > nestingMax) {
        return undefined;
      }
    } else if (byte === 0x7d /* } */ || byte === 0x5d /* ] */) {
      nesting--;
    }
  }
  return count;
}

/** Undefined when the text is not JSON; no JSON text has that value. */
function parseNatively(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** How many members the objects of a value have; NaN when it holds -0, or a number not strictly within the magnitude. */
function countParsedMembers(value: JsonValue, magnitudeEnd: number): number {
  if (typeof value === 'object' && value !== null) {
    return countMembersWithin(value, magnitudeEnd);
  }
  return typeof value === 'number' && !isTrusted(value, magnitudeEnd) ? Number.NaN : 0;
}

// Scalars are looked at in the loops: a call for each of them took twice as long.
function countMembersWithin(container: JsonArray | JsonObject, magnitudeEnd: number): number {
  let count = 0;
  if (isJsonObject(container)) {
    for (const key in container) {
      const value = container[key];
      count++;
      if (typeof value === 'object' && value !== null) {
        count += countMembersWithin(value, magnitudeEnd);
      } else if (typeof value === 'number' && !isTrusted(value, magnitudeEnd)) {
        return Number.NaN;
      }
    }
    return count;
  }
  for (const value of container) {
    if (typeof value === 'object' && value !== null) {
      count += countMembersWithin(value, magnitudeEnd);
    } else if (typeof value === 'number' && !isTrusted(value, magnitudeEnd)) {
      return Number.NaN;
    }
  }
  return count;
}

function isTrusted(number: number, magnitudeEnd: number): boolean {
  return number < magnitudeEnd && number > -magnitudeEnd && !Object.is(number, -0);
}

/** The text before the first byte that is not UTF-8. */
function validUtf8Prefix(bytes: Uint8Array): string {
  const text = utf8Decoder.decode(bytes);
  let byteOffset = 0;
  let checked = 0;
  for (;;) {
    // A replacement character stands either for itself, three bytes, or for what could not be decoded.
    const index = text.indexOf('\ufffd', checked);
    byteOffset += Buffer.byteLength(text.slice(checked, index));
    const itself = bytes[byteOffset] === 0xef && bytes[byteOffset + 1] === 0xbf && bytes[byteOffset + 2] === 0xbd;
    if (!itself) {
      return text.slice(0, index);
    }
    byteOffset += 3;
    checked = index + 1;
  }
}
