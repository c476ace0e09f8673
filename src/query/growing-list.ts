/**
 * Items of a chunk: 2 to the power of this. From the second chunk on each is made in its full length, and of more than 128 KiB, so that V8 gives it pages of
 * its own and no collection moves it.
 */
const chunkBits = 14;
const chunkLength = 1 << chunkBits;

/**
 * A list that only grows, and never moves what is in it. An array of a million items takes ten milliseconds to grow, all at once, and leaves
 * twice its size to the garbage collector by the end; this one keeps nobody waiting, however long it gets.
 */
export class GrowingList<Item> {
  readonly #chunks: Item[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: Item): void {
    const index = this.#size & (chunkLength - 1);
    if (index === 0 && this.#size > 0) this.#chunks.push(new Array(chunkLength));
    const chunk = this.#chunks[this.#chunks.length - 1];
    if (chunk === undefined) throw new Error('there is always a chunk');
    // The first one grows, for most lists are short.
    chunk[index] = item;
    this.#size += 1;
  }

  /** Undefined before the first and behind the last. */
  at(index: number): Item | undefined {
    return this.#chunks[index >>> chunkBits]?.[index & (chunkLength - 1)];
  }
}
