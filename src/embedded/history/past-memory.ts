import { DatabaseError, LimitExceededError } from '../../errors.ts';

/** What all views of the past hold in memory together, and may. */
export class PastMemory {
  readonly bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The share of one view. */
  share(): PastShare {
    return new PastShare(this, (bytes) => {
      this.#bytes += bytes;
    });
  }
}

/** Life cycle: `add` as the view comes to hold more; `release` once, when it is closed. */
export class PastShare {
  readonly #memory: PastMemory;
  readonly #count: (bytes: number) => void;
  #bytes = 0;
  #released = false;

  constructor(memory: PastMemory, count: (bytes: number) => void) {
    this.#memory = memory;
    this.#count = count;
  }

  /** @throws {DatabaseError} `LIMIT_EXCEEDED` when this view alone holds too much, `OVERLOADED` when it does with the others. */
  add(bytes: number): void {
    if (this.#released) return;
    this.#bytes += bytes;
    this.#count(bytes);
    const { bytesMax, bytes: total } = this.#memory;
    if (this.#bytes > bytesMax) {
      throw new LimitExceededError(
        `Too much has changed since: of documents that were changed since, a view of the past holds at most ${bytesMax} bytes. Ask for a later state`,
        { limit: bytesMax, actual: this.#bytes },
      );
    }
    if (total > bytesMax) {
      throw new DatabaseError('OVERLOADED', 'Views of the past hold too much memory already: try again later', {
        limit: bytesMax,
        actual: total,
        retryAfterSeconds: 1,
      });
    }
  }

  /** What was added is held no more. */
  reset(): void {
    this.#count(-this.#bytes);
    this.#bytes = 0;
  }

  release(): void {
    this.reset();
    this.#released = true;
  }
}
