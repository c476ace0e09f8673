import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { SharedTurns } from '../database/shared-turns.ts';
import { isTextLonger, isTextLongerInSteps } from '../document/json-length.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { type ErrorCode, LimitExceededError } from '../errors.ts';
import { type CodedGraphqlError, type ErrorReporter, formatGraphqlError } from './graphql-error.ts';
import { LongText } from './long-text.ts';

/** What an execution came to, or what was wrong before it could begin: then there is no `data` at all. */
export interface GraphqlResult {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A result as clients see it. */
export interface GraphqlAnswer {
  readonly errors?: readonly GraphQLFormattedError[];
  readonly data?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An answer in exact JSON. */
export interface WrittenAnswer {
  readonly text: string | LongText;
  /** Whether an error in it tells no more than that it was logged. */
  readonly isMasked: boolean;
}

/** Is told the code of each error that a client gets. */
export type RejectionListener = (code: ErrorCode) => void;

export interface AnswerOptions {
  readonly report: ErrorReporter;
  /** About the greatest length of an answer, in characters. */
  readonly lengthMax: number;
  readonly onRejection?: RejectionListener | undefined;
}

/**
 * About the greatest length of an answer, in characters. Aliases can ask for one document thousands of times. It has room for
 * a document of the greatest size that can be set, and is less than a sixth of the longest string that there is, since an
 * escape takes six characters.
 */
export const answerLengthMaxDefault = 80 * 1024 * 1024;

/** About so many characters are written at once, which takes about a millisecond. */
const textAtOnceMax = 128 * 1024;
/** So many errors are told at once. */
const errorsAtOnceMax = 64;

/** The answer to a result, over whatever transport. No error leaves the server but through here. */
export function createGraphqlAnswer(result: GraphqlResult, options: AnswerOptions): GraphqlAnswer {
  const answer = answerOf(result, (result.errors ?? []).map(formatterOf(options)));
  return isTextLonger(answer, options.lengthMax) ? tooLong(options) : answer;
}

/** The same as text: at once, as most are, or, where it is long, in turns that others have theirs between. */
export function writeGraphqlAnswer(
  result: GraphqlResult,
  options: AnswerOptions,
  turns: SharedTurns,
): WrittenAnswer | Promise<WrittenAnswer> {
  const { errors = [] } = result;
  if (errors.length > errorsAtOnceMax) return writeManyErrors(result, errors, options, turns);
  const answer = answerOf(result, errors.map(formatterOf(options)));
  const isLong = isTextLonger(answer, Math.min(textAtOnceMax, options.lengthMax));
  return isLong ? writeLong(answer, options, turns) : written(answer);
}

async function writeManyErrors(
  result: GraphqlResult,
  errors: readonly unknown[],
  options: AnswerOptions,
  turns: SharedTurns,
): Promise<WrittenAnswer> {
  return writeLong(answerOf(result, await turns.take(formatInSteps(errors, options))), options, turns);
}

async function writeLong(answer: GraphqlAnswer, options: AnswerOptions, turns: SharedTurns): Promise<WrittenAnswer> {
  if (await turns.take(isTextLongerInSteps(answer, options.lengthMax))) return written(tooLong(options));
  return { text: new LongText(answer, turns), isMasked: isMasked(answer) };
}

function written(answer: GraphqlAnswer): WrittenAnswer {
  return { text: stringifyJson(answer), isMasked: isMasked(answer) };
}

function isMasked({ errors }: GraphqlAnswer): boolean {
  return errors?.some(({ extensions }) => extensions?.code === 'INTERNAL') ?? false;
}

function answerOf({ data, extensions }: GraphqlResult, errors: readonly GraphQLFormattedError[]): GraphqlAnswer {
  return {
    ...(errors.length > 0 && { errors }),
    ...(data !== undefined && { data }),
    ...(extensions !== undefined && { extensions }),
  };
}

function* formatInSteps(errors: readonly unknown[], options: AnswerOptions): Generator<void, CodedGraphqlError[]> {
  const format = formatterOf(options);
  const formatted: CodedGraphqlError[] = [];
  for (const error of errors) {
    formatted.push(format(error));
    yield;
  }
  return formatted;
}

function formatterOf({ report, onRejection }: AnswerOptions): (error: unknown) => CodedGraphqlError {
  return (error) => {
    const formatted = formatGraphqlError(asGraphqlError(error), report);
    onRejection?.(formatted.extensions.code);
    return formatted;
  };
}

/** In the place of an answer to what was executed: mutations stand, so there is `data`, of which nothing can be told. */
function tooLong(options: AnswerOptions): GraphqlAnswer {
  const limit = options.lengthMax;
  const error = new LimitExceededError(
    `The answer would be longer than about ${limit} characters: ask for fewer documents at once. Mutations of this request stand`,
    { limit },
  );
  return { errors: [formatterOf(options)(error)], data: null };
}

/** What was thrown, as an error of GraphQL that tells it. */
export function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError =
    error instanceof Error ? error : new Error('A value that is no error was thrown', { cause: error });
  return new GraphQLError(originalError.message, { originalError });
}
