import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DatabaseError, type ErrorCode } from '../errors.ts';
import { bodyTooLarge, HttpRefusal, internalError } from './http-refusal.ts';
import { loggableUrl } from './loggable-url.ts';

/**
 * Answers what no door has answered: refusals, and everything unexpected, which is masked and logged whole. The doors map
 * the codes of `DatabaseError` to statuses themselves and throw on what they do not know.
 * @returns the code that was answered.
 */
export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  bodyBytesMax: number,
): ErrorCode {
  const refusal = refusalOf(error, request, bodyBytesMax) ?? internalError(request.id);
  if (refusal.code === 'INTERNAL') {
    request.log.error(
      { err: error, requestId: request.id, method: request.method, url: loggableUrl(request.url) },
      'internal error',
    );
  } else if (refusal.status >= 500) {
    // Expected, but something that whoever runs the server may want to see. What is wrong with a request is for its client alone.
    request.log.warn({ code: refusal.code, requestId: request.id, url: loggableUrl(request.url) }, refusal.message);
  }
  // The router would close the connection while the client still sends, and a client whose connection is reset never sees
  // why. Left open, the rest of the body is read and thrown away, within the request's deadline.
  if (reply.hasHeader('connection')) reply.removeHeader('connection');
  reply
    .code(refusal.status)
    .headers({ 'x-request-id': request.id, ...refusal.headers })
    .send({ detail: refusal.message, code: refusal.code, ...refusal.evidence });
  return refusal.code;
}

/** Of what can be wrong where no door maps the codes: a body that is not exact JSON, and what the server's own routes ask of the engine. */
const statuses: ReadonlyMap<ErrorCode, number> = new Map([
  ['INVALID_ARGUMENT', 400],
  ['FORBIDDEN', 403],
  ['NOT_FOUND', 404],
  ['LIMIT_EXCEEDED', 400],
  ['OVERLOADED', 503],
  ['STORAGE_FULL', 507],
  ['OUTCOME_UNKNOWN', 500],
]);

function refusalOf(error: unknown, request: FastifyRequest, bodyBytesMax: number): HttpRefusal | undefined {
  if (error instanceof HttpRefusal) return error;
  if (error instanceof DatabaseError) {
    const status = statuses.get(error.code);
    if (status === undefined) return undefined;
    return new HttpRefusal(status, error.code, error.message, error.evidence, retryHeadersOf(error));
  }
  if (!(error instanceof Error) || !('code' in error) || !('statusCode' in error)) return undefined;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const declared = request.headers['content-length'];
    return bodyTooLarge(bodyBytesMax, declared === undefined ? undefined : Number(declared));
  }
  const { statusCode } = error;
  const expected = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return expected ? new HttpRefusal(statusCode, 'INVALID_ARGUMENT', error.message) : undefined;
}

/** When to come again, where that is what is wrong. */
export function retryHeadersOf({ code, evidence }: DatabaseError): Readonly<Record<string, string>> {
  if (code !== 'OVERLOADED' && code !== 'RATE_LIMITED') return {};
  return { 'retry-after': String(evidence.retryAfterSeconds ?? 1) };
}

/**
 * Answers bytes that are no request, or one that did not arrive in time, straight on the socket, and ends it.
 * @returns the code that was answered; null when nobody is there any more.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): ErrorCode | null {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return null;
  }
  const [status, code, detail] = clientErrorOf(error.code);
  const body = JSON.stringify({ detail, code });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  return code;
}

function clientErrorOf(code: string | undefined): readonly [status: number, code: ErrorCode, detail: string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'LIMIT_EXCEEDED', 'The request did not arrive in time'];
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'LIMIT_EXCEEDED', 'The headers of the request are too long'];
  return [400, 'INVALID_ARGUMENT', 'The request is not HTTP/1.1'];
}
