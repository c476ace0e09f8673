import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

declare module 'fastify' {
  interface FastifyInstance {
    readonly moreAddresses: MoreAddresses;
  }
}

/** What a system says of an address that it does not have, as `::1` where IPv6 is turned off. */
const absentCodes: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/**
 * The addresses besides the first that a server listens on. Their connections are the server's own from the moment when they are accepted: limits, TLS,
 * a renewed certificate and a close concern them like all others. Life cycle: `open` once the server listens, `stop`, then `ended`.
 */
export class MoreAddresses {
  readonly #listeners: Server[] = [];

  /**
   * Passes over an address that this machine does not have.
   * @returns those that are listened on.
   * @throws the system's error, such as `EADDRINUSE`: whoever names the host must not reach another program at one of its addresses.
   */
  async open(server: Server, addresses: readonly string[], port: number): Promise<readonly string[]> {
    const opened: string[] = [];
    for (const host of addresses) {
      const listener = createServer((socket) => void server.emit('connection', socket));
      listener.maxConnections = server.maxConnections;
      try {
        listener.listen({ host, port });
        await once(listener, 'listening');
      } catch (error) {
        if (error instanceof Error && 'code' in error && absentCodes.has(error.code)) continue;
        throw error;
      }
      this.#listeners.push(listener);
      opened.push(host);
    }
    return opened;
  }

  get isEmpty(): boolean {
    return this.#listeners.length === 0;
  }

  /** Accepts no more connections. */
  stop(): void {
    for (const listener of this.#listeners) listener.close();
  }

  /** Resolves when the last connection has ended; to be asked for once they are stopped. */
  async ended(): Promise<void> {
    for (const listener of this.#listeners) await new Promise((resolve) => void listener.close(resolve));
  }
}
