import type { Document } from '../../document/document.ts';
import { documentBytes } from '../document-bytes.ts';
import type { CommitRecord } from '../log/record.ts';
import type { CommitListener } from '../state.ts';
import { FeedChange, FeedCommit } from './feed-commit.ts';

/** About what a change takes besides its documents, and a commit besides its changes. */
export const changeBytes = 100;
export const commitBytes = 200;

/** Gathers what a commit does while it is applied. */
export class CommitCapture implements CommitListener {
  readonly #erasuresMax: number;
  readonly #onCommit: (commit: FeedCommit) => void;
  #changes: FeedChange[] = [];
  /** The names of tables of which more was erased at once than is told one by one. */
  readonly #dropped = new Set<string>();
  #erasures = 0;
  #bytes = commitBytes;

  /** @param erasuresMax documents of a dropped table that are told one by one. */
  constructor(erasuresMax: number, onCommit: (commit: FeedCommit) => void) {
    this.#erasuresMax = erasuresMax;
    this.#onCommit = onCommit;
  }

  put(document: Document, before: Document | undefined, bytes: number): void {
    this.#changes.push(FeedChange.put(document, before ?? null));
    this.#bytes += bytes + changeBytes;
  }

  erase(document: Document, bytes: number): void {
    this.#changes.push(FeedChange.erasureOf(document));
    this.#bytes += bytes + changeBytes;
  }

  drop(document: Document): void {
    const { name } = document.table;
    if (this.#dropped.has(name)) return;
    this.#erasures += 1;
    if (this.#erasures <= this.#erasuresMax) this.erase(document, documentBytes(document));
    else this.#dropped.add(name);
  }

  committed(record: CommitRecord): void {
    const changes =
      this.#dropped.size === 0
        ? this.#changes
        : this.#changes.filter(({ tombstone }) => tombstone === null || !this.#dropped.has(tombstone.table.name));
    const commit = new FeedCommit(record, changes, [...this.#dropped], this.#bytes);
    this.#changes = [];
    this.#dropped.clear();
    this.#erasures = 0;
    this.#bytes = commitBytes;
    this.#onCommit(commit);
  }
}
