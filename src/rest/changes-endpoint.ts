import type { EndpointDescription, JsonSchema } from '../openapi/endpoint-description.ts';
import { restEventTypes } from './rest-changes.ts';
import { documentSchema, timeSchema } from './rest-document-schema.ts';

const sequence: JsonSchema = { type: 'integer', minimum: 0, description: 'The number of a commit' };
const epoch: JsonSchema = { type: 'string', description: 'What the sequences mean something in' };

const documentChangedSchema: JsonSchema = {
  title: 'DocumentChanged',
  type: 'object',
  required: ['kind', 'document', 'before'],
  properties: {
    kind: {
      enum: ['CREATED', 'UPDATED', 'ARCHIVED', 'RESTORED', 'ERASED', 'LEFT'],
      description: '`LEFT`: it does not fit the filter any more',
    },
    document: documentSchema,
    before: { anyOf: [documentSchema, { type: 'null' }] },
  },
};

const eventSchema: JsonSchema = {
  title: 'ChangeEvent',
  oneOf: [
    {
      type: 'object',
      required: ['type', 'sequence', 'epoch', 'committed_at', 'changes'],
      properties: {
        type: { const: restEventTypes.changeSet },
        sequence,
        epoch,
        committed_at: timeSchema,
        changes: { type: 'array', items: documentChangedSchema },
      },
      description: 'One commit, whole',
    },
    {
      type: 'object',
      required: ['type', 'sequence', 'epoch'],
      properties: { type: { const: restEventTypes.progress }, sequence, epoch },
      description: 'There was nothing for the filter up to this commit',
    },
    {
      type: 'object',
      required: ['type', 'epoch', 'oldest', 'newest'],
      properties: { type: { const: restEventTypes.resyncRequired }, epoch, oldest: sequence, newest: sequence },
      description: 'It cannot go on from there: read the list again',
    },
  ],
};

export const changesEndpoint: EndpointDescription = {
  operationId: 'getChanges',
  tag: 'documents',
  summary: 'What is committed, as it is',
  details:
    'Each commit that concerns the filter exactly once, whole and in order: one JSON object a line, or Server-Sent Events for whoever accepts ' +
    '`text/event-stream`. It goes on until the client ends it.',
  query: {
    table_name: { description: 'The table. Without it: all of them.', schema: { type: 'string' } },
    filter: { description: 'As the body of `/document/find`', schema: { type: 'string' } },
    since: { description: 'Behind this commit. Without it: from now on.', schema: sequence },
    epoch: { description: 'Of `since`', schema: epoch },
    follow: { description: '`false`: end when everything was told', schema: { type: 'boolean', default: true } },
  },
  header: {
    'Last-Event-ID': {
      description: 'Where the client left off, as an `EventSource` says by itself: goes before `since` and `epoch`',
      schema: { type: 'string' },
    },
  },
  answers: {
    200: {
      description: 'The events, one a line',
      content: { 'application/x-ndjson': eventSchema, 'text/event-stream': { type: 'string' } },
    },
  },
  refusals: { 400: ['LIMIT_EXCEEDED'], 422: ['INVALID_ARGUMENT'], 503: ['OVERLOADED'] },
};
