import { compareStrings } from '../../document/value-order.ts';

/**
 * The text that Python's `json.dumps(value, sort_keys=True)` makes of a JSON text that `json.loads` has read: that is what the Python YaraDB
 * hashed. It follows from the text and not from the value, since to Python 1 and 1.0 are two.
 * @param text JSON that our own parser takes, which also bounds its nesting.
 */
export function pythonJson(text: string): string {
  return new Reader(text).value();
}

/** The same of each member of an object. */
export function pythonMembers(text: string): ReadonlyMap<string, string> {
  return new Reader(text).members();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): string {
    this.#skipSpace();
    const character = this.#text.charAt(this.#at);
    if (character === '{') return objectText(this.members());
    if (character === '[') return `[${this.#elements().join(', ')}]`;
    if (character === '"') return stringText(this.#string());
    return scalarText(this.#take(/[^\s,\]}]+/y));
  }

  members(): ReadonlyMap<string, string> {
    const members = new Map<string, string>();
    this.#enter();
    while (!this.#leaves('}')) {
      this.#skipSpace();
      const key = this.#string();
      this.#take(/\s*:/y);
      members.set(key, this.value());
    }
    return members;
  }

  #elements(): string[] {
    const elements: string[] = [];
    this.#enter();
    while (!this.#leaves(']')) elements.push(this.value());
    return elements;
  }

  #enter(): void {
    this.#take(/\s*[[{]/y);
  }

  /** Passes over a comma or the end. @returns whether it was the end. */
  #leaves(closing: string): boolean {
    this.#take(/\s*,?\s*/y);
    if (this.#text.charAt(this.#at) !== closing) return false;
    this.#at += 1;
    return true;
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    while (this.#text.charAt(end) !== '"') end += this.#text.charAt(end) === '\\' ? 2 : 1;
    this.#at = end + 1;
    // One string alone: `JSON.parse` is exact for that.
    return JSON.parse(this.#text.slice(start, this.#at));
  }

  #skipSpace(): void {
    this.#take(/\s*/y);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) throw new TypeError(`no JSON at ${this.#at}`);
    this.#at += found.length;
    return found;
  }
}

/** Python orders strings by code point. */
function objectText(members: ReadonlyMap<string, string>): string {
  const sorted = Array.from(members).sort(([a], [b]) => compareStrings(a, b));
  return `{${sorted.map(([key, value]) => `${stringText(key)}: ${value}`).join(', ')}}`;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\f': String.raw`\f`,
  '\b': String.raw`\b`,
};

/** `ensure_ascii`: everything but what is from space to tilde is escaped, characters beyond FFFF as two. */
function stringText(value: string): string {
  const escaped = value.replace(/["\\]|[^ -~]/g, (unit) => {
    return shortEscapes[unit] ?? String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

/** A literal with a fraction or an exponent is a float to Python, another one an integer of any size. */
function scalarText(literal: string): string {
  if (!/^-?\d/.test(literal)) return literal;
  if (/[.eE]/.test(literal)) return floatText(Number(literal));
  return literal === '-0' ? '0' : literal;
}

/**
 * `float.__repr__`: the shortest digits that mean the number, as JavaScript finds them too, with an exponent of at least two digits where the
 * first digit stands more than four places behind the point, or more than sixteen before it.
 */
export function floatText(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const exponentDigits = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${exponentDigits}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
