import { type EndpointDescription, jsonAnswer } from '../openapi/endpoint-description.ts';
import { combineDocumentsMax } from './combine-request.ts';
import { answerGone, idempotencyHeader, keyReused, writeAnswer } from './idempotency-description.ts';
import { listParameters } from './list-parameters.ts';
import { mergeStrategies } from './merge-bodies.ts';
import { createSchema, transactionSchema } from './operation-schema.ts';
import { preferHeader } from './prefer-header.ts';
import {
  bodySchema,
  commitHeadSchema,
  commitSchema,
  documentListSchema,
  documentSchema,
  idSchema,
  versionSchema,
} from './rest-document-schema.ts';

const id = { id: { description: "The document's id", schema: idSchema } };
const bob = { table_name: 'users', name: 'user', body: { username: 'bob', level: 1 } };

/** What a constraint may say against any write. */
const constraints = ['SCHEMA_VIOLATION', 'UNIQUE_VIOLATION', 'TABLE_READ_ONLY', 'LIMIT_EXCEEDED'] as const;

/** No room on disk or in memory. */
const noRoom = ['STORAGE_FULL', 'MEMORY_FULL'] as const;

export const pingEndpoint: EndpointDescription = {
  operationId: 'ping',
  tag: 'server',
  summary: 'Whether the server answers',
  answers: {
    200: jsonAnswer('It does', { type: 'object', required: ['status'], properties: { status: { const: 'alive' } } }),
  },
};

export const getDocumentEndpoint: EndpointDescription = {
  operationId: 'getDocument',
  tag: 'documents',
  summary: 'One document by its id',
  path: id,
  answers: { 200: jsonAnswer('The document', documentSchema) },
  refusals: { 404: ['NOT_FOUND'], 422: ['INVALID_ARGUMENT'] },
};

export const findDocumentsEndpoint: EndpointDescription = {
  operationId: 'findDocuments',
  tag: 'documents',
  summary: 'Documents that fit a filter',
  details:
    'The body says what fields must be: a plain value has to be equal, an object of operators (`$gt`, `$in`, `$elemMatch` …) means what it ' +
    'does in MongoDB. `{}` fits every document.',
  query: {
    table_name: { description: 'The table. Without it: all of them.', schema: { type: 'string' } },
    ...listParameters,
  },
  body: { schema: { type: 'object', additionalProperties: true }, example: { level: { $gte: 1 } } },
  answers: { 200: jsonAnswer('The documents', documentListSchema) },
  refusals: { 400: ['LIMIT_EXCEEDED'], 422: ['INVALID_ARGUMENT'] },
};

export const createDocumentEndpoint: EndpointDescription = {
  operationId: 'createDocument',
  tag: 'documents',
  summary: 'Create a document',
  header: idempotencyHeader,
  body: { schema: createSchema, example: bob },
  answers: { 200: writeAnswer('The document, on disk', documentSchema) },
  refusals: { 400: constraints, ...answerGone, 422: ['INVALID_ARGUMENT', keyReused], 507: noRoom },
};

export const createDocumentsEndpoint: EndpointDescription = {
  operationId: 'createDocuments',
  tag: 'documents',
  summary: 'Create several documents, all or none',
  header: { ...idempotencyHeader, ...preferHeader },
  body: { schema: { type: 'array', items: createSchema }, example: [bob, { name: 'note', body: { text: 'hello' } }] },
  answers: {
    200: writeAnswer('The documents, on disk; with `return=minimal` the commit', {
      oneOf: [documentListSchema, commitHeadSchema],
    }),
  },
  refusals: { 400: constraints, ...answerGone, 422: ['INVALID_ARGUMENT', keyReused], 507: noRoom },
};

export const transactEndpoint: EndpointDescription = {
  operationId: 'transact',
  tag: 'documents',
  summary: 'Any operations, all or none',
  details:
    'They are one commit, at one moment between all others. An error tells in `operation` which of them it is about.',
  header: { ...idempotencyHeader, ...preferHeader },
  body: {
    schema: transactionSchema,
    example: { operations: [{ op: 'create', doc_id: '0190a000-0000-7000-8000-0000000000aa', ...bob }] },
  },
  answers: {
    200: writeAnswer('The commit, on disk; with `return=minimal` without its documents', {
      oneOf: [commitSchema, commitHeadSchema],
    }),
  },
  refusals: {
    400: [...constraints, 'ALREADY_ARCHIVED', 'NOT_ARCHIVED', 'ALREADY_EXISTS'],
    404: ['NOT_FOUND'],
    409: ['VERSION_CONFLICT'],
    ...answerGone,
    422: ['INVALID_ARGUMENT', keyReused],
    507: noRoom,
  },
};

export const updateDocumentEndpoint: EndpointDescription = {
  operationId: 'updateDocument',
  tag: 'documents',
  summary: 'Replace the body of a document',
  path: id,
  header: idempotencyHeader,
  body: {
    schema: {
      type: 'object',
      required: ['version', 'body'],
      properties: { version: { ...versionSchema, description: 'The version that this is based on' }, body: bodySchema },
    },
    example: { version: 1, body: { username: 'bob', level: 2 } },
  },
  answers: { 200: writeAnswer('The new version, on disk', documentSchema) },
  refusals: {
    400: constraints,
    404: ['NOT_FOUND'],
    409: ['VERSION_CONFLICT'],
    ...answerGone,
    422: ['INVALID_ARGUMENT', keyReused],
    507: noRoom,
  },
};

export const archiveDocumentEndpoint: EndpointDescription = {
  operationId: 'archiveDocument',
  tag: 'documents',
  summary: 'Archive a document',
  details: 'It is kept, and found only when archived documents are asked for.',
  path: id,
  header: idempotencyHeader,
  answers: { 200: writeAnswer('The document, archived', documentSchema) },
  refusals: {
    400: ['ALREADY_ARCHIVED', 'TABLE_READ_ONLY'],
    404: ['NOT_FOUND'],
    ...answerGone,
    422: ['INVALID_ARGUMENT', keyReused],
    507: ['STORAGE_FULL'],
  },
};

export const combineDocumentsEndpoint: EndpointDescription = {
  operationId: 'combineDocuments',
  tag: 'documents',
  summary: 'Create a document of several others',
  details:
    '`overwrite`: of a key that several have, the last value stays; `append`: all of them, as a list; `namespace`: each body whole, under its ' +
    "document's name.",
  header: idempotencyHeader,
  body: {
    schema: {
      type: 'object',
      required: ['name', 'document_ids', 'merge_strategy'],
      properties: {
        name: { type: 'string' },
        document_ids: { type: 'array', items: idSchema, minItems: 1, maxItems: combineDocumentsMax },
        merge_strategy: { type: 'string', enum: mergeStrategies },
      },
    },
    example: { name: 'both', document_ids: ['0190a000-0000-7000-8000-0000000000aa'], merge_strategy: 'overwrite' },
  },
  answers: {
    200: writeAnswer('The new document, on disk', {
      ...documentSchema,
      title: 'CombinedDocument',
      required: [
        ...Object.keys(Object(documentSchema.properties)).filter((name) => name !== 'table_data'),
        'document_ids',
      ],
      properties: { ...Object(documentSchema.properties), document_ids: { type: 'array', items: idSchema } },
    }),
  },
  refusals: {
    400: ['NOT_FOUND', 'INVALID_ARGUMENT', 'LIMIT_EXCEEDED'],
    ...answerGone,
    422: ['INVALID_ARGUMENT', keyReused],
    507: noRoom,
  },
};
