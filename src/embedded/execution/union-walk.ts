import type { Document } from '../../document/document.ts';
import type { Walk } from './walk.ts';

/** The documents of several walks, one walk after the other, each document once. */
export class UnionWalk implements Walk {
  readonly #walks: readonly Walk[];
  #current = 0;
  #skippedBefore = 0;
  readonly isFitting = false;

  constructor(walks: readonly Walk[]) {
    this.#walks = walks;
  }

  get skipped(): number {
    return this.#skippedBefore + (this.#walks[this.#current]?.skipped ?? 0);
  }

  resume(): void {
    this.#walks[this.#current]?.resume();
  }

  next(): Document | null | undefined {
    const document = this.#walks[this.#current]?.next();
    if (document === undefined) {
      this.#skippedBefore = this.skipped;
      this.#current += 1;
      if (this.#current >= this.#walks.length) return undefined;
      this.resume();
      return null;
    }
    return document !== null && this.#wasGiven(document) ? null : document;
  }

  covers(document: Document): boolean {
    return this.#walks.some((walk) => walk.covers(document));
  }

  /** Nobody keeps what was given: the walks before this one tell what they give. */
  #wasGiven(document: Document): boolean {
    for (let number = 0; number < this.#current; number++) if (this.#walks[number]?.covers(document)) return true;
    return false;
  }
}
