import type { CreateOperation, UpdateOperation } from '../database/operation.ts';
import { expectInteger, expectObject, member, memberPath, optionalString, wrongShape } from './request-shape.ts';

/** `{"name", "body"}`, or with a `table_name`, and then the name may be left out. `path` is where in the request it stands. */
export function parseCreate(request: unknown, path = ''): CreateOperation {
  const fields = expectObject(request, path);
  const table = optionalString(member(fields, 'table_name'), memberPath(path, 'table_name'));
  const name = optionalString(member(fields, 'name'), memberPath(path, 'name'));
  if (name === undefined && table === undefined) {
    throw wrongShape(member(fields, 'name'), memberPath(path, 'name'), 'a string');
  }
  return { kind: 'create', table, name, body: expectObject(member(fields, 'body'), memberPath(path, 'body')) };
}

/** A list of what `parseCreate` takes. */
export function parseBatchCreate(request: unknown): readonly CreateOperation[] {
  if (!Array.isArray(request)) throw wrongShape(request, '', 'a list of documents to create');
  return Array.from<unknown, CreateOperation>(request, (item, index) => parseCreate(item, String(index)));
}

/** `{"version", "body"}` */
export function parseUpdate(id: string, request: unknown): UpdateOperation {
  const fields = expectObject(request, '');
  const version = expectInteger(member(fields, 'version'), 'version');
  return { kind: 'update', id, version, body: expectObject(member(fields, 'body'), 'body') };
}
