import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isTextLonger } from '../document/json-length.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { type ErrorCode, LimitExceededError } from '../errors.ts';
import { type ErrorReporter, formatGraphqlError } from './graphql-error.ts';
import { contentType, type GraphqlMediaType } from './media-type.ts';

/** What an execution came to, or what was wrong before it could begin: then there is no `data` at all. */
export interface GraphqlResult {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface GraphqlResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Exact JSON. */
  readonly body: string;
}

/**
 * About the greatest length of an answer, in characters. Aliases can ask for one document thousands of times. It has room for
 * a document of the greatest size that can be set, and is less than a sixth of the longest string that there is, since an
 * escape takes six characters.
 */
export const answerLengthMaxDefault = 80 * 1024 * 1024;

/** Is told the code of each error that a client gets. */
export type RejectionListener = (code: ErrorCode) => void;

/** The response of GraphQL over HTTP to a result. */
export function createGraphqlResponse(
  result: GraphqlResult,
  mediaType: GraphqlMediaType,
  report: ErrorReporter,
  answerLengthMax = answerLengthMaxDefault,
  onRejection?: RejectionListener,
): GraphqlResponse {
  const errors = (result.errors ?? []).map(asGraphqlError);
  const answer = createGraphqlAnswer({ ...result, errors }, report, answerLengthMax, onRejection);
  const masked = answer.errors?.some(({ extensions }) => extensions?.code === 'INTERNAL') ?? false;
  const refusal = result.data === undefined ? refusalOf(errors, mediaType, masked) : undefined;
  return {
    status: refusal?.status ?? 200,
    headers: { ...refusal?.headers, 'content-type': contentType(mediaType) },
    body: stringifyJson(answer),
  };
}

/** A result as clients see it. */
export interface GraphqlAnswer {
  readonly errors?: readonly GraphQLFormattedError[];
  readonly data?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The answer to a result, over whatever transport. No error leaves the server but through here. */
export function createGraphqlAnswer(
  { data, errors = [], extensions }: GraphqlResult,
  report: ErrorReporter,
  answerLengthMax = answerLengthMaxDefault,
  onRejection?: RejectionListener,
): GraphqlAnswer {
  const formatted = errors.map((error) => formatGraphqlError(asGraphqlError(error), report));
  if (onRejection !== undefined) for (const { extensions } of formatted) onRejection(extensions.code);
  const answer = {
    ...(formatted.length > 0 && { errors: formatted }),
    ...(data !== undefined && { data }),
    ...(extensions !== undefined && { extensions }),
  };
  if (!isTextLonger(answer, answerLengthMax)) return answer;
  onRejection?.('LIMIT_EXCEEDED');
  return tooLong(answerLengthMax, report);
}

/** In the place of an answer to what was executed: mutations stand, so there is `data`, of which nothing can be told. */
function tooLong(limit: number, report: ErrorReporter): GraphqlAnswer {
  const originalError = new LimitExceededError(
    `The answer would be longer than about ${limit} characters: ask for fewer documents at once. Mutations of this request stand`,
    { limit },
  );
  return { errors: [formatGraphqlError(asGraphqlError(originalError), report)], data: null };
}

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * GraphQL over HTTP, section 6.4: a request that is well formed, but whose document or variables are not, gets 200 where
 * the client takes `application/json`, which might come from a proxy, and 400 where it takes the media type of GraphQL.
 */
function refusalOf(errors: readonly GraphQLError[], mediaType: GraphqlMediaType, masked: boolean): Refusal {
  for (const { extensions } of errors) {
    const { http } = extensions;
    // Yoga marks with `spec` what the rule above is about.
    if (isRefusal(http) && !('spec' in http && http.spec === true)) return http;
  }
  if (masked) return { status: 500 };
  return { status: mediaType === 'application/json' ? 200 : 400 };
}

function isRefusal(http: unknown): http is Refusal {
  return typeof http === 'object' && http !== null && 'status' in http && typeof http.status === 'number';
}

/** What was thrown, as an error of GraphQL that tells it. */
export function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError =
    error instanceof Error ? error : new Error('A value that is no error was thrown', { cause: error });
  return new GraphQLError(originalError.message, { originalError });
}
