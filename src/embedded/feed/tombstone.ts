import { hashBody } from '../../document/body-hash.ts';
import type { Document, TableReference } from '../../document/document.ts';

const nothing = Object.freeze({});
const hashOfNothing = hashBody(nothing);
const unknownTable: TableReference = Object.freeze({ id: '', name: '' });

/** What may be told of a document that was erased: everything but its body. */
export function tombstoneOf(document: Document): Document {
  return Object.freeze({ ...document, body: nothing, bodyHash: hashOfNothing });
}

/** The same where nothing but its id is left on disk. */
export function unknownTombstone(id: string, sequence: number, committedAt: number): Document {
  return Object.freeze({
    id,
    table: unknownTable,
    tableNamed: false,
    name: '',
    body: nothing,
    bodyHash: hashOfNothing,
    version: 1,
    createdAt: committedAt,
    updatedAt: null,
    archivedAt: null,
    sequence,
    createdSequence: 0,
    previousSequence: 0,
  });
}

/** Whether even the table is unknown. */
export function isOfUnknownTable({ table }: Document): boolean {
  return table === unknownTable;
}
