import type { DocumentPage, HistoryPage, ReadView } from '../database/database.ts';
import { type DocumentScan, scanOf } from '../database/document-scan.ts';
import type { SharedTurns } from '../database/shared-turns.ts';
import type { Table } from '../database/table.ts';
import type { Document } from '../document/document.ts';
import { HistoryGoneError, LimitExceededError } from '../errors.ts';
import type { AggregateQuery, DocumentGroup } from '../query/aggregate-query.ts';
import type { Archived, FindQuery, PageRequest } from '../query/find-query.ts';
import type { QueryExplanation } from '../query/query-explanation.ts';
import { admits } from './admits.ts';
import { documentBytes } from './document-bytes.ts';
import { aggregate } from './execution/aggregation.ts';
import { countDocuments } from './execution/query-count.ts';
import { type ExecutionContext, QueryExecution } from './execution/query-execution.ts';
import { findPage, purposeOf } from './execution/query-page.ts';
import { QueryScan } from './execution/query-scan.ts';
import { VisibleDocuments } from './execution/visible-documents.ts';
import {
  MissingVersionError,
  oldestVersion,
  readVersion,
  readVersionAt,
  readVersions,
} from './history/document-history.ts';
import type { HistoryReader, PastFiles } from './history/history-reader.ts';
import { readPastDocuments } from './history/past-documents.ts';
import type { PastShare } from './history/past-memory.ts';
import { TimeSlice } from './history/time-slice.ts';
import { defaultPlanCosts, type PlanCosts } from './plan/planner.ts';
import type { Clock } from './ports/clock.ts';
import type { Registration, Registry } from './registry.ts';
import type { SlowQueryWatch } from './slow-query-watch.ts';
import type { State } from './state.ts';
import type { TableReader } from './table-reader.ts';

export interface ReadViewOptions {
  readonly state: State;
  readonly clock: Clock;
  /** Shared by all views of a database. */
  readonly scanTurns: SharedTurns;
  readonly tables: TableReader;
  readonly history: HistoryReader;
  /** Milliseconds that the view may stay open: what it keeps alive is bounded by what is written in that time. */
  readonly deadlineMs: number;
  /** Groups, and distinct values, that one aggregate keeps at once; absent: any number. */
  readonly groupsMax?: number;
  readonly planCosts?: PlanCosts;
  /** Told of each query. */
  readonly slowQueries?: SlowQueryWatch;
}

/** What tells one view from the others. */
export interface ReadViewPlace {
  /** Of those that are open: it is there until it is closed. */
  readonly views?: Registry<EmbeddedReadView>;
  /** Of a view of the past: the commit that it is as of, at or above the floor of history, and what it may hold. Absent: the newest. */
  readonly past?: { readonly sequence: number; readonly share: PastShare } | undefined;
}

/** So many explanations are kept of one view: one for each field of a query that asks for them. */
const explanationsMax = 1_000;

/** Documents that are remembered at once. */
const batchDocuments = 256;

/**
 * The state as of one sequence. A view of the past is a view like any other, whose superseded versions come from the disk, when somebody asks for
 * more than a document by its id.
 */
export class EmbeddedReadView implements ReadView {
  readonly #options: ReadViewOptions;
  readonly #past: ReadViewPlace['past'];
  readonly #registration: Registration | undefined;
  readonly #deadline: number;
  readonly #supersededBytesBefore: number;
  readonly #visible: VisibleDocuments;
  readonly #explanations: (() => QueryExplanation)[] = [];
  /** Whether it knows all that was changed before it was opened. */
  #isRemembered: boolean;
  #open = true;
  /** Null when there is nothing to be read. */
  #remembering: Promise<void> | null = null;

  constructor(options: ReadViewOptions, { views, past }: ReadViewPlace = {}) {
    this.#options = options;
    const { state } = options;
    this.#past = past;
    this.#registration = views?.add(this);
    this.#supersededBytesBefore = state.unfinished?.supersededBytes ?? state.supersededBytes;
    this.#deadline = options.clock.monotonic() + options.deadlineMs;
    const onChange = () => this.#isPastDeadline && this.close();
    this.#visible = new VisibleDocuments(state, onChange, past?.sequence);
    this.#isRemembered = this.sequence === state.sequence;
  }

  get sequence(): number {
    return this.#visible.sequence;
  }

  /** At most how much memory is kept for this view, and those opened later, which nobody else needs. */
  get keptBytes(): number {
    return this.#options.state.supersededBytes - this.#supersededBytesBefore;
  }

  get explanations(): readonly QueryExplanation[] {
    return this.#explanations.map((explain) => explain());
  }

  getDocument(id: string, archived: Archived = 'EXCLUDE'): Document | null | Promise<Document | null> {
    this.#check();
    const document = this.#visible.document(id);
    if (document === undefined && !this.#isRemembered) return this.#pastDocument(id, archived);
    return document !== undefined && admits(archived, document) ? document : null;
  }

  async documentVersion(id: string, version: number, archived: Archived = 'INCLUDE'): Promise<Document | null> {
    const document = await this.getDocument(id, 'INCLUDE');
    if (document === null || version < 1 || version > document.version) return null;
    const found = await this.#readHistory(document, null, (files) => readVersion(files, document, version));
    return found !== null && admits(archived, found) ? found : null;
  }

  async documentHistory(id: string, { before, limit }: HistoryPage): Promise<readonly Document[]> {
    const document = await this.getDocument(id, 'INCLUDE');
    if (document === null) return [];
    const newest = Math.min(document.version, (before ?? Number.POSITIVE_INFINITY) - 1);
    return this.#readHistory(document, [], (files) => readVersions(files, document, newest, limit));
  }

  async oldestDocumentVersion(id: string): Promise<number | null> {
    const document = await this.getDocument(id, 'INCLUDE');
    if (document === null) return null;
    return this.#readHistory(document, null, (files) => oldestVersion(files, document));
  }

  async findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage> {
    const askedAt = this.#check();
    if (!this.#isRemembered) await this.#remember();
    return findPage(new QueryExecution(this.#context(askedAt), query, 'find', purposeOf(page)), page);
  }

  scanDocuments(query: FindQuery): DocumentScan {
    const askedAt = this.#check();
    return this.#isRemembered ? new QueryScan(this.#context(askedAt), query) : scanOf(this.#pastBatches(query));
  }

  async countDocuments(query: FindQuery): Promise<number> {
    const askedAt = this.#check();
    if (!this.#isRemembered) await this.#remember();
    return countDocuments(new QueryExecution(this.#context(askedAt), query, 'count', { kind: 'count' }));
  }

  async aggregateDocuments(query: AggregateQuery): Promise<readonly DocumentGroup[]> {
    const askedAt = this.#check();
    if (!this.#isRemembered) await this.#remember();
    return aggregate(this.#context(askedAt), query, this.#options.groupsMax ?? Number.POSITIVE_INFINITY);
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
    this.#visible.close();
    this.#past?.share.release();
    this.#registration?.end();
  }

  async *#pastBatches(query: FindQuery): AsyncGenerator<readonly Document[]> {
    const askedAt = this.#options.clock.monotonic();
    await this.#remember();
    yield* new QueryScan(this.#context(askedAt), query);
  }

  /** A document of which the version of then is not in memory. */
  async #pastDocument(id: string, archived: Archived): Promise<Document | null> {
    const current = this.#options.state.document(id);
    const found =
      current !== undefined && current.createdSequence <= this.sequence
        ? await this.#readHistory(current, null, (files) => readVersionAt(files, current, this.sequence))
        : await this.#rememberedDocument(id);
    return found !== null && admits(archived, found) ? found : null;
  }

  /** One that is gone, or was made anew since. */
  async #rememberedDocument(id: string): Promise<Document | null> {
    this.#check();
    if (!this.#isRemembered) await this.#remember();
    return this.#visible.document(id) ?? null;
  }

  /** Resolves when the view knows all that it sees. @throws {DatabaseError} as `Database.view` and `ReadView` say. */
  async #remember(): Promise<void> {
    this.#check();
    if (this.#isRemembered) return;
    this.#remembering ??= this.#readPast();
    await this.#remembering;
    this.#check();
  }

  async #readPast(): Promise<void> {
    const { state } = this.#options;
    const past = this.#past;
    if (past !== undefined && past.sequence > 0) {
      // A table that is dropped meanwhile takes documents with it that are still to be looked for where they are now.
      let dropped: number;
      do {
        dropped = state.tablesDropped;
        await this.#rememberAll(await this.#readSuperseded(past.share));
      } while (state.tablesDropped !== dropped);
    }
    this.#isRemembered = true;
  }

  async #rememberAll(documents: readonly Document[]): Promise<void> {
    const slice = new TimeSlice(this.#options.clock);
    for (let start = 0; start < documents.length; start += batchDocuments) {
      this.#visible.remember(documents.slice(start, start + batchDocuments));
      if (slice.due) await slice.pause();
    }
  }

  #readSuperseded(share: PastShare): Promise<readonly Document[]> {
    const { state, history } = this.#options;
    const { sequence: newest } = state;
    return history.read(newest, (files) => {
      this.#checkKept(files);
      share.reset();
      return readPastDocuments(files, {
        sequence: this.sequence,
        newest,
        current: (id) => (this.#visible.remembers(id) ? undefined : state.document(id)),
        hold: (bytes) => share.add(bytes),
        found: (document) => share.add(documentBytes(document)),
        check: () => this.#check(),
      });
    });
  }

  /** The floor may have been raised since the view was opened. */
  #checkKept({ floor }: PastFiles): void {
    if (floor > this.sequence && this.sequence !== this.#options.state.sequence) {
      throw new HistoryGoneError(`The state after commit ${this.sequence} is not kept any more`, floor);
    }
  }

  /** @param erased the answer when the document was erased after the view was opened: its history goes with it. */
  async #readHistory<T>(document: Document, erased: T, read: (files: PastFiles) => Promise<T>): Promise<T> {
    const { history, state } = this.#options;
    try {
      return await history.read(state.sequence, (files) => {
        this.#check();
        if (!this.#isRemembered) this.#checkKept(files);
        return read(files);
      });
    } catch (error) {
      const isThere = state.document(document.id)?.createdSequence === document.createdSequence;
      if (error instanceof MissingVersionError && !isThere) return erased;
      throw error;
    }
  }

  /** @param askedAt when the query was asked: what had to be read of the past first is part of what it takes. */
  #context(askedAt: number): ExecutionContext {
    const { clock, scanTurns, slowQueries, planCosts = defaultPlanCosts } = this.#options;
    const past = this.#past;
    const preparedMs = past === undefined ? 0 : clock.monotonic() - askedAt;
    return {
      visible: this.#visible,
      clock,
      scanTurns,
      planCosts,
      check: () => this.#check(),
      onExplanation: (explain, query, milliseconds) => {
        if (this.#explanations.length < explanationsMax) this.#explanations.push(explain);
        slowQueries?.look(query, past?.sequence ?? null, preparedMs + milliseconds, explain);
      },
    };
  }

  get #isPastDeadline(): boolean {
    return this.#options.clock.monotonic() > this.#deadline;
  }

  /** @returns what the monotonic clock says. @throws {LimitExceededError} when the view is closed, or has been open for too long. */
  #check(): number {
    const now = this.#options.clock.monotonic();
    if (this.#open && now <= this.#deadline) return now;
    this.close();
    throw new LimitExceededError(
      `This read view is closed: a request may read for ${this.#options.deadlineMs} ms. Ask for less at once, page by page`,
      { limit: this.#options.deadlineMs },
    );
  }
}
