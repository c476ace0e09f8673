import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import type { Database } from '../../src/database/database.ts';
import { anonymous } from '../../src/database/principal.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/document/json.ts';
import { defaultJsonLimits, parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { createGraphqlPlugin, type GraphqlOptions } from '../../src/graphql/graphql-plugin.ts';
import type { HttpOptions } from '../../src/http/http-options.ts';
import { defaultQueryLimits } from '../../src/query/limits.ts';
import type { OpenEngineFunction } from '../support/engine-variant.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Exact: integers that no double holds are `bigint`. */
  readonly json: JsonObject;
}

export interface GraphqlServer extends ListeningServer {
  readonly endpoint: string;
  /** Runs an operation, by POST. Both ends are exact. */
  ask(query: string, variables?: object, headers?: Readonly<Record<string, string>>): Promise<GraphqlAnswer>;
  /** The `data` of a typed document, which must come without errors. */
  run<Result, Variables extends object>(
    document: TypedDocument<Result, Variables>,
    ...variables: Record<string, never> extends Variables ? [] : [variables: Variables]
  ): Promise<Result>;
}

/** The text of an operation, and the types of what goes in and comes out. */
type TypedDocument<Result, Variables> = DocumentTypeDecoration<Result, Variables> & { toString(): string };

export interface GraphqlServerOptions {
  readonly graphql?: Partial<GraphqlOptions>;
  readonly http?: Partial<HttpOptions>;
  readonly wrap?: (database: Database) => Database;
}

/** The real server with GraphQL plugged in, listening on a free port. */
export async function startGraphqlServer(
  openEngine: OpenEngineFunction,
  { graphql, ...options }: GraphqlServerOptions = {},
): Promise<GraphqlServer> {
  const listening = await startListeningServer(openEngine, {
    ...options,
    register: async (server, database) => {
      await server.register(
        createGraphqlPlugin({
          database,
          version: '1.2.3',
          principalOf: () => anonymous,
          authenticate: () => anonymous,
          now: () => Date.now(),
          queryLimits: defaultQueryLimits,
          jsonLimits: defaultJsonLimits,
          ...graphql,
        }),
      );
    },
  });
  const endpoint = `${listening.url}/graphql`;

  async function ask(query: string, variables?: object, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: stringifyJson({ query, variables }),
    });
    return readAnswer(response);
  }

  return {
    ...listening,
    endpoint,
    ask,
    run: async (document, ...[variables]) => {
      const { json } = await ask(document.toString(), variables);
      if (json.errors !== undefined) throw new Error(`Expected no errors: ${stringifyJson(json)}`);
      // The server's schema promises this type: the documents were made from it.
      return json.data as never;
    },
  };
}

export async function readAnswer(response: Response): Promise<GraphqlAnswer> {
  const json = parseJson(await response.text());
  if (!isJsonObject(json)) throw new TypeError('Expected a JSON object');
  return { status: response.status, headers: response.headers, json };
}

/** What is at these keys of an answer. */
export function at(value: JsonValue | undefined, ...keys: readonly (string | number)[]): JsonValue | undefined {
  let current: unknown = value;
  for (const key of keys) current = (current as Record<string, unknown> | null | undefined)?.[key];
  return current as JsonValue | undefined;
}
