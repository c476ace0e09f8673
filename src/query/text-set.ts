import { hashText } from '../document/text-hash.ts';

/**
 * A set of texts that others are looked up in, very many of which were never seen before: in one of V8's each becomes an internalized string of the
 * process, which takes ten times as long, and the table of those keeps everybody waiting when it grows.
 */
export class TextSet {
  /** By their hashes. */
  readonly #texts = new Map<number, string[]>();
  /** A bit for each length, modulo 32: most texts are told by it that they are not there. */
  #lengths = 0;

  add(text: string): void {
    this.#lengths |= 1 << text.length;
    const hash = hashText(text);
    const texts = this.#texts.get(hash);
    if (texts === undefined) this.#texts.set(hash, [text]);
    else if (!texts.includes(text)) texts.push(text);
  }

  has(text: string): boolean {
    if ((this.#lengths & (1 << text.length)) === 0) return false;
    return this.#texts.get(hashText(text))?.includes(text) ?? false;
  }
}
