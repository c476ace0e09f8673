import { isJsonObject, type JsonObject } from '../document/json.ts';
import { BodySchema } from './body-schema.ts';
import type { TableRecord } from './log/record.ts';

/** The part of a table's settings that its record holds: what is unique is told by its indexes. */
export interface StoredSettings {
  readonly schema: JsonObject | null;
  readonly readOnly: boolean;
}

/** Of no record: those of a table that was given none. */
export function storedSettingsOf(record: TableRecord | null | undefined): StoredSettings {
  const { schema, readOnly } = record?.settings ?? {};
  return { schema: isJsonObject(schema) ? schema : null, readOnly: readOnly === true };
}

/** Settings that are as they would be anyway are left out. */
export function encodeSettings({ schema, readOnly }: StoredSettings): JsonObject {
  return { ...(schema === null ? {} : { schema }), ...(readOnly ? { readOnly } : {}) };
}

export function isReadOnly(record: TableRecord | null | undefined): boolean {
  return record?.settings.readOnly === true;
}

const compiled = new WeakMap<TableRecord, BodySchema>();

/** The schema of a table, compiled once; null for a free table. */
export function bodySchemaOf(record: TableRecord | null | undefined): BodySchema | null {
  if (!isJsonObject(record?.settings.schema)) return null;
  const existing = compiled.get(record);
  if (existing !== undefined) return existing;
  const schema = new BodySchema(record.settings.schema);
  compiled.set(record, schema);
  return schema;
}
