import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { systemErrorOf } from './failure.ts';

/** The server cannot be reached, has refused, or broke off. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** How long the server may send nothing once it has begun. */
const idleMsMax = 120_000;
const errorBytesMax = 64 * 1024;

/** Asks a server for its backup, once. */
export class BackupRequest {
  readonly #url: URL;
  #request: ClientRequest | null = null;

  constructor(url: URL) {
    this.#url = new URL('/system/backup', url);
  }

  /**
   * Resolves, once the server is ready, to what it sends; nothing more is taken from the connection than is asked for.
   * @throws {ServerError} now, or while the pieces are read.
   */
  async chunks(): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#respond();
    if (response.statusCode !== 200) {
      throw new ServerError(`the server at ${this.#url.origin} refuses: ${await reasonOf(response)}`);
    }
    response.setTimeout(idleMsMax, () => response.destroy(new Error(`nothing came for ${idleMsMax / 1000} s`)));
    return this.#pieces(response);
  }

  /** Lets the server go on without us. */
  abort(): void {
    this.#request?.destroy();
  }

  #respond(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(this.#url, { agent: false, headers: { accept: 'application/x-tar' } }, resolve);
      this.#request = request;
      request.on('error', (error) => {
        const reason = systemErrorOf(error)?.code === 'ECONNREFUSED' ? 'no server listens there' : error.message;
        reject(
          new ServerError(
            `the server at ${this.#url.origin} cannot be reached: ${reason}. Start it, or name another one with --url.`,
            { cause: error },
          ),
        );
      });
      request.end();
    });
  }

  async *#pieces(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response) yield chunk;
    } catch (error) {
      // A failure of whoever takes the pieces never comes here: it ends the loop from outside.
      const reason = error instanceof Error ? error.message : String(error);
      throw new ServerError(`the server at ${this.#url.origin} broke off (${reason}). There is no backup.`, {
        cause: error,
      });
    }
  }
}

/** What the server says, in its own words where it uses the form of its errors. */
async function reasonOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > errorBytesMax) break;
  }
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string')
      return body.detail;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return `HTTP status ${response.statusCode}`;
}
