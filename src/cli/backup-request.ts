import type { IncomingMessage } from 'node:http';
import { ServerRequest } from './server-request.ts';
import type { ServerTarget } from './server-target.ts';

/** How long the server may send nothing once it has begun. */
const idleMsMax = 120_000;

/** Asks a server for its backup, once. */
export class BackupRequest extends ServerRequest {
  constructor(server: ServerTarget) {
    super('GET', '/system/backup', server);
  }

  /**
   * Resolves, once the server is ready, to what it sends; nothing more is taken from the connection than is asked for.
   * @throws {ServerError} now, or while the pieces are read.
   */
  async chunks(): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.respond();
    response.setTimeout(idleMsMax, () => response.destroy(new Error(`nothing came for ${idleMsMax / 1000} s`)));
    return this.#pieces(response);
  }

  async *#pieces(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response) yield chunk;
    } catch (error) {
      // A failure of whoever takes the pieces never comes here: it ends the loop from outside.
      throw this.brokeOff(error);
    }
  }
}
