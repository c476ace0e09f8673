import { hash } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../document/json.ts';
import { HashMismatchError } from './legacy-problem.ts';
import { idAt, member, objectAt, optionalTimeAt, textAt, timeAt, versionAt } from './legacy-value.ts';
import { pythonMembers } from './python-json.ts';

/** A document as the Python server had it in memory: its log changes it. */
export interface LegacyDocument {
  readonly id: string;
  readonly name: string;
  /** Null in the second version, and for combined documents. The id is null where it is not kept. */
  readonly table: { readonly id: string | null; readonly name: string } | null;
  body: JsonObject;
  version: number;
  readonly createdAt: number;
  updatedAt: number | null;
  archivedAt: number | null;
}

/** @throws {LegacyError | DatabaseError} */
export function legacyDocument(document: JsonObject): LegacyDocument {
  return {
    id: idAt(document, '_id'),
    name: textAt(document, 'name'),
    table: tableOf(document),
    body: objectAt(document, 'body'),
    version: versionAt(document, 'version'),
    createdAt: timeAt(document, 'created_at'),
    updatedAt: optionalTimeAt(document, 'updated_at'),
    archivedAt: optionalTimeAt(document, 'archived_at'),
  };
}

/**
 * Holds the body of a document against the hash that is kept with it.
 * @param text of the document, JSON. @throws {HashMismatchError}
 */
export function checkHash(document: JsonObject, text: string): void {
  const kept = member(document, 'body_hash');
  const found = hash('sha256', pythonMembers(text).get('body') ?? '');
  if (found === kept) return;
  const told = typeof kept === 'string' ? `not ${kept} as is kept with it` : 'and none is kept with it';
  throw new HashMismatchError(`the body of document ${idAt(document, '_id')} has the hash ${found}, ${told}`);
}

/** An object with id and name, or, in some releases, a list of both. */
function tableOf(document: JsonObject): LegacyDocument['table'] {
  const data = member(document, 'table_data');
  if (Array.isArray(data)) {
    const [id, name] = data;
    return typeof name === 'string' ? { id: typeof id === 'string' ? id : null, name } : null;
  }
  if (!isJsonObject(data) || member(data, 'name') === null) return null;
  const id = member(data, 'id');
  return { id: typeof id === 'string' ? id : null, name: textAt(data, 'name') };
}
