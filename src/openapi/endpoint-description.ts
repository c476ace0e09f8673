import type { ErrorCode } from '../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What `/openapi.json` says of the route. A route without it is not in there, and a test fails. */
    readonly description?: EndpointDescription;
  }
}

/**
 * A JSON Schema (2020-12). One that has a `title` stands under that name among the components of the document, however often it is used.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ParameterDescription {
  readonly description: string;
  readonly schema: JsonSchema;
  readonly required?: boolean;
}

/** By media type. */
export type Content = Readonly<Record<string, JsonSchema>>;

export interface AnswerDescription {
  readonly description: string;
  readonly content: Content;
  /** By name: those that are this answer's own. */
  readonly headers?: Readonly<Record<string, ParameterDescription>>;
}

/** All that a client has to know of a route besides its method and path, which the route itself has. */
export interface EndpointDescription {
  /** Unique, in camel case: generated clients name a method after it. */
  readonly operationId: string;
  readonly tag: keyof typeof tags;
  /** A few words, without a full stop. */
  readonly summary: string;
  /** Markdown. */
  readonly details?: string;
  /** By name: every one that stands in the path. */
  readonly path?: Readonly<Record<string, ParameterDescription>>;
  readonly query?: Readonly<Record<string, ParameterDescription>>;
  readonly header?: Readonly<Record<string, ParameterDescription>>;
  /** A JSON body, which is required, and one that the server takes as it stands. */
  readonly body?: { readonly schema: JsonSchema; readonly example: unknown };
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** The failures that are this route's own, by status. Those that any request may meet need not be told again. */
  readonly refusals?: Readonly<Record<number, readonly ErrorCode[]>>;
  /** How any other failure is answered, where that is not `{"detail", "code"}`. */
  readonly otherwise?: AnswerDescription;
}

/** What the routes are told apart by, in the order in which they are shown. */
export const tags = {
  documents: 'Documents: created, changed, found, archived.',
  tables: 'Tables, their settings and their indexes.',
  graphql: 'All of that and more, in one request.',
  server: 'The server itself: whether it lives, what it can do, what its operator asks of it.',
} as const;

/** An answer with a JSON body. */
export function jsonAnswer(description: string, schema: JsonSchema): AnswerDescription {
  return { description, content: { 'application/json': schema } };
}
