import type { Document } from '../document/document.ts';
import { DatabaseError, type SchemaViolation } from '../errors.ts';
import type { BodySchema } from './body-schema.ts';
import { compareCreation } from './document-list.ts';
import type { TimeSlice } from './history/time-slice.ts';
import type { State } from './state.ts';
import type { TableState } from './table-state.ts';

/** Documents that an error tells of. */
const reportedMax = 20;

/** More documents that were written meanwhile are looked at in slices; so many at once hold nobody up. */
const changedMax = 100;

/**
 * Looks whether all live documents of a table fit a schema that it is to have, while writes go on: those that come meanwhile obey the old schema alone, so
 * they are remembered and looked at before the end.
 *
 * Life cycle: `run` once; then `checkLast` in the tick in which the schema is put; then `close`.
 */
export class SchemaCheck {
  readonly #state: State;
  readonly #table: TableState;
  readonly #schema: BodySchema;
  readonly #stopWatching: () => void;
  /** Ids of documents that were written since they were looked at, or since the beginning. */
  readonly #changed = new Set<string>();

  constructor(state: State, table: TableState, schema: BodySchema) {
    this.#state = state;
    this.#table = table;
    this.#schema = schema;
    this.#stopWatching = table.watch(({ id }) => this.#changed.add(id));
  }

  /** @throws {DatabaseError} `SCHEMA_VIOLATION` with the first 20 that do not fit, in the order of creation, and the count of all. */
  async run(slice: TimeSlice): Promise<void> {
    const report = new ViolationReport(this.#table.reference.name);
    let last: Document | undefined;
    for (;;) {
      const document = this.#table.documents.at(this.#table.documents.indexAfter(last));
      if (document === undefined) break;
      this.#look(document, report);
      last = document;
      if (slice.due) await slice.pause();
    }
    report.throwIfAny();
    while (this.#changed.size > changedMax) await this.#lookAtChanged(slice);
  }

  /** @param inFlight what commits that are not applied yet wrote to the table. @throws {DatabaseError} as `run`. */
  checkLast(inFlight: Iterable<Document>): void {
    const report = new ViolationReport(this.#table.reference.name);
    const documents = new Map<string, Document>();
    for (const id of this.#changed) {
      const document = this.#state.stored(id);
      if (document?.table.id === this.#table.reference.id) documents.set(id, document);
    }
    for (const document of inFlight) documents.set(document.id, document);
    for (const document of [...documents.values()].sort(compareCreation)) this.#look(document, report);
    report.throwIfAny();
  }

  close(): void {
    this.#stopWatching();
  }

  async #lookAtChanged(slice: TimeSlice): Promise<void> {
    const report = new ViolationReport(this.#table.reference.name);
    const ids = [...this.#changed];
    this.#changed.clear();
    for (const id of ids) {
      const document = this.#state.stored(id);
      if (document?.table.id === this.#table.reference.id) this.#look(document, report);
      if (slice.due) await slice.pause();
    }
    report.throwIfAny();
  }

  #look(document: Document, report: ViolationReport): void {
    if (document.archivedAt !== null) return;
    const violations = this.#schema.violations(document.body);
    if (violations.length > 0) report.add(document, violations);
  }
}

class ViolationReport {
  readonly #table: string;
  readonly #documents: { readonly id: string; readonly violations: readonly SchemaViolation[] }[] = [];
  #count = 0;

  constructor(table: string) {
    this.#table = table;
  }

  add({ id }: Document, violations: readonly SchemaViolation[]): void {
    this.#count += 1;
    if (this.#documents.length < reportedMax) this.#documents.push({ id, violations });
  }

  throwIfAny(): void {
    if (this.#count === 0) return;
    throw new DatabaseError(
      'SCHEMA_VIOLATION',
      `${this.#count === 1 ? '1 document' : `${this.#count} documents`} of table '${this.#table}' would not fit the schema. Change or archive them first`,
      { table: this.#table, documents: this.#documents, count: this.#count },
    );
  }
}
