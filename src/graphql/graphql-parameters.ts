import { GraphQLError } from 'graphql';
import { isJsonObject, type JsonObject, type JsonValue } from '../document/json.ts';
import { type JsonLimits, parseJson } from '../document/json-parser.ts';
import { DatabaseError } from '../errors.ts';

/** GraphQL over HTTP, section 5.1. An explicit null means absent. */
export interface GraphqlParameters {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: { readonly [name: string]: JsonValue };
  readonly extensions?: { readonly [name: string]: JsonValue };
}

/**
 * The parameters in the JSON body of a POST.
 * @throws {GraphQLError} with the HTTP status 400.
 */
export function parseGraphqlBody(body: unknown): GraphqlParameters {
  if (Array.isArray(body)) {
    throw refuse('Several operations in one request are not supported: send one object, not a list', 'an object');
  }
  if (!isJsonObject(body)) throw refuse('The body is not a JSON object with a `query`', 'an object');
  for (const name of Object.keys(body)) {
    if (!parameterNames.has(name)) {
      throw refuse(`There is no parameter '${name}'`, [...parameterNames].join(', '), name);
    }
  }
  const query = member(body, 'query');
  if (query === null) throw refuse('The parameter `query` is missing', 'a GraphQL document', 'query');
  if (typeof query !== 'string') throw refuse('The parameter `query` is not a string', 'a GraphQL document', 'query');
  const operationName = member(body, 'operationName');
  if (operationName !== null && typeof operationName !== 'string') {
    throw refuse('The parameter `operationName` is not a string', 'a string', 'operationName');
  }
  const variables = objectMember(body, 'variables');
  const extensions = objectMember(body, 'extensions');
  return {
    query,
    ...(operationName !== null && { operationName }),
    ...(variables && { variables }),
    ...(extensions && { extensions }),
  };
}

/**
 * The parameters in the URL of a GET, whose `variables` and `extensions` are JSON texts.
 * @throws {GraphQLError} with the HTTP status 400.
 */
export function parseGraphqlUrl(url: string, limits: JsonLimits): GraphqlParameters {
  const start = url.indexOf('?');
  const parameters: Record<string, JsonValue> = Object.create(null);
  for (const pair of start === -1 ? [] : url.slice(start + 1).split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=');
    const key = decode(name);
    const text = decode(rest.join('='));
    // The specification lets a client send an empty text for what it leaves out.
    if (text !== '')
      parameters[key] = key === 'variables' || key === 'extensions' ? parseText(key, text, limits) : text;
  }
  return parseGraphqlBody(parameters);
}

const parameterNames: ReadonlySet<string> = new Set(['query', 'operationName', 'variables', 'extensions']);

function member(object: JsonObject, name: string): JsonValue {
  return Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

function objectMember(object: JsonObject, name: string): JsonObject | undefined {
  const value = member(object, name);
  if (value === null) return undefined;
  if (isJsonObject(value)) return value;
  throw refuse(`The parameter \`${name}\` is not an object`, 'an object', name);
}

/** `URLSearchParams` would put U+FFFD in the place of bytes that are not UTF-8. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw refuse('The URL is not percent-encoded UTF-8', 'percent-encoded UTF-8');
  }
}

function parseText(name: string, text: string, limits: JsonLimits): JsonValue {
  try {
    return parseJson(text, limits);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { path } = error.evidence;
    throw new GraphQLError(`The parameter \`${name}\`: ${error.message}`, {
      extensions: {
        code: error.code,
        ...error.evidence,
        path: typeof path === 'string' && path !== '' ? `${name}.${path}` : name,
        http: { status: 400 },
      },
    });
  }
}

function refuse(message: string, expected: string, path?: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'INVALID_ARGUMENT', ...(path !== undefined && { path }), expected, http: { status: 400 } },
  });
}
