import type { AssertOperation, Operation } from '../database/operation.ts';
import { patchOperation } from '../database/patch-operation.ts';
import { parseDocumentChange } from '../document/document-change.ts';
import { parseDocumentId } from '../document/document-id.ts';
import type { JsonObject, JsonValue } from '../document/json.ts';
import { DatabaseError } from '../errors.ts';
import { expectInteger, expectList, expectObject, member, memberPath, wrongShape } from './request-shape.ts';
import { parseCreate } from './write-requests.ts';

export interface TransactionRequest {
  readonly operations: readonly Operation[];
  readonly dryRun: boolean;
}

/**
 * `{"operations": [{"op": "update", "doc_id", "version", "body"}, {"op": "archive", "doc_id", "version"}, …], "dry_run"}`
 * @throws {InvalidArgumentError} with `operation`, the index of the one that is wrong, if it is one.
 */
export function parseTransaction(request: unknown): TransactionRequest {
  const fields = expectObject(request, '');
  const list = expectList(member(fields, 'operations'), 'operations', 'a list of operations');
  const dryRun = optionalBoolean(member(fields, 'dry_run'), 'dry_run') ?? false;
  const operations = list.map((operation, index) => {
    try {
      return parseOperation(operation, memberPath('operations', index));
    } catch (error) {
      throw error instanceof DatabaseError ? error.withEvidence({ operation: index }) : error;
    }
  });
  return { operations, dryRun };
}

function parseOperation(request: JsonValue, path: string): Operation {
  const fields = expectObject(request, path);
  const op = member(fields, 'op');
  if (op === 'create') return parseCreateWithId(fields, path);
  const parse = typeof op === 'string' && Object.hasOwn(parsers, op) ? parsers[op] : undefined;
  if (parse === undefined) {
    throw wrongShape(op, memberPath(path, 'op'), `one of create, ${Object.keys(parsers).join(', ')}`);
  }
  const id = parseDocumentId(member(fields, 'doc_id'), memberPath(path, 'doc_id'));
  return parse({ fields, id, path });
}

/** An operation on a document that there is. */
interface OperationRequest {
  readonly fields: JsonObject;
  readonly id: string;
  readonly path: string;
}

const parsers: Readonly<Record<string, (request: OperationRequest) => Operation>> = {
  update: (request) => ({
    kind: 'update',
    id: request.id,
    version: version(request),
    body: expectObject(member(request.fields, 'body'), memberPath(request.path, 'body')),
  }),
  patch: parsePatch,
  archive: (request) => ({ kind: 'archive', id: request.id, version: optionalVersion(request) }),
  restore: (request) => ({ kind: 'restore', id: request.id, version: optionalVersion(request) }),
  erase: (request) => ({ kind: 'erase', id: request.id, version: version(request) }),
  assert: parseAssert,
};

/** The creator may give the id. */
function parseCreateWithId(fields: JsonObject, path: string): Operation {
  const id = member(fields, 'doc_id');
  const create = parseCreate(fields, path);
  return id === undefined || id === null ? create : { ...create, id: parseDocumentId(id, memberPath(path, 'doc_id')) };
}

function parsePatch(request: OperationRequest): Operation {
  const { fields, id, path } = request;
  const changePath = memberPath(path, 'change');
  const change = expectObject(member(fields, 'change'), changePath);
  return patchOperation(
    {
      id,
      version: optionalVersion(request),
      change: parseDocumentChange(
        {
          merge: member(change, 'merge'),
          patch: member(change, 'patch'),
          increment: member(change, 'increment'),
        },
        changePath,
      ),
      rebase: optionalBoolean(member(fields, 'rebase'), memberPath(path, 'rebase')) ?? false,
    },
    path,
  );
}

function parseAssert(request: OperationRequest): AssertOperation {
  const { fields, id, path } = request;
  const exists = optionalBoolean(member(fields, 'exists'), memberPath(path, 'exists'));
  const expected = optionalVersion(request);
  if (exists === undefined && expected !== undefined) return { kind: 'assert', id, version: expected };
  if (exists !== undefined && expected === undefined) return { kind: 'assert', id, exists };
  throw wrongShape(fields, path, 'an assertion with either version or exists');
}

function version({ fields, path }: OperationRequest): number {
  return expectInteger(member(fields, 'version'), memberPath(path, 'version'));
}

/** Clients written in Python send null for what was not given. */
function optionalVersion(request: OperationRequest): number | undefined {
  const given = member(request.fields, 'version');
  return given === undefined || given === null ? undefined : version(request);
}

function optionalBoolean(value: JsonValue | undefined, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw wrongShape(value, path, 'true or false');
  return value;
}
