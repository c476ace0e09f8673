import type { JsonSchema } from '../openapi/endpoint-description.ts';
import { timeOrNullSchema, timeSchema } from './rest-document-schema.ts';
import type { RestIndex, RestTable, RestTableDetails } from './rest-table.ts';

const tableProperties = {
  id: { type: 'string' },
  name: { type: 'string' },
  mode: { enum: ['free', 'strict'], description: '`strict`: bodies have to fit its schema' },
  documents_count: { type: 'integer', minimum: 0, description: 'Live documents' },
  is_read_only: { type: 'boolean' },
  created_at: timeOrNullSchema,
} as const satisfies Record<keyof RestTable, JsonSchema>;

export const tableSchema: JsonSchema = {
  title: 'Table',
  type: 'object',
  required: Object.keys(tableProperties),
  properties: tableProperties,
};

const indexProperties = {
  type: { enum: ['hash', 'btree'] },
  field: { type: 'string', description: 'The path; several are joined by commas' },
  unique: { type: 'boolean' },
  state: { enum: ['building', 'ready'] },
  entries: { type: 'integer', minimum: 0 },
  created_at: timeSchema,
} as const satisfies Record<keyof RestIndex, JsonSchema>;

export const indexSchema: JsonSchema = {
  title: 'Index',
  type: 'object',
  required: Object.keys(indexProperties),
  properties: indexProperties,
};

const detailProperties = {
  ...tableProperties,
  schema_definition: { type: ['object', 'null'], description: 'A JSON Schema', additionalProperties: true },
  unique_fields: { type: 'array', items: { type: 'string' } },
  indexes: { type: 'array', items: indexSchema },
} as const satisfies Record<keyof RestTableDetails, JsonSchema>;

export const tableDetailsSchema: JsonSchema = {
  title: 'TableDetails',
  type: 'object',
  required: Object.keys(detailProperties),
  properties: detailProperties,
};
