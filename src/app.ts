import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AuthorizedDatabase } from './access/authorized-database.ts';
import type { Config } from './config.ts';
import { anonymous } from './database/principal.ts';
import type { DatabaseStatus } from './database/status.ts';
import { openEmbeddedDatabase } from './embedded/embedded-database.ts';
import type { StorageEvent } from './embedded/storage-event.ts';
import type { DatabaseError, ErrorCode } from './errors.ts';
import type { GraphqlDocumentLimits } from './graphql/document-limits.ts';
import { createGraphqlPlugin } from './graphql/graphql-plugin.ts';
import { principalOf } from './http/authentication.ts';
import { drainHttpServer } from './http/graceful-close.ts';
import { defaultHttpTimeouts, type HttpTimeouts } from './http/http-options.ts';
import { createHttpServer } from './http/http-server.ts';
import { startListening } from './http/listening.ts';
import { ServerMetrics } from './http/server-metrics.ts';
import { replaceTlsFiles, type TlsFiles } from './http/transport-server.ts';
import { defaultAggregateLimits, defaultFilterLimits, type QueryLimits } from './query/limits.ts';
import { createRestRouter } from './rest/rest-router.ts';
import { openAccess } from './server-access.ts';
import { serverUrl } from './settings/server-address.ts';

/** The settings, with what was left to be found out. */
export interface AppConfig extends Config {
  readonly memoryBytesMax: number;
}

/** The texts of the files that settings name. */
export interface AppFiles {
  readonly tls: TlsFiles | null;
  /** A JSON Web Key Set. */
  readonly keySet: string | null;
  /** A token with all rights, for as long as the server runs. */
  readonly operatorToken: string;
}

/** The whole server. Life cycle: opened by `createApp`, then `listen`, `drain`, `close`; `close` may come at any time. */
export interface App {
  /**
   * Starts answering; resolves to the URL to reach it at.
   * @throws the system's error, such as `EADDRINUSE`.
   */
  listen(): Promise<string>;
  /** What it answers, such as `GET /document/get/:id`, once it listens: whoever guards it has to know of every one. */
  routes(): readonly string[];
  status(): Promise<DatabaseStatus>;
  /**
   * Has what comes from now on use these; whoever is connected notices nothing.
   * @throws for files that cannot be used; they are then what they were.
   */
  replaceFiles(files: Pick<AppFiles, 'tls' | 'keySet'>): void;
  /** Whether whoever asks has to show a token. */
  readonly authenticationRequired: boolean;
  /** Whether there is anything that lets somebody in. */
  readonly hasWayIn: boolean;
  /** Resolves when the disk failed under a write: nothing can be written any more. */
  readonly failed: Promise<DatabaseError>;
  /** Takes no new requests and waits for those under way; what takes longer than `drainMsMax` milliseconds is cut. */
  drain(drainMsMax: number): Promise<void>;
  /** Waits for the commits under way and ends the log with the mark of a clean stop. */
  close(): Promise<void>;
}

/**
 * Opens the database and plugs the doors together. Nothing else knows all the parts.
 * @throws {DirectoryLockedError | CorruptionError | NewerFormatError} when the data directory cannot be opened, or the
 *   system's error. @throws {UnprotectedAddressError} @throws {KeySetError} @throws what OpenSSL throws for TLS files that do not fit.
 */
export async function createApp(config: AppConfig, version: string, logger: Logger, files: AppFiles): Promise<App> {
  const jsonLimits = { nestingMax: config.nestingMax, integerDigitsMax: config.integerDigitsMax };
  const failed = Promise.withResolvers<DatabaseError>();
  const database = await openEmbeddedDatabase({
    directory: config.dataDirectory,
    onFailure: failed.resolve,
    onSlowQuery: (query, omitted) => logger.warn({ ...query, ...(omitted > 0 ? { omitted } : {}) }, 'slow query'),
    onStorageEvent: (event) => logger[levelOf(event)](event, 'storage'),
    syncIntervalMs: config.syncIntervalMs,
    onWriteState: (writes) =>
      writes === 'accepted'
        ? logger.info({ writes }, 'writes are accepted again')
        : logger.warn({ writes }, 'writes are refused, reads go on'),
    limits: {
      operationsMax: config.operationsMax,
      idempotencyKeysMax: config.idempotencyKeysMax,
      idempotencyWindowMs: config.idempotencyWindowMs,
      body: { ...jsonLimits, bodyLengthMax: config.documentBytesMax },
      pendingBytesMax: config.pendingBytesMax,
      segmentBytesMax: config.segmentBytesMax,
      snapshotLogBytes: config.snapshotLogBytes,
      historyBytesMax: config.historyBytesMax,
      slowQueryMs: config.slowQueryMs,
      subscriptionsMax: config.subscriptionsMax,
      feedBytesMax: config.feedBytesMax,
      viewsMax: config.viewsMax,
      groupsMax: config.groupsMax,
      pastBytesMax: config.pastBytesMax,
      columnBytesMax: config.columnBytesMax,
      viewMsMax: config.viewMsMax,
      memoryBytesMax: config.memoryBytesMax,
      stallMsMax: config.stallMsMax,
    },
  });
  const { bodyBytesMax, allowedOrigins } = config;
  const queryLimits: QueryLimits = {
    filter: {
      ...defaultFilterLimits,
      depthMax: config.filterDepthMax,
      nodeCountMax: config.filterPartsMax,
      valueCountMax: config.filterValuesMax,
      patternLengthMax: config.regexLengthMax,
    },
    order: { pathCountMax: config.sortPathsMax },
    page: { pageSizeMax: config.pageSizeMax },
    aggregate: defaultAggregateLimits,
  };
  const access = await openAccess(config, files, database, logger).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const { authenticator, tokens } = access;
  // Between every door and the engine. Of the engine itself only the server's own health is asked.
  const guarded = new AuthorizedDatabase(database);
  const { now } = Date;
  const metrics = new ServerMetrics({ version, provider: database, now });
  const onRejection = (code: ErrorCode) => metrics.rejections.add(code);
  const server = createHttpServer({
    version,
    database,
    metrics,
    metricsOpen: config.metrics === 'open',
    backups: guarded,
    maintenance: guarded,
    authenticator,
    tokens,
    ...(files.tls === null ? {} : { tls: files.tls }),
    logger,
    bodyBytesMax,
    jsonLimits,
    allowedOrigins,
    allowedHosts: [config.host.toLowerCase(), ...config.allowedHosts],
    connectionsMax: config.connectionsMax,
    ...(Number.isFinite(config.requestsPerSecondMax) ? { requestsPerSecondMax: config.requestsPerSecondMax } : {}),
    loadLimits: { eventLoopDelayMsMax: config.eventLoopDelayMsMax, heapPercentMax: config.heapPercentMax },
    timeouts: timeoutsOf(config),
  });
  const selfDestructAllowed = config.selfDestruct === 'allowed';
  server.register(
    createRestRouter({
      database: guarded,
      principalOf,
      now,
      queryLimits,
      bodyBytesMax: config.documentBytesMax,
      jsonLimits,
      onRejection,
      selfDestructAllowed,
    }),
  );
  const { connectionOperationsMax } = config;
  const webSocketLimits = { connectionOperationsMax, messageBytesMax: bodyBytesMax };
  const authenticate = (authorization: string | undefined, { raw }: FastifyRequest) =>
    authenticator.authenticate(authorization, raw.socket);
  server.register(
    createGraphqlPlugin({
      database: guarded,
      version,
      principalOf,
      authenticate,
      takeOperation: (principal, { raw }) => server.clientRates.take(principal, raw.socket.remoteAddress),
      webSocketMeter: metrics.webSockets,
      now,
      queryLimits,
      jsonLimits,
      documentLimits: graphqlLimitsOf(config),
      onOperation: (reply, kind) => metrics.requests.operation(reply, kind),
      onRejection,
      ...webSocketLimits,
    }),
  );

  return {
    failed: failed.promise,
    authenticationRequired: authenticator.isRequired,
    hasWayIn: tokens.hasValid || config.jwt !== null,
    async listen() {
      const scheme = files.tls === null ? 'http' : 'https';
      return serverUrl(config, await startListening(server, { host: config.host, port: config.port, scheme }));
    },
    routes: () => server.routeTable.list(),
    status: () => database.status(anonymous),
    replaceFiles({ tls, keySet }) {
      if (tls !== null) replaceTlsFiles(server, tls);
      if (keySet !== null) access.replaceKeySet(keySet);
    },
    drain: (drainMsMax) => drainHttpServer(server, drainMsMax),
    close: () => database.close(),
  };
}

function timeoutsOf(config: Config): HttpTimeouts {
  const { headersMsMax, keepAliveMsMax, socketIdleMsMax } = config;
  const requestMsMax = Math.max(headersMsMax, config.requestMsMax);
  return { ...defaultHttpTimeouts, headersMsMax, requestMsMax, keepAliveMsMax, socketIdleMsMax };
}

function graphqlLimitsOf(config: Config): Partial<GraphqlDocumentLimits> {
  return {
    tokensMax: config.graphqlTokensMax,
    depthMax: config.graphqlDepthMax,
    fieldsMax: config.graphqlFieldsMax,
    aliasesMax: config.graphqlAliasesMax,
    directivesMax: config.graphqlDirectivesMax,
    costMax: config.graphqlCostMax,
    introspection: config.introspection,
  };
}

/** How loud an event on disk is: what an operator has to act on, has to know, or may want to follow. */
function levelOf({ kind }: StorageEvent): 'debug' | 'info' | 'warn' | 'error' {
  switch (kind) {
    case 'segmentStarted':
    case 'segmentSealed':
      return 'debug';
    case 'recovering':
    case 'snapshotTaken':
    case 'historyPruned':
    case 'erasedOnDisk':
    case 'indexReady':
      return 'info';
    case 'tailCut':
    case 'epochBegun':
    case 'snapshotDamaged':
    case 'snapshotNotRemoved':
    case 'indexRefused':
    case 'noSpace':
      return 'warn';
    case 'failed':
    case 'snapshotFailed':
    case 'historyFailed':
    case 'oldVersionUnreadable':
    case 'replayUnreadable':
    case 'indexLeft':
      return 'error';
  }
}
