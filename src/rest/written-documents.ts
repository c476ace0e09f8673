import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Commit } from '../database/operation.ts';
import type { Document } from '../document/document.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { bytesOf } from '../streaming/text-bytes.ts';
import { minimalPreference, prefersMinimal } from './prefer-header.ts';
import { toRestCommitHead, toRestDocument } from './rest-document.ts';

/** The text of so many documents is written at once, which takes about a millisecond. */
const writtenAtOnceMax = 256;

/**
 * Answers what a commit has written: the list of its documents, or, as `commit`, `{"sequence": 1, "committed_at": …, "documents": […]}`. Many documents are
 * written piece by piece, so that nobody waits for their text; none where the client prefers so.
 */
export function sendWritten(
  request: FastifyRequest,
  reply: FastifyReply,
  commit: Commit,
  shape: 'documents' | 'commit',
): FastifyReply {
  const { documents } = commit;
  const head = toRestCommitHead(commit);
  if (prefersMinimal(request)) return reply.header('preference-applied', minimalPreference).send(head);
  if (documents.length <= writtenAtOnceMax) {
    const list = documents.map(toRestDocument);
    return reply.send(shape === 'commit' ? { ...head, documents: list } : list);
  }
  const [before, behind] = shape === 'commit' ? [`${stringifyJson(head).slice(0, -1)},"documents":`, '}'] : ['', ''];
  return reply.type('application/json; charset=utf-8').send(Readable.from(pieces(before, documents, behind)));
}

async function* pieces(before: string, documents: readonly Document[], behind: string): AsyncGenerator<Buffer> {
  let opening = `${before}[`;
  for (let start = 0; start < documents.length; start += writtenAtOnceMax) {
    const piece = documents.slice(start, start + writtenAtOnceMax);
    yield bytesOf(opening + piece.map((document) => stringifyJson(toRestDocument(document))).join());
    opening = ',';
    // A client that reads fast enough never makes the server wait.
    await nextTurn();
  }
  yield bytesOf(`]${behind}`);
}
