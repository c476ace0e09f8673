import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ReadView } from '../database/database.ts';
import { type Batch, type DocumentScan, scanOf } from '../database/document-scan.ts';
import type { Document } from '../document/document.ts';
import { stringifyJson } from '../document/json-serializer.ts';
import type { FindQuery, PageRequest } from '../query/find-query.ts';
import { bytesOf } from '../streaming/text-bytes.ts';
import type { FindRequest } from './find-request.ts';
import { toRestDocument } from './rest-document.ts';

/** Text of a list is written in pieces of about this length, so that no answer is held whole, however long the list. */
const chunkCharacters = 128 * 1024;

/**
 * Answers the documents that are asked for, in order, as a JSON list and closes the view. A list of one piece is one write with its length; a
 * longer one is streamed as fast as the client reads. What fails before the first pieces are there is thrown; what fails after them
 * cuts the connection, so that half a list cannot be taken for a whole one.
 * @returns nothing when the list was there at once, as most are, and is sent: promises would take longer than to find a few documents.
 */
export function sendDocumentList(
  reply: FastifyReply,
  view: ReadView,
  request: FindRequest,
): Promise<FastifyReply> | undefined {
  try {
    const list = listOf(view, request);
    const first = list.next();
    if (first instanceof Promise || !list.ended) return sendPieces(reply, view, list, first);
    sendWhole(reply, view, first);
    return undefined;
  } catch (error) {
    view.close();
    throw error;
  }
}

function listOf(view: ReadView, { query, fromEnd, limit, offset }: FindRequest): ListText {
  if (limit === undefined) {
    const scan = view.scanDocuments(query);
    return new ListText(fromEnd ? scanOf(reversed(scan)) : scan, offset);
  }
  const part = fromEnd ? { last: limit, offset } : { first: limit, offset };
  return new ListText(scanOf(page(view, query, part)), 0);
}

function sendWhole(reply: FastifyReply, view: ReadView, text: string): FastifyReply {
  view.close();
  return reply.type(mediaType).send(text);
}

async function sendPieces(
  reply: FastifyReply,
  view: ReadView,
  list: ListText,
  begun: string | Promise<string>,
): Promise<FastifyReply> {
  try {
    const first = await begun;
    if (list.ended) return sendWhole(reply, view, first);
    const second = await list.next();
    const stream = Readable.from(continued([first, second], list));
    // The stream closes when the list is sent or failed. When the client goes away it first waits for the piece that is
    // being read, so the connection's end is listened to as well.
    stream.once('close', () => view.close());
    reply.raw.once('close', () => view.close());
    return reply.type(mediaType).send(stream);
  } catch (error) {
    view.close();
    throw error;
  }
}

const mediaType = 'application/json; charset=utf-8';

/** Reads a list piece by piece. */
class ListText {
  readonly #scan: DocumentScan;
  /** Documents that are still to be left out. */
  #skip: number;
  #batch: Batch = [];
  /** Of the batch: the first document that is in no piece yet. */
  #index = 0;
  /** Of the piece that is being read. */
  #text = '';
  #opening = '[';

  constructor(scan: DocumentScan, skip: number) {
    this.#scan = scan;
    this.#skip = skip;
  }

  /** Whether the last piece was given. */
  get ended(): boolean {
    return this.#batch === null;
  }

  /** The next piece, never an empty one; the last one holds the closing bracket. */
  next(): string | Promise<string> {
    for (;;) {
      for (; this.#batch !== null && this.#index < this.#batch.length; this.#index += 1) {
        if (this.#text.length >= chunkCharacters) return this.#take('');
        const document = this.#batch[this.#index];
        if (document !== undefined) this.#add(document);
      }
      if (this.#batch === null) return this.#take(this.#opening === '[' ? '[]' : ']');
      const batch = this.#scan.nextBatch();
      if (batch instanceof Promise) return batch.then((behind) => this.#goOn(behind).next());
      this.#goOn(batch);
    }
  }

  #goOn(batch: Batch): this {
    const skipped = Math.min(this.#skip, batch?.length ?? 0);
    this.#skip -= skipped;
    this.#batch = batch;
    this.#index = skipped;
    return this;
  }

  #add(document: Document): void {
    this.#text += this.#opening + stringifyJson(toRestDocument(document));
    this.#opening = ',';
  }

  #take(ending: string): string {
    const text = this.#text + ending;
    this.#text = '';
    return text;
  }
}

async function* continued(begun: readonly string[], list: ListText): AsyncGenerator<Buffer> {
  for (const text of begun) yield bytesOf(text);
  while (!list.ended) yield bytesOf(await list.next());
}

/** A page of the end is told from there. */
async function* page(view: ReadView, query: FindQuery, request: PageRequest): AsyncGenerator<readonly Document[]> {
  const { documents } = await view.findDocuments(query, request);
  if (documents.length > 0) yield request.last === undefined ? documents : documents.toReversed();
}

/** From the last document to the first. Which is the last is known at the end, so that all are held, as for a sort. */
async function* reversed(scan: DocumentScan): AsyncGenerator<readonly Document[]> {
  const batches = await Array.fromAsync(scan);
  for (const documents of batches.reverse()) yield documents.toReversed();
}
