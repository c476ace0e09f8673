import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { defineKey, isJsonObject, type JsonValue } from './json.ts';
import { type JsonLimits, parseJson } from './json-parser.ts';

/** Pieces of about this length are parsed at once, which takes about a third of a millisecond. */
const pieceBytesDefault = 32 * 1024;
/** So much is scanned at once, which takes about as long. */
const scannedBytes = 128 * 1024;
/** Lists deeper inside are not cut. One of operations is at the third level of a GraphQL request. */
const levelMax = 4;

/** A list or object that has begun and not ended yet. */
interface Open {
  readonly start: number;
  readonly isList: boolean;
  /** The commas in it at which it can be cut into pieces. */
  readonly cuts: number[];
}

/** A list that can be cut. */
interface LongList {
  /** Where its brackets stand. */
  readonly start: number;
  readonly end: number;
  readonly level: number;
  readonly cuts: readonly number[];
}

/**
 * As `parseJson`, in steps that are small where a long list makes up most of the text: each piece of the list is parsed by itself, and so is the text around
 * it. What then is no JSON, or over a limit, is parsed as a whole, and refused for what it is.
 */
export function* parseJsonInPieces(
  bytes: Uint8Array,
  limits: JsonLimits,
  pieceBytes = pieceBytesDefault,
): Generator<void, JsonValue> {
  const list = yield* longestList(bytes, pieceBytes);
  if (list === null) return parseJson(bytes, limits);
  try {
    return yield* parsePieces(bytes, list, limits);
  } catch {
    return parseJson(bytes, limits);
  }
}

function* parsePieces(bytes: Uint8Array, list: LongList, limits: JsonLimits): Generator<void, JsonValue> {
  // Brackets around a piece are one level, of as many as the list itself is deep.
  const pieceLimits = { ...limits, nestingMax: limits.nestingMax - (list.level - 1) };
  const items: JsonValue[] = [];
  let start = list.start + 1;
  for (const end of [...list.cuts, list.end]) {
    const piece = parseJson(inBrackets(bytes.subarray(start, end)), pieceLimits);
    // Of nothing but white space: before a comma, or between two, there must be a value.
    if (!Array.isArray(piece) || piece.length === 0) throw new SyntaxError('a piece without a value');
    for (const item of piece) items.push(item);
    start = end + 1;
    yield;
  }
  // Nobody can have sent this very text, which stands for the list in what is around it.
  const mark = randomUUID();
  const around = Buffer.concat([
    bytes.subarray(0, list.start),
    Buffer.from(JSON.stringify(mark)),
    bytes.subarray(list.end + 1),
  ]);
  return new Placement(mark, items).in(parseJson(around, limits));
}

function inBrackets(piece: Uint8Array): Uint8Array {
  const list = Buffer.allocUnsafe(piece.length + 2);
  list[0] = openingBracket;
  list.set(piece, 1);
  list[piece.length + 1] = closingBracket;
  return list;
}

/**
 * Puts the list where its mark is.
 * @throws {SyntaxError} when that is nowhere: a list in the place of a key is no JSON, a text is.
 */
class Placement {
  readonly #mark: string;
  readonly #items: readonly JsonValue[];
  #isPlaced = false;

  constructor(mark: string, items: readonly JsonValue[]) {
    this.#mark = mark;
    this.#items = items;
  }

  in(around: JsonValue): JsonValue {
    const value = this.#placed(around);
    if (!this.#isPlaced) throw new SyntaxError('a list where no value can be');
    return value;
  }

  #placed(value: JsonValue): JsonValue {
    if (value === this.#mark) {
      this.#isPlaced = true;
      return this.#items;
    }
    if (Array.isArray(value)) return value.map((item) => this.#placed(item));
    if (!isJsonObject(value)) return value;
    const copy = {};
    for (const key of Object.keys(value)) defineKey(copy, key, this.#placed(value[key] ?? null));
    return copy;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/** The longest list that can be cut; of one in another the outer one. What it says of a text that is not JSON means nothing. */
function* longestList(bytes: Uint8Array, pieceBytes: number): Generator<void, LongList | null> {
  const search = new ListSearch(bytes, pieceBytes);
  for (let end = scannedBytes; search.scanTo(Math.min(end, bytes.length)); end += scannedBytes) yield;
  return search.longest;
}

/** Goes through a text once. A loop of its own takes a third of the time that it takes in a generator. */
class ListSearch {
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  readonly #open: Open[] = [];
  #level = 0;
  #isText = false;
  #index = 0;
  #longest: LongList | null = null;

  constructor(bytes: Uint8Array, pieceBytes: number) {
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes;
  }

  get longest(): LongList | null {
    return this.#longest;
  }

  /** Whether there is more behind `end`. */
  scanTo(end: number): boolean {
    const bytes = this.#bytes;
    const pieceBytes = this.#pieceBytes;
    const open = this.#open;
    let level = this.#level;
    let isText = this.#isText;
    let index = this.#index;
    for (; index < end; index += 1) {
      if (isText) {
        let byte = bytes[index];
        while (byte !== quote && index < end) {
          index += byte === backslash ? 2 : 1;
          byte = bytes[index];
        }
        if (index >= end) break;
        isText = false;
        continue;
      }
      const byte = bytes[index];
      if (byte === quote) {
        isText = true;
      } else if (byte === comma) {
        const list = open[level - 1];
        if (level > levelMax || list?.isList !== true) continue;
        if (index - (list.cuts.at(-1) ?? list.start) >= pieceBytes) list.cuts.push(index);
      } else if (byte === openingBracket || byte === openingBrace) {
        if (level < levelMax) open.push({ start: index, isList: byte === openingBracket, cuts: [] });
        level += 1;
      } else if (byte === closingBracket || byte === closingBrace) {
        level -= 1;
        if (level >= levelMax) continue;
        const ended = open.pop();
        if (ended === undefined) {
          this.#longest = null;
          return false;
        }
        this.#take(ended, index, level + 1, byte === closingBracket);
      }
    }
    this.#level = level;
    this.#isText = isText;
    this.#index = index;
    return end < bytes.length;
  }

  #take({ start, isList, cuts }: Open, end: number, level: number, isBracket: boolean): void {
    if (!isList || !isBracket || cuts.length === 0) return;
    const longest = this.#longest;
    if (longest === null || start < longest.start || end - start > longest.end - longest.start) {
      this.#longest = { start, end, level, cuts };
    }
  }
}
