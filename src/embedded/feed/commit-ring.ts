import type { FeedCommit } from './feed-commit.ts';

/** Oldest commits leave the list itself when so many have left the ring. */
const trimMin = 1024;

/** The newest commits, as many as fit into so many bytes: one for all subscribers, each of whom only knows how far it has come. */
export class CommitRing {
  readonly #bytesMax: number;
  #commits: (FeedCommit | undefined)[] = [];
  /** Where in the list the oldest is. */
  #start = 0;
  #bytes = 0;
  #newest: number;

  /** @param newest the commit behind which it begins. */
  constructor(bytesMax: number, newest: number) {
    this.#bytesMax = bytesMax;
    this.#newest = newest;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The newest commit that it was given. */
  get newest(): number {
    return this.#newest;
  }

  /** Those from the first on whose commits it has; one more than `newest` when it has none. */
  get first(): number {
    return this.#newest - (this.#commits.length - this.#start) + 1;
  }

  /** The commit of this sequence; undefined when it has left, or is still to come. */
  at(sequence: number): FeedCommit | undefined {
    const index = sequence - this.first;
    return index < 0 ? undefined : this.#commits[this.#start + index];
  }

  /** Takes the next commit. */
  push(commit: FeedCommit): void {
    this.#commits.push(commit);
    this.#newest = commit.sequence;
    this.#bytes += commit.bytes;
    while (this.#bytes > this.#bytesMax) this.#shift();
  }

  *commits(): Generator<FeedCommit> {
    for (let index = this.#start; index < this.#commits.length; index += 1) {
      const commit = this.#commits[index];
      if (commit !== undefined) yield commit;
    }
  }

  #shift(): void {
    this.#bytes -= this.#commits[this.#start]?.bytes ?? 0;
    this.#start += 1;
    // Moved by half of them at a time, so that each moves about once.
    if (this.#start < trimMin || this.#start * 2 < this.#commits.length) {
      this.#commits[this.#start - 1] = undefined;
      return;
    }
    this.#commits = this.#commits.slice(this.#start);
    this.#start = 0;
  }
}
