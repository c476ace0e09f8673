import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseIdempotencyKey } from '../database/idempotency-key.ts';
import type { Commit } from '../database/operation.ts';
import { InvalidArgumentError } from '../errors.ts';

const name = 'Idempotency-Key';

/** A string as structured fields have it (RFC 9651, 3.3.3), as the Internet-Draft of the header wants it. */
const structuredString = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** What most clients send instead. Without what means something in a structured field, or joins the values of a header that came twice. */
const bareKey = /^[!#-+\--:<-[\]-~]+$/;

/**
 * The key of the header `Idempotency-Key`, quoted or not; undefined without the header.
 * @throws {InvalidArgumentError} when the header is there and is none.
 */
export function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const given = headers['idempotency-key'];
  if (given === undefined) return undefined;
  const text = (Array.isArray(given) ? given.join(', ') : given).trim();
  if (text === '') return parseIdempotencyKey(text, name);
  const quoted = structuredString.exec(text)?.[1];
  if (quoted !== undefined) return parseIdempotencyKey(quoted.replaceAll(/\\(["\\])/g, '$1'), name);
  if (bareKey.test(text)) return parseIdempotencyKey(text, name);
  const expected =
    'one key in double quotes, "8e03978e-40d5-43e8-bc93-6894a57f9324", or bare, without spaces and any of " \\ , ;';
  throw new InvalidArgumentError(`The header ${name} is malformed: expected ${expected}`, { path: name, expected });
}

/**
 * Tells the client when it gets the answer of an earlier request.
 * @throws {AnswerGoneError} when that request was carried out, and its answer is not kept any more.
 */
export function answerOf(commit: Commit, reply: FastifyReply): Commit {
  if (commit.replayed) reply.header('idempotent-replayed', 'true');
  if (commit.documentsGone !== undefined) throw commit.documentsGone;
  return commit;
}
