import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { stringifyJson } from '../document/json-serializer.ts';
import { addDocumentationRoutes } from '../openapi/documentation-routes.ts';
import { EndpointCatalog } from '../openapi/endpoint-catalog.ts';
import { authenticateRequests } from './authentication.ts';
import { addBackupRoute } from './backup-route.ts';
import { BodyRequest } from './body-request.ts';
import { ClientRates } from './client-rates.ts';
import { ConnectionLimit } from './connection-limit.ts';
import { CrossOrigin, varyByOrigin } from './cross-origin.ts';
import { answerClientError, answerError } from './error-answer.ts';
import { GracefulClose } from './graceful-close.ts';
import { createHostCheck } from './host-check.ts';
import { defaultHttpTimeouts, type HttpOptions } from './http-options.ts';
import {
  endpointNotFound,
  expectationNotMet,
  type HttpRefusal,
  hostMissing,
  hostNotAllowed,
  methodNotAllowed,
  originNotAllowed,
} from './http-refusal.ts';
import { acceptJsonBodies, checkBodyType } from './json-body.ts';
import { LoadGauge, noLoadLimits } from './load-gauge.ts';
import { addMaintenanceRoutes } from './maintenance-routes.ts';
import { addMetricsRoute } from './metrics-route.ts';
import { MoreAddresses } from './more-addresses.ts';
import { afterOwedAnswers } from './owed-answers.ts';
import { Pipelining } from './pipelining.ts';
import { requestLogging } from './request-log.ts';
import { createShedding, limitRequestRates, type Shedding } from './request-shedding.ts';
import { RouteTable } from './route-table.ts';
import { addServiceRoutes } from './service-routes.ts';
import { addTokenRoutes } from './token-routes.ts';
import { createTransportServer } from './transport-server.ts';

/**
 * The server that the doors are plugged into, not listening yet. For them it promises: a request that arrives came from
 * where it may, and its body is exact JSON; whatever is sent as an object is serialized exactly; an error that they throw
 * is answered. `close()` finishes what is under way.
 */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const { logger, bodyBytesMax, metrics, tls, timeouts = defaultHttpTimeouts } = options;
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const code = answerError(error, request, reply, bodyBytesMax);
    metrics?.rejections.add(code);
  };
  const moreAddresses = new MoreAddresses();
  const closing = new GracefulClose(timeouts.closeGraceMs, moreAddresses);
  const ServerResponse = closing.responseClass(metrics?.requests.unrouted);
  const pipelining = new Pipelining();
  // RFC 6455, section 4.1: by GET. Of any other request the body would never arrive. Who offers another protocol, as HTTP/2, is answered in this one
  // (RFC 9110, section 7.8).
  const shouldUpgradeCallback = ({ method, headers, socket }: IncomingMessage): boolean => {
    const isUpgrade =
      method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && server.server.listenerCount('upgrade') > 0;
    if (isUpgrade) pipelining.letGo(socket);
    return isUpgrade;
  };
  const server: FastifyInstance = fastify({
    ...requestLogging(logger),
    bodyLimit: bodyBytesMax,
    // The predecessor led a path with a slash at its end to the one without. No parameter is longer than the request line.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 16_384 },
    genReqId: requestIdOf,
    frameworkErrors: answer,
    clientErrorHandler: (error, socket) => {
      // It is we who have not read the rest. A client that never sends it is cut off like one that moves no byte.
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && pipelining.isHeld(socket)) return;
      afterOwedAnswers(socket, () => {
        const code = answerClientError(error, socket);
        if (code !== null) metrics?.rejections.add(code);
      });
    },
    // A request that has begun to arrive when the server closes is under way, and answered like any other.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    serverFactory: (handler) =>
      createTransportServer(
        tls,
        timeouts,
        { IncomingMessage: BodyRequest, ServerResponse, shouldUpgradeCallback },
        pipelining.guard(handler),
      ),
  });
  // Without a logger of its own the router would give none to its plugins.
  if (logger !== false) server.log = logger;
  server.setErrorHandler(answer);
  server.setReplySerializer((payload) => stringifyJson(payload));
  acceptJsonBodies(server, options);
  closing.watch(server);
  if (options.allowedOrigins.length > 0) varyByOrigin(server);
  const routes = new RouteTable();
  routes.watch(server);
  server.decorate('routeTable', routes);
  server.decorate('moreAddresses', moreAddresses);
  server.decorate('afterOwedAnswers', afterOwedAnswers);
  const catalog = new EndpointCatalog();
  catalog.watch(server);
  metrics?.requests.watch(server);
  const load = new LoadGauge(options.loadLimits ?? noLoadLimits);
  admitRequests(server, options, routes, limitLoad(server, options, load));
  const rates = new ClientRates(options.requestsPerSecondMax);
  server.decorate('clientRates', rates);
  if (options.requestsPerSecondMax !== undefined) limitRequestRates(server, rates);
  addServiceRoutes(server, options, load);
  if (metrics !== undefined) addMetricsRoute(server, metrics, options.metricsOpen === true);
  const { backups, maintenance, tokens } = options;
  if (backups !== undefined) addBackupRoute(server, backups);
  if (maintenance !== undefined) addMaintenanceRoutes(server, maintenance);
  if (tokens !== undefined) addTokenRoutes(server, tokens);
  addDocumentationRoutes(server, catalog, options.version);
  return server;
}

/** Sees to it that there is no more to do than can be done. */
function limitLoad(server: FastifyInstance, { metrics, connectionsMax }: HttpOptions, load: LoadGauge): Shedding {
  const connections = new ConnectionLimit(connectionsMax);
  connections.watch(server.server);
  server.addHook('onListen', async () => load.start());
  server.addHook('onClose', async () => load.stop());
  metrics?.watch(
    () => connections.open,
    () => load.overload !== null,
  );
  return createShedding(load, connections);
}

/** Decides about a request from its head alone, before a byte of its body is read. */
function admitRequests(server: FastifyInstance, options: HttpOptions, routes: RouteTable, shed: Shedding): void {
  // Node would refuse these by itself, and without a word.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  const isHostAllowed = createHostCheck(options.allowedHosts);
  const crossOrigin = new CrossOrigin(options.allowedOrigins);
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    // Nobody is to take an answer for what it does not say that it is: browsers then keep JSON from the pages of other sites that embed it.
    reply.header('x-content-type-options', 'nosniff');
    const overload = shed(request);
    if (overload !== undefined) return done(overload);
    const { host, origin, expect } = request.headers;
    if (host === undefined && request.raw.httpVersion === '1.1') return done(hostMissing());
    if (!isHostAllowed(host)) return done(hostNotAllowed(host ?? ''));
    const originAnswer = crossOrigin.check(request, reply);
    if (originAnswer === 'refuse') return done(originNotAllowed(origin ?? ''));
    if (originAnswer === 'preflight') {
      reply.code(204).send();
      return;
    }
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') return done(expectationNotMet(expect));
    done(request.is404 ? noRoute(request, routes) : undefined);
  });
  authenticateRequests(server, options.authenticator);
  server.addHook('onRequest', (request, _reply, done) => done(checkBodyType(request)));
}

function noRoute({ method, url }: FastifyRequest, routes: RouteTable): HttpRefusal {
  const [path = url] = url.split('?', 1);
  const methods = routes.methodsOf(path);
  return methods.length === 0 ? endpointNotFound(method, path) : methodNotAllowed(method, path, methods);
}

/** The client's own id where it is one that can be logged as it is, so that a request can be followed across servers. */
function requestIdOf({ headers }: { headers: Record<string, string | string[] | undefined> }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
