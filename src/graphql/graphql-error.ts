import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Document } from '../document/document.ts';
import { formatTime } from '../document/timestamp.ts';
import { DatabaseError, type ErrorCode, errorMeanings, VersionConflictError } from '../errors.ts';

/** Says under which id an unexpected error was logged. */
export type ErrorReporter = (error: unknown) => string;

export interface CodedGraphqlError extends GraphQLFormattedError {
  readonly extensions: { readonly code: ErrorCode; readonly [name: string]: unknown };
}

/**
 * An error as clients see it: `extensions` hold a code and its evidence. What is neither ours nor GraphQL's own is a bug:
 * it is reported whole, and the client learns no more than the id under which the log has it.
 */
export function formatGraphqlError(error: GraphQLError, report: ErrorReporter): CodedGraphqlError {
  const { message, locations, path } = error;
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const cause = causeOf(error);
  if (cause === undefined) return { message, ...place, extensions: extensionsOf(error) };
  if (cause instanceof DatabaseError && cause.code !== 'INTERNAL') {
    return { message, ...place, extensions: { code: cause.code, ...evidenceOf(cause), ...pathOf(error) } };
  }
  const requestId = report(cause);
  return {
    message: 'Internal error. The server has logged what happened under this requestId',
    ...place,
    extensions: { code: 'INTERNAL', requestId },
  };
}

/** What a resolver or a scalar threw, or undefined for an error that GraphQL itself found in the request. */
function causeOf(error: GraphQLError): unknown {
  let cause: unknown = error;
  while (cause instanceof GraphQLError) cause = cause.originalError;
  return cause;
}

/** GraphQL's own errors all say that the request's shape is wrong. Libraries give them codes of their own, or none. */
function extensionsOf({ extensions }: GraphQLError): CodedGraphqlError['extensions'] {
  const { code, http: _http, ...evidence } = extensions;
  return isErrorCode(code) ? { code, ...evidence } : { code: 'INVALID_ARGUMENT', ...pathOf({ extensions }) };
}

/** Where in an argument it is, if that is known: `extensions` are the more exact, for scalars know their own value only. */
function pathOf({ extensions }: Pick<GraphQLError, 'extensions'>): { readonly path?: string } {
  return typeof extensions.path === 'string' ? { path: extensions.path } : {};
}

function evidenceOf(error: DatabaseError): Readonly<Record<string, unknown>> {
  if (!(error instanceof VersionConflictError)) return error.evidence;
  return { ...error.evidence, current: plainDocument(error.current) };
}

/** The document as a query for all fields of `Document` would give it. */
function plainDocument(document: Document): Readonly<Record<string, unknown>> {
  const { id, table, name, body, bodyHash, version, createdAt, updatedAt, archivedAt, sequence } = document;
  return {
    id,
    table: table.name,
    name,
    body,
    bodyHash,
    version,
    createdAt: formatTime(createdAt),
    updatedAt: updatedAt === null ? null : formatTime(updatedAt),
    archivedAt: archivedAt === null ? null : formatTime(archivedAt),
    sequence,
  };
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorMeanings, code);
}
