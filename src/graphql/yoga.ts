import {
  type DocumentNode,
  type execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationTypeNode,
  Source,
} from 'graphql';
import { createYoga, type Plugin, type YogaLogger, type YogaServerInstance } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../database/principal.ts';
import { executeCompletely } from './complete-execution.ts';
import { type GraphqlDocumentLimits, parseGraphqlDocument } from './document-limits.ts';
import { validateGraphqlDocument } from './document-validation.ts';
import { asGraphqlError, type GraphqlResult, type RejectionListener } from './graphql-answer.ts';
import type { ErrorReporter } from './graphql-error.ts';
import type { GraphqlParameters } from './graphql-parameters.ts';
import { createGraphqlResponse } from './graphql-response.ts';
import type { LongText } from './long-text.ts';
import type { GraphqlMediaType } from './media-type.ts';
import { type GraphqlServices, OperationContext } from './operation-context.ts';
import { CostLimit } from './operation-cost.ts';

/** One HTTP request, as far as GraphQL is concerned. */
export interface GraphqlRequest extends Record<string, unknown> {
  readonly principal: Principal;
  readonly mediaType: GraphqlMediaType;
  /** Throws a `GraphQLError` for parameters that cannot be used. */
  readonly parameters: () => GraphqlParameters;
  readonly report: ErrorReporter;
  /** Is told what was asked for, before it is executed. A subscription is not answered with one result. */
  readonly onOperation: (kind: `${OperationTypeNode}`) => void;
  /** Is given the body of an answer that is long: what Yoga answers has none then. */
  readonly onLongBody: (body: LongText) => void;
}

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly services: GraphqlServices;
  readonly documentLimits: GraphqlDocumentLimits;
  /** About the greatest length of an answer, in characters. */
  readonly answerLengthMax: number;
  readonly onRejection: RejectionListener | undefined;
  readonly logger: YogaLogger;
}

/**
 * GraphQL Yoga with nothing of its own at either end: what it reads of a request and writes of a result knows doubles only,
 * and it would run mutations that a form of another site has posted.
 */
export function createYogaServer(options: YogaOptions): YogaServerInstance<GraphqlRequest, GraphqlRequest> {
  return createYoga<GraphqlRequest, GraphqlRequest>({
    schema: options.schema,
    plugins: [useOwnPipeline(options)],
    // Errors are masked in one place, where results are written.
    maskedErrors: false,
    parserAndValidationCache: { documentCache: createDocumentCache(), errorCache: noErrorCache },
    logging: options.logger,
    cors: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
  });
}

function useOwnPipeline({
  schema,
  services,
  documentLimits,
  answerLengthMax,
  onRejection,
}: YogaOptions): Plugin<GraphqlRequest, GraphqlRequest> {
  const costLimit = new CostLimit(schema, documentLimits.costMax);
  const hideSuggestions = documentLimits.introspection === 'refused';
  return {
    // It comes after Yoga's own parsers, and takes the place of whichever of them was chosen.
    onRequestParse({ serverContext, setRequestParser }) {
      setRequestParser(() => serverContext.parameters());
    },
    onParse({ setParseFn }) {
      setParseFn(
        (source: string | Source) =>
          parseGraphqlDocument(
            typeof source === 'string' ? new Source(source, 'GraphQL request') : source,
            documentLimits,
          ).document,
      );
    },
    onValidate({ setValidationFn }) {
      setValidationFn((schema, document, rules) => validateGraphqlDocument(schema, document, rules, documentLimits));
    },
    onExecute({ args, setExecuteFn }) {
      const { principal, onOperation } = args.contextValue;
      const operation = getOperationAST(args.document, args.operationName) ?? undefined;
      if (operation !== undefined) onOperation(operation.operation);
      setExecuteFn(async (given: Parameters<typeof execute>[0]) => {
        try {
          if (operation !== undefined) costLimit.check(given.document, operation, given.variableValues ?? {});
        } catch (error) {
          return { errors: [asGraphqlError(error)] };
        }
        return executeCompletely({ ...given, hideSuggestions }, new OperationContext(services, principal), operation);
      });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      args.contextValue.onOperation('subscription');
      setResultAndStopExecution({ errors: [needsStream()] });
    },
    onResultProcess({ serverContext, setResultProcessor }) {
      const { mediaType, report, onLongBody } = serverContext;
      const options = { report, lengthMax: answerLengthMax, onRejection };
      setResultProcessor(async (result, fetchApi) => {
        const response = await createGraphqlResponse(singleResult(result), mediaType, options, services.turns);
        const { status, headers, body } = response;
        if (typeof body === 'string') return new fetchApi.Response(body, { status, headers });
        onLongBody(body);
        return new fetchApi.Response(null, { status, headers });
      }, mediaType);
    },
  };
}

function needsStream(): GraphQLError {
  const message =
    'A subscription is answered as text/event-stream, or over a WebSocket: accept the one or open the other';
  return new GraphQLError(message, {
    extensions: { code: 'INVALID_ARGUMENT', expected: 'Accept: text/event-stream', http: { status: 406 } },
  });
}

/** Lists of results come of batches, and streams of `@defer`: none of them exist here. */
function singleResult(result: object): GraphqlResult {
  if (Array.isArray(result) || Symbol.asyncIterator in result) throw new TypeError('Expected one result');
  return result;
}

/** Parsed documents by their text. What is made of a text takes up to about 180 bytes a character: all of them 20 MB. */
function createDocumentCache(): LRUCache<string, DocumentNode> {
  return new LRUCache({
    max: 1_000,
    maxSize: 128 * 1024,
    maxEntrySize: 4 * 1024,
    sizeCalculation: (_document, text) => text.length || 1,
  });
}

/** Errors are cheap to find again, and what is kept of them would be changed by those who pass it on. */
const noErrorCache = Object.freeze({ get: () => undefined, set: () => undefined });
