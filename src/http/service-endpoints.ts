import { type EndpointDescription, jsonAnswer } from '../openapi/endpoint-description.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };

export const doorsEndpoint: EndpointDescription = {
  operationId: 'getDoors',
  tag: 'server',
  summary: 'The version of the server, and where things are',
  answers: {
    200: jsonAnswer('Paths by what they are for', {
      type: 'object',
      required: ['name', 'version', 'graphql', 'rest', 'health', 'documentation'],
      properties: {
        name: { const: 'yaradb' },
        version: text,
        graphql: text,
        rest: { type: 'object', additionalProperties: text },
        system: { type: 'object', additionalProperties: text },
        health: { type: 'object', additionalProperties: text },
        documentation: { type: 'object', additionalProperties: text },
      },
    }),
  },
};

export const liveEndpoint: EndpointDescription = {
  operationId: 'getLive',
  tag: 'server',
  summary: 'Whether the process lives',
  answers: { 200: { description: 'It does', content: { 'text/plain': { const: 'ok' } } } },
};

const checks = {
  type: 'array',
  description: 'With `verbose`',
  items: {
    type: 'object',
    required: ['name', 'ok', 'required'],
    properties: {
      name: text,
      ok: { type: 'boolean' },
      required: { type: 'boolean', description: 'Whether the server is not ready while it is not ok' },
      reason: text,
    },
  },
};

export const readyEndpoint: EndpointDescription = {
  operationId: 'getReady',
  tag: 'server',
  summary: 'Whether the server can serve',
  query: { verbose: { description: 'Name each check, whatever its value', schema: text } },
  answers: {
    200: jsonAnswer('It can', {
      type: 'object',
      required: ['status'],
      properties: { status: { const: 'ready' }, checks },
    }),
    503: jsonAnswer('It cannot: its disk stalls or has failed, or it has too much to do', {
      type: 'object',
      required: ['status'],
      properties: { status: { const: 'not ready' }, writes: text, checks },
    }),
  },
};

export const metricsEndpoint: EndpointDescription = {
  operationId: 'getMetrics',
  tag: 'server',
  summary: 'Metrics in the text format of Prometheus',
  details:
    'With authentication it takes a token of whatever role, unless `--metrics open` says that it is for everybody.',
  answers: { 200: { description: 'One sample a line', content: { 'text/plain': text } } },
};

/** Without authentication, operators are who is on the server's machine. */
export const forOperators =
  'For operators: with the role `admin` on all tables, or without authentication for programs on the machine of the server only.';

export const backupEndpoint: EndpointDescription = {
  operationId: 'getBackup',
  tag: 'server',
  summary: 'The whole database as an archive',
  details: `${forOperators} \`yaradb backup\` asks it and checks what comes.`,
  answers: {
    200: {
      description: 'A tar archive, streamed',
      content: { 'application/x-tar': { type: 'string', format: 'binary' } },
    },
  },
  refusals: { 403: ['FORBIDDEN'], 503: ['OVERLOADED'] },
};

export const snapshotEndpoint: EndpointDescription = {
  operationId: 'takeSnapshot',
  tag: 'server',
  summary: 'Take a snapshot now, so that the next start is short',
  details: forOperators,
  answers: {
    200: jsonAnswer('The newest snapshot', {
      type: 'object',
      required: ['sequence', 'documents', 'bytes', 'createdAt'],
      properties: {
        sequence: count,
        documents: count,
        bytes: count,
        createdAt: { type: 'string', format: 'date-time' },
      },
    }),
  },
  refusals: { 403: ['FORBIDDEN'], 503: ['OVERLOADED'], 507: ['STORAGE_FULL'] },
};

export const compactEndpoint: EndpointDescription = {
  operationId: 'compact',
  tag: 'server',
  summary: 'Take what was erased out of every file now',
  details: forOperators,
  answers: {
    200: jsonAnswer('What was done', {
      type: 'object',
      required: ['erasedOnDiskUpTo', 'files'],
      properties: {
        erasedOnDiskUpTo: { ...count, description: 'What was erased by commits up to this one is in no file any more' },
        files: { ...count, description: 'Files that were written again' },
      },
    }),
  },
  refusals: { 403: ['FORBIDDEN'], 503: ['OVERLOADED'], 507: ['STORAGE_FULL'] },
};
