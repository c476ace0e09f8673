import type { KeyRecord } from '../log/record.ts';

/** As many are copied at once. */
const pieceLength = 1024;
/** About what a key takes in memory, and each id of a document in it. */
const keyBytes = 300;
const documentIdBytes = 72;

/**
 * The idempotency keys that are remembered. It changes as commits are applied, and by nothing else: a key is put with its commit, and the
 * same record tells which ones are forgotten, always the oldest. So recovery arrives at the same keys.
 */
export class RememberedKeys {
  /** By id. */
  readonly #keys = new Map<string, KeyRecord>();
  /** In the order of their commits. One that was used again is in it twice, until the first use is forgotten. */
  readonly #pieces: KeyRecord[][] = [];
  /** Where in the first piece the oldest stands. */
  #first = 0;
  #forgottenBefore = 0;
  #bytes = 0;

  get size(): number {
    return this.#keys.size;
  }

  /** About what they take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get(id: string): KeyRecord | undefined {
    return this.#keys.get(id);
  }

  /** The key of a later commit than all there are. */
  put(key: KeyRecord): void {
    this.#forgetBefore(key.forgottenBefore);
    const last = this.#pieces.at(-1);
    if (last === undefined || last.length === pieceLength) this.#pieces.push([key]);
    else last.push(key);
    const before = this.#keys.get(key.id);
    if (before !== undefined) this.#bytes -= bytesOf(before);
    this.#keys.set(key.id, key);
    this.#bytes += bytesOf(key);
  }

  /**
   * How many of the oldest may be forgotten, one after the other until the first that may not, and what a commit that forgets them is to tell.
   * @param countMax looks at no more of them: what is left is for the next commit.
   */
  forgettable(
    mayBeForgotten: (key: KeyRecord) => boolean,
    countMax: number,
  ): { readonly count: number; readonly forgottenBefore: number } {
    let forgottenBefore = this.#forgottenBefore;
    let count = 0;
    let looked = 0;
    for (const key of this.#inOrder()) {
      if (looked === countMax || !mayBeForgotten(key)) break;
      looked += 1;
      forgottenBefore = key.sequence + 1;
      if (this.#keys.get(key.id) === key) count += 1;
    }
    return { count, forgottenBefore };
  }

  /** The one that will be forgotten next. */
  get oldest(): KeyRecord | undefined {
    return this.#pieces[0]?.[this.#first];
  }

  /** As they are now, in the order of their commits, for whoever goes through them later; of one id the last counts. */
  pieces(): readonly (readonly KeyRecord[])[] {
    return this.#pieces.map((piece, index) => piece.slice(index === 0 ? this.#first : 0));
  }

  /** By id. */
  sorted(): readonly KeyRecord[] {
    return [...this.#keys.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #forgetBefore(sequence: number): void {
    this.#forgottenBefore = Math.max(this.#forgottenBefore, sequence);
    for (let oldest = this.oldest; oldest !== undefined && oldest.sequence < sequence; oldest = this.oldest) {
      if (this.#keys.get(oldest.id) === oldest) {
        this.#keys.delete(oldest.id);
        this.#bytes -= bytesOf(oldest);
      }
      this.#first += 1;
      if (this.#first < pieceLength) continue;
      this.#pieces.shift();
      this.#first = 0;
    }
  }

  *#inOrder(): Generator<KeyRecord> {
    for (const [index, piece] of this.#pieces.entries()) {
      for (let at = index === 0 ? this.#first : 0; at < piece.length; at += 1) {
        const key = piece[at];
        if (key !== undefined) yield key;
      }
    }
  }
}

function bytesOf({ documentIds }: KeyRecord): number {
  return keyBytes + documentIds.length * documentIdBytes;
}
