import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { JsonLimits } from '../document/json-parser.ts';
import { DatabaseError } from '../errors.ts';
import type { LiveOperations } from './live-operations.ts';
import { type ConnectionCaller, WebSocketConnection } from './websocket-connection.ts';
import type { WebSocketMeter } from './websocket-meter.ts';
import { WebSocketTurns } from './websocket-turns.ts';

export interface WebSocketDoorOptions {
  readonly operations: LiveOperations;
  readonly jsonLimits: JsonLimits;
  readonly keepAliveMs: number;
  readonly connectionOperationsMax: number;
  readonly messageBytesMax: number;
  /** Undefined: nobody counts. */
  readonly meter: WebSocketMeter | undefined;
}

interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** RFC 6455, section 7.4.1: the server goes away. */
const goingAway = 1001;
/** How often in a row a peer may have taken nothing of what waits for it when it is asked whether it is there: two minutes, as over HTTP. */
const idleMax = 10;
/** How long a peer may take to answer that a connection ends. */
const closeMsMax = 1_000;

/**
 * GraphQL over WebSocket (`graphql-transport-ws`). The request for an upgrade takes the way of every other through the server, so that what refuses a
 * request for its `Host`, its `Origin` or who asks refuses it, too: browsers let any page open a WebSocket to anywhere.
 */
export class WebSocketDoor {
  readonly #options: WebSocketDoorOptions;
  readonly #server: WebSocketServer;
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();
  #finished = false;

  constructor(options: WebSocketDoorOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: options.messageBytesMax,
      // A compressed message could be a thousand times its length.
      perMessageDeflate: false,
      // A ping is answered in its turn, as every message is.
      autoPong: false,
      handleProtocols,
    });
  }

  /** Leads requests for an upgrade to the server's routes. What no route upgrades gets its answer, and the connection ends. */
  listen(server: FastifyInstance): void {
    server.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const destroy = () => socket.destroy();
      socket.on('error', destroy);
      // Node has taken its own deadline off, and what is ahead may be an answer that nobody reads.
      socket.once('timeout', destroy);
      server.afterOwedAnswers(request.socket, () => {
        socket.off('timeout', destroy);
        // The one ahead may have ended the connection.
        if (request.socket.destroyed || !request.socket.writable) return;
        const response = new ServerResponse(request);
        response.shouldKeepAlive = false;
        response.once('finish', () => endRefused(socket));
        response.assignSocket(request.socket);
        this.#upgrades.set(request, { socket, head });
        server.routing(request, response);
      });
    });
  }

  isUpgrade(request: FastifyRequest): boolean {
    return this.#upgrades.has(request.raw);
  }

  accept(request: FastifyRequest, reply: FastifyReply, caller: ConnectionCaller): FastifyReply {
    const upgrade = this.#upgrades.get(request.raw);
    if (upgrade === undefined) throw new TypeError('This is no request for an upgrade');
    if (this.#finished) throw new DatabaseError('OVERLOADED', 'The server is stopping', { retryAfterSeconds: 1 });
    reply.hijack();
    this.#server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (socket) =>
      this.#open(socket, request.raw.socket, caller),
    );
    return reply;
  }

  /** Ends all connections: the server stops. */
  finish(): void {
    this.#finished = true;
    for (const socket of this.#server.clients) {
      socket.close(goingAway, 'The server is stopping');
      const cut = setTimeout(() => socket.terminate(), closeMsMax);
      socket.once('close', () => clearTimeout(cut));
    }
  }

  #open(socket: WebSocket, connection: Socket, caller: ConnectionCaller): void {
    // What is wrong with the bytes of a client ends its connection, and concerns nobody else.
    socket.on('error', () => socket.terminate());
    const { meter } = this.#options;
    meter?.opened();
    socket.once('close', () => meter?.closed());
    this.#keepAlive(socket, connection);
    const turns = new WebSocketTurns(socket);
    socket.on('ping', (data) => turns.run(() => socket.pong(data)));
    new WebSocketConnection(socket, turns, caller, this.#options).open();
  }

  /** Ends a connection whose peer says nothing any more, or takes nothing of what was sent to it: it would be held in memory for good. */
  #keepAlive(socket: WebSocket, connection: Socket): void {
    let isAlive = true;
    socket.on('pong', () => {
      isAlive = true;
    });
    let taken = 0;
    let idle = 0;
    const timer = setInterval(() => {
      const takenBefore = taken;
      taken = connection.bytesWritten - connection.writableLength;
      idle = socket.bufferedAmount > 0 && taken === takenBefore ? idle + 1 : 0;
      if (!isAlive || idle >= idleMax) return socket.terminate();
      isAlive = false;
      socket.ping();
      return undefined;
    }, this.#options.keepAliveMs);
    socket.once('close', () => clearInterval(timer));
  }
}

/**
 * Ends the connection of a request for an upgrade that was refused. Nobody reads it any more: what the client has sent behind its request is thrown
 * away, since a socket that is not read never learns that its client has gone, and would be held for ever.
 */
function endRefused(socket: Duplex): void {
  socket.resume().end();
  const cut = setTimeout(() => socket.destroy(), closeMsMax);
  socket.once('close', () => clearTimeout(cut));
}
