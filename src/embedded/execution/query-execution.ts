import type { SharedTurns } from '../../database/shared-turns.ts';
import type { Document } from '../../document/document.ts';
import { compileFilter, compileSearch } from '../../query/filter-compiler.ts';
import type { FindQuery } from '../../query/find-query.ts';
import { Ordering, type Position } from '../../query/ordering.ts';
import type { QueryExplanation } from '../../query/query-explanation.ts';
import { admits } from '../admits.ts';
import { sortInSlices } from '../index/sliced-sort.ts';
import { estimateOf, explainPlan, type Plan } from '../plan/plan.ts';
import { type PlanCosts, Planner, type Purpose } from '../plan/planner.ts';
import { suggestedIndex } from '../plan/suggested-index.ts';
import type { Clock } from '../ports/clock.ts';
import { walkFor } from './access-walk.ts';
import { ScanPace } from './scan-pace.ts';
import type { VisibleDocuments } from './visible-documents.ts';
import type { Walk } from './walk.ts';

export interface ExecutionContext {
  readonly visible: VisibleDocuments;
  readonly clock: Clock;
  readonly scanTurns: SharedTurns;
  readonly planCosts: PlanCosts;
  /** Called at the beginning of each slice. @returns what the clock says. @throws when the view is closed. */
  readonly check: () => number;
  /** Given what explains a query that was run. Not the explanation: most are never looked at, and it takes as long as a small query. */
  readonly onExplanation: (explain: () => QueryExplanation, query: FindQuery, milliseconds: number) => void;
}

/** Documents that are looked at without waiting for a turn. */
const documentsAtOnceMax = 16;

export interface SortedDocuments {
  readonly size: number;
  readonly at: (index: number) => Document;
}

/**
 * One query on a view: planned when it is made, run once. Work is done in slices, between which other work gets its turn. What a query is for is
 * elsewhere: `query-page.ts`, `query-scan.ts`, `query-count.ts`, `aggregation.ts`.
 */
export class QueryExecution {
  readonly context: ExecutionContext;
  readonly query: FindQuery;
  readonly plan: Plan;
  readonly #operation: QueryExplanation['operation'];
  /** Compiled when a document is to be tried: none is where an index answers for all that it has. */
  #matches: ((document: Document) => boolean) | undefined;
  readonly #pace: ScanPace;
  readonly #startedAt: number;
  /** A look at a few documents takes no longer than to put it in the line of the scans. */
  #goesFirst: boolean;
  #examined = 0;
  #returned = 0;
  /** When its reader was given the last documents, and what it took for them before. */
  #pausedAt: number | null = null;
  #pausedMs = 0;

  constructor(context: ExecutionContext, query: FindQuery, operation: QueryExplanation['operation'], purpose: Purpose) {
    const { visible, clock, planCosts, scanTurns } = context;
    this.context = context;
    this.query = query;
    this.#operation = operation;
    this.#pace = new ScanPace(clock, scanTurns);
    this.#startedAt = clock.monotonic();
    this.plan = new Planner(visible.state, visible.isNewest, query, purpose, planCosts).plan();
    this.#goesFirst = estimateOf(this.plan.access) <= documentsAtOnceMax;
  }

  /** Of an aggregate: takes every document that fits, in any order. */
  async forEach(take: (document: Document) => void): Promise<void> {
    let count = 0;
    await this.run(this.walk(1), (document) => {
      take(document);
      count += 1;
      return false;
    });
    this.end(count);
  }

  /** Whether documents come in the order of an index in which each has one key: the value that it is ordered by is all that is at the path. */
  get readsOneKeyInOrder(): boolean {
    const { access, order } = this.plan;
    return order === 'index' && access.kind === 'index' && !access.severalEntries;
  }

  /** All that fit, in the order asked for. */
  async sorted(): Promise<SortedDocuments> {
    const table = new Ordering(this.query.orderBy).table();
    await this.run(this.walk(1), (document) => {
      table.add(document);
      return false;
    });
    const order = await sortInSlices(
      table.size,
      (a, b) => table.compare(a, b),
      () => (this.context.scanTurns.over ? this.turn() : undefined),
    );
    return { size: table.size, at: (index) => table.document(order[index] ?? -1) };
  }

  /** @param feed -1 to read the list from its end. It matters only where documents come in order. @param start the place to begin at, included. */
  walk(feed: 1 | -1, start?: Position): Walk {
    const { filter, archived } = this.query;
    const { visible } = this.context;
    return walkFor(this.plan, {
      visible,
      fits: (document) => this.#fits(document),
      predicate: ({ columns, size }) => columns?.scan(filter, archived, size) ?? compileSearch(filter, archived),
      pace: this.#pace,
      feed,
      start,
    });
  }

  /** Until `take` wants no more. */
  async run(walk: Walk, take: (document: Document) => boolean): Promise<void> {
    for (;;) {
      const turn = this.turn();
      if (turn !== undefined) await turn;
      if (this.slice(walk, take) !== 'over') return;
    }
  }

  slice(walk: Walk, take: (document: Document) => boolean): 'ended' | 'over' | 'enough' {
    const pace = this.#pace;
    pace.resume(this.context.check());
    walk.resume();
    let steps = 0;
    for (;;) {
      const before = walk.skipped;
      const document = walk.next();
      const skipped = walk.skipped - before;
      this.#examined += skipped;
      if (document === undefined) return 'ended';
      if (document !== null) {
        this.#examined += 1;
        if ((walk.isFitting || this.#fits(document)) && take(document)) return 'enough';
      }
      steps += 1 + skipped;
      if (steps < pace.steps) continue;
      steps = 0;
      if (pace.isOver()) return 'over';
    }
  }

  /** Counts many at once, as long as the walk can. */
  countSlice(walk: Walk): { readonly fitting: number; readonly result: 'ended' | 'over' | 'one by one' } {
    const pace = this.#pace;
    pace.resume(this.context.check());
    walk.resume();
    let fitting = 0;
    for (;;) {
      const counted = walk.count?.(pace.steps) ?? null;
      if (counted === null) return { fitting, result: 'one by one' };
      fitting += counted.fitting;
      this.#examined += counted.passed;
      if (counted.ended) return { fitting, result: 'ended' };
      if (pace.isOver()) return { fitting, result: 'over' };
    }
  }

  #fits(document: Document): boolean {
    const { table, archived, filter } = this.query;
    if (!admits(archived, document) || (table !== undefined && document.table.name !== table)) return false;
    this.#matches ??= compileFilter(filter);
    return this.#matches(document);
  }

  /** Undefined when work may go on at once. */
  turn(): Promise<void> | undefined {
    if (this.#goesFirst) {
      this.#goesFirst = false;
      return undefined;
    }
    return this.context.scanTurns.next();
  }

  /** @param returned documents that its reader is given now. What it takes for them is not part of what the query takes. */
  pause(returned: number): void {
    this.#returned += returned;
    this.#pausedAt = this.context.clock.monotonic();
  }

  resume(): void {
    if (this.#pausedAt === null) return;
    this.#pausedMs += this.context.clock.monotonic() - this.#pausedAt;
    this.#pausedAt = null;
  }

  /** @param returned documents that its reader is given at last. */
  end(returned: number): void {
    this.#returned += returned;
    const { visible, clock, onExplanation } = this.context;
    const milliseconds = clock.monotonic() - this.#startedAt - this.#pausedMs;
    const explain = (): QueryExplanation => ({
      operation: this.#operation,
      plan: explainPlan(this.plan),
      examined: this.#examined,
      returned: this.#returned,
      milliseconds,
      suggestedIndex: suggestedIndex(visible.state, this.query, this.plan, this.#examined, this.#returned),
    });
    onExplanation(explain, this.query, milliseconds);
  }
}
