import type { Document } from '../document/document.ts';
import { ShardedMap } from './sharded-map.ts';

/**
 * A commit that is being applied in slices: what it has superseded or erased so far. It is not seen before it is whole, so readers find here what they do not
 * find in the lists any more. It only grows.
 */
export class UnfinishedCommit {
  /** The commit before, which is the newest that readers see. */
  readonly sequence: number;
  /** How many documents there were before it. */
  readonly documentCount: number;
  /** Those of the state before it. */
  readonly supersededBytes: number;
  readonly #superseded: Document[] = [];
  readonly #byId = new ShardedMap<string, Document>();
  readonly #finished = Promise.withResolvers<void>();

  constructor(sequence: number, documentCount: number, supersededBytes: number) {
    this.sequence = sequence;
    this.documentCount = documentCount;
    this.supersededBytes = supersededBytes;
  }

  /** Resolves when it is whole. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** What readers saw before it, in the order in which it was superseded. */
  get superseded(): readonly Document[] {
    return this.#superseded;
  }

  /** What readers see of a document that it has changed or erased; undefined of one that it has made. */
  document(id: string): Document | undefined {
    return this.#byId.get(id);
  }

  /** To be called before the version leaves the lists. One that the commit itself has put was never seen. */
  supersede(previous: Document): void {
    if (previous.sequence > this.sequence) return;
    this.#superseded.push(previous);
    this.#byId.set(previous.id, previous);
  }

  finish(): void {
    this.#finished.resolve();
  }
}
