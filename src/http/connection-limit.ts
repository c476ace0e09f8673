import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/**
 * How many connections beyond the limit are accepted, each for one answer: the clients learn what is wrong, and whoever asks about the
 * server's health gets an answer. Those beyond are cut unheard.
 */
const spareConnections = 256;

/** Counts the connections of a server, and knows those that are too many. */
export class ConnectionLimit {
  readonly #connectionsMax: number;
  readonly #excess = new WeakSet<Socket>();
  #open = 0;

  constructor(connectionsMax = Number.POSITIVE_INFINITY) {
    this.#connectionsMax = connectionsMax;
  }

  get limit(): number {
    return this.#connectionsMax;
  }

  /** Those that are open. */
  get open(): number {
    return this.#open;
  }

  watch(server: Server): void {
    if (this.#connectionsMax < Number.POSITIVE_INFINITY)
      server.maxConnections = this.#connectionsMax + spareConnections;
    // Under TLS it is the socket behind the handshake that requests come from.
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
    server.on(event, (socket: Socket) => {
      this.#open += 1;
      if (this.#open > this.#connectionsMax) this.#excess.add(socket);
      socket.once('close', () => {
        this.#open -= 1;
      });
    });
  }

  /** Whether there was no place for it when it came. It keeps that, however many leave: its client is to come again. */
  isExcess(socket: Socket): boolean {
    return this.#open > this.#connectionsMax && this.#excess.has(socket);
  }
}
