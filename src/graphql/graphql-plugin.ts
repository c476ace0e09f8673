import { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError, type OperationTypeNode } from 'graphql';
import type { YogaLogger } from 'graphql-yoga';
import type { Principal } from '../database/principal.ts';
import type { SharedTurns } from '../database/shared-turns.ts';
import { isJsonObject } from '../document/json.ts';
import type { JsonLimits } from '../document/json-parser.ts';
import { createAnswerTurns } from '../streaming/answer-turns.ts';
import { defaultGraphqlDocumentLimits, type GraphqlDocumentLimits } from './document-limits.ts';
import { EventStreamDoor } from './event-stream-door.ts';
import { createGraphiqlPage } from './graphiql-page.ts';
import {
  type AnswerOptions,
  answerLengthMaxDefault,
  type GraphqlResult,
  type RejectionListener,
} from './graphql-answer.ts';
import { getGraphqlEndpoint, postGraphqlEndpoint } from './graphql-endpoints.ts';
import { type GraphqlParameters, parseGraphqlBody, parseGraphqlUrl } from './graphql-parameters.ts';
import { createGraphqlResponse, type GraphqlResponse } from './graphql-response.ts';
import { LiveOperations } from './live-operations.ts';
import type { LongText } from './long-text.ts';
import {
  acceptsEventStream,
  acceptsPage,
  contentType,
  type GraphqlMediaType,
  negotiateMediaType,
} from './media-type.ts';
import type { GraphqlServices } from './operation-context.ts';
import { OperationExecutor } from './operation-executor.ts';
import { buildSchema } from './schema.ts';
import type { ConnectionCaller } from './websocket-connection.ts';
import { WebSocketDoor } from './websocket-door.ts';
import type { WebSocketMeter } from './websocket-meter.ts';
import { createYogaServer } from './yoga.ts';

export interface GraphqlOptions extends Omit<GraphqlServices, 'uptimeSeconds' | 'turns'> {
  readonly principalOf: (request: FastifyRequest) => Principal;
  /**
   * Who asks, by what a client says in the first message of a WebSocket, where the request for it had no header.
   * @param authorization as the header of that name would be. @throws {DatabaseError} `UNAUTHENTICATED`, `RATE_LIMITED`, `OVERLOADED`.
   */
  readonly authenticate: (authorization: string | undefined, request: FastifyRequest) => Principal | Promise<Principal>;
  /** Takes note of an operation over a WebSocket as of a request. Default: there may be any number. @throws {DatabaseError} `RATE_LIMITED`. */
  readonly takeOperation?: (principal: Principal, request: FastifyRequest) => void;
  readonly webSocketMeter?: WebSocketMeter;
  /** Milliseconds since the Unix epoch. The server counts as up since the plugin was made. */
  readonly now: () => number;
  /** The turns in which large answers are made. Default: those of the event loop. */
  readonly turns?: SharedTurns;
  /** What JSON may be like in literals, and in the variables of a URL. The bodies' own limits are the HTTP server's. */
  readonly jsonLimits: JsonLimits;
  /** Default: `defaultGraphqlDocumentLimits`. */
  readonly documentLimits?: Partial<GraphqlDocumentLimits>;
  /** About the greatest length of an answer, in characters. Default 80 Mi. */
  readonly answerLengthMax?: number;
  /** With `yoga` every request goes through GraphQL Yoga, which answers the same more slowly. Default `plans`. */
  readonly execution?: 'plans' | 'yoga';
  /** Is told what kind of operation a request asks for, once that is known. */
  readonly onOperation?: (reply: FastifyReply, kind: OperationKind) => void;
  readonly onRejection?: RejectionListener;
  /** Operations at once on one WebSocket. Default 100. */
  readonly connectionOperationsMax?: number;
  /** Bytes of a message that a WebSocket brings. Default 16 Mi. */
  readonly messageBytesMax?: number;
  /** Milliseconds after which an idle stream of events says that it is still there, and the peer of a WebSocket is asked whether it is. Default 12,000. */
  readonly keepAliveMs?: number;
}

type OperationKind = `${OperationTypeNode}`;

/** The path that GraphQL is served at. */
export const graphqlPath = '/graphql';

/**
 * A Fastify plugin that answers GraphQL over HTTP at `/graphql`, and browsers with GraphiQL. It needs a server that has
 * exact JSON in `request.body`, takes bodies of no other media type, and answers what it refuses with
 * `{ detail, code, …evidence }`, which clients of GraphQL then get as an error of GraphQL.
 */
export function createGraphqlPlugin(options: GraphqlOptions): (server: FastifyInstance) => Promise<void> {
  const { database, version, queryLimits, principalOf, authenticate, now, jsonLimits, execution = 'plans' } = options;
  const startedAt = now();
  // A clock that was set back must not tell of a negative time.
  const uptimeSeconds = () => Math.max(0, Math.floor((now() - startedAt) / 1000));
  return async (server) => {
    const schema = buildSchema({ jsonLimits });
    const { turns = createAnswerTurns() } = options;
    const services = { database, version, queryLimits, uptimeSeconds, turns };
    const documentLimits = { ...defaultGraphqlDocumentLimits(jsonLimits.nestingMax), ...options.documentLimits };
    const answerLengthMax = options.answerLengthMax ?? answerLengthMaxDefault;
    const logger = quietLogger(server.log);
    const { onOperation, onRejection } = options;
    const yoga = createYogaServer({ schema, services, documentLimits, answerLengthMax, onRejection, logger });
    const executor = new OperationExecutor(schema, services, documentLimits);
    const operations = new LiveOperations({ schema, services, documentLimits, answerLengthMax, onRejection });
    const { keepAliveMs = 12_000, connectionOperationsMax = 100, messageBytesMax = 16 * 1024 * 1024 } = options;
    const eventStreams = new EventStreamDoor(operations, keepAliveMs);
    const webSockets = new WebSocketDoor({
      operations,
      jsonLimits,
      keepAliveMs,
      connectionOperationsMax,
      messageBytesMax,
      meter: options.webSocketMeter,
    });
    const page = createGraphiqlPage(graphqlPath);

    /** By Yoga, which knows all transports and all of GraphQL. */
    async function answer(request: FastifyRequest, reply: FastifyReply, parameters: () => GraphqlParameters) {
      const eventStream = acceptsEventStream(request.headers.accept);
      if (eventStream === 'prefers') return answerWithEvents(request, reply, parameters);
      const mediaType = negotiate(request, reply);
      if (mediaType === undefined) return refuse(reply);
      let isSubscription = false;
      const onKind = (kind: OperationKind) => {
        isSubscription = kind === 'subscription';
        onOperation?.(reply, kind);
      };
      const response = await askYoga(request, mediaType, parameters, onKind);
      if (isSubscription && eventStream === 'accepts') return answerWithEvents(request, reply, parameters);
      return send(reply, response);
    }

    function answerWithEvents(request: FastifyRequest, reply: FastifyReply, parameters: () => GraphqlParameters) {
      reply.header('vary', 'Accept');
      return eventStreams.answer(reply, {
        caller: { principal: principalOf(request), report: (error) => report(error, request) },
        parameters,
        lastEventId: request.headers['last-event-id'],
        onSubscription: () => onOperation?.(reply, 'subscription'),
        answerOnce: async () =>
          (await askYoga(request, 'application/json', parameters, (kind) => onOperation?.(reply, kind))).body,
      });
    }

    async function askYoga(
      request: FastifyRequest,
      mediaType: GraphqlMediaType,
      parameters: () => GraphqlParameters,
      onKind: (kind: OperationKind) => void,
    ): Promise<GraphqlResponse> {
      let longBody: LongText | undefined;
      const response = await yoga.handleRequest(
        // Yoga reads the method and the path; the body is long read, and all else is in the context.
        new yoga.fetchAPI.Request(`http://localhost${graphqlPath}`, {
          method: request.method === 'POST' ? 'POST' : 'GET',
        }),
        {
          principal: principalOf(request),
          mediaType,
          parameters,
          report: (error: unknown) => report(error, request),
          onOperation: onKind,
          onLongBody: (body) => {
            longBody = body;
          },
        },
      );
      const { status, headers } = response;
      return { status, headers: Object.fromEntries(headers), body: longBody ?? (await response.text()) };
    }

    /** A plain operation takes the short way, from the body to the text of the answer; what is more than that goes to Yoga. */
    async function answerPost(request: FastifyRequest, reply: FastifyReply) {
      if (acceptsEventStream(request.headers.accept) === 'prefers') {
        return answerWithEvents(request, reply, () => parseGraphqlBody(request.body));
      }
      const mediaType = negotiate(request, reply);
      if (mediaType === undefined) return refuse(reply);
      const result = executePost(request, reply);
      if (result === undefined) return answer(request, reply, () => parseGraphqlBody(request.body));
      const finished = result instanceof Promise ? await result : result;
      if (finished === undefined) return answer(request, reply, () => parseGraphqlBody(request.body));
      const reporter = (error: unknown) => report(error, request);
      return respond(reply, finished, mediaType, { report: reporter, lengthMax: answerLengthMax, onRejection });
    }

    function refuse(reply: FastifyReply): FastifyReply | Promise<FastifyReply> {
      return respond(reply, notAcceptable(), 'application/json', { report: () => '', lengthMax: answerLengthMax });
    }

    /** At once, but for an answer that is long. */
    function respond(
      reply: FastifyReply,
      result: GraphqlResult,
      mediaType: GraphqlMediaType,
      answerOptions: AnswerOptions,
    ): FastifyReply | Promise<FastifyReply> {
      const response = createGraphqlResponse(result, mediaType, answerOptions, services.turns);
      return response instanceof Promise ? response.then((long) => send(reply, long)) : send(reply, response);
    }

    function executePost(
      request: FastifyRequest,
      reply: FastifyReply,
    ): GraphqlResult | undefined | Promise<GraphqlResult | undefined> {
      if (execution === 'yoga') return undefined;
      try {
        return executor.execute(parseGraphqlBody(request.body), principalOf(request), (kind) =>
          onOperation?.(reply, kind),
        );
      } catch (error) {
        return { errors: [error] };
      }
    }

    /** Who asks over a WebSocket, if its request has told it. */
    function connectionCaller(request: FastifyRequest): ConnectionCaller {
      const { authorization } = request.headers;
      return {
        report: (error: unknown) => report(error, request),
        authenticate: (given) => (authorization === undefined ? authenticate(given, request) : principalOf(request)),
        takeOperation: (principal) => options.takeOperation?.(principal, request),
      };
    }

    webSockets.listen(server);
    server.addHook('preClose', async () => {
      eventStreams.finish();
      webSockets.finish();
    });
    await server.register(
      async (scope) => {
        scope.post('', { config: { description: postGraphqlEndpoint } }, answerPost);
        // The page holds nothing of the data: whoever uses it gives it a token among its headers. Browsers open WebSockets without headers of
        // their own: who asks is then told by the first message.
        const isOpen = (request: FastifyRequest) =>
          webSockets.isUpgrade(request)
            ? request.headers.authorization === undefined
            : acceptsPage(request.headers.accept);
        scope.get('', { config: { openToAll: isOpen, description: getGraphqlEndpoint } }, (request, reply) => {
          if (webSockets.isUpgrade(request)) return webSockets.accept(request, reply, connectionCaller(request));
          if (acceptsPage(request.headers.accept)) return page.send(request, reply);
          return answer(request, reply, () => parseGraphqlUrl(request.url, jsonLimits));
        });
        // Under a prefix there is one of its own, so that the hook below sees what no route answers as well.
        scope.setNotFoundHandler(() => {
          throw new TypeError('The server refuses what no route answers before it comes here');
        });

        // Only the server's refusals are sent as objects here: every answer of GraphQL is text by then.
        scope.addHook('preSerialization', async (request, reply, payload) => {
          if (!isJsonObject(payload)) return payload;
          const { detail, ...extensions } = payload;
          const mediaType = negotiateMediaType(request.headers.accept) ?? 'application/json';
          reply.type(contentType(mediaType));
          return { errors: [{ message: detail, extensions }] };
        });
      },
      { prefix: graphqlPath },
    );
  };
}

/** What Yoga says at debug is about each step of each request. */
function quietLogger(log: FastifyBaseLogger): YogaLogger {
  return {
    debug: (...message) => log.trace({ yoga: message }, 'yoga'),
    info: (...message) => log.info({ yoga: message }, 'yoga'),
    warn: (...message) => log.warn({ yoga: message }, 'yoga'),
    error: (...message) => log.error({ yoga: message }, 'yoga'),
  };
}

/** Decided before anything is executed: a mutation must not run for an answer that nobody can take. */
function negotiate(request: FastifyRequest, reply: FastifyReply): GraphqlMediaType | undefined {
  reply.header('vary', 'Accept');
  return negotiateMediaType(request.headers.accept);
}

function send(reply: FastifyReply, { status, headers, body }: GraphqlResponse): FastifyReply {
  return reply
    .code(status)
    .headers({ ...headers })
    .send(typeof body === 'string' ? body : Readable.from(body.pieces()));
}

function report(error: unknown, request: FastifyRequest): string {
  request.log.error({ err: error, requestId: request.id }, 'internal error in a GraphQL operation');
  return request.id;
}

function notAcceptable(): GraphqlResult {
  const expected: readonly GraphqlMediaType[] = ['application/graphql-response+json', 'application/json'];
  const error = new GraphQLError('None of the accepted media types can be served', {
    extensions: { code: 'INVALID_ARGUMENT', expected: expected.join(', '), http: { status: 406 } },
  });
  return { errors: [error] };
}
