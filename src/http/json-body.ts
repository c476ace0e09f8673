import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from '../document/json-parser.ts';
import { parseJsonInPieces } from '../document/json-pieces.ts';
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
  server.removeAllContentTypeParsers();
  // Both names, since the router remembers the parser of a named type and looks `*` up anew for each request.
  const types = ['application/json', '*'];
  server.addContentTypeParser<Buffer>(
    types,
    { parseAs: 'buffer', bodyLimit: bodyBytesMax },
    (_request, bytes, done) => {
      if (bytes.length > parsedAtOnceBytes) {
        takeSteps(parseJsonInPieces(bytes, jsonLimits)).then((value) => done(null, value), done);
        return;
      }
      let value: unknown;
      try {
        value = bytes.length === 0 ? undefined : parseJson(bytes, jsonLimits);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      done(null, value);
    },
  );
}

/** The refusal that this request's body gets for its media type or its coding, if any. */
export function checkBodyType(request: FastifyRequest): HttpRefusal | undefined {
  const { headers } = request;
  const length = headers['content-length'];
  const empty = headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
  if (empty || request.method === 'GET' || request.method === 'HEAD') return undefined;
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
