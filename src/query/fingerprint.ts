import type { JsonValue } from '../document/json.ts';
import type { ColumnEntry } from './column-predicate.ts';
import type { ElementBits } from './element-bits.ts';
import type { Leaf } from './leaf-test.ts';
import { patternText } from './pattern-text.ts';

// Texts and lists are objects somewhere in memory, and to wait for those is most of what a scan does. A fingerprint tells in an entry of a column that
// most of them are not what is asked for. It has 32 bits, which V8 keeps in the entry itself:
// - of a text, 30: three bits of each of its first eight characters, of its length and of its last character;
// - of a list, the sign, and a bit for each text in it (`element-bits.ts`);
// - of what a list on the way leads to, all of them: nothing is known of it;
// - of anything else, one that no text has.

const headLength = 8;
const characterBits = 3;
const characterMask = 7;
const tailBits = 2 * characterBits;
const noText = 1 << 30;
const unknown = -1;

export function fingerprint(entry: ColumnEntry, bits: ElementBits): number {
  if (typeof entry === 'string') return textFingerprint(entry);
  if (typeof entry === 'symbol') return unknown;
  return Array.isArray(entry) ? listFingerprint(entry, bits) : noText;
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

function listFingerprint(list: readonly JsonValue[], bits: ElementBits): number {
  let all = 1 << 31;
  for (const element of list) if (typeof element === 'string') all |= bits.of(element);
  return all;
}

/** What the question of a leaf is about, where it is about one text. */
export interface AskedText {
  readonly text: string;
  /** Whether the text is to be all of the value, or its beginning. */
  readonly isWhole: boolean;
  /** Whether it holds of a list that has the text as an element. */
  readonly expands: boolean;
}

export function askedText(leaf: Leaf): AskedText | null {
  switch (leaf.kind) {
    case 'eq':
    case 'equalField':
      return typeof leaf.value === 'string' ? { text: leaf.value, isWhole: true, expands: leaf.kind === 'eq' } : null;
    case 'startsWith':
      return { text: leaf.text, isWhole: false, expands: true };
    case 'regex': {
      const plain = patternText(leaf.pattern);
      return plain?.whole && plain.anchored ? { text: plain.text, isWhole: false, expands: true } : null;
    }
    default:
      return null;
  }
}

/**
 * The source of a question that is asked of the fingerprint first.
 * @param entry the source that reads the fingerprint. @param question that of the value. @param bits those of the column, as they are now.
 */
export function fingerprintQuestion(
  { text, isWhole, expands }: AskedText,
  entry: string,
  question: string,
  bits: ElementBits,
  constant: (value: unknown) => string,
): string {
  if (isWhole) {
    const { bit, isExact } = bits.find(text);
    const isText = `s === ${constant(textFingerprint(text))}`;
    const isIn = `s === ${unknown} || (s & ${constant(bit)}) !== 0`;
    return `((s = ${entry}) >= 0 ? ${isText} : ${isIn}) && (s < ${unknown} && ${constant(isExact && expands)} || (${question}))`;
  }
  const known = Math.min(text.length, headLength) * characterBits;
  const mask = ((1 << known) - 1) << (headLength * characterBits - known + tailBits);
  return `((s = ${entry}) < 0 || (s & ${constant(mask)}) === ${constant(textFingerprint(text) & mask)}) && (${question})`;
}
