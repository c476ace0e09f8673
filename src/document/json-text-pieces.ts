import { isTextLonger } from './json-length.ts';
import { stringifyJson } from './json-serializer.ts';

/** About the length of a piece, in characters, which takes some tenths of a millisecond. */
const pieceLengthDefault = 64 * 1024;

/**
 * The text of `stringifyJson`, cut into pieces, each of which is made when it is asked for. There may be empty ones, where it takes a while to come to more text. No
 * character is cut in two.
 * @throws {TypeError} as `stringifyJson`, when it comes to what JSON cannot say.
 */
export function* jsonTextPieces(value: unknown, pieceLength = pieceLengthDefault): Generator<string, void> {
  const pieces = new JsonTextPieces(pieceLength);
  yield* pieces.of(value);
  yield pieces.take();
}

class JsonTextPieces {
  readonly #pieceLength: number;
  #text = '';

  constructor(pieceLength: number) {
    this.#pieceLength = pieceLength;
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  *of(value: unknown): Generator<string, void> {
    if (!isTextLonger(value, this.#pieceLength) || hasOwnText(value)) {
      this.#text += stringifyJson(value);
      if (this.#text.length >= this.#pieceLength) yield this.take();
    } else if (typeof value === 'string') {
      yield* this.#ofString(value);
    } else {
      // To find out that it is long takes as long as a piece.
      yield this.take();
      yield* Array.isArray(value) ? this.#ofList(value) : this.#ofObject(value as Record<string, unknown>);
    }
  }

  *#ofString(text: string): Generator<string, void> {
    this.#text += '"';
    for (let start = 0; start < text.length; ) {
      const end = start + this.#pieceLength;
      // Half of a character would be escaped.
      const next = isPair(text.charCodeAt(end - 1), text.charCodeAt(end)) ? end + 1 : end;
      this.#text += JSON.stringify(text.slice(start, next)).slice(1, -1);
      yield this.take();
      start = next;
    }
    this.#text += '"';
  }

  *#ofList(list: readonly unknown[]): Generator<string, void> {
    let opening = '[';
    for (const element of list) {
      this.#text += opening;
      opening = ',';
      yield* this.of(element === undefined ? null : element);
    }
    this.#text += opening === '[' ? '[]' : ']';
  }

  *#ofObject(object: Readonly<Record<string, unknown>>): Generator<string, void> {
    let opening = '{';
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (value === undefined) continue;
      this.#text += `${opening}${JSON.stringify(key)}:`;
      opening = ',';
      yield* this.of(value);
    }
    this.#text += opening === '{' ? '{}' : '}';
  }
}

/** What is no list, object or string has a text of its own, and so has what makes one by `toJSON`. */
function hasOwnText(value: unknown): boolean {
  if (typeof value === 'string') return false;
  if (typeof value !== 'object' || value === null) return true;
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Whether these two units are surrogates that are one character together. */
function isPair(first: number, second: number): boolean {
  return first >= 0xd800 && first < 0xdc00 && second >= 0xdc00 && second < 0xe000;
}
