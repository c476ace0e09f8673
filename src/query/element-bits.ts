/** Of a column. Its fingerprints have one bit more, for all others. */
const textsMax = 30;
/** Longer ones are among the others: a column keeps few bytes beside its entries. */
const lengthMax = 64;
const othersBit = 1 << textsMax;

/**
 * Which bit of a list's fingerprint stands for which text in it. The first texts that a column meets have one of their own, so that for lists of few
 * different texts, tags and kinds, the fingerprint is the answer.
 */
export class ElementBits {
  readonly #bits = new Map<string, number>();

  /** How many texts have a bit of their own. It only grows, and what has a bit keeps it. */
  get size(): number {
    return this.#bits.size;
  }

  /** The bit of a text that is in a list. */
  of(text: string): number {
    const known = this.#bits.get(text);
    if (known !== undefined) return known;
    if (this.#bits.size >= textsMax || text.length > lengthMax) return othersBit;
    const bit = 1 << this.#bits.size;
    this.#bits.set(text, bit);
    return bit;
  }

  /** The bit that lists with a text have, 0 when there is none among them so far, and whether only those have it. */
  find(text: string): { readonly bit: number; readonly isExact: boolean } {
    const known = this.#bits.get(text);
    if (known !== undefined) return { bit: known, isExact: true };
    const isAmongOthers = this.#bits.size >= textsMax || text.length > lengthMax;
    return { bit: isAmongOthers ? othersBit : 0, isExact: false };
  }
}
