import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** Long enough for the next request to get by. */
const heldMs = 40;

/** A way to a server on which every third transaction is held up, so that those behind it come before it. */
export class CrookedWay {
  /** What transactions were answered with. */
  readonly statuses: number[] = [];
  readonly #server: Server;

  private constructor(target: string) {
    let transactions = 0;
    this.#server = createServer(async (incoming, answer) => {
      const body = await buffer(incoming);
      const isTransaction = incoming.url === '/document/transaction';
      if (isTransaction && ++transactions % 3 === 0) await delay(heldMs);
      const { method, headers } = incoming;
      const outgoing = request(new URL(incoming.url ?? '', target), {
        method,
        headers: { ...headers, host: new URL(target).host },
      });
      outgoing.end(body);
      const [response] = await once(outgoing, 'response');
      if (isTransaction) this.statuses.push(response.statusCode);
      answer.writeHead(response.statusCode, response.headers);
      answer.end(await buffer(response));
    });
  }

  static async to(target: string): Promise<CrookedWay> {
    const way = new CrookedWay(target);
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
