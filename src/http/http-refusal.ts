import type { DatabaseError, ErrorCode, Evidence } from '../errors.ts';

/**
 * A request that is refused for what it is as HTTP, before any door sees it. It carries its own status, since one code
 * covers several of them: a method and a media type that do not fit are both `INVALID_ARGUMENT`.
 */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly evidence: Evidence;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    evidence: Evidence = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'HttpRefusal';
    this.status = status;
    this.code = code;
    this.evidence = evidence;
    this.headers = headers;
  }
}

export function hostNotAllowed(host: string): HttpRefusal {
  const message =
    `The host '${host}' is not allowed: expected an IP address, a name without a dot or a configured name. ` +
    'If this server is meant to be reached by that name, add it to --allowed-hosts (YARADB_ALLOWED_HOSTS)';
  return new HttpRefusal(403, 'FORBIDDEN', message, { host });
}

/** RFC 9112 section 3.2: HTTP/1.1 has no request without it. */
export function hostMissing(): HttpRefusal {
  const expected = 'one header Host';
  return new HttpRefusal(400, 'INVALID_ARGUMENT', `The request names no host: expected ${expected}`, { expected });
}

export function originNotAllowed(origin: string): HttpRefusal {
  const message =
    `Pages of the origin '${origin}' may not use this server. ` +
    'If they are meant to, add it to --allowed-origins (YARADB_ALLOWED_ORIGINS)';
  return new HttpRefusal(403, 'FORBIDDEN', message, { origin });
}

export function endpointNotFound(method: string, path: string): HttpRefusal {
  return new HttpRefusal(404, 'NOT_FOUND', `There is no endpoint ${method} ${path}: GET / lists what there is`);
}

/** RFC 9110 section 15.5.6: a 405 names the methods that would do. */
export function methodNotAllowed(method: string, path: string, allowed: readonly string[]): HttpRefusal {
  const allow = allowed.join(', ');
  const message = `${method} is not allowed on ${path}: expected ${allow}`;
  return new HttpRefusal(405, 'INVALID_ARGUMENT', message, { expected: allow }, { allow });
}

export function mediaTypeNotSupported(given: string | undefined): HttpRefusal {
  const expected = 'application/json';
  const message =
    given === undefined
      ? `The body has no content type: expected ${expected}`
      : `The content type '${given}' is not supported: expected ${expected} in UTF-8`;
  return new HttpRefusal(415, 'INVALID_ARGUMENT', message, { expected });
}

/** RFC 9110 section 12.5.3: a 415 for a coding says in `Accept-Encoding` what would do. */
export function encodingNotSupported(given: string): HttpRefusal {
  const message = `The content encoding '${given}' is not supported: send the body uncompressed`;
  return new HttpRefusal(415, 'INVALID_ARGUMENT', message, { expected: 'identity' }, { 'accept-encoding': 'identity' });
}

/** RFC 9110 section 10.1.1: there is no other expectation than `100-continue`. */
export function expectationNotMet(given: string): HttpRefusal {
  const message = `The expectation '${given}' cannot be met: expected 100-continue, or no header Expect`;
  return new HttpRefusal(417, 'INVALID_ARGUMENT', message, { expected: '100-continue' });
}

/** `actualBytes` is known only when the client declared it. */
export function bodyTooLarge(limitBytes: number, actualBytes: number | undefined): HttpRefusal {
  const message =
    `The request body has more than ${limitBytes} bytes. ` +
    'The limit is set with --body-bytes-max (YARADB_BODY_BYTES_MAX)';
  const evidence = actualBytes === undefined ? { limit: limitBytes } : { limit: limitBytes, actual: actualBytes };
  return new HttpRefusal(413, 'PAYLOAD_TOO_LARGE', message, evidence);
}

/** Seldom read: its client has gone. */
export function bodyCutOff(): HttpRefusal {
  return new HttpRefusal(400, 'INVALID_ARGUMENT', 'The connection ended before the body of the request');
}

/** RFC 9110 section 15.6.4. @param what is too much. */
export function overloaded(what: string): HttpRefusal {
  const retryAfterSeconds = 1;
  const headers = { 'retry-after': String(retryAfterSeconds) };
  return new HttpRefusal(503, 'OVERLOADED', `The server has too much to do: ${what}`, { retryAfterSeconds }, headers);
}

/** The connection ends with the answer, so that the next one finds a place. */
export function tooManyConnections(limit: number): HttpRefusal {
  const { status, code, evidence, headers } = overloaded('');
  const message = `${limit} connections are open already. The limit is set with --connections-max (YARADB_CONNECTIONS_MAX)`;
  return new HttpRefusal(status, code, message, { ...evidence, limit }, { ...headers, connection: 'close' });
}

/** RFC 6585 section 4. */
export function rateLimited({ code, message, evidence }: DatabaseError): HttpRefusal {
  return new HttpRefusal(429, code, message, evidence, { 'retry-after': String(evidence.retryAfterSeconds ?? 1) });
}

/** A bug: what it was is in the log, under the request's id, and nowhere else. */
export function internalError(requestId: string): HttpRefusal {
  const message = 'Internal error. The server has logged what happened under this requestId';
  return new HttpRefusal(500, 'INTERNAL', message, { requestId });
}
