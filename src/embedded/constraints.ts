import type { Document } from '../document/document.ts';
import { DatabaseError, SchemaViolationError, TableReadOnlyError } from '../errors.ts';
import { ShardedMap } from './sharded-map.ts';
import type { StagedIndex, Staging } from './staging.ts';
import { bodySchemaOf, isReadOnly } from './table-settings.ts';

/** The last operation on a document, with the document as that left it. */
interface Change {
  document: Document;
  operation: number;
}

/**
 * What the operations of a commit come to, and whether that obeys the settings and the unique indexes of the tables. It is looked at once all of
 * them are staged, so that in one commit two documents can exchange values.
 */
export class CommitOutcome {
  readonly #staging: Staging;
  /** In the order of the first operations. */
  readonly #changes: Change[] = [];
  /** The same by the ids of the documents. Made for the second: most commits have one. */
  #changesById: ShardedMap<string, Change> | undefined;

  constructor(staging: Staging) {
    this.#staging = staging;
  }

  /** @throws {TableReadOnlyError} */
  add(document: Document, operation: number): void {
    const { name } = document.table;
    if (isReadOnly(this.#staging.table(name)?.record)) throw new TableReadOnlyError(name);
    const before = this.#changeOf(document.id);
    if (before !== undefined) {
      before.document = document;
      before.operation = operation;
      return;
    }
    const change = { document, operation };
    this.#changes.push(change);
    const [first] = this.#changes;
    if (first === undefined || first === change) return;
    if (this.#changesById === undefined) {
      this.#changesById = new ShardedMap();
      this.#changesById.set(first.document.id, first);
    }
    this.#changesById.set(document.id, change);
  }

  /**
   * A step for each document that is looked at.
   * @param blame makes of an error the one to throw, knowing which operation it is about.
   * @throws {DatabaseError} `SCHEMA_VIOLATION`, `UNIQUE_VIOLATION`; `LIMIT_EXCEEDED` for more keys than an index takes.
   */
  *check(blame: (error: unknown, operation: number) => unknown): Generator<void, void> {
    for (const { document, operation } of this.#changes) {
      if (this.#staging.document(document.id) !== document) continue;
      try {
        this.#checkDocument(document, operation);
      } catch (error) {
        throw blame(error, operation);
      }
      yield;
    }
  }

  #changeOf(id: string): Change | undefined {
    if (this.#changesById !== undefined) return this.#changesById.get(id);
    const [only] = this.#changes;
    return only?.document.id === id ? only : undefined;
  }

  #checkDocument(document: Document, operation: number): void {
    const { name, id: tableId } = document.table;
    const indexes = this.#staging.indexesOf(tableId);
    for (const { index } of indexes) index.check(document);
    // Archived documents obey again when they are restored.
    if (document.archivedAt !== null) return;
    const violations = bodySchemaOf(this.#staging.table(name)?.record)?.violations(document.body) ?? [];
    if (violations.length > 0) throw new SchemaViolationError(name, violations);
    for (const index of indexes) this.#checkUnique(index, document, operation);
  }

  #checkUnique(index: StagedIndex, document: Document, operation: number): void {
    if (!index.record.unique) return;
    for (const { id } of this.#staging.documentsWithKeysOf(index, document)) {
      // Of two operations of one commit the later one takes what the earlier one has: it is the one to blame, when its turn comes.
      if ((this.#changeOf(id)?.operation ?? -1) > operation) continue;
      const path = pathsText(index.record.paths);
      throw new DatabaseError(
        'UNIQUE_VIOLATION',
        `Table '${document.table.name}' takes each value of ${path} once, and document ${id} has it already`,
        { table: document.table.name, path, conflictingId: id },
      );
    }
  }
}

/** How the paths of an index are told in messages and evidence. */
export function pathsText(paths: readonly string[]): string {
  return paths.join(', ');
}
