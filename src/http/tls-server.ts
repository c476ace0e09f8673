import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer, Server as HttpsServer } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { HttpTimeouts } from './http-options.ts';

/** PEM texts. */
export interface TlsFiles {
  /** The server's own certificate first, then those between it and what clients trust. */
  readonly certificate: string;
  readonly key: string;
}

const leastVersion = 'TLSv1.2';

/** What Fastify makes without TLS, with it: the same deadlines, and one for the handshake. @throws what OpenSSL throws for files that do not fit. */
export function createTlsServer(
  files: TlsFiles,
  timeouts: HttpTimeouts,
  behaviour: Pick<ServerOptions, 'ServerResponse' | 'shouldUpgradeCallback'>,
  handler: RequestListener,
): Server {
  const server = createServer(
    {
      ...contextOf(files),
      ...behaviour,
      handshakeTimeout: timeouts.headersMsMax,
      headersTimeout: timeouts.headersMsMax,
      requestTimeout: timeouts.requestMsMax,
      keepAliveTimeout: timeouts.keepAliveMsMax,
      connectionsCheckingInterval: timeouts.checkIntervalMs,
      requireHostHeader: false,
      joinDuplicateHeaders: true,
    },
    handler,
  );
  server.setTimeout(timeouts.socketIdleMsMax);
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
