import type { FastifyInstance, FastifyRequest } from 'fastify';
import { anonymous } from '../database/principal.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { type HttpRefusal, overloaded, rateLimited, tooManyConnections } from './http-refusal.ts';
import type { LoadGauge } from './load-gauge.ts';
import { clientOf, RequestRateLimit } from './request-rate-limit.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered however much there is to do: whoever runs the server has to see how it is. */
    readonly isForOperators?: boolean;
  }
}

/** The configuration of a route that is answered however much there is to do. */
export const forOperators = Object.freeze({ isForOperators: true });

/** The refusal that a request gets for all that there is to do besides, if any. */
export type Shedding = (request: FastifyRequest) => HttpRefusal | undefined;

/** Refuses requests while the process cannot keep up, and those of connections that are too many. */
export function createShedding(load: LoadGauge, connections: ConnectionLimit): Shedding {
  return (request) => {
    const { overload } = load;
    const isExcess = connections.isExcess(request.raw.socket);
    if ((overload === null && !isExcess) || isForOperators(request)) return undefined;
    return overload === null ? tooManyConnections(connections.limit) : overloaded(overload);
  };
}

/** Refuses the requests of a client, which is whoever a token stands for, or else an address, that sends more than so many a second. To be added behind authentication. */
export function limitRequestRates(server: FastifyInstance, perSecondMax: number): void {
  const limit = new RequestRateLimit(perSecondMax, () => performance.now());
  server.addHook('onRequest', (request, _reply, done) => {
    if (isForOperators(request)) return done();
    const { principal } = request;
    const isKnown = principal !== null && principal !== anonymous;
    const client = isKnown ? `principal ${principal.name}` : clientOf(request.raw.socket.remoteAddress);
    const retryAfterSeconds = limit.take(client);
    done(retryAfterSeconds === 0 ? undefined : rateLimited(perSecondMax, retryAfterSeconds));
  });
}

function isForOperators(request: FastifyRequest): boolean {
  return request.routeOptions.config.isForOperators === true;
}
