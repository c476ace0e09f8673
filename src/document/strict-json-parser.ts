import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import { defineKey, type JsonValue } from './json.ts';
import type { JsonLimits } from './json-parser.ts';
import { escapeKey } from './path.ts';

/** Says why a text is only the beginning of what was sent: the bytes after it are not UTF-8. */
export interface Truncation {
  readonly invalidByteOffset: number;
}

/**
 * The reference for `parseJson`, which describes what comes back and what is thrown: one pass without recursion that
 * knows the path of everything it reads. With a `truncation` it always throws.
 */
export function parseJsonStrictly(text: string, limits: JsonLimits, truncation?: Truncation): JsonValue {
  return new StrictJsonParser(text, limits, truncation).parse();
}

/** A list or object that is being read, and the index or key of what is being read in it, null between elements. */
type OpenContainer =
  | { readonly kind: 'list'; readonly list: JsonValue[]; at: number | null }
  | { readonly kind: 'object'; readonly object: Record<string, JsonValue>; at: string | null };

class StrictJsonParser {
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #truncation: Truncation | undefined;
  readonly #open: OpenContainer[] = [];
  #position = 0;

  constructor(text: string, limits: JsonLimits, truncation: Truncation | undefined) {
    this.#text = text;
    this.#limits = limits;
    this.#truncation = truncation;
  }

  parse(): JsonValue {
    if (this.#peek() === 0xfeff) {
      throw this.#invalid('a byte-order mark stands before it', 'a text without a byte-order mark');
    }
    for (;;) {
      const read = this.#readScalarOrOpen();
      if (read === opened) {
        continue;
      }
      const whole = this.#addToContainers(read);
      if (whole !== unfinished) {
        return whole;
      }
    }
  }

  /** Reads a scalar, an empty list or an empty object; or opens a list or object and stands before its first value. */
  #readScalarOrOpen(): JsonValue | typeof opened {
    this.#skipWhitespace();
    const first = this.#peek();
    switch (first) {
      case 0x22 /* " */:
        return this.#readString();
      case 0x5b /* [ */:
        return this.#openList();
      case 0x7b /* { */:
        return this.#openObject();
      case 0x74 /* t */:
        return this.#readName('true', true);
      case 0x66 /* f */:
        return this.#readName('false', false);
      case 0x6e /* n */:
        return this.#readName('null', null);
      default:
        if (first === 0x2d /* - */ || isDigit(first)) {
          return this.#readNumber();
        }
        throw this.#unexpected('a value');
    }
  }

  #openList(): JsonValue | typeof opened {
    this.#refuseDeeperNesting();
    this.#position++;
    this.#skipWhitespace();
    if (this.#peek() === 0x5d /* ] */) {
      this.#position++;
      return [];
    }
    this.#open.push({ kind: 'list', list: [], at: 0 });
    return opened;
  }

  #openObject(): JsonValue | typeof opened {
    this.#refuseDeeperNesting();
    this.#position++;
    this.#skipWhitespace();
    if (this.#peek() === 0x7d /* } */) {
      this.#position++;
      return {};
    }
    const container = { kind: 'object' as const, object: {}, at: null };
    this.#open.push(container);
    this.#readKey(container, "a key in double quotes or '}'");
    return opened;
  }

  /** Gives a value to the list or object around it, and each that it completes to the next one; the root comes back. */
  #addToContainers(value: JsonValue): JsonValue | typeof unfinished {
    let complete = value;
    for (;;) {
      this.#skipWhitespace();
      const container = this.#open.at(-1);
      if (container === undefined) {
        if (this.#position < this.#text.length || this.#truncation !== undefined) {
          throw this.#unexpected('nothing after the value');
        }
        return complete;
      }
      if (container.kind === 'list') {
        container.list.push(complete);
      } else if (container.at !== null) {
        defineKey(container.object, container.at, complete);
      }
      container.at = null;
      const next = this.#peek();
      if (next === 0x2c /* , */) {
        this.#position++;
        if (container.kind === 'list') {
          container.at = container.list.length;
        } else {
          this.#skipWhitespace();
          this.#readKey(container, 'a key in double quotes');
        }
        return unfinished;
      }
      if (next !== (container.kind === 'list' ? 0x5d /* ] */ : 0x7d) /* } */) {
        throw this.#unexpected(container.kind === 'list' ? "',' or ']'" : "',' or '}'");
      }
      this.#position++;
      this.#open.pop();
      complete = container.kind === 'list' ? container.list : container.object;
    }
  }

  #readKey(container: OpenContainer & { kind: 'object' }, expected: string): void {
    if (this.#peek() !== 0x22 /* " */) {
      throw this.#unexpected(expected);
    }
    const start = this.#position;
    const key = this.#readString('key');
    container.at = key;
    if (Object.hasOwn(container.object, key)) {
      throw this.#invalid(`the key ${quote(key)} comes twice in one object`, 'each key once', start);
    }
    this.#skipWhitespace();
    if (this.#peek() !== 0x3a /* : */) {
      throw this.#unexpected("':'");
    }
    this.#position++;
  }

  #readName<Value extends JsonValue>(name: string, value: Value): Value {
    if (!this.#text.startsWith(name, this.#position)) {
      throw this.#unexpected('a value');
    }
    this.#position += name.length;
    return value;
  }

  #readString(role: 'value' | 'key' = 'value'): string {
    const start = this.#position;
    const plain = this.#skipString();
    // A slice of some length would keep the whole text alive for as long as the value lives; what JSON.parse gives is a
    // copy. V8 copies the short ones by itself.
    const copied = plain && this.#position - start < 12;
    const string: string = copied
      ? this.#text.slice(start + 1, this.#position - 1)
      : JSON.parse(this.#text.slice(start, this.#position));
    if (!string.isWellFormed()) {
      const container = this.#open.at(-1);
      if (role === 'key' && container?.kind === 'object') {
        container.at = string;
      }
      throw this.#invalid(
        `the ${role === 'key' ? 'key' : 'string'} ${quote(string)} holds a lone surrogate, which is not a character`,
        'Unicode text: surrogates in pairs only',
        start,
      );
    }
    return string;
  }

  /** Stands behind the closing quote afterwards. True when the string holds no escape. */
  #skipString(): boolean {
    const text = this.#text;
    let plain = true;
    for (this.#position++; this.#position < text.length; this.#position++) {
      const unit = text.charCodeAt(this.#position);
      if (unit === 0x22 /* " */) {
        this.#position++;
        return plain;
      }
      if (unit === 0x5c /* \ */) {
        plain = false;
        this.#position++;
        this.#skipEscape();
      } else if (unit < 0x20) {
        throw this.#unexpected('a control character written as an escape (\\n, \\u0000)');
      }
    }
    throw this.#unexpected('a closing double quote');
  }

  /** Stands on the last character of the escape afterwards. */
  #skipEscape(): void {
    const letter = this.#text.charAt(this.#position);
    if (letter !== 'u') {
      if (letter === '' || !'"\\/bfnrt'.includes(letter)) {
        throw this.#unexpected('an escape: \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u with four hexadecimal digits');
      }
      return;
    }
    for (let digit = 0; digit < 4; digit++) {
      this.#position++;
      if (!/^[0-9a-fA-F]$/.test(this.#text.charAt(this.#position))) {
        throw this.#unexpected('four hexadecimal digits after \\u');
      }
    }
  }

  #readNumber(): number | bigint {
    const start = this.#position;
    if (this.#peek() === 0x2d /* - */) {
      this.#position++;
    }
    const digitsStart = this.#position;
    this.#skipDigits();
    const digitCount = this.#position - digitsStart;
    if (digitCount > 1 && this.#text.charCodeAt(digitsStart) === 0x30 /* 0 */) {
      throw this.#invalid('a number begins with 0', 'a number without leading zeros', start);
    }
    let integer = true;
    if (this.#peek() === 0x2e /* . */) {
      integer = false;
      this.#position++;
      this.#skipDigits();
    }
    if (this.#peek() === 0x65 /* e */ || this.#peek() === 0x45 /* E */) {
      integer = false;
      this.#position++;
      if (this.#peek() === 0x2b /* + */ || this.#peek() === 0x2d /* - */) {
        this.#position++;
      }
      this.#skipDigits();
    }
    if (integer && digitCount > this.#limits.integerDigitsMax) {
      throw this.#overLimit('an integer has', digitCount, this.#limits.integerDigitsMax, 'digits', start);
    }
    const literal = this.#text.slice(start, this.#position);
    return integer ? exactInteger(literal) : this.#nearestDouble(literal, start);
  }

  #nearestDouble(literal: string, start: number): number {
    const number = Number(literal);
    if (!Number.isFinite(number)) {
      const expected = `a number within ±${Number.MAX_VALUE}`;
      throw this.#invalid('a number is beyond the range of doubles; send it as a string', expected, start);
    }
    return number === 0 ? 0 : number;
  }

  #skipDigits(): void {
    if (!isDigit(this.#peek())) {
      throw this.#unexpected('a digit');
    }
    do {
      this.#position++;
    } while (isDigit(this.#peek()));
  }

  #skipWhitespace(): void {
    for (;;) {
      const unit = this.#peek();
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) {
        return;
      }
      this.#position++;
    }
  }

  /** The UTF-16 code unit at the position, NaN at the end of the text. */
  #peek(): number {
    return this.#text.charCodeAt(this.#position);
  }

  #refuseDeeperNesting(): void {
    const nesting = this.#open.length + 1;
    if (nesting > this.#limits.nestingMax) {
      throw this.#overLimit('lists and objects are nested', nesting, this.#limits.nestingMax, 'deep', this.#position);
    }
  }

  #path(): string {
    // Half a surrogate pair is in a key only when the key is refused for it; the path must still be fit to be sent.
    return this.#open.flatMap(({ at }) => (at === null ? [] : escapeKey(String(at).toWellFormed()))).join('.');
  }

  #overLimit(what: string, actual: number, limit: number, unit: string, position: number): LimitExceededError {
    const path = this.#path();
    const message = `Limit exceeded at ${describePlace(this.#text, position, path)}: ${what} ${actual} ${unit}; the limit is ${limit}.`;
    return new LimitExceededError(message, { path, limit, actual });
  }

  #unexpected(expected: string): InvalidArgumentError {
    if (this.#position < this.#text.length) {
      const found = String.fromCodePoint(this.#text.codePointAt(this.#position) ?? 0);
      return this.#invalid(`expected ${expected}, found ${quote(found)}`, expected);
    }
    if (this.#truncation !== undefined) {
      const what = `byte ${this.#truncation.invalidByteOffset} is not UTF-8; encode the text as UTF-8`;
      return this.#invalid(what, 'UTF-8', this.#text.length);
    }
    return this.#invalid(`expected ${expected}, found the end of the text`, expected, this.#text.length);
  }

  #invalid(what: string, expected: string, position = this.#position): InvalidArgumentError {
    const path = this.#path();
    const message = `Not a JSON text that can be kept, at ${describePlace(this.#text, position, path)}: ${what}.`;
    return new InvalidArgumentError(message, { path, expected });
  }
}

/** A list or object was opened; its first value comes next. */
const opened = Symbol('opened');
/** A list or object around the value is still open; its next value comes next. */
const unfinished = Symbol('unfinished');

// Integers with up to 15 digits are below 2^53.
const digitsOfExactDoubles = 15;

function exactInteger(literal: string): number | bigint {
  const number = Number(literal);
  if (literal.length <= digitsOfExactDoubles) {
    return number === 0 ? 0 : number;
  }
  const integer = BigInt(literal);
  return Number.isFinite(number) && BigInt(number) === integer ? number : integer;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

const quotedLengthMax = 40;

function quote(text: string): string {
  return text.length > quotedLengthMax ? `${JSON.stringify(text.slice(0, quotedLengthMax))}…` : JSON.stringify(text);
}

const shownPathLengthMax = 200;

function describePlace(text: string, position: number, path: string): string {
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < position; index++) {
    if (text.charCodeAt(index) === 0x0a) {
      line++;
      lineStart = index + 1;
    }
  }
  const place = `line ${line}, column ${position - lineStart + 1}`;
  return path === '' || path.length > shownPathLengthMax ? place : `${place} (${path})`;
}
