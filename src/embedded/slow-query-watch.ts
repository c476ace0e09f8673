import { formatPath } from '../document/path.ts';
import { filterShape } from '../query/filter-shape.ts';
import type { FindQuery } from '../query/find-query.ts';
import type { QueryExplanation } from '../query/query-explanation.ts';
import { type SlowQuery, withoutValues } from '../query/slow-query.ts';
import type { Clock } from './ports/clock.ts';

export interface SlowQueryOptions {
  readonly clock: Clock;
  /** A query that takes as long, in milliseconds, is told of. Infinity: none is. */
  readonly milliseconds: number;
  /** `omitted`: how many were slow since the last one that was told. */
  readonly onSlowQuery: (query: SlowQuery, omitted: number) => void;
}

/** When every query is slow, the log is not to make them slower. */
const toldEachSecondMax = 10;

/** Tells of queries that take long, at most so many in a second, and counts all of them. */
export class SlowQueryWatch {
  readonly #options: SlowQueryOptions;
  #count = 0;
  #omitted = 0;
  #toldThisSecond = 0;
  #secondBegan = Number.NEGATIVE_INFINITY;

  constructor(options: SlowQueryOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** Looks at a query that has been answered. `milliseconds` is how long that took, without what its reader took. */
  look(query: FindQuery, asOf: number | null, milliseconds: number, explain: () => QueryExplanation): void {
    if (milliseconds < this.#options.milliseconds) return;
    this.#count += 1;
    if (!this.#mayTell()) {
      this.#omitted += 1;
      return;
    }
    const { operation, plan, examined, returned, suggestedIndex } = explain();
    const { table = null, filter, orderBy, archived } = query;
    const shape = { operation, table, filter: filterShape(filter), orderBy: orderBy.map(orderShape), archived, asOf };
    const answer = { plan: withoutValues(plan), examined, returned, milliseconds: Math.round(milliseconds) };
    this.#options.onSlowQuery({ ...shape, ...answer, suggestedIndex }, this.#omitted);
    this.#omitted = 0;
  }

  #mayTell(): boolean {
    const now = this.#options.clock.monotonic();
    if (now - this.#secondBegan >= 1_000) {
      this.#secondBegan = now;
      this.#toldThisSecond = 0;
    }
    this.#toldThisSecond += 1;
    return this.#toldThisSecond <= toldEachSecondMax;
  }
}

function orderShape({ path, direction }: FindQuery['orderBy'][number]): string {
  return `${formatPath(path)} ${direction}`;
}
