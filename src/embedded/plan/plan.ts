import type { TableReference } from '../../document/document.ts';
import type { JsonValue } from '../../document/json.ts';
import { escapeKey } from '../../document/path.ts';
import type { SortKey } from '../../query/ordering.ts';
import type { KeyRangeExplanation, QueryAccess, QueryPlan } from '../../query/query-explanation.ts';
import type { IndexOrder } from '../execution/index-places.ts';
import type { IndexBound, IndexRange } from '../index/index-range.ts';
import type { SecondaryIndex } from '../index/secondary-index.ts';
import type { LargeDocumentList } from '../large-document-list.ts';

/** How the documents that may fit a filter are found. All of them that fit are among those. */
export type Access =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ids'; readonly ids: ReadonlySet<string> }
  /** `table` is null for all tables. */
  | {
      readonly kind: 'scan';
      readonly table: string | null;
      readonly documents: LargeDocumentList;
      /** Whether the list follows what is written: that of a table that was dropped does not. */
      readonly isKept: () => boolean;
    }
  | IndexAccess
  | LiteralKeyAccess
  /** `ofTables`: of a table each, which then does not look at documents of another. */
  | { readonly kind: 'union'; readonly parts: readonly Access[]; readonly ofTables: boolean };

export interface IndexAccess {
  readonly kind: 'index';
  readonly table: TableReference;
  readonly index: SecondaryIndex;
  /** Whether the index follows what is written: one that was dropped, itself or with its table, does not. */
  readonly isKept: () => boolean;
  readonly ranges: readonly IndexRange[];
  /** Entries in the ranges, about. */
  readonly estimated: number;
  /** Whether a document may have several entries. Those that come later are of versions that no open view sees. */
  readonly severalEntries: boolean;
  /** Whether the entries in the ranges are those of the documents that fit the filter, one for each. */
  readonly exact: boolean;
}

/** The documents of an index that have one key in their body, whatever it says: one that reads like a path of the index. */
export interface LiteralKeyAccess {
  readonly kind: 'literalKey';
  readonly table: TableReference;
  readonly index: SecondaryIndex;
  readonly key: string;
  readonly documents: LargeDocumentList;
  /** As that of an index. */
  readonly isKept: () => boolean;
}

export interface Plan {
  readonly access: Access;
  readonly order: QueryPlan['order'];
  /** When the order is that of the index. */
  readonly indexOrder: IndexOrder | null;
}

/** How many documents an access leads to, about. */
export function estimateOf(access: Access): number {
  switch (access.kind) {
    case 'nothing':
      return 0;
    case 'ids':
      return access.ids.size;
    case 'scan':
    case 'literalKey':
      return access.documents.size;
    case 'index':
      return access.estimated;
    case 'union':
      return access.parts.reduce((sum, part) => sum + estimateOf(part), 0);
  }
}

export function explainPlan({ access, order }: Plan): QueryPlan {
  return { access: explainAccess(access), order };
}

/** No more of them are listed: the values of a long `in` are known to who asked. */
const rangesListedMax = 20;

function explainAccess(access: Access): QueryAccess {
  switch (access.kind) {
    case 'nothing':
      return access;
    case 'scan':
      return { kind: 'scan', table: access.table, documents: access.documents.size };
    case 'union':
      return { kind: 'union', parts: access.parts.map(explainAccess) };
    case 'ids': {
      const ids = Array.from(access.ids).slice(0, rangesListedMax);
      const ranges = ids.map((id) => ({ from: [id], fromIncluded: true, to: [id], toIncluded: true }));
      return { kind: 'index', table: null, paths: ['$id'], indexKind: 'HASH', ranges, estimated: access.ids.size };
    }
    case 'literalKey': {
      const { table, key, index, documents } = access;
      const { kind } = index.record;
      const paths = [escapeKey(key)];
      return { kind: 'index', table: table.name, paths, indexKind: kind, ranges: [{}], estimated: documents.size };
    }
    case 'index': {
      const { paths, kind } = access.index.record;
      const ranges = access.ranges.slice(0, rangesListedMax).map(explainRange);
      const { estimated, table } = access;
      return { kind: 'index', table: table.name, paths, indexKind: kind, ranges, estimated };
    }
  }
}

function explainRange({ from, to }: IndexRange): KeyRangeExplanation {
  return {
    ...(from === null ? {} : { from: valuesOf(from), fromIncluded: from.included }),
    ...(to === null ? {} : { to: valuesOf(to), toIncluded: to.included }),
  };
}

function valuesOf({ start }: IndexBound): readonly JsonValue[] {
  return start.map((key: SortKey) => key ?? null);
}
