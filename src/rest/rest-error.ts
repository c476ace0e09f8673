import type { FastifyReply, FastifyRequest } from 'fastify';
import { DatabaseError } from '../errors.ts';
import { RestRefusal, restStatuses } from './rest-status.ts';

/**
 * Answers `{"detail", "code", …evidence}` with the status of the code. Everything that is no expected failure of the
 * database is thrown on to the server, which masks and logs it.
 */
export function answerRestError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (!(error instanceof DatabaseError) || error.code === 'INTERNAL') throw error;
  const { code, message, evidence } = error;
  const status = error instanceof RestRefusal ? error.status : restStatuses[code];
  // A refusal for want of room comes as often as requests do, and the server tells once that it refuses.
  const level = code === 'OUTCOME_UNKNOWN' ? 'error' : 'debug';
  if (status >= 500) request.log[level]({ err: error, requestId: request.id }, 'request failed');
  if (code === 'OVERLOADED') reply.header('retry-after', String(evidence.retryAfterSeconds ?? 1));
  // The router closes the connection of a body that was not read. This one was, so what the client sends next is a request.
  if (reply.hasHeader('connection')) reply.removeHeader('connection');
  reply.code(status).send({ detail: message, code, ...evidence });
}
