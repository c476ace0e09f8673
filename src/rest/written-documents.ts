import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Document } from '../document/document.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import { toRestDocument } from './rest-document.ts';

/** The text of so many documents is written at once, which takes about a millisecond. */
const writtenAtOnceMax = 256;

/**
 * Answers what a commit has written, as a JSON list, as the last member of an object when it has others: `{"sequence": 1, "documents": […]}`. Many are written piece
 * by piece, so that nobody waits for their text.
 */
export function sendWritten(reply: FastifyReply, documents: readonly Document[], others?: object): FastifyReply {
  if (documents.length <= writtenAtOnceMax) {
    const list = documents.map(toRestDocument);
    return reply.send(others === undefined ? list : { ...others, documents: list });
  }
  const [before, behind] =
    others === undefined ? ['', ''] : [`${stringifyJson(others).slice(0, -1)},"documents":`, '}'];
  return reply.type('application/json; charset=utf-8').send(Readable.from(pieces(before, documents, behind)));
}

async function* pieces(before: string, documents: readonly Document[], behind: string): AsyncGenerator<string> {
  let opening = `${before}[`;
  for (let start = 0; start < documents.length; start += writtenAtOnceMax) {
    const piece = documents.slice(start, start + writtenAtOnceMax);
    yield opening + piece.map((document) => stringifyJson(toRestDocument(document))).join();
    opening = ',';
    // A client that reads fast enough never makes the server wait.
    await nextTurn();
  }
  yield `]${behind}`;
}
