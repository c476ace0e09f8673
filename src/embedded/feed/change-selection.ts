import type { ChangeKind, ChangeSet, DocumentChanged } from '../../database/changes.ts';
import type { Document } from '../../document/document.ts';
import type { Filter } from '../../query/filter.ts';
import { compileFilter } from '../../query/filter-compiler.ts';
import type { FeedChange, FeedCommit } from './feed-commit.ts';
import { isOfUnknownTable } from './tombstone.ts';

export interface SelectionOptions {
  readonly table: string | undefined;
  readonly filter: Filter;
  /** Whether a document was not erased since this version of it. */
  readonly isThere: (document: Document) => boolean;
}

/** What one subscriber is told of commits. */
export class ChangeSelection {
  readonly #table: string | undefined;
  readonly #fits: (document: Document) => boolean;
  readonly #isThere: (document: Document) => boolean;

  constructor({ table, filter, isThere }: SelectionOptions) {
    this.#table = table;
    this.#fits = compileFilter(filter);
    this.#isThere = isThere;
  }

  /** Null when the commit does not concern the subscriber; `resync` when what concerns it cannot be told. */
  of(commit: FeedCommit, epoch: string): ChangeSet | 'resync' | null {
    if (commit.dropped.length > 0 && commit.dropped.some((name) => this.#mayBeIn(name))) return 'resync';
    const { changes } = commit;
    const [first] = changes;
    if (first === undefined) return null;
    if (changes.length > 1) return this.#ofMany(commit, epoch);
    // Nearly all commits change one document.
    const kind = this.#kindOf(first);
    return kind === null ? null : commit.changeSet(epoch, kind, () => toldOf([first], [kind]));
  }

  #ofMany(commit: FeedCommit, epoch: string): ChangeSet | null {
    const { changes } = commit;
    const kinds: (ChangeKind | null)[] = [];
    let key = '';
    for (const [index, change] of changes.entries()) {
      const kind = this.#kindOf(change);
      kinds.push(kind);
      if (kind !== null) key += `${index}${kind}`;
    }
    return key === '' ? null : commit.changeSet(epoch, key, () => toldOf(changes, kinds));
  }

  #kindOf({ document, before, tombstone }: FeedChange): ChangeKind | null {
    if (tombstone !== null) return this.#isErasureTold(tombstone, before) ? 'ERASED' : null;
    if (document === null || !this.#mayBeIn(document.table.name)) return null;
    if (!this.#fits(document)) return before !== null && this.#fits(before) && this.#isThere(document) ? 'LEFT' : null;
    return this.#isThere(document) ? kindOfFitting(document, before) : null;
  }

  /** When it is not known any more whether it fitted, it is told: who does not have it has nothing to take away. */
  #isErasureTold(tombstone: Document, before: Document | null): boolean {
    if (!isOfUnknownTable(tombstone) && !this.#mayBeIn(tombstone.table.name)) return false;
    return before === null || this.#fits(before);
  }

  /** @param name null when it is unknown. */
  #mayBeIn(name: string | null): boolean {
    return this.#table === undefined || name === null || name === this.#table;
  }
}

function kindOfFitting(document: Document, before: Document | null): ChangeKind {
  if (before === null) return 'CREATED';
  if (document.archivedAt !== null) return 'ARCHIVED';
  return before.archivedAt === null ? 'UPDATED' : 'RESTORED';
}

function toldOf(changes: readonly FeedChange[], kinds: readonly (ChangeKind | null)[]): readonly DocumentChanged[] {
  return changes.flatMap((change, index) => {
    const kind = kinds[index] ?? null;
    return (kind === null ? null : change.told(kind)) ?? [];
  });
}
