/** How much a filter may ask for. More is refused with `LIMIT_EXCEEDED`, before a document is looked at. */
export interface FilterLimits {
  /** Levels of `and`, `or`, `not` and `some` inside each other; each is a level of recursion for every document. */
  readonly depthMax: number;
  /** Filters, operators, fields of `match` and values of `all`, counted together: each is work for every document. */
  readonly nodeCountMax: number;
  /** Values of all `in` and `notIn`, counted together: each is memory, and a look-up where an index serves. */
  readonly valueCountMax: number;
  /** UTF-16 code units of a regular expression. */
  readonly patternLengthMax: number;
  /** Instructions of a compiled regular expression: matching takes time in proportion to them and to the text. */
  readonly patternProgramSizeMax: number;
}

export const defaultFilterLimits: FilterLimits = Object.freeze({
  depthMax: 64,
  nodeCountMax: 1_000,
  valueCountMax: 10_000,
  patternLengthMax: 1_000,
  patternProgramSizeMax: 2_000,
});

export interface OrderLimits {
  /** Paths that one list may be ordered by. */
  readonly pathCountMax: number;
}

export const defaultOrderLimits: OrderLimits = Object.freeze({ pathCountMax: 8 });

export interface PageLimits {
  /** Documents of one page. */
  readonly pageSizeMax: number;
}

export const defaultPageLimits: PageLimits = Object.freeze({ pageSizeMax: 1_000 });

export interface AggregateLimits {
  /** Paths that documents may be grouped by, and names that groups may be ordered by. */
  readonly groupPathCountMax: number;
  readonly measureCountMax: number;
}

export const defaultAggregateLimits: AggregateLimits = Object.freeze({ groupPathCountMax: 8, measureCountMax: 32 });

/** What a door lets a search ask for. */
export interface QueryLimits {
  readonly filter: FilterLimits;
  readonly order: OrderLimits;
  readonly page: PageLimits;
  readonly aggregate: AggregateLimits;
}

export const defaultQueryLimits: QueryLimits = Object.freeze({
  filter: defaultFilterLimits,
  order: defaultOrderLimits,
  page: defaultPageLimits,
  aggregate: defaultAggregateLimits,
});

/** Documents of a page for which no size was asked. */
export const pageSizeDefault = 100;
