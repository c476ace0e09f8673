import type { ChangeSet, DocumentChanged } from '../../database/changes.ts';
import type { Document } from '../../document/document.ts';
import type { ToldKind } from './change-selection.ts';
import { tombstoneOf } from './tombstone.ts';

/** A commit as the feed keeps it: of each document that it changed, what it was and what it became. */
export class FeedCommit {
  readonly sequence: number;
  readonly committedAt: number;
  readonly changes: readonly FeedChange[];
  /** The names of dropped tables whose documents are not among the changes; null for a name that is not known any more. */
  readonly dropped: readonly (string | null)[];
  /** About what it takes in memory. */
  readonly bytes: number;
  /** What was made of it, by what it tells: subscribers who are told the same share it. */
  readonly #sets = new Map<string, ChangeSet>();

  constructor(
    { sequence, committedAt }: { readonly sequence: number; readonly committedAt: number },
    changes: readonly FeedChange[],
    dropped: readonly (string | null)[],
    bytes: number,
  ) {
    this.sequence = sequence;
    this.committedAt = committedAt;
    this.changes = changes;
    this.dropped = dropped;
    this.bytes = bytes;
  }

  /** @param key tells apart all that can be told of this commit. */
  changeSet(epoch: string, key: string, changes: () => readonly DocumentChanged[]): ChangeSet {
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const { sequence, committedAt } = this;
    const made: ChangeSet = { kind: 'changeSet', sequence, epoch, committedAt, changes: changes() };
    if (this.#sets.size < setsMax) this.#sets.set(key, made);
    return made;
  }

  /** Forgets what was made of it, which holds the documents. */
  forgetSets(): void {
    this.#sets.clear();
  }
}

/** A commit of many changes may be told in as many ways as there are subscribers. */
const setsMax = 64;

/** What one record of a commit did to a document. */
export class FeedChange {
  /** What it became; null once it was erased. */
  document: Document | null;
  /** What it was; null when it was created, or once it was erased. */
  before: Document | null;
  /** Of an erasure what is left of the document; null for every other change. */
  readonly tombstone: Document | null;

  static put(document: Document, before: Document | null): FeedChange {
    return new FeedChange(document, before, null);
  }

  /** @param before null when not even that is known which it would be matched by. */
  static erasure(tombstone: Document, before: Document | null): FeedChange {
    return new FeedChange(null, before, tombstone);
  }

  static erasureOf(document: Document): FeedChange {
    return FeedChange.erasure(tombstoneOf(document), document);
  }

  private constructor(document: Document | null, before: Document | null, tombstone: Document | null) {
    this.document = document;
    this.before = before;
    this.tombstone = tombstone;
  }

  /** Lets go of what was in the document, if it is one of those that were erased. */
  redact(isErased: (document: Document) => boolean): boolean {
    const document = this.document ?? this.before;
    if (document === null || !isErased(document)) return false;
    this.document = null;
    this.before = null;
    return true;
  }

  /** As a subscriber is told of it. */
  told(kind: ToldKind): DocumentChanged | null {
    const { document, before, tombstone } = this;
    if (kind === 'ERASED') return tombstone === null ? null : { kind, document: tombstone, before: null };
    if (document === null) return null;
    if (kind === 'LEFT_AND_GONE') return { kind: 'LEFT', document: tombstoneOf(document), before: null };
    return { kind, document, before };
  }
}
