import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DatabaseError } from '../errors.ts';
import type { ClientRates } from './client-rates.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { type HttpRefusal, overloaded, rateLimited, tooManyConnections } from './http-refusal.ts';
import type { LoadGauge } from './load-gauge.ts';

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

/** Refuses the requests of a client that sends too many. To be added behind authentication. */
export function limitRequestRates(server: FastifyInstance, rates: ClientRates): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (isForOperators(request)) return done();
    try {
      rates.take(request.principal, request.raw.socket.remoteAddress);
      done();
    } catch (error) {
      done(error instanceof DatabaseError ? rateLimited(error) : asError(error));
    }
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isForOperators(request: FastifyRequest): boolean {
  return request.routeOptions.config.isForOperators === true;
}
