import type { JsonSchema } from '../openapi/endpoint-description.ts';
import { bodySchema, idSchema, versionSchema } from './rest-document-schema.ts';

/** What creates a document. */
export const createSchema: JsonSchema = {
  title: 'Create',
  type: 'object',
  required: ['body'],
  properties: {
    name: { type: 'string' },
    table_name: { type: 'string', description: 'The table, made when it is missing. Without it: `default`.' },
    body: bodySchema,
  },
  anyOf: [{ required: ['name'] }, { required: ['table_name'] }],
};

const changeSchema: JsonSchema = {
  title: 'Change',
  type: 'object',
  properties: {
    merge: { type: 'object', description: 'A merge patch (RFC 7396). Needs `version`.' },
    patch: { type: 'array', items: { type: 'object' }, description: 'A JSON Patch (RFC 6902). Needs `version`.' },
    increment: {
      type: 'object',
      description: 'Paths and what is added there: `{"stats.views": 1}`',
      additionalProperties: { type: 'number' },
    },
  },
  minProperties: 1,
  maxProperties: 1,
};

function operation(op: string, properties: JsonSchema, required: readonly string[]): JsonSchema {
  return {
    type: 'object',
    required: ['op', ...required],
    properties: { op: { const: op }, doc_id: idSchema, ...properties },
  };
}

/** One step of a transaction. */
const operationSchema: JsonSchema = {
  title: 'Operation',
  oneOf: [
    operation('create', { name: { type: 'string' }, table_name: { type: 'string' }, body: bodySchema }, ['body']),
    operation('update', { version: versionSchema, body: bodySchema }, ['doc_id', 'version', 'body']),
    operation('patch', { version: versionSchema, change: changeSchema, rebase: { type: 'boolean' } }, [
      'doc_id',
      'change',
    ]),
    operation('archive', { version: versionSchema }, ['doc_id']),
    operation('restore', { version: versionSchema }, ['doc_id']),
    operation('erase', { version: versionSchema }, ['doc_id', 'version']),
    operation('assert', { version: versionSchema, exists: { type: 'boolean' } }, ['doc_id']),
  ],
};

/** Operations that are done all or none. */
export const transactionSchema: JsonSchema = {
  type: 'object',
  required: ['operations'],
  properties: {
    operations: { type: 'array', items: operationSchema },
    dry_run: { type: 'boolean', description: 'Nothing is written: the answer is what would result.' },
  },
};
