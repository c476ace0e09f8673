import type { Buffer } from 'node:buffer';
import { ItemBytes } from './item-bytes.ts';
import { type ItemSource, SourceError, type SourceItem } from './source-item.ts';

/** What comes next. */
type Place =
  | 'start' // the list, or the first value
  | 'element' // the first element of the list, or its end
  | 'next' // an element, behind a comma
  | 'separator' // a comma, or the end of the list
  | 'value' // another value, where there is no list
  | 'inside' // more of an element
  | 'done'; // nothing, behind the list

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
const lineFeed = 0x0a;

/**
 * JSON: the elements of one list, or values one behind the other. It only tells where an element ends, by brackets and quotation
 * marks: whether it is JSON is for the parser of each element to say, so that one that is not costs no other.
 */
export class JsonSource implements ItemSource {
  readonly headerText = null;
  readonly takesAnything = false;
  readonly #bytes = new ItemBytes();
  #place: Place = 'start';
  #isList = false;
  /** Open brackets and braces inside the element. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #line = 1;
  #elementLine = 1;

  push(chunk: Buffer): readonly SourceItem[] {
    const items: SourceItem[] = [];
    try {
      this.pushFrom(chunk, 0, items);
    } catch (error) {
      throw error instanceof SourceError ? error.behind(items) : error;
    }
    return items;
  }

  /** Whether the list was read to its end. */
  get isDone(): boolean {
    return this.#place === 'done';
  }

  /**
   * Reads from an offset, adding to `items`.
   * @param stopsAtEnd whether what follows the list is somebody else's.
   * @returns where it has stopped: behind the list, or at the end of the chunk.
   */
  pushFrom(chunk: Buffer, from: number, items: SourceItem[], stopsAtEnd = false): number {
    const { length } = chunk;
    let at = from;
    let start = from;
    while (at < length) {
      if (this.#place !== 'inside') {
        if (stopsAtEnd && this.#place === 'done') return at;
        at = this.#outside(chunk, at);
        start = at;
        continue;
      }
      const end = this.#inside(chunk, at);
      at = end < 0 ? length : end;
      this.#bytes.add(chunk.subarray(start, at));
      if (end < 0) break;
      items.push(this.#bytes.take(this.#elementLine));
      this.#place = this.#isList ? 'separator' : 'value';
    }
    return at;
  }

  end(): readonly SourceItem[] {
    if (this.#place === 'inside' && this.#isList) throw this.#error('the input ends inside an element of the list');
    if (this.#place === 'inside') return [this.#bytes.take(this.#elementLine)];
    if (this.#isList && this.#place !== 'done') throw this.#error('the input ends before the list does: ] is missing');
    return [];
  }

  /** Looks at one byte between elements. @returns where to go on. */
  #outside(chunk: Buffer, at: number): number {
    const byte = chunk[at];
    switch (byte) {
      case lineFeed:
        this.#line += 1;
        return at + 1;
      case 0x20:
      case 0x09:
      case 0x0d:
        return at + 1;
      case comma:
        if (this.#place !== 'separator') throw this.#error('a comma where an element is due');
        this.#place = 'next';
        return at + 1;
      case closingBracket:
        if (this.#place !== 'separator' && this.#place !== 'element') throw this.#error('] where an element is due');
        this.#place = 'done';
        return at + 1;
      case openingBracket:
        if (this.#place === 'start') {
          this.#isList = true;
          this.#place = 'element';
          return at + 1;
        }
    }
    if (this.#place === 'separator') throw this.#error('a comma is missing between two elements');
    if (this.#place === 'done') throw this.#error('something follows the list');
    if (this.#place === 'start' && byte === 0xef) {
      throw this.#error(
        'the input begins with a byte-order mark, which JSON has none of: remove its first three bytes',
      );
    }
    this.#place = 'inside';
    this.#elementLine = this.#line;
    this.#depth = 0;
    return at;
  }

  /** Goes through the element. @returns where it ends; -1 when it goes on in the next chunk. */
  #inside(chunk: Buffer, from: number): number {
    const { length } = chunk;
    let depth = this.#depth;
    let inString = this.#inString;
    for (let at = from; at < length; at += 1) {
      const byte = chunk[at];
      if (byte === lineFeed) this.#line += 1;
      if (inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) {
          inString = false;
          if (depth === 0) return this.#endAt(at + 1);
        }
      } else if (byte === quote) {
        inString = true;
      } else if (byte === openingBrace || byte === openingBracket) {
        depth += 1;
      } else if (byte === closingBrace || byte === closingBracket) {
        // A closing one without an opening one: that of the list, behind a number or a word.
        if (depth === 0) return this.#endAt(at === from && this.#bytes.length === 0 ? at + 1 : at);
        depth -= 1;
        if (depth === 0) return this.#endAt(at + 1);
      } else if (
        depth === 0 &&
        (byte === comma || byte === 0x20 || byte === lineFeed || byte === 0x0d || byte === 0x09)
      ) {
        if (byte === lineFeed) this.#line -= 1;
        return this.#endAt(at);
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    return -1;
  }

  #endAt(at: number): number {
    this.#depth = 0;
    this.#inString = false;
    return at;
  }

  #error(message: string): SourceError {
    return new SourceError(this.#line, message);
  }
}
