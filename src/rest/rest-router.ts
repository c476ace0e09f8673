import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../database/database.ts';
import type { Commit, CommitOptions, Operation } from '../database/operation.ts';
import type { Principal } from '../database/principal.ts';
import type { SharedTurns } from '../database/shared-turns.ts';
import type { Document } from '../document/document.ts';
import { parseDocumentId } from '../document/document-id.ts';
import type { JsonLimits } from '../document/json-parser.ts';
import { DatabaseError, DocumentNotFoundError, type ErrorCode } from '../errors.ts';
import type { QueryLimits } from '../query/limits.ts';
import { addChangesRoute } from './changes-route.ts';
import { combineDocuments } from './combine-documents.ts';
import { parseCombine } from './combine-request.ts';
import {
  archiveDocumentEndpoint,
  combineDocumentsEndpoint,
  createDocumentEndpoint,
  createDocumentsEndpoint,
  findDocumentsEndpoint,
  getDocumentEndpoint,
  pingEndpoint,
  transactEndpoint,
  updateDocumentEndpoint,
} from './document-endpoints.ts';
import { sendDocumentList } from './document-list.ts';
import { endpointConfig } from './endpoint-config.ts';
import { parseFind } from './find-request.ts';
import { answerOf, idempotencyKeyOf } from './idempotency-header.ts';
import { QueryParameters } from './query-parameters.ts';
import { toRestDocument } from './rest-document.ts';
import { answerRestError } from './rest-error.ts';
import { addSelfDestructRoute } from './self-destruct.ts';
import { addTableRoutes } from './table-routes.ts';
import { parseTransaction } from './transaction-request.ts';
import { parseBatchCreate, parseCreate, parseUpdate } from './write-requests.ts';
import { sendWritten } from './written-documents.ts';

export interface RestOptions {
  readonly database: Database;
  /** Who asks. */
  readonly principalOf: (request: FastifyRequest) => Principal;
  /** Milliseconds since the Unix epoch, for `combined_at`. */
  readonly now: () => number;
  /** What a find may ask for. Without a `limit` it answers everything. */
  readonly queryLimits: QueryLimits;
  /** What a combined body may be like: the same as one that is sent. */
  readonly bodyBytesMax: number;
  readonly jsonLimits: JsonLimits;
  /** Is told the code of each error that a client gets from here. */
  readonly onRejection?: (code: ErrorCode) => void;
  /** Whether one request may drop everything. */
  readonly selfDestructAllowed: boolean;
  /** Milliseconds after which an idle stream of changes says that it is still there. Default 12,000. */
  readonly keepAliveMs?: number;
  /** The turns in which commits of many changes are told of. Default: those of the event loop. */
  readonly turns?: SharedTurns;
}

interface IdRoute {
  Params: { id: string };
}

/**
 * The endpoints of the predecessor, as a plugin for the server that parses exact JSON. Thin: a request is parsed into
 * operations or a query, the database does the rest, and documents are shown in the documented shape.
 */
export function createRestRouter(options: RestOptions): FastifyPluginCallback {
  return (server, _pluginOptions, done) => {
    server.setErrorHandler((error, request, reply) => {
      answerRestError(error, request, reply);
      if (error instanceof DatabaseError) options.onRejection?.(error.code);
    });
    addReadRoutes(server, options);
    addWriteRoutes(server, options);
    addTableRoutes(server, options);
    addChangesRoute(server, options);
    addSelfDestructRoute(server, options);
    done();
  };
}

function addReadRoutes(server: FastifyInstance, { database, principalOf, queryLimits }: RestOptions): void {
  server.get('/ping', { config: { ...endpointConfig(pingEndpoint), openToAll: true } }, (_request, reply) => {
    reply.send({ status: 'alive' });
  });

  // The hot path: no promise where the engine needs none.
  server.get<IdRoute>('/document/get/:id', { config: endpointConfig(getDocumentEndpoint) }, (request, reply) => {
    const id = parseDocumentId(request.params.id, 'id');
    const found = database.getDocument(principalOf(request), id);
    if (found instanceof Promise) return found.then((document) => sendFound(reply, id, document));
    sendFound(reply, id, found);
    return undefined;
  });

  server.post('/document/find', { config: endpointConfig(findDocumentsEndpoint) }, (request, reply) => {
    const find = parseFind(request.body, new QueryParameters(request.url), queryLimits);
    const view = database.view(principalOf(request));
    return view instanceof Promise
      ? view.then((opened) => sendDocumentList(reply, opened, find) ?? reply)
      : sendDocumentList(reply, view, find);
  });
}

function addWriteRoutes(server: FastifyInstance, options: RestOptions): void {
  const { database, principalOf } = options;

  async function commit(
    request: FastifyRequest,
    reply: FastifyReply,
    operations: readonly Operation[],
    commitOptions: CommitOptions = {},
  ): Promise<Commit> {
    const key = idempotencyKeyOf(request);
    const idempotency = key === undefined ? undefined : { key };
    return answerOf(await database.commit(principalOf(request), operations, { ...commitOptions, idempotency }), reply);
  }

  async function commitOne(request: FastifyRequest, reply: FastifyReply, operation: Operation): Promise<object> {
    const { documents } = await commit(request, reply, [operation]);
    return toRestDocument(single(documents));
  }

  server.post('/document/create', { config: endpointConfig(createDocumentEndpoint) }, (request, reply) =>
    commitOne(request, reply, parseCreate(request.body)),
  );

  server.post('/document/batch/create', { config: endpointConfig(createDocumentsEndpoint) }, async (request, reply) => {
    const created = await commit(request, reply, parseBatchCreate(request.body));
    return sendWritten(request, reply, created, 'documents');
  });

  server.post('/document/transaction', { config: endpointConfig(transactEndpoint) }, async (request, reply) => {
    const { operations, dryRun } = parseTransaction(request.body);
    const committed = await commit(request, reply, operations, { dryRun, namesOperation: true });
    return sendWritten(request, reply, committed, 'commit');
  });

  server.put<IdRoute>('/document/update/:id', { config: endpointConfig(updateDocumentEndpoint) }, (request, reply) =>
    commitOne(request, reply, parseUpdate(parseDocumentId(request.params.id, 'id'), request.body)),
  );

  server.put<IdRoute>('/document/archive/:id', { config: endpointConfig(archiveDocumentEndpoint) }, (request, reply) =>
    commitOne(request, reply, { kind: 'archive', id: parseDocumentId(request.params.id, 'id') }),
  );

  server.post('/document/combine', { config: endpointConfig(combineDocumentsEndpoint) }, async (request, reply) => {
    const combine = parseCombine(request.body);
    const key = idempotencyKeyOf(request);
    const combined = await combineDocuments({ ...options, principal: principalOf(request) }, combine, key);
    const { documents } = answerOf(combined, reply);
    return { ...toRestDocument(single(documents)), document_ids: combine.documentIds };
  });
}

function sendFound(reply: FastifyReply, id: string, document: Document | null): FastifyReply {
  if (document === null) throw new DocumentNotFoundError(id);
  return reply.send(toRestDocument(document));
}

function single(documents: readonly Document[]): Document {
  const [document, ...others] = documents;
  if (document === undefined || others.length > 0)
    throw new TypeError('A commit of one writing operation has one document');
  return document;
}
