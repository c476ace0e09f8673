import type { IndexDefinition, TableSettings } from '../database/table.ts';
import { defineKey, type JsonObject } from '../document/json.ts';
import { parsePath } from '../document/path.ts';
import { wrongParameter } from './query-parameters.ts';
import { expectList, expectObject, expectString, member, optionalString, wrongShape } from './request-shape.ts';
import { RestRefusal } from './rest-status.ts';
import { indexKindOfType } from './rest-table.ts';

export interface CreateTableRequest {
  readonly name: string;
  readonly settings: TableSettings;
}

/** `{"name", "mode", "schema_definition"?, "read_only"?, "unique_fields"?}` */
export function parseCreateTable(request: unknown): CreateTableRequest {
  const fields = expectObject(request, '');
  const name = expectString(member(fields, 'name'), 'name');
  const mode = optionalString(member(fields, 'mode'), 'mode') ?? 'free';
  if (mode !== 'free' && mode !== 'strict') throw wrongParameter('mode', mode, 'free or strict');
  const uniqueFields = member(fields, 'unique_fields') ?? [];
  const uniquePaths = expectList(uniqueFields, 'unique_fields', 'a list of fields').map((field, index) =>
    expectString(field, `unique_fields.${index}`),
  );
  const readOnly = member(fields, 'read_only') ?? false;
  if (typeof readOnly !== 'boolean') throw wrongShape(readOnly, 'read_only', 'true or false');
  const schema = mode === 'strict' ? strictSchema(member(fields, 'schema_definition') ?? null) : null;
  return { name, settings: { schema, uniquePaths, readOnly } };
}

/** The predecessor closed the top level of a schema to members that it does not name. One that says for itself is left as it is. */
function strictSchema(given: unknown): JsonObject {
  if (given === null) {
    throw new RestRefusal(400, 'INVALID_ARGUMENT', 'A strict table needs a schema_definition', {
      path: 'schema_definition',
      expected: 'a JSON Schema',
    });
  }
  const schema = { ...expectObject(given, 'schema_definition') };
  if (!Object.hasOwn(schema, 'additionalProperties')) defineKey(schema, 'additionalProperties', false);
  return schema;
}

/** `{"field", "index_type": "hash"|"btree"}` */
export function parseCreateIndex(table: string, request: unknown): IndexDefinition {
  const fields = expectObject(request, '');
  const field = expectString(member(fields, 'field'), 'field');
  const type = optionalString(member(fields, 'index_type'), 'index_type') ?? 'hash';
  if (type !== 'hash' && type !== 'btree') throw wrongParameter('index_type', type, 'hash or btree');
  const kind = indexKindOfType[type];
  return { table, paths: [parsePath(field, 'field')], kind, unique: false, archived: 'INCLUDE' };
}
