import type { DocumentPage, ReadView } from '../database/database.ts';
import type { Table } from '../database/table.ts';
import type { Document } from '../document/document.ts';
import { LimitExceededError } from '../errors.ts';
import type { AggregateQuery, DocumentGroup } from '../query/aggregate-query.ts';
import type { Archived, FindQuery, PageRequest } from '../query/find-query.ts';
import type { QueryExplanation } from '../query/query-explanation.ts';
import { admits } from './admits.ts';
import { aggregate } from './execution/aggregation.ts';
import { type ExecutionContext, QueryExecution } from './execution/query-execution.ts';
import { VisibleDocuments } from './execution/visible-documents.ts';
import { defaultPlanCosts, type PlanCosts } from './plan/planner.ts';
import type { Clock } from './ports/clock.ts';
import type { ScanTurns } from './scan-turns.ts';
import type { State } from './state.ts';
import type { TableReader } from './table-reader.ts';

export interface ReadViewOptions {
  readonly state: State;
  readonly clock: Clock;
  /** Shared by all views of a database. */
  readonly scanTurns: ScanTurns;
  readonly tables: TableReader;
  /** Milliseconds that the view may stay open: what it keeps alive is bounded by what is written in that time. */
  readonly deadlineMs: number;
  /** Groups, and distinct values, that one aggregate keeps at once; absent: any number. */
  readonly groupsMax?: number;
  readonly planCosts?: PlanCosts;
  readonly onClose: (view: EmbeddedReadView) => void;
}

/** So many explanations are kept of one view: one for each field of a query that asks for them. */
const explanationsMax = 1_000;

/** The state as of one sequence. */
export class EmbeddedReadView implements ReadView {
  readonly #options: ReadViewOptions;
  readonly #deadline: number;
  readonly #supersededBytesBefore: number;
  readonly #visible: VisibleDocuments;
  readonly #explanations: (() => QueryExplanation)[] = [];
  #open = true;

  constructor(options: ReadViewOptions) {
    this.#options = options;
    this.#supersededBytesBefore = options.state.supersededBytes;
    this.#deadline = options.clock.monotonic() + options.deadlineMs;
    this.#visible = new VisibleDocuments(options.state, () => this.#isPastDeadline && this.close());
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

  getDocument(id: string, archived: Archived = 'EXCLUDE'): Document | null {
    this.#check();
    const document = this.#visible.document(id);
    return document !== undefined && admits(archived, document) ? document : null;
  }

  async findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage> {
    this.#check();
    return QueryExecution.ofPage(this.#context(), query, page).page(page);
  }

  scanDocuments(query: FindQuery): AsyncGenerator<readonly Document[]> {
    this.#check();
    return new QueryExecution(this.#context(), query, 'find', { kind: 'all' }).batches();
  }

  async countDocuments(query: FindQuery): Promise<number> {
    this.#check();
    return new QueryExecution(this.#context(), query, 'count', { kind: 'count' }).count();
  }

  async aggregateDocuments(query: AggregateQuery): Promise<readonly DocumentGroup[]> {
    this.#check();
    return aggregate(this.#context(), query, this.#options.groupsMax ?? Number.POSITIVE_INFINITY);
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
    this.#options.onClose(this);
  }

  #context(): ExecutionContext {
    const { clock, scanTurns, planCosts = defaultPlanCosts } = this.#options;
    return {
      visible: this.#visible,
      clock,
      scanTurns,
      planCosts,
      check: () => this.#check(),
      onExplanation: (explain) => {
        if (this.#explanations.length < explanationsMax) this.#explanations.push(explain);
      },
    };
  }

  get #isPastDeadline(): boolean {
    return this.#options.clock.monotonic() > this.#deadline;
  }

  #check(): void {
    if (this.#open && !this.#isPastDeadline) return;
    this.close();
    throw new LimitExceededError(
      `This read view is closed: a request may read for ${this.#options.deadlineMs} ms. Ask for less at once, page by page`,
      { limit: this.#options.deadlineMs },
    );
  }
}
