import type { JsonSchema } from '../openapi/endpoint-description.ts';
import type { RestCommit, RestDocument } from './rest-document.ts';

/** A moment, as REST writes it. */
export const timeSchema: JsonSchema = { type: 'string', format: 'date-time', description: 'UTC, with milliseconds' };

export const timeOrNullSchema: JsonSchema = { ...timeSchema, type: ['string', 'null'] };

export const idSchema: JsonSchema = { type: 'string', format: 'uuid' };

export const versionSchema: JsonSchema = { type: 'integer', minimum: 1 };

export const bodySchema: JsonSchema = {
  type: 'object',
  additionalProperties: true,
  description: 'Any JSON object. Its integers have any number of digits, and all of them count.',
};

const documentProperties = {
  _id: idSchema,
  name: { type: 'string', description: "The label given at creation; without one, the table's name" },
  body: bodySchema,
  body_hash: {
    type: 'string',
    pattern: '^[0-9a-f]{64}$',
    description: "SHA-256 of the body's canonical form (RFC 8785)",
  },
  created_at: timeSchema,
  updated_at: timeOrNullSchema,
  version: { ...versionSchema, description: '1 at creation, one more with every change' },
  archived_at: timeOrNullSchema,
  table_data: {
    type: 'object',
    required: ['id', 'name'],
    properties: { id: { type: 'string' }, name: { type: 'string' } },
    description: 'The table, when the creator named one',
  },
} as const satisfies Record<keyof RestDocument, JsonSchema>;

export const documentSchema: JsonSchema = {
  title: 'Document',
  type: 'object',
  required: Object.keys(documentProperties).filter((name) => name !== 'table_data'),
  properties: documentProperties,
};

export const documentListSchema: JsonSchema = { type: 'array', items: documentSchema };

const commitHeadProperties = {
  sequence: { type: ['integer', 'null'], description: 'The number of the commit; null when nothing was written' },
  committed_at: timeOrNullSchema,
} as const satisfies Record<keyof Omit<RestCommit, 'documents'>, JsonSchema>;

const commitProperties = {
  ...commitHeadProperties,
  documents: { type: 'array', items: documentSchema, description: 'One for each operation that writes, in order' },
} as const satisfies Record<keyof RestCommit, JsonSchema>;

/** Nothing else is in it, which tells it from a whole commit. */
export const commitHeadSchema: JsonSchema = {
  title: 'CommitHead',
  type: 'object',
  required: Object.keys(commitHeadProperties),
  properties: commitHeadProperties,
  additionalProperties: false,
};

export const commitSchema: JsonSchema = {
  title: 'Commit',
  type: 'object',
  required: Object.keys(commitProperties),
  properties: commitProperties,
};
