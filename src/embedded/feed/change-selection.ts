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

  /**
   * Null when the commit does not concern the subscriber; `resync` when what concerns it cannot be told.
   * @param hiddenUpTo documents that were erased up to this commit may have been left out of what the subscriber was told before.
   */
  of(commit: FeedCommit, epoch: string, hiddenUpTo: number): ChangeSet | 'resync' | null {
    if (commit.dropped.length > 0 && commit.dropped.some((name) => this.#mayBeIn(name))) return 'resync';
    const { changes } = commit;
    const [first] = changes;
    if (first === undefined) return null;
    const isHidden = commit.sequence <= hiddenUpTo;
    if (changes.length > 1) return this.#ofMany(commit, epoch, isHidden);
    // Nearly all commits change one document.
    const kind = this.#kindOf(first, isHidden);
    return kind === null ? null : commit.changeSet(epoch, kind, () => toldOf([first], [kind]));
  }

  #ofMany(commit: FeedCommit, epoch: string, isHidden: boolean): ChangeSet | null {
    const { changes } = commit;
    const kinds: (ToldKind | null)[] = [];
    let key = '';
    for (const [index, change] of changes.entries()) {
      const kind = this.#kindOf(change, isHidden);
      kinds.push(kind);
      if (kind !== null) key += `${index}${kind}`;
    }
    return key === '' ? null : commit.changeSet(epoch, key, () => toldOf(changes, kinds));
  }

  #kindOf({ document, before, tombstone }: FeedChange, isHidden: boolean): ToldKind | null {
    if (tombstone !== null) return this.#isErasureTold(tombstone, before, isHidden) ? 'ERASED' : null;
    if (document === null || !this.#mayBeIn(document.table.name)) return null;
    const isThere = this.#isThere(document);
    if (this.#fits(document)) return isThere ? kindOfFitting(document, before) : null;
    if (before === null || !this.#fits(before)) return null;
    // Who has it is told even so: its last version, by which the erasure is told, may be one that does not fit.
    return isThere ? 'LEFT' : 'LEFT_AND_GONE';
  }

  /** When it is not known any more whether it fitted, it is told: who does not have it has nothing to take away. */
  #isErasureTold(tombstone: Document, before: Document | null, isHidden: boolean): boolean {
    if (!isOfUnknownTable(tombstone) && !this.#mayBeIn(tombstone.table.name)) return false;
    return before === null || isHidden || this.#fits(before);
  }

  /** @param name null when it is unknown. */
  #mayBeIn(name: string | null): boolean {
    return this.#table === undefined || name === null || name === this.#table;
  }
}

/** `LEFT_AND_GONE`: it left, and was erased since. */
export type ToldKind = ChangeKind | 'LEFT_AND_GONE';

function kindOfFitting(document: Document, before: Document | null): ChangeKind {
  if (before === null) return 'CREATED';
  if (document.archivedAt !== null) return 'ARCHIVED';
  return before.archivedAt === null ? 'UPDATED' : 'RESTORED';
}

function toldOf(changes: readonly FeedChange[], kinds: readonly (ToldKind | null)[]): readonly DocumentChanged[] {
  return changes.flatMap((change, index) => {
    const kind = kinds[index] ?? null;
    return (kind === null ? null : change.told(kind)) ?? [];
  });
}
