import { Buffer } from 'node:buffer';
import type { ExistingDocument } from './import-server.ts';
import type { PreparedItem } from './prepared-item.ts';

/** An operation of `POST /document/transaction`, as JSON: the head, and behind it, where there is one, the body and a closing brace. */
export interface OperationText {
  readonly head: string;
  readonly body: Buffer | null;
}

/** Those that make a document of an item. */
export function creatingOperations({ id, table, name, bodyText, archived }: PreparedItem): readonly OperationText[] {
  const create = { head: `{"op":"create","doc_id":"${id}"${placeOf(table, name)},"body":`, body: bodyText };
  return archived ? [create, versioned('archive', id, 1)] : [create];
}

/** Those that make an existing document be what the item says; its name and its table stay. */
export function updatingOperations(
  { id, bodyText, archived }: PreparedItem,
  existing: ExistingDocument,
  hasSameBody: boolean,
): readonly OperationText[] {
  if (hasSameBody && existing.archived === archived) return [];
  const operations: OperationText[] = [];
  let { version } = existing;
  if (existing.archived) operations.push(versioned('restore', id, version++));
  if (!hasSameBody) {
    operations.push({ head: `{"op":"update","doc_id":"${id}","version":${version++},"body":`, body: bodyText });
  }
  if (archived) operations.push(versioned('archive', id, version));
  return operations;
}

/** That there is a live document with this id, else nothing is written. */
export function assertingOperation(id: string): OperationText {
  return { head: `{"op":"assert","doc_id":"${id}","exists":true}`, body: null };
}

function versioned(op: 'archive' | 'restore', id: string, version: number): OperationText {
  return { head: `{"op":"${op}","doc_id":"${id}","version":${version}}`, body: null };
}

/** A document without a name has its table's. */
function placeOf(table: string | null, name: string): string {
  const tableMember = table === null ? '' : `,"table_name":${JSON.stringify(table)}`;
  return table === name ? tableMember : `${tableMember},"name":${JSON.stringify(name)}`;
}

const opening = '{"operations":[';
const closing = ']}';

/** The body of the request. */
export function transactionOf(operations: readonly OperationText[]): Buffer {
  let length = opening.length + closing.length;
  for (const { head, body } of operations)
    length += Buffer.byteLength(head) + (body === null ? 0 : body.length + 1) + 1;
  const transaction = Buffer.allocUnsafe(length);
  let at = transaction.write(opening, 'latin1');
  let isFirst = true;
  for (const { head, body } of operations) {
    if (!isFirst) transaction[at++] = comma;
    isFirst = false;
    at += transaction.write(head, at);
    if (body === null) continue;
    transaction.set(body, at);
    at += body.length;
    transaction[at++] = closingBrace;
  }
  at += transaction.write(closing, at, 'latin1');
  return transaction.subarray(0, at);
}

const comma = 0x2c;
const closingBrace = 0x7d;
