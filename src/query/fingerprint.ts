import type { JsonValue } from '../document/json.ts';
import type { ColumnEntry } from './column-predicate.ts';
import type { Leaf } from './leaf-test.ts';
import { patternText } from './pattern-text.ts';

// Texts and lists are objects somewhere in memory, and to wait for those is most of what a scan does. A fingerprint tells in an entry of a column that
// most of them are not what is asked for. It has 32 bits, which V8 keeps in the entry itself:
// - of a text, 30: three bits of each of its first eight characters, of its length and of its last character;
// - of a list, the sign, and a bit for each text in it;
// - of what a list on the way leads to, all of them: nothing is known of it;
// - of anything else, one that no text has.

const headLength = 8;
const characterBits = 3;
const characterMask = 7;
const tailBits = 2 * characterBits;
const noText = 1 << 30;
const unknown = -1;

export function fingerprint(entry: ColumnEntry): number {
  if (typeof entry === 'string') return textFingerprint(entry);
  if (typeof entry === 'symbol') return unknown;
  return Array.isArray(entry) ? listFingerprint(entry) : noText;
}

function textFingerprint(text: string): number {
  return (headOf(text) << tailBits) | ((text.length & characterMask) << characterBits) | lastOf(text);
}

function lastOf(text: string): number {
  return text === '' ? 0 : text.charCodeAt(text.length - 1) & characterMask;
}

function headOf(text: string): number {
  let head = 0;
  for (let index = 0; index < headLength; index += 1) {
    head = (head << characterBits) | (index < text.length ? text.charCodeAt(index) & characterMask : 0);
  }
  return head;
}

function listFingerprint(list: readonly JsonValue[]): number {
  let bits = 1 << 31;
  for (const element of list) if (typeof element === 'string') bits |= elementBit(element);
  return bits;
}

/** One of 31. */
function elementBit(text: string): number {
  return 1 << ((Math.imul(textFingerprint(text), 0x9e3779b1) >>> 1) % 31);
}

/** The text that all values have, or begin with, of which the question of a leaf holds; null when there is no such text. */
export interface AskedText {
  readonly text: string;
  readonly isWhole: boolean;
}

export function askedText(leaf: Leaf): AskedText | null {
  switch (leaf.kind) {
    case 'eq':
    case 'equalField':
      return typeof leaf.value === 'string' ? { text: leaf.value, isWhole: true } : null;
    case 'startsWith':
      return { text: leaf.text, isWhole: false };
    case 'regex': {
      const plain = patternText(leaf.pattern);
      return plain?.whole && plain.anchored ? { text: plain.text, isWhole: false } : null;
    }
    default:
      return null;
  }
}

/** The source of a question to the fingerprint `entry`: false where it tells that the question about the text does not hold. */
export function fingerprintQuestion(
  { text, isWhole }: AskedText,
  entry: string,
  constant: (value: number) => string,
): string {
  if (isWhole) {
    const bit = constant(elementBit(text));
    return `((s = ${entry}) >= 0 ? s === ${constant(textFingerprint(text))} : (s & ${bit}) !== 0)`;
  }
  const known = Math.min(text.length, headLength) * characterBits;
  const mask = ((1 << known) - 1) << (headLength * characterBits - known + tailBits);
  return `((s = ${entry}) < 0 || (s & ${constant(mask)}) === ${constant(textFingerprint(text) & mask)})`;
}
