import { type EndpointDescription, type JsonSchema, jsonAnswer } from '../openapi/endpoint-description.ts';
import { forOperators } from './service-endpoints.ts';

const time: JsonSchema = { type: 'string', format: 'date-time' };
const timeOrNull: JsonSchema = { ...time, type: ['string', 'null'] };
const rolesSchema: JsonSchema = {
  type: 'array',
  items: { type: 'string', pattern: '^(read|write|admin)(:.+)?$' },
  minItems: 1,
  description: '`read`, `write` or `admin` on all tables, or on one: `write:orders`',
};

const tokenProperties = {
  id: { type: 'string' },
  name: { type: ['string', 'null'] },
  roles: rolesSchema,
  created_at: time,
  expires_at: timeOrNull,
  revoked_at: timeOrNull,
};

const tokenSchema: JsonSchema = {
  title: 'Token',
  type: 'object',
  required: Object.keys(tokenProperties),
  properties: tokenProperties,
};

const tokensSchema: JsonSchema = {
  type: 'object',
  required: ['tokens'],
  properties: { tokens: { type: 'array', items: tokenSchema } },
};

export const createTokenEndpoint: EndpointDescription = {
  operationId: 'createToken',
  tag: 'server',
  summary: 'Make a token, which is told this once',
  details: `${forOperators} The first token turns authentication on.`,
  body: {
    schema: {
      type: 'object',
      required: ['roles'],
      properties: { name: { type: 'string' }, roles: rolesSchema, expires_at: timeOrNull },
    },
    example: { name: 'shop', roles: ['read', 'write:orders'], expires_at: '2100-01-31T00:00:00Z' },
  },
  answers: {
    200: jsonAnswer('The token, and what it is', {
      title: 'NewToken',
      type: 'object',
      required: ['token', ...Object.keys(tokenProperties)],
      properties: { token: { type: 'string' }, ...tokenProperties },
    }),
  },
  refusals: { 400: ['INVALID_ARGUMENT', 'LIMIT_EXCEEDED'], 403: ['FORBIDDEN'], 507: ['STORAGE_FULL'] },
};

export const listTokensEndpoint: EndpointDescription = {
  operationId: 'listTokens',
  tag: 'server',
  summary: 'All tokens, without what lets in',
  details: forOperators,
  answers: {
    200: jsonAnswer('The tokens', tokensSchema),
  },
  refusals: { 403: ['FORBIDDEN'] },
};

export const pruneTokensEndpoint: EndpointDescription = {
  operationId: 'pruneTokens',
  tag: 'server',
  summary: 'Forget the tokens that are revoked or have expired',
  details: `${forOperators} They are listed no more; requests have to show a token also when none is left.`,
  answers: { 200: jsonAnswer('The tokens that were forgotten', tokensSchema) },
  refusals: { 403: ['FORBIDDEN'], 507: ['STORAGE_FULL'] },
};

export const revokeTokenEndpoint: EndpointDescription = {
  operationId: 'revokeToken',
  tag: 'server',
  summary: 'Revoke a token',
  details: forOperators,
  path: { id: { description: "The token's id", schema: { type: 'string' } } },
  answers: { 200: jsonAnswer('The token, which is refused from now on', tokenSchema) },
  refusals: { 403: ['FORBIDDEN'], 404: ['NOT_FOUND'], 507: ['STORAGE_FULL'] },
};
