import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Server } from 'node:net';
import { setImmediate as turnOfEventLoop, setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { MoreAddresses } from './more-addresses.ts';
import { MeteredResponse, type RequestMeter } from './request-meter.ts';

/**
 * Makes a close answer what clients sent before they could know of it. From its beginning no new connection is accepted, and
 * every answer says that its connection ends: the client will then not send another request there, of which nobody could
 * tell whether it arrived. Connections that wait for their next request stay open for `graceMs` milliseconds, since one may
 * be on its way; Node alone would destroy them at once, with the bytes that it has not read yet. The rest is Node's own:
 * idle connections are closed, and requests under way are answered.
 */
export class GracefulClose {
  readonly #graceMs: number;
  readonly #moreAddresses: MoreAddresses;
  #begun = false;

  constructor(graceMs: number, moreAddresses: MoreAddresses) {
    this.#graceMs = graceMs;
    this.#moreAddresses = moreAddresses;
  }

  /**
   * The class of the answers of the server that `watch` is to be told of. A hook of the router's would cost every answer more than this.
   * @param unrouted what counts them until they have a route.
   */
  responseClass(unrouted: RequestMeter | undefined): typeof ServerResponse {
    const hasBegun = () => this.#begun;
    return class<Request extends IncomingMessage> extends MeteredResponse<Request> {
      override meter = unrouted;

      override writeHead(status: number, message?: string, headers?: OutgoingHeaders): this;
      override writeHead(status: number, headers?: OutgoingHeaders): this;
      override writeHead(status: number, messageOrHeaders?: string | OutgoingHeaders, headers?: OutgoingHeaders): this {
        if (hasBegun()) this.shouldKeepAlive = false;
        // Node would not say so where a handler of errors has taken the router's own word back.
        if (!this.shouldKeepAlive) this.setHeader('connection', 'close');
        return typeof messageOrHeaders === 'string'
          ? super.writeHead(status, messageOrHeaders, headers)
          : super.writeHead(status, messageOrHeaders);
      }
    };
  }

  watch(server: FastifyInstance): void {
    server.addHook('preClose', async () => {
      this.#begun = true;
      if (!server.server.listening) return;
      // HTTP's own `close` would destroy the idle connections, too.
      const ended = once(server.server, 'close');
      Server.prototype.close.call(server.server);
      this.#moreAddresses.stop();
      await Promise.race([ended, wait(this.#graceMs, undefined, { ref: false })]);
      // What has arrived by the end of a turn has been read, so that its connection is not idle.
      await turnOfEventLoop();
    });
    // Node waits for the connections of the first address only.
    server.addHook('onClose', async () => {
      if (this.#moreAddresses.isEmpty) return;
      server.server.closeIdleConnections();
      await this.#moreAddresses.ended();
    });
  }
}

type OutgoingHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * Closes the server, but first accepts the connections that the kernel holds for it, which it resets when a server stops
 * listening. That is no part of the close itself: answers that end connections make clients open new ones. Connections whose
 * requests take longer than `drainMsMax` milliseconds from now on are cut.
 */
export async function drainHttpServer(server: FastifyInstance, drainMsMax: number): Promise<void> {
  const deadline = setTimeout(() => {
    server.log.warn({ drainMsMax }, 'connections are cut: their requests took longer than the drain may');
    server.server.closeAllConnections();
  }, drainMsMax);
  try {
    // They are accepted in the next turn: what is left of this one may not look at them any more.
    await turnOfEventLoop();
    await turnOfEventLoop();
    await server.close();
  } finally {
    clearTimeout(deadline);
  }
}
