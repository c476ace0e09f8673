import { Buffer } from 'node:buffer';
import type { ExistingDocument } from './import-server.ts';
import type { PreparedItem } from './prepared-item.ts';

const closingBrace = Buffer.from('}');

/** The operations of `POST /document/transaction` that make a document of an item, as JSON. */
export function creatingOperations({ id, table, name, bodyText, archived }: PreparedItem): readonly Buffer[] {
  const tableMember = table === null ? '' : `,"table_name":${JSON.stringify(table)}`;
  const head = `{"op":"create","doc_id":"${id}"${tableMember},"name":${JSON.stringify(name)},"body":`;
  const create = Buffer.concat([Buffer.from(head), bodyText, closingBrace]);
  return archived ? [create, versioned('archive', id, 1)] : [create];
}

/** Those that make an existing document be what the item says; its name and its table stay. */
export function updatingOperations(
  { id, bodyText, archived }: PreparedItem,
  existing: ExistingDocument,
  hasSameBody: boolean,
): readonly Buffer[] {
  if (hasSameBody && existing.archived === archived) return [];
  const operations: Buffer[] = [];
  let { version } = existing;
  if (existing.archived) operations.push(versioned('restore', id, version++));
  if (!hasSameBody) {
    const head = `{"op":"update","doc_id":"${id}","version":${version++},"body":`;
    operations.push(Buffer.concat([Buffer.from(head), bodyText, closingBrace]));
  }
  if (archived) operations.push(versioned('archive', id, version));
  return operations;
}

function versioned(op: 'archive' | 'restore', id: string, version: number): Buffer {
  return Buffer.from(`{"op":"${op}","doc_id":"${id}","version":${version}}`);
}
