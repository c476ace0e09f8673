import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What is the same for everybody who asks, for as long as the process lives. */
export interface StaticContent {
  readonly text: string;
  readonly mediaType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Prepared {
  readonly bytes: Buffer;
  readonly compressed: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly mediaType: string;
}

/**
 * An answer that is made and compressed when it is first asked for, so that a server that nobody asks never holds it in memory, and
 * that is not sent again to who has it.
 */
export class StaticAnswer {
  readonly #make: () => Promise<StaticContent>;
  #prepared: Promise<Prepared> | undefined;

  constructor(make: () => Promise<StaticContent>) {
    this.#make = make;
  }

  async send(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    this.#prepared ??= prepare(this.#make);
    const { bytes, compressed, headers, mediaType } = await this.#prepared;
    reply.headers(headers);
    if (request.headers['if-none-match'] === headers.etag) return reply.code(304).send();
    reply.type(mediaType);
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(bytes);
    return reply.header('content-encoding', 'gzip').send(compressed);
  }
}

async function prepare(make: () => Promise<StaticContent>): Promise<Prepared> {
  const { text, mediaType, headers } = await make();
  const bytes = Buffer.from(text);
  return {
    bytes,
    compressed: await promisify(gzip)(bytes),
    mediaType,
    headers: {
      vary: 'Accept-Encoding',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      etag: `"${createHash('sha256').update(bytes).digest('base64url')}"`,
      ...headers,
    },
  };
}
