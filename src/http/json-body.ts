import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from '../document/json-parser.ts';
import { parseJsonInPieces } from '../document/json-pieces.ts';
import { BodyRequest } from './body-request.ts';
import type { HttpOptions } from './http-options.ts';
import { encodingNotSupported, type HttpRefusal, mediaTypeNotSupported } from './http-refusal.ts';
import { takeSteps } from './steps.ts';

/** A longer body is parsed in pieces, so that nobody waits for it: this one takes about a millisecond. */
const parsedAtOnceBytes = 128 * 1024;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A body that comes without a content type is taken as JSON; elsewhere it gets 415. */
    readonly contentTypeOptional?: boolean;
  }
}

/**
 * Every body is exact JSON: `request.body` is what `parseJson` makes of it, and undefined when there is none. What
 * `checkBodyType` refuses is refused before its first byte is read, so the one parser stands for all that is left.
 */
export function acceptJsonBodies(
  server: FastifyInstance,
  { bodyBytesMax, jsonLimits }: Pick<HttpOptions, 'bodyBytesMax' | 'jsonLimits'>,
): void {
  // The router is told that there is nothing for it to read: it would do so by the events of the stream, in a context of its own.
  for (const method of bodyMethods) server.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  server.addHook('preValidation', (request, _reply, done) => {
    const { raw } = request;
    if (!bodyMethods.has(request.method) || !hasBody(request)) return done();
    if (!(raw instanceof BodyRequest))
      return done(new TypeError('The server makes requests whose body cannot be read'));
    raw.readBody(bodyBytesMax, (failure, bytes) => {
      if (failure !== null) return done(failure);
      if (bytes.length > parsedAtOnceBytes) {
        takeSteps(parseJsonInPieces(bytes, jsonLimits)).then((value) => {
          request.body = value;
          done();
        }, done);
        return;
      }
      try {
        if (bytes.length > 0) request.body = parseJson(bytes, jsonLimits);
      } catch (error) {
        return done(error instanceof Error ? error : new Error(String(error)));
      }
      done();
    });
  });
}

/** Those of RFC 9110 and RFC 5789 whose body has a meaning. Of all others it is read by nobody. */
const bodyMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

function hasBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** The refusal that this request's body gets for its media type or its coding, if any. */
export function checkBodyType(request: FastifyRequest): HttpRefusal | undefined {
  const { headers } = request;
  if (!hasBody(request) || request.method === 'GET' || request.method === 'HEAD') return undefined;
  const encoding = headers['content-encoding'];
  // A compressed body could be a thousand times its length, and no limit on the bytes sent would hold.
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return encodingNotSupported(encoding);
  const type = headers['content-type'];
  if (type === undefined && request.routeOptions.config.contentTypeOptional === true) return undefined;
  return type !== undefined && isJson(type) ? undefined : mediaTypeNotSupported(type);
}

/** More than any client writes of it. What is tried with a pattern that can read a run of spaces in two ways has to be short: its time is the square. */
const jsonTypeLengthMax = 100;

/** RFC 8259 section 8.1: JSON is UTF-8; the media type has no parameters, but clients commonly send the charset. */
function isJson(type: string): boolean {
  if (type === 'application/json') return true;
  if (type.length > jsonTypeLengthMax) return false;
  return /^application\/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i.test(type);
}
