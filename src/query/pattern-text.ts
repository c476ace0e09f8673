/** What a regular expression says plainly about the texts that it matches. */
export interface PatternText {
  readonly text: string;
  /** Whether texts must begin with it; else it may be anywhere in them. */
  readonly anchored: boolean;
  /** Whether the pattern asks for nothing more, so that looking for the text answers it. */
  readonly whole: boolean;
}

// A character that means itself, or one that a backslash makes mean itself.
const literal = /[^\\.+*?()|[\]{}^$]|\\[\\.+*?()|[\]{}^$/-]/gu;

/**
 * The text that everything that matches the pattern (in RE2's syntax) has in it: at its beginning, when the pattern begins
 * with `^`; else it is known only where the pattern is nothing but that text. Undefined when no such text shows at first sight.
 */
export function patternText(pattern: string): PatternText | undefined {
  const anchored = pattern.startsWith('^');
  const characters: string[] = [];
  let position = anchored ? 1 : 0;
  for (;;) {
    literal.lastIndex = position;
    const found = literal.exec(pattern);
    if (found === null || found.index !== position) break;
    characters.push(found[0].length > 1 && found[0].startsWith('\\') ? found[0].slice(1) : found[0]);
    position += found[0].length;
  }
  const whole = position === pattern.length;
  if (!whole) {
    // Another alternative may begin with anything, wherever it stands.
    if (!anchored || pattern.includes('|')) return undefined;
    // It may be there no time at all. (RE2 takes `a(?i)*` for `a*`.)
    if (/^(?:[*?{]|\(\?)/.test(pattern.slice(position))) characters.pop();
  }
  return characters.length === 0 && !whole ? undefined : { text: characters.join(''), anchored, whole };
}
