import type { DocumentPage, ReadView } from '../database/database.ts';
import type { Table } from '../database/table.ts';
import type { Document } from '../document/document.ts';
import { LimitExceededError } from '../errors.ts';
import type { AggregateQuery, DocumentGroup } from '../query/aggregate-query.ts';
import { compileFilter } from '../query/filter-compiler.ts';
import type { Archived, FindQuery, PageRequest } from '../query/find-query.ts';
import { PageCollector } from '../query/page.ts';
import type { QueryExplanation } from '../query/query-explanation.ts';
import { sortDocuments } from '../query/sort.ts';
import { admits } from './admits.ts';
import { compareCreation, DocumentList } from './document-list.ts';
import type { Clock } from './ports/clock.ts';
import type { ScanTurns } from './scan-turns.ts';
import type { State, SupersedeListener } from './state.ts';
import type { TableReader } from './table-reader.ts';

export interface ReadViewOptions {
  readonly state: State;
  readonly clock: Clock;
  /** Shared by all views of a database. */
  readonly scanTurns: ScanTurns;
  readonly tables: TableReader;
  /** Milliseconds that the view may stay open: what it keeps alive is bounded by what is written in that time. */
  readonly deadlineMs: number;
  readonly onClose: (view: EmbeddedReadView) => void;
}

/** After so many documents a scan looks whether it has to give way to other work. */
const sliceDocuments = 128;

/**
 * The state as of one sequence. It copies nothing: documents are immutable, so it is enough to remember the versions that
 * later commits replace or erase while the view is open.
 */
export class EmbeddedReadView implements ReadView, SupersedeListener {
  readonly sequence: number;
  readonly #options: ReadViewOptions;
  readonly #deadline: number;
  readonly #supersededBytesBefore: number;
  /** What this view sees of every document that changed since: the version that was current when it was opened. */
  readonly #superseded = new Map<string, Document>();
  /** Those of them that were erased, so that scans find them where they stood: the lists of the state have them no more. */
  readonly #erased = new DocumentList();
  #open = true;
  /** None yet: there is one way to answer a query. */
  readonly explanations: readonly QueryExplanation[] = [];

  constructor(options: ReadViewOptions) {
    this.#options = options;
    this.sequence = options.state.sequence;
    this.#supersededBytesBefore = options.state.supersededBytes;
    this.#deadline = options.clock.monotonic() + options.deadlineMs;
    options.state.addListener(this);
  }

  /** At most how much memory is kept for this view, and those opened later, which nobody else needs. */
  get keptBytes(): number {
    return this.#options.state.supersededBytes - this.#supersededBytesBefore;
  }

  supersede(previous: Document): void {
    if (previous.sequence > this.sequence) return;
    if (this.#options.clock.monotonic() > this.#deadline) this.close();
    else this.#superseded.set(previous.id, previous);
  }

  erase(previous: Document): void {
    this.supersede(previous);
    const seen = this.#superseded.get(previous.id);
    if (seen !== undefined) this.#erased.put(seen);
  }

  getDocument(id: string, archived: Archived = 'EXCLUDE'): Document | null {
    this.#check();
    const document = this.#visible(id, this.#options.state.document(id));
    return document !== null && admits(archived, document) ? document : null;
  }

  async findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage> {
    const collector = new PageCollector(query.orderBy, page);
    for await (const documents of this.#scan(query)) {
      for (const document of documents) {
        collector.add(document);
        if (collector.complete) return collector.page();
      }
    }
    return collector.page();
  }

  async *scanDocuments(query: FindQuery): AsyncGenerator<readonly Document[]> {
    if (query.orderBy.length === 0) {
      yield* this.#scan(query);
      return;
    }
    const documents: Document[] = [];
    // Not by spreading: a slice may hold more documents than a call takes arguments.
    for await (const slice of this.#scan(query)) for (const document of slice) documents.push(document);
    const sorted = sortDocuments(documents, query.orderBy);
    for (let start = 0; start < sorted.length; start += sliceDocuments)
      yield sorted.slice(start, start + sliceDocuments);
  }

  async countDocuments(query: FindQuery): Promise<number> {
    let count = 0;
    for await (const documents of this.#scan(query)) count += documents.length;
    return count;
  }

  async aggregateDocuments(_query: AggregateQuery): Promise<readonly DocumentGroup[]> {
    throw new Error('aggregates are still to be built');
  }

  /** As of the newest commit, as are its counts: to keep what they were would cost every write to every table. */
  table(name: string): Promise<Table | null> {
    this.#check();
    return this.#options.tables.table(name);
  }

  /** As of the newest commit, like `table`. */
  tables(): Promise<readonly Table[]> {
    this.#check();
    return this.#options.tables.tables();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#superseded.clear();
    this.#erased.clear();
    this.#options.state.removeListener(this);
    this.#options.onClose(this);
  }

  /** The documents that fit, in the order of creation, in slices between which other work is done. */
  async *#scan({ table, filter, archived }: FindQuery): AsyncGenerator<Document[]> {
    const { scanTurns } = this.#options;
    const list = this.#listOf(table);
    const matches = compileFilter(filter);
    let last: Document | undefined;
    for (;;) {
      await scanTurns.next();
      this.#check();
      const found: Document[] = [];
      // Both lists may have changed since the last slice: the place is found again by the document that was met last.
      let index = list.indexAfter(last);
      let erasedIndex = this.#erased.indexAfter(last);
      let erased = this.#erased.at(erasedIndex);
      let ended = false;
      for (let scanned = 1; ; scanned += 1) {
        let current = list.at(index);
        // What was created later ends the list: so was everything behind it.
        if (current !== undefined && current.createdSequence > this.sequence) current = undefined;
        if (erased !== undefined && (current === undefined || compareCreation(erased, current) < 0)) {
          current = erased;
          erasedIndex += 1;
          erased = this.#erased.at(erasedIndex);
        } else {
          index += 1;
        }
        if (current === undefined) {
          ended = true;
          break;
        }
        last = current;
        const document = this.#visible(current.id, current);
        if (document !== null && admits(archived, document) && matches(document) && isOf(table, document))
          found.push(document);
        if (scanned % sliceDocuments === 0 && scanTurns.over) break;
      }
      if (found.length > 0) yield found;
      if (ended) return;
    }
  }

  #listOf(table: string | undefined): DocumentList {
    const { state } = this.#options;
    if (table === undefined) return state.documents;
    return state.table(table)?.documents ?? new DocumentList();
  }

  #visible(id: string, current: Document | undefined): Document | null {
    if (current !== undefined && current.sequence <= this.sequence) return current;
    return this.#superseded.get(id) ?? null;
  }

  #check(): void {
    if (this.#open && this.#options.clock.monotonic() <= this.#deadline) return;
    this.close();
    throw new LimitExceededError(
      `This read view is closed: a request may read for ${this.#options.deadlineMs} ms. Ask for less at once, page by page`,
      { limit: this.#options.deadlineMs },
    );
  }
}

/** Those of a table's list are; the ones that were erased are of any. */
function isOf(table: string | undefined, document: Document): boolean {
  return table === undefined || document.table.name === table;
}
