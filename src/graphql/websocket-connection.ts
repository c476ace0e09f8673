import { type ExecutionArgs, type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql';
import { CloseCode, type Context, MessageType, makeServer, type SubscribePayload } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import type { Principal } from '../database/principal.ts';
import { isJsonObject, type JsonValue } from '../document/json.ts';
import { type JsonLimits, parseJson } from '../document/json-parser.ts';
import { exactReplacer, exactReviver } from '../document/json-serializer.ts';
import { DatabaseError } from '../errors.ts';
import { asGraphqlError, type GraphqlResult } from './graphql-answer.ts';
import type { ErrorReporter } from './graphql-error.ts';
import { parseGraphqlBody } from './graphql-parameters.ts';
import type { Caller, LiveOperations, ParsedOperation } from './live-operations.ts';
import { Subscription } from './subscription.ts';
import type { WebSocketMeter } from './websocket-meter.ts';
import { WebSocketResult } from './websocket-result.ts';
import { WebSocketSender } from './websocket-sender.ts';
import { nextMessageHead, WebSocketSubscription } from './websocket-subscription.ts';
import type { WebSocketTurns } from './websocket-turns.ts';

/** The client behind a WebSocket, who may be known only by its first message. */
export interface ConnectionCaller {
  readonly report: ErrorReporter;
  /** @throws {DatabaseError} for who may not come in. */
  readonly authenticate: (authorization: string | undefined) => Principal | Promise<Principal>;
  /** Takes note of an operation. @throws {DatabaseError} `RATE_LIMITED` for who asks too much. */
  readonly takeOperation: (principal: Principal) => void;
}

export interface WebSocketConnectionOptions {
  readonly operations: LiveOperations;
  readonly jsonLimits: JsonLimits;
  readonly connectionOperationsMax: number;
  readonly meter: WebSocketMeter | undefined;
}

/** As registered for RFC 6455: the client may come again, later. */
const tryAgainLater = 1013;

/** What an operation is executed with. */
class WebSocketOperation {
  readonly id: string;
  readonly operation: ParsedOperation;

  constructor(id: string, operation: ParsedOperation) {
    this.id = id;
    this.operation = operation;
  }
}

/** One client over one WebSocket. The protocol is graphql-ws's; JSON is ours at both ends, since that of JavaScript knows doubles only. */
export class WebSocketConnection {
  readonly #socket: WebSocket;
  readonly #sender: WebSocketSender;
  readonly #turns: WebSocketTurns;
  readonly #client: ConnectionCaller;
  readonly #options: WebSocketConnectionOptions;

  /** Null until the first message. */
  #principal: Principal | null = null;

  constructor(socket: WebSocket, turns: WebSocketTurns, client: ConnectionCaller, options: WebSocketConnectionOptions) {
    this.#socket = socket;
    this.#sender = new WebSocketSender(socket);
    this.#turns = turns;
    this.#client = client;
    this.#options = options;
  }

  open(): void {
    const socket = this.#socket;
    const { schema } = this.#options.operations;
    const server = makeServer({
      onConnect: ({ connectionParams }) => this.#connect(connectionParams),
      onSubscribe: (context, id, payload) => this.#prepare(schema, context, id, payload),
      execute: (args) => this.#execute(operationOf(args)),
      subscribe: (args) => this.#subscribe(operationOf(args)),
      onError: (_context, _id, _payload, errors) =>
        this.#options.operations.answer({ errors }, this.#client.report).errors ?? [],
      jsonMessageReplacer: exactReplacer,
      jsonMessageReviver: exactReviver,
    });
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => this.#sender.send(text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on('message', (data, isBinary) => this.#turns.run(() => void this.#receive(data, isBinary, handle)));
        },
      },
      undefined,
    );
    socket.once('close', (code, reason) => void closed(code, String(reason)));
  }

  async #receive(data: RawData, isBinary: boolean, handle: (text: string) => Promise<void>): Promise<void> {
    try {
      const text = this.#textOf(data, isBinary);
      if (text === undefined) return;
      await handle(text);
    } catch (error) {
      this.#client.report(error);
      this.#socket.close(CloseCode.InternalServerError, 'Internal error');
    }
  }

  /** Undefined for what is no exact JSON: the protocol has no other answer to it than the end. */
  #textOf(data: RawData, isBinary: boolean): string | undefined {
    try {
      const bytes = bytesOf(data);
      if (isBinary) throw new TypeError('a binary message');
      const message = parseJson(bytes, this.#options.jsonLimits);
      if (!isOfServer(message)) return bytes.toString('utf8');
      this.#socket.close(CloseCode.BadRequest, 'Invalid message received: only a server may send one of this type');
    } catch {
      this.#socket.close(CloseCode.BadRequest, 'Invalid message received: it is not JSON, or beyond its limits');
    }
    return undefined;
  }

  /** Whether the client is let in. RFC 6750 in a message instead of a header: browsers cannot set one. */
  async #connect(parameters: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    try {
      this.#principal = await this.#client.authenticate(authorizationOf(parameters));
      return true;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      this.#close(error.code === 'UNAUTHENTICATED' ? CloseCode.Unauthorized : tryAgainLater, error.message);
      return false;
    }
  }

  /** Who asks. @throws {TypeError} when nobody has been let in: the protocol refuses operations before that. */
  get #caller(): Caller {
    if (this.#principal === null) throw new TypeError('An operation of nobody');
    return { principal: this.#principal, report: this.#client.report };
  }

  /** RFC 6455, section 5.5.1: a reason has at most 123 bytes. */
  #close(code: number, reason: string): void {
    this.#socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 123)
        .toString('utf8')
        .replace(/\uFFFD$/, ''),
    );
  }

  #prepare(
    schema: GraphQLSchema,
    { subscriptions }: Context,
    id: string,
    payload: SubscribePayload,
  ): ExecutionArgs | readonly GraphQLError[] {
    const { operations, connectionOperationsMax } = this.#options;
    const { principal } = this.#caller;
    if (principal.isCurrent?.() === false) {
      this.#close(CloseCode.Unauthorized, 'The token of this connection is not valid any more');
      return [];
    }
    const count = Object.keys(subscriptions).length;
    if (count > connectionOperationsMax) return [tooMany(connectionOperationsMax, count)];
    try {
      this.#client.takeOperation(principal);
      const parsed = operations.parse(parseGraphqlBody(payload));
      if (!('document' in parsed)) return (parsed.errors ?? []).map(asGraphqlError);
      const { document, parameters } = parsed;
      const { operationName, variables } = parameters;
      const contextValue = new WebSocketOperation(id, parsed);
      return { schema, document, operationName, variableValues: variables, contextValue };
    } catch (error) {
      return [asGraphqlError(error)];
    }
  }

  async #execute({ id, operation }: WebSocketOperation): Promise<AsyncIterable<ExecutionResult>> {
    const begunAt = performance.now();
    const result = await this.#options.operations.execute(operation, this.#caller);
    this.#meter(operation, begunAt);
    return this.#resultOf(id, result);
  }

  async #subscribe({ id, operation }: WebSocketOperation): Promise<AsyncIterable<ExecutionResult>> {
    const begunAt = performance.now();
    const opened = await this.#options.operations.subscribe(operation, this.#caller, undefined);
    this.#meter(operation, begunAt);
    if (!(opened instanceof Subscription)) return this.#resultOf(id, opened);
    return new WebSocketSubscription(id, opened, (text, signal) => this.#sender.send(text, signal));
  }

  #meter({ definition }: ParsedOperation, begunAt: number): void {
    if (definition !== undefined) this.#options.meter?.operation(definition.operation, performance.now() - begunAt);
  }

  #resultOf(id: string, result: GraphqlResult): WebSocketResult {
    return new WebSocketResult((signal) => this.#send(id, result, signal));
  }

  async #send(id: string, result: GraphqlResult, signal: AbortSignal): Promise<void> {
    const { text } = await this.#options.operations.write(result, this.#client.report);
    if (signal.aborted) return;
    const before = nextMessageHead(id);
    if (typeof text === 'string') await this.#sender.send(`${before}${text}}`, signal);
    else await this.#sender.sendLong(before, text, '}', signal);
  }
}

/** As clients of other servers send it, too: in any case, and among `headers`. */
function authorizationOf(parameters: Readonly<Record<string, unknown>> | undefined): string | undefined {
  if (parameters === undefined) return undefined;
  const { Authorization: upper, authorization: lower = upper, headers } = parameters;
  if (typeof lower === 'string') return lower;
  return typeof headers === 'object' && headers !== null && !Array.isArray(headers)
    ? authorizationOf({ ...headers, headers: undefined })
    : undefined;
}

/** The library knows these types, and takes one that a client sends for a bug. */
function isOfServer(message: JsonValue): boolean {
  return isJsonObject(message) && serverTypes.has(message.type);
}

const serverTypes: ReadonlySet<JsonValue | undefined> = new Set([
  MessageType.ConnectionAck,
  MessageType.Next,
  MessageType.Error,
]);

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}

function operationOf({ contextValue }: ExecutionArgs): WebSocketOperation {
  if (contextValue instanceof WebSocketOperation) return contextValue;
  throw new TypeError('An operation that was not prepared');
}

function tooMany(limit: number, actual: number): GraphQLError {
  return new GraphQLError(
    `${limit} operations are under way on this connection already: complete some, or open another one. ` +
      'The limit is set with --connection-operations-max (YARADB_CONNECTION_OPERATIONS_MAX)',
    { extensions: { code: 'LIMIT_EXCEEDED', limit, actual } },
  );
}
