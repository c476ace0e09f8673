import type { DocumentPage, ReadView } from '../database/database.ts';
import type { Document } from '../document/document.ts';
import { LimitExceededError } from '../errors.ts';
import { compileFilter } from '../query/filter-compiler.ts';
import type { Archived, FindQuery, PageRequest } from '../query/find-query.ts';
import { PageCollector } from '../query/page.ts';
import { sortDocuments } from '../query/sort.ts';
import { compareCreation, DocumentList } from './document-list.ts';
import type { Clock } from './ports/clock.ts';
import type { ScanTurns } from './scan-turns.ts';
import type { State, SupersedeListener } from './state.ts';

export interface ReadViewOptions {
  readonly state: State;
  readonly clock: Clock;
  /** Shared by all views of a database. */
  readonly scanTurns: ScanTurns;
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
    for await (const slice of this.#scan(query)) documents.push(...slice);
    const sorted = sortDocuments(documents, query.orderBy);
    for (let start = 0; start < sorted.length; start += sliceDocuments)
      yield sorted.slice(start, start + sliceDocuments);
  }

  async countDocuments(query: FindQuery): Promise<number> {
    let count = 0;
    for await (const documents of this.#scan(query)) count += documents.length;
    return count;
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
    const matches = compileFilter(filter);
    const cursor = new ScanCursor(this.#listOf(table), this.#erased, this.sequence);
    for (;;) {
      await scanTurns.next();
      this.#check();
      const found: Document[] = [];
      cursor.resume();
      let scanned = 0;
      let ended = false;
      while (!ended) {
        const current = cursor.next();
        if (current === undefined) {
          ended = true;
          continue;
        }
        const document = this.#visible(current.id, current);
        const wanted = document !== null && (table === undefined || document.table.name === table);
        if (wanted && admits(archived, document) && matches(document)) found.push(document);
        scanned += 1;
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

/**
 * Goes over the documents of a list and those that were erased from it, together in the order of creation. Both may change
 * between two slices; `resume` finds the place again by the document that was met last.
 */
class ScanCursor {
  readonly #list: DocumentList;
  readonly #erased: DocumentList;
  readonly #sequence: number;
  #last: Document | undefined;
  #listIndex = 0;
  #erasedIndex = 0;

  constructor(list: DocumentList, erased: DocumentList, sequence: number) {
    this.#list = list;
    this.#erased = erased;
    this.#sequence = sequence;
  }

  resume(): void {
    this.#listIndex = this.#list.indexAfter(this.#last);
    this.#erasedIndex = this.#erased.indexAfter(this.#last);
  }

  /** The next document; undefined when all that are left were created after `sequence`. */
  next(): Document | undefined {
    const listed = this.#list.at(this.#listIndex);
    // So was everything behind it.
    const current = listed !== undefined && listed.createdSequence <= this.#sequence ? listed : undefined;
    const erased = this.#erased.at(this.#erasedIndex);
    if (erased !== undefined && (current === undefined || compareCreation(erased, current) < 0)) {
      this.#erasedIndex += 1;
      this.#last = erased;
    } else if (current !== undefined) {
      this.#listIndex += 1;
      this.#last = current;
    } else {
      return undefined;
    }
    return this.#last;
  }
}

/** Whether a reader who asked for `archived` sees the document. */
export function admits(archived: Archived, document: Document): boolean {
  return archived === 'INCLUDE' || (document.archivedAt !== null) === (archived === 'ONLY');
}
