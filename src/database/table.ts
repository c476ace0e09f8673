import type { JsonObject } from '../document/json.ts';
import type { Path } from '../document/path.ts';
import type { Archived } from '../query/find-query.ts';

/** A table as of one sequence. */
export interface Table {
  /** A UUID. It stays the same until the table is dropped. */
  readonly id: string;
  readonly name: string;
  readonly settings: TableSettings;
  /** Live documents. */
  readonly documentCount: number;
  readonly archivedCount: number;
  /** Of the bodies as JSON texts, archived documents included. */
  readonly bodyBytes: number;
  /** Milliseconds since the Unix epoch; null for the default table, which was there from the beginning. */
  readonly createdAt: number | null;
  readonly indexes: readonly TableIndex[];
}

export interface TableSettings {
  /** A JSON Schema that every body written to the table must fit; null: the table is free. */
  readonly schema: JsonObject | null;
  /**
   * Paths at which no two live documents have an equal value: those of the unique indexes of one path. A missing path is not constrained,
   * null counts, each element of a list counts once a document.
   */
  readonly uniquePaths: readonly string[];
  /** Whether writes to its documents are refused. */
  readonly readOnly: boolean;
}

/** Settings that are left out stay as they are. */
export type TableSettingsChange = { readonly [Name in keyof TableSettings]?: TableSettings[Name] | undefined };

/** `HASH` serves equality; `ORDERED` ranges, prefixes and sorts as well. */
export type IndexKind = 'HASH' | 'ORDERED';

/** What an index is to be. A table has at most one of the same paths. */
export interface IndexDefinition {
  readonly table: string;
  /** Most significant first; never none. */
  readonly paths: readonly Path[];
  readonly kind: IndexKind;
  /** Whether no two live documents may have the same values there. */
  readonly unique: boolean;
  /** Which documents are in it: live ones, archived ones, or (`INCLUDE`) all. A query uses it when it asks for those or fewer. */
  readonly archived: Archived;
}

export interface TableIndex extends IndexDefinition {
  readonly id: string;
  /** While it is `BUILDING`, new writes obey it already, but no query uses it. */
  readonly state: 'BUILDING' | 'READY';
  /** Documents that it was filled with so far, of `documents` in the table; both end up equal. */
  readonly filled: number;
  readonly documents: number;
  /** Keys of documents in it: one that has a list at the path has one for each element. */
  readonly entries: number;
  readonly createdAt: number;
}
