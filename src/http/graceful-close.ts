import type { FastifyInstance } from 'fastify';

/**
 * Makes answers that are sent while the server closes tell the client that their connection ends: it will then not send
 * another request there, of which nobody could tell whether it arrived. The rest of a graceful close is Node's own: no new
 * connection is accepted, idle ones are closed, and requests under way are answered.
 */
export function closeGracefully(server: FastifyInstance): void {
  let closing = false;
  server.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
}

/** Closes the server; connections whose requests take longer than `drainMsMax` milliseconds from now on are cut. */
export async function drainHttpServer(server: FastifyInstance, drainMsMax: number): Promise<void> {
  const deadline = setTimeout(() => {
    server.log.warn({ drainMsMax }, 'connections are cut: their requests took longer than the drain may');
    server.server.closeAllConnections();
  }, drainMsMax);
  try {
    await server.close();
  } finally {
    clearTimeout(deadline);
  }
}
