import type { GraphQLError } from 'graphql';
import type { SharedTurns } from '../database/shared-turns.ts';
import {
  type AnswerOptions,
  asGraphqlError,
  type GraphqlResult,
  type WrittenAnswer,
  writeGraphqlAnswer,
} from './graphql-answer.ts';
import type { LongText } from './long-text.ts';
import { contentType, type GraphqlMediaType } from './media-type.ts';

export interface GraphqlResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Exact JSON. */
  readonly body: string | LongText;
}

/** The response of GraphQL over HTTP to a result: at once, but for one that is long. */
export function createGraphqlResponse(
  result: GraphqlResult,
  mediaType: GraphqlMediaType,
  options: AnswerOptions,
  turns: SharedTurns,
): GraphqlResponse | Promise<GraphqlResponse> {
  const answer = writeGraphqlAnswer(result, options, turns);
  if (!(answer instanceof Promise)) return responseOf(result, mediaType, answer);
  return answer.then((text) => responseOf(result, mediaType, text));
}

function responseOf(
  { data, errors = [] }: GraphqlResult,
  mediaType: GraphqlMediaType,
  { text, isMasked }: WrittenAnswer,
): GraphqlResponse {
  const refusal = data === undefined ? refusalOf(errors.map(asGraphqlError), mediaType, isMasked) : undefined;
  return {
    status: refusal?.status ?? 200,
    headers: { ...refusal?.headers, 'content-type': contentType(mediaType) },
    body: text,
  };
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
