import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Operation } from '../database/operation.ts';
import { patchOperation } from '../database/patch-operation.ts';
import { defaultTable } from '../document/document.ts';
import { type DocumentChangeInput, parseDocumentChange } from '../document/document-change.ts';
import { parseDocumentId } from '../document/document-id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../document/json.ts';
import { DatabaseError, InvalidArgumentError } from '../errors.ts';
import { itemsAtOnceMax } from './variable-pieces.ts';

type Absent = null | undefined;

interface CreateInput {
  readonly name: string;
  readonly body?: JsonValue | undefined;
  readonly table?: string | Absent;
  readonly id?: string | Absent;
}

interface UpdateInput {
  readonly id: string;
  readonly version: number;
  readonly body?: JsonValue | undefined;
}

interface PatchInput {
  readonly id: string;
  readonly version?: number | Absent;
  readonly change: DocumentChangeInput;
  readonly rebase?: boolean | Absent;
}

interface VersionedInput {
  readonly id: string;
  readonly version?: number | Absent;
}

interface EraseInput {
  readonly id: string;
  readonly version: number;
}

interface AssertInput extends VersionedInput {
  readonly exists?: boolean | Absent;
}

/** One of them, as GraphQL has made sure. */
export interface OperationInput {
  readonly create?: CreateInput | Absent;
  readonly update?: UpdateInput | Absent;
  readonly patch?: PatchInput | Absent;
  readonly archive?: VersionedInput | Absent;
  readonly restore?: VersionedInput | Absent;
  readonly erase?: EraseInput | Absent;
  readonly assert?: AssertInput | Absent;
}

/**
 * @param path What the client calls the list.
 * @throws {InvalidArgumentError} with the path of what is wrong and `operation`, its index.
 */
export function parseOperations(
  inputs: readonly OperationInput[],
  path: string,
): readonly Operation[] | Promise<readonly Operation[]> {
  if (inputs.length > itemsAtOnceMax) return parseInPieces(inputs, path);
  return inputs.map((input, index) => parseAt(input, path, index));
}

/** In turns of the event loop between which others have theirs. */
async function parseInPieces(inputs: readonly OperationInput[], path: string): Promise<readonly Operation[]> {
  const operations: Operation[] = [];
  for (const [index, input] of inputs.entries()) {
    operations.push(parseAt(input, path, index));
    if (index % itemsAtOnceMax === itemsAtOnceMax - 1) await nextTurn();
  }
  return operations;
}

function parseAt(input: OperationInput, path: string, index: number): Operation {
  try {
    return parseOperation(input, `${path}.${index}`);
  } catch (error) {
    throw error instanceof DatabaseError ? error.withEvidence({ operation: index }) : error;
  }
}

function parseOperation(input: OperationInput, path: string): Operation {
  const { create, update, patch, archive, restore, erase, assert } = input;
  if (create != null) return parseCreate(create, `${path}.create`);
  if (update != null) return parseUpdate(update, `${path}.update`);
  if (patch != null) return parsePatch(patch, `${path}.patch`);
  if (archive != null) return { kind: 'archive', ...parseVersioned(archive, `${path}.archive`) };
  if (restore != null) return { kind: 'restore', ...parseVersioned(restore, `${path}.restore`) };
  if (erase != null) return parseErase(erase, `${path}.erase`);
  if (assert != null) return parseAssert(assert, `${path}.assert`);
  throw new InvalidArgumentError('An operation is exactly one of its fields', { path, expected: 'one operation' });
}

/** Each of these takes the arguments of one mutation. `path` is what the client calls them together; empty when they stand for themselves. */
export function parseCreate({ id, table, name, body }: CreateInput, path = ''): Operation {
  return {
    kind: 'create',
    id: id == null ? undefined : parseDocumentId(id, place(path, 'id')),
    // Whoever asks for the default table has named none: the argument's default cannot be told from it.
    table: table == null || table === defaultTable.name ? undefined : table,
    name,
    body: parseBody(body, place(path, 'body')),
  };
}

export function parseUpdate({ id, version, body }: UpdateInput, path = ''): Operation {
  return {
    kind: 'update',
    id: parseDocumentId(id, place(path, 'id')),
    version,
    body: parseBody(body, place(path, 'body')),
  };
}

export function parsePatch({ id, version, change, rebase }: PatchInput, path = ''): Operation {
  return patchOperation(
    {
      id: parseDocumentId(id, place(path, 'id')),
      version: version ?? undefined,
      change: parseDocumentChange(change, place(path, 'change')),
      rebase: rebase ?? false,
    },
    path,
  );
}

export function parseVersioned({ id, version }: VersionedInput, path = '') {
  return { id: parseDocumentId(id, place(path, 'id')), version: version ?? undefined };
}

export function parseErase({ id, version }: EraseInput, path = ''): Operation {
  return { kind: 'erase', id: parseDocumentId(id, place(path, 'id')), version };
}

function parseAssert({ id, version, exists }: AssertInput, path: string): Operation {
  const documentId = parseDocumentId(id, place(path, 'id'));
  if (version != null && exists == null) return { kind: 'assert', id: documentId, version };
  if (version == null && exists != null) return { kind: 'assert', id: documentId, exists };
  throw new InvalidArgumentError('An assertion has either version or exists', {
    path,
    expected: 'either version or exists',
  });
}

function parseBody(body: JsonValue | undefined, path: string): JsonObject {
  if (isJsonObject(body)) return body;
  throw new InvalidArgumentError('The body is not a JSON object', { path, expected: 'a JSON object' });
}

function place(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
