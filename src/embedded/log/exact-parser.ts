/** From so many digits on an integer may be one that no double holds. */
const digitsMin = 16;

/**
 * Whether `JSON.parse` may misread a text that `stringifyJson` wrote. It is exact but for two things: an integer that no double holds, which has
 * as many digits in a row at least, and a key that holds an escape, which V8 may take for another one
 * (https://github.com/nodejs/node/issues/63785). FORMAT.md has it as a flag of documents.
 */
export function needsExactParser(text: string): boolean {
  return text.includes('\\') || hasManyDigits(text);
}

/** Looks at one in sixteen characters, of which a row of digits has one at least: a tenth of the time of a regular expression. */
function hasManyDigits(text: string): boolean {
  const { length } = text;
  for (let at = digitsMin - 1; at < length; at += digitsMin) {
    if (!isDigitAt(text, at)) continue;
    let start = at;
    while (isDigitAt(text, start - 1)) start -= 1;
    while (isDigitAt(text, at + 1)) at += 1;
    if (at + 1 - start >= digitsMin) return true;
    // The next row begins behind the character that ends this one.
    at += 1;
  }
  return false;
}

/** False before the text and behind it. */
function isDigitAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0x30 && unit <= 0x39;
}
