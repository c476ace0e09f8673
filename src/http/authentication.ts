import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import { anonymous, type Principal } from '../database/principal.ts';
import { DatabaseError, type ErrorCode } from '../errors.ts';
import { retryHeadersOf } from './error-answer.ts';
import { HttpRefusal } from './http-refusal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether it is answered without a token; as a function, which requests are. No other route ever is. */
    readonly openToAll?: boolean | ((request: FastifyRequest) => boolean);
  }
  interface FastifyRequest {
    /** Null where nobody had to say who they are. */
    principal: Principal | null;
  }
}

/** The configuration of a route that is answered without a token. */
export const openToAll = Object.freeze({ openToAll: true });

/**
 * Who asks, for the doors. It is known before a byte of the body is read, and costs nothing to ask again.
 * @throws {TypeError} on a route that is open to all: there is nobody to act for.
 */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === null) throw new TypeError('A route that is open to all acts for nobody');
  return principal;
}

/** Lets nobody in who does not show what it takes: routes that are added later, in plugins too, included. */
export function authenticateRequests(server: FastifyInstance, authenticator: Authenticator | undefined): void {
  server.decorateRequest('principal', null);
  server.addHook('onRequest', (request, _reply, done) => {
    if (authenticator?.isRequired !== true) {
      request.principal = authenticator?.anonymous ?? anonymous;
      return done();
    }
    if (isOpen(request)) return done();
    try {
      const principal = authenticator.authenticate(authorizationOf(request), request.raw.socket);
      if (!(principal instanceof Promise)) {
        request.principal = principal;
        return done();
      }
      principal.then(
        (found) => {
          request.principal = found;
          done();
        },
        (error: unknown) => done(refusalOf(error, request)),
      );
    } catch (error) {
      done(refusalOf(error, request));
    }
  });
}

const statuses: ReadonlyMap<ErrorCode, number> = new Map([
  ['UNAUTHENTICATED', 401],
  ['RATE_LIMITED', 429],
  ['OVERLOADED', 503],
]);

/** The answer of the server, whatever door the request was for. RFC 6750 section 3: the challenge names an error when there was a token. */
function refusalOf(error: unknown, { headers }: FastifyRequest): Error {
  const status = error instanceof DatabaseError ? statuses.get(error.code) : undefined;
  if (!(error instanceof DatabaseError) || status === undefined)
    return error instanceof Error ? error : new Error(String(error));
  const invalid = headers.authorization === undefined ? '' : ', error="invalid_token"';
  const challenge: Readonly<Record<string, string>> =
    status === 401 ? { 'www-authenticate': `Bearer realm="yaradb"${invalid}` } : {};
  return new HttpRefusal(status, error.code, error.message, error.evidence, { ...challenge, ...retryHeadersOf(error) });
}

function isOpen(request: FastifyRequest): boolean {
  const { openToAll: open } = request.routeOptions.config;
  return typeof open === 'function' ? open(request) : open === true;
}

/** @throws {DatabaseError} when there are several, of which somebody in between may have seen another, or a token is in the address. */
function authorizationOf({ headers, raw, url }: FastifyRequest): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) {
    if (!/[?&](?:access_)?token=/i.test(url)) return undefined;
    throw new DatabaseError(
      'UNAUTHENTICATED',
      'A token in the address is refused, since addresses are written to logs: send it as `Authorization: Bearer TOKEN`',
    );
  }
  // Of several, Node takes the first and says nothing.
  let count = 0;
  for (let index = 0; index < raw.rawHeaders.length; index += 2) {
    const name = raw.rawHeaders[index];
    if (name?.length === authorizationLength && name.toLowerCase() === 'authorization') count += 1;
  }
  if (count <= 1) return authorization;
  throw new DatabaseError('UNAUTHENTICATED', 'There is more than one header `Authorization`');
}

const authorizationLength = 'authorization'.length;
