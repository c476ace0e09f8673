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
  const list = new ListText(batches);
  try {
    const first = await list.next();
    if (list.ended) {
      view.close();
      return reply.send(first);
    }
    const second = await list.next();
    const stream = Readable.from(continued([first, second], list));
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

/** Reads a list piece by piece. No generator: most lists are one piece of a few documents, which takes less than the generator would. */
class ListText {
  readonly #batches: AsyncIterator<readonly Document[]>;
  #batch: readonly Document[] = [];
  /** Of the batch: the first document that is in no piece yet. */
  #index = 0;
  #opening = '[';
  #ended = false;

  constructor(batches: Batches) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** Whether the last piece was given. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The next piece, never an empty one; the last one holds the closing bracket. */
  async next(): Promise<string> {
    let text = '';
    for (;;) {
      for (; this.#index < this.#batch.length; this.#index += 1) {
        if (text.length >= chunkCharacters) return text;
        const document = this.#batch[this.#index];
        if (document === undefined) break;
        text += this.#opening + stringifyJson(toRestDocument(document));
        this.#opening = ',';
      }
      const { done, value } = await this.#batches.next();
      if (done) {
        this.#ended = true;
        return text + (this.#opening === '[' ? '[]' : ']');
      }
      this.#batch = value;
      this.#index = 0;
    }
  }

  /** Lets the documents go when the pieces that are left are not wanted. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}

async function* continued(begun: readonly string[], list: ListText): AsyncGenerator<string> {
  try {
    yield* begun;
    while (!list.ended) yield await list.next();
  } finally {
    await list.close();
  }
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
