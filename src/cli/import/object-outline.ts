import type { Buffer } from 'node:buffer';

const quote = 0x22;
const backslash = 0x5c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * Whether a text begins with a brace that ends with its last byte, by brackets and quotation marks. Then it can be put into a longer text: should that be
 * JSON, this is one object of it and cannot be anything else. Whether it is JSON is for a parser to say. False for an object with space around it, too.
 */
export function hasObjectOutline(text: Buffer): boolean {
  const last = text.length - 1;
  if (text[0] !== openingBrace || text[last] !== closingBrace) return false;
  let depth = 0;
  for (let at = 0; at <= last; at += 1) {
    const byte = text[at];
    if (byte === quote) {
      for (at += 1; text[at] !== quote; at += 1) {
        if (text[at] === backslash) at += 1;
        if (at >= last) return false;
      }
    } else if (byte === openingBrace || byte === openingBracket) {
      depth += 1;
    } else if (byte === closingBrace || byte === closingBracket) {
      depth -= 1;
      if (depth === 0) return at === last;
    }
  }
  return false;
}
