import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ReadView } from '../database/database.ts';
import type { Document } from '../document/document.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import type { FindQuery, PageRequest } from '../query/find-query.ts';
import type { FindRequest } from './find-request.ts';
import { toRestDocument } from './rest-document.ts';

/** Text of a list is written in pieces of about this length, so that no answer is held whole, however long the list. */
const chunkCharacters = 128 * 1024;

type Batches = AsyncIterable<readonly Document[]>;

/**
 * Answers the documents as a JSON list and closes the view. A list of one piece is one write with its length; a longer one
 * is streamed as fast as the client reads. What fails before the first pieces are there is thrown; what fails after them
 * cuts the connection, so that half a list cannot be taken for a whole one.
 */
export async function sendDocumentList(reply: FastifyReply, view: ReadView, batches: Batches): Promise<FastifyReply> {
  reply.type('application/json; charset=utf-8');
  const chunks = listText(batches);
  try {
    const first = await chunks.next();
    const second = await chunks.next();
    if (first.done || second.done) {
      view.close();
      return reply.send(first.value ?? '[]');
    }
    const stream = Readable.from(continued([first.value, second.value], chunks));
    // The stream closes when the list is sent or failed. When the client goes away it first waits for the piece that is
    // being read, so the connection's end is listened to as well.
    stream.once('close', () => view.close());
    reply.raw.once('close', () => view.close());
    return reply.send(stream);
  } catch (error) {
    view.close();
    throw error;
  }
}

/** Never an empty piece, and the last one holds the closing bracket. */
async function* listText(batches: Batches): AsyncGenerator<string, undefined> {
  let text = '[';
  let separator = '';
  for await (const documents of batches) {
    for (const document of documents) {
      if (text.length >= chunkCharacters) {
        yield text;
        text = '';
      }
      text += separator + stringifyJson(toRestDocument(document));
      separator = ',';
    }
  }
  yield `${text}]`;
}

async function* continued(begun: readonly string[], rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield* begun;
  yield* rest;
}

/** The documents that are asked for, in order. */
export function findBatches(view: ReadView, { query, limit, offset }: FindRequest): Batches {
  if (limit !== undefined) return page(view, query, { first: limit, offset });
  return offset === 0 ? view.scanDocuments(query) : behindOffset(view.scanDocuments(query), offset);
}

async function* page(view: ReadView, query: FindQuery, request: PageRequest): Batches {
  const { documents } = await view.findDocuments(query, request);
  yield documents;
}

async function* behindOffset(batches: Batches, offset: number): Batches {
  let left = offset;
  for await (const documents of batches) {
    const skipped = Math.min(left, documents.length);
    left -= skipped;
    yield skipped === 0 ? documents : documents.slice(skipped);
  }
}
