import { type EndpointDescription, type JsonSchema, jsonAnswer } from '../openapi/endpoint-description.ts';
import { listParameters } from './list-parameters.ts';
import { documentListSchema, timeSchema } from './rest-document-schema.ts';
import { indexSchema, tableDetailsSchema, tableSchema } from './rest-table-schema.ts';

const table = { table: { description: "The table's name", schema: { type: 'string' } } };

const doneSchema: JsonSchema = {
  title: 'Done',
  type: 'object',
  required: ['status', 'message'],
  properties: { status: { const: 'success' }, message: { type: 'string' } },
};

export const createTableEndpoint: EndpointDescription = {
  operationId: 'createTable',
  tag: 'tables',
  summary: 'Create a table',
  details: 'A document that names a table makes it, too. A strict one has a schema that every body must fit.',
  body: {
    schema: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        mode: { enum: ['free', 'strict'], default: 'free' },
        schema_definition: {
          type: 'object',
          description: 'A JSON Schema, for mode `strict`',
          additionalProperties: true,
        },
        read_only: { type: 'boolean', default: false },
        unique_fields: {
          type: 'array',
          items: { type: 'string' },
          description: 'Paths at which no two documents may have the same',
        },
      },
    },
    example: {
      name: 'people',
      mode: 'strict',
      schema_definition: {
        type: 'object',
        required: ['email'],
        properties: { email: { type: 'string', format: 'email' } },
      },
      unique_fields: ['email'],
    },
  },
  answers: { 200: jsonAnswer('The table', tableSchema) },
  refusals: { 400: ['ALREADY_EXISTS', 'INVALID_ARGUMENT'], 422: ['INVALID_ARGUMENT'], 507: ['STORAGE_FULL'] },
};

export const listTablesEndpoint: EndpointDescription = {
  operationId: 'listTables',
  tag: 'tables',
  summary: 'All tables',
  answers: { 200: jsonAnswer('The tables', { type: 'array', items: tableSchema }) },
};

export const getTableEndpoint: EndpointDescription = {
  operationId: 'getTable',
  tag: 'tables',
  summary: 'A table with its settings',
  path: table,
  answers: { 200: jsonAnswer('The table', tableDetailsSchema) },
  refusals: { 404: ['NOT_FOUND'] },
};

export const dropTableEndpoint: EndpointDescription = {
  operationId: 'dropTable',
  tag: 'tables',
  summary: 'Drop a table with all its documents',
  path: table,
  answers: { 200: jsonAnswer('It is gone', doneSchema) },
  refusals: { 400: ['TABLE_READ_ONLY'], 404: ['NOT_FOUND'], 507: ['STORAGE_FULL'] },
};

export const listTableDocumentsEndpoint: EndpointDescription = {
  operationId: 'listTableDocuments',
  tag: 'tables',
  summary: "A table's documents",
  path: table,
  query: listParameters,
  answers: { 200: jsonAnswer('The documents', documentListSchema) },
  refusals: { 400: ['LIMIT_EXCEEDED'], 404: ['NOT_FOUND'], 422: ['INVALID_ARGUMENT'] },
};

export const createIndexEndpoint: EndpointDescription = {
  operationId: 'createIndex',
  tag: 'tables',
  summary: 'Create an index',
  details:
    '`btree` serves equality, ranges and orders, `hash` equality alone. It is answered when the index is filled.',
  path: table,
  body: {
    schema: {
      type: 'object',
      required: ['field'],
      properties: {
        field: { type: 'string', description: 'A path' },
        index_type: { enum: ['hash', 'btree'], default: 'hash' },
      },
    },
    example: { field: 'age', index_type: 'btree' },
  },
  answers: {
    200: jsonAnswer('The index', {
      title: 'CreatedIndex',
      type: 'object',
      required: ['table_name', 'field', 'index_type', 'created_at'],
      properties: {
        table_name: { type: 'string' },
        field: { type: 'string' },
        index_type: { enum: ['hash', 'btree'] },
        created_at: timeSchema,
      },
    }),
  },
  refusals: {
    400: ['ALREADY_EXISTS', 'LIMIT_EXCEEDED'],
    404: ['NOT_FOUND'],
    422: ['INVALID_ARGUMENT'],
    507: ['STORAGE_FULL', 'MEMORY_FULL'],
  },
};

export const listIndexesEndpoint: EndpointDescription = {
  operationId: 'listIndexes',
  tag: 'tables',
  summary: "A table's indexes",
  path: table,
  answers: {
    200: jsonAnswer('The indexes', {
      type: 'object',
      required: ['table_name', 'indexes'],
      properties: { table_name: { type: 'string' }, indexes: { type: 'array', items: indexSchema } },
    }),
  },
  refusals: { 404: ['NOT_FOUND'] },
};

export const dropIndexEndpoint: EndpointDescription = {
  operationId: 'dropIndex',
  tag: 'tables',
  summary: 'Drop an index',
  path: { ...table, field: { description: 'Its path; several are joined by commas', schema: { type: 'string' } } },
  answers: { 200: jsonAnswer('It is gone', doneSchema) },
  refusals: { 404: ['NOT_FOUND'], 422: ['INVALID_ARGUMENT'], 507: ['STORAGE_FULL'] },
};

export const selfDestructEndpoint: EndpointDescription = {
  operationId: 'selfDestruct',
  tag: 'tables',
  summary: 'Drop all tables and documents',
  details: 'Only on a server that was started with `--self-destruct allowed`. The pin is the next year.',
  body: {
    schema: {
      type: 'object',
      required: ['verification_phrase', 'safety_pin', 'confirm'],
      properties: {
        verification_phrase: { type: 'string' },
        safety_pin: { type: 'integer' },
        confirm: { const: true },
      },
    },
    example: { verification_phrase: 'BDaray', safety_pin: 2100, confirm: true },
  },
  answers: {
    200: jsonAnswer('All is gone', {
      type: 'object',
      required: ['status', 'message', 'timestamp'],
      properties: { status: { const: 'destroyed' }, message: { type: 'string' }, timestamp: timeSchema },
    }),
  },
  refusals: { 400: ['INVALID_ARGUMENT'], 403: ['FORBIDDEN'], 422: ['INVALID_ARGUMENT'], 507: ['STORAGE_FULL'] },
};
