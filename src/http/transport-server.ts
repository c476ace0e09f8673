import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, Server as HttpsServer } from 'node:https';
import type { FastifyInstance } from 'fastify';
import { GatheredWrites } from './gathered-writes.ts';
import type { HttpTimeouts } from './http-options.ts';
import { IdleTimeouts } from './idle-timeouts.ts';

/** PEM texts. */
export interface TlsFiles {
  /** The server's own certificate first, then those between it and what clients trust. */
  readonly certificate: string;
  readonly key: string;
}

const leastVersion = 'TLSv1.2';

/**
 * The server of Node's that the router is put on: with TLS, and a deadline for the handshake, where there are files for it.
 * @throws what OpenSSL throws for files that do not fit.
 */
export function createTransportServer(
  files: TlsFiles | undefined,
  deadlines: HttpTimeouts,
  behaviour: Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse' | 'shouldUpgradeCallback'>,
  handler: RequestListener,
): Server {
  const options: ServerOptions = {
    ...behaviour,
    optimizeEmptyRequests: true,
    headersTimeout: deadlines.headersMsMax,
    requestTimeout: deadlines.requestMsMax,
    keepAliveTimeout: deadlines.keepAliveMsMax,
    connectionsCheckingInterval: deadlines.checkIntervalMs,
    // Node would refuse a request without one by itself, and without a word.
    requireHostHeader: false,
    // Of a header that came twice it would take the first and say nothing; whoever is in front of the server may have taken the second.
    joinDuplicateHeaders: true,
  };
  const server =
    files === undefined
      ? createServer(options, handler)
      : createTlsServer({ ...contextOf(files), ...options, handshakeTimeout: deadlines.headersMsMax }, handler);
  server.setTimeout(deadlines.socketIdleMsMax);
  const writes = new GatheredWrites();
  const timeouts = new IdleTimeouts(deadlines.checkIntervalMs);
  server.on(files === undefined ? 'connection' : 'secureConnection', (socket) => {
    writes.watch(socket);
    timeouts.watch(socket);
  });
  server.on('timeout', (socket) => timeouts.end(socket));
  server.once('close', timeouts.start());
  return server;
}

/** Has connections that are opened from now on get this certificate. @throws what OpenSSL throws, and then nothing changes. */
export function replaceTlsFiles({ server }: FastifyInstance, files: TlsFiles): void {
  if (!(server instanceof HttpsServer)) throw new TypeError('The server has no TLS whose files could be replaced');
  server.setSecureContext(contextOf(files));
}

function contextOf({ certificate, key }: TlsFiles) {
  return { cert: certificate, key, minVersion: leastVersion } as const;
}
