import type { JsonObject } from './json.ts';

/** The table that a document lives in. Its id stays when a table of the same name is dropped and made again. */
export interface TableReference {
  /** A UUID, lower case. */
  readonly id: string;
  readonly name: string;
}

/** The table of documents that were put into none by name. It always exists, and is not written to the log. */
export const defaultTable: TableReference = Object.freeze({
  id: '00000000-0000-0000-0000-000000000000',
  name: 'default',
});

/**
 * One version of a document. It never changes: a newer version is another object, so whoever holds one may keep it.
 * Times are milliseconds since the Unix epoch.
 */
export interface Document {
  /** A UUID, lower case. */
  readonly id: string;
  readonly table: TableReference;
  /** Whether the creator named the table: only then do REST answers carry `table_data`. */
  readonly tableNamed: boolean;
  /** The label given at creation; the table's name when none was given. */
  readonly name: string;
  readonly body: JsonObject;
  /** Lower-case hex SHA-256 of the canonical form (RFC 8785) of `body`. */
  readonly bodyHash: string;
  /** 1 at creation, one more at every change, archive and restore included. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number | null;
  readonly archivedAt: number | null;
  /** The commit that wrote this version. */
  readonly sequence: number;
  /** The commit that created the document. With the id it gives the order in which documents are listed. */
  readonly createdSequence: number;
  /** The commit that wrote the version before this one; 0 for the first version. */
  readonly previousSequence: number;
}
