import type { DocumentPage } from '../../database/database.ts';
import type { Document } from '../../document/document.ts';
import { compileFilter, compileSearch } from '../../query/filter-compiler.ts';
import type { FindQuery, PageRequest } from '../../query/find-query.ts';
import { pageSizeDefault } from '../../query/limits.ts';
import { Ordering, type Position } from '../../query/ordering.ts';
import { PageCollector } from '../../query/page.ts';
import type { QueryExplanation } from '../../query/query-explanation.ts';
import { admits } from '../admits.ts';
import { countEntries } from '../index/index-range.ts';
import { sortInSlices } from '../index/sliced-sort.ts';
import { explainPlan, type Plan } from '../plan/plan.ts';
import { type PlanCosts, Planner, type Purpose } from '../plan/planner.ts';
import { suggestedIndex } from '../plan/suggested-index.ts';
import type { Clock } from '../ports/clock.ts';
import type { ScanTurns } from '../scan-turns.ts';
import { walkFor } from './access-walk.ts';
import { ScanPace } from './scan-pace.ts';
import type { VisibleDocuments } from './visible-documents.ts';
import type { Walk } from './walk.ts';

/** Documents of a batch. */
const batchDocumentsMax = 1_024;
/** So many documents of a page and its offset are kept sorted as they come; of more, all that fit are sorted, in slices. */
const topDocumentsMax = 2_000;

/** Counting the entries of a range takes a few microseconds. */
const rangesCountedAtOnce = 64;

export interface ExecutionContext {
  readonly visible: VisibleDocuments;
  readonly clock: Clock;
  readonly scanTurns: ScanTurns;
  readonly planCosts: PlanCosts;
  /** Called at the beginning of each slice. @returns what the clock says. @throws when the view is closed. */
  readonly check: () => number;
  /** Given what explains a query that was run. Not the explanation: most are never looked at, and it takes as long as a small query. */
  readonly onExplanation: (explain: () => QueryExplanation, query: FindQuery, milliseconds: number) => void;
}

interface SortedDocuments {
  readonly size: number;
  readonly at: (index: number) => Document;
}

/** One query on a view: planned when it is made, run once. Work is done in slices, between which other work gets its turn. */
export class QueryExecution {
  readonly #context: ExecutionContext;
  readonly #query: FindQuery;
  readonly #plan: Plan;
  readonly #operation: QueryExplanation['operation'];
  /** Compiled when a document is to be tried: none is where an index answers for all that it has. */
  #matches: ((document: Document) => boolean) | undefined;
  readonly #pace: ScanPace;
  readonly #startedAt: number;
  #examined = 0;
  #returned = 0;
  /** What whoever takes batches took between them. */
  #pausedMs = 0;

  constructor(context: ExecutionContext, query: FindQuery, operation: QueryExplanation['operation'], purpose: Purpose) {
    const { visible, clock, planCosts, scanTurns } = context;
    this.#context = context;
    this.#query = query;
    this.#operation = operation;
    this.#pace = new ScanPace(clock, scanTurns);
    this.#startedAt = clock.monotonic();
    this.#plan = new Planner(visible.state, visible.isNewest, query, purpose, planCosts).plan();
  }

  static ofPage(context: ExecutionContext, query: FindQuery, request: PageRequest): QueryExecution {
    const documents = (request.offset ?? 0) + (request.last ?? request.first ?? pageSizeDefault) + 1;
    const purpose: Purpose = documents > topDocumentsMax ? { kind: 'all' } : { kind: 'page', documents };
    return new QueryExecution(context, query, 'find', purpose);
  }

  async page(request: PageRequest): Promise<DocumentPage> {
    const { orderBy } = this.#query;
    const { order } = this.#plan;
    const fromEnd = request.last !== undefined;
    const comesInOrder = order !== 'top';
    const collector = new PageCollector(
      orderBy,
      request,
      comesInOrder ? (fromEnd ? 'reversed' : 'ordered') : 'unordered',
    );
    const take = (document: Document) => {
      collector.add(document);
      return collector.complete;
    };
    if (order === 'sort') {
      const sorted = await this.#sorted();
      for (let index = 0; index < sorted.size && !collector.complete; index++) {
        if (index % this.#context.scanTurns.steps === 0) await this.#turn();
        collector.add(sorted.at(fromEnd ? sorted.size - 1 - index : index));
      }
    } else if (comesInOrder) {
      const { near } = collector;
      if (near !== undefined && !collector.complete) {
        // One document at the cursor or beyond it tells that there is a page on that side.
        await this.#run(this.#walk(fromEnd ? 1 : -1, near), (document) => {
          collector.add(document);
          return true;
        });
      }
      if (!collector.complete) await this.#run(this.#walk(fromEnd ? -1 : 1, near), take);
    } else {
      await this.#run(this.#walk(1), take);
    }
    const page = collector.page();
    this.#returned = page.documents.length;
    this.#explain();
    return page;
  }

  async *batches(): AsyncGenerator<readonly Document[]> {
    if (this.#plan.order === 'sort') {
      const sorted = await this.#sorted();
      for (let start = 0; start < sorted.size; start += batchDocumentsMax) {
        await this.#turn();
        const length = Math.min(batchDocumentsMax, sorted.size - start);
        const batch = Array.from({ length }, (_, index) => sorted.at(start + index));
        this.#returned += batch.length;
        const pausedAt = this.#context.clock.monotonic();
        yield batch;
        this.#pausedMs += this.#context.clock.monotonic() - pausedAt;
      }
    } else {
      const walk = this.#walk(1);
      for (let ended = false; !ended; ) {
        await this.#turn();
        const batch: Document[] = [];
        const result = this.#slice(walk, (document) => batch.push(document) >= batchDocumentsMax);
        this.#returned += batch.length;
        const pausedAt = this.#context.clock.monotonic();
        if (batch.length > 0) yield batch;
        this.#pausedMs += this.#context.clock.monotonic() - pausedAt;
        ended = result === 'ended';
      }
    }
    this.#explain();
  }

  /** Of an aggregate: takes every document that fits, in any order. */
  async forEach(take: (document: Document) => void): Promise<void> {
    await this.#run(this.#walk(1), (document) => {
      take(document);
      this.#returned += 1;
      return false;
    });
    this.#explain();
  }

  /** Whether documents come in the order of an index in which each has one key: the value that it is ordered by is all that is at the path. */
  get readsOneKeyInOrder(): boolean {
    const { access, order } = this.#plan;
    return order === 'index' && access.kind === 'index' && !access.severalEntries;
  }

  async count(): Promise<number> {
    this.#returned = this.#countOfAll() ?? (await this.#countOfIndex()) ?? (await this.#countOneByOne());
    this.#explain();
    return this.#returned;
  }

  /** Of all documents there are counts. */
  #countOfAll(): number | null {
    const { visible } = this.#context;
    const { filter, table: name, archived } = this.#query;
    if (filter.kind !== 'and' || filter.filters.length > 0 || !visible.isNewest) return null;
    let count = 0;
    for (const { reference, liveCount, archivedCount } of visible.state.tables()) {
      if (name !== undefined && reference.name !== name) continue;
      if (archived !== 'ONLY') count += liveCount;
      if (archived !== 'EXCLUDE') count += archivedCount;
    }
    return count;
  }

  /** The entries are the answer, when they say all and the view sees what the index holds. */
  async #countOfIndex(): Promise<number | null> {
    const { access } = this.#plan;
    if (access.kind !== 'index' || !access.exact) return null;
    const { sorted, groups } = access.index;
    let count = 0;
    for (let start = 0; start < access.ranges.length; start += rangesCountedAtOnce) {
      const turn = this.#turn();
      if (turn !== undefined) await turn;
      this.#context.check();
      if (!this.#context.visible.isNewest) return null;
      const ranges = access.ranges.slice(start, start + rangesCountedAtOnce);
      if (sorted !== null) count += countEntries(sorted, ranges);
      else for (const { from } of ranges) count += groups?.count(from?.start ?? []) ?? 0;
    }
    return count;
  }

  async #countOneByOne(): Promise<number> {
    const walk = this.#walk(1);
    let count = 0;
    for (let counts = true; counts; ) {
      const turn = this.#turn();
      if (turn !== undefined) await turn;
      const counted = this.#countSlice(walk);
      count += counted.fitting;
      if (counted.result === 'ended') return count;
      counts = counted.result === 'over';
    }
    await this.#run(walk, () => {
      count += 1;
      return false;
    });
    return count;
  }

  /** Counts many at once, as long as the walk can. */
  #countSlice(walk: Walk): { readonly fitting: number; readonly result: 'ended' | 'over' | 'one by one' } {
    const pace = this.#pace;
    pace.resume(this.#context.check());
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

  /** All that fit, in the order asked for. */
  async #sorted(): Promise<SortedDocuments> {
    const table = new Ordering(this.#query.orderBy).table();
    await this.#run(this.#walk(1), (document) => {
      table.add(document);
      return false;
    });
    const order = await sortInSlices(
      table.size,
      (a, b) => table.compare(a, b),
      () => (this.#context.scanTurns.over ? this.#turn() : undefined),
    );
    return { size: table.size, at: (index) => table.document(order[index] ?? -1) };
  }

  #walk(feed: 1 | -1, start?: Position): Walk {
    const { filter, archived } = this.#query;
    const { visible } = this.#context;
    return walkFor(this.#plan, {
      visible,
      fits: (document) => this.#fits(document),
      predicate: () => compileSearch(filter, archived),
      pace: this.#pace,
      feed,
      start,
    });
  }

  /** Until `take` wants no more. */
  async #run(walk: Walk, take: (document: Document) => boolean): Promise<void> {
    for (;;) {
      const turn = this.#turn();
      if (turn !== undefined) await turn;
      if (this.#slice(walk, take) !== 'over') return;
    }
  }

  #slice(walk: Walk, take: (document: Document) => boolean): 'ended' | 'over' | 'enough' {
    const pace = this.#pace;
    pace.resume(this.#context.check());
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

  #fits(document: Document): boolean {
    const { table, archived, filter } = this.#query;
    if (!admits(archived, document) || (table !== undefined && document.table.name !== table)) return false;
    this.#matches ??= compileFilter(filter);
    return this.#matches(document);
  }

  /** Undefined when work may go on at once. */
  #turn(): Promise<void> | undefined {
    return this.#context.scanTurns.next();
  }

  #explain(): void {
    const { visible, clock, onExplanation } = this.#context;
    const milliseconds = clock.monotonic() - this.#startedAt - this.#pausedMs;
    const explain = (): QueryExplanation => ({
      operation: this.#operation,
      plan: explainPlan(this.#plan),
      examined: this.#examined,
      returned: this.#returned,
      milliseconds,
      suggestedIndex: suggestedIndex(visible.state, this.#query, this.#plan, this.#examined, this.#returned),
    });
    onExplanation(explain, this.#query, milliseconds);
  }
}
