import type { FastifyInstance } from 'fastify';
import type { Database } from '../database/database.ts';
import { anonymous } from '../database/principal.ts';
import type { WriteState } from '../database/status.ts';
import { openApiPath, viewerPath } from '../openapi/documentation-routes.ts';
import { openToAll } from './authentication.ts';
import { backupPath } from './backup-route.ts';
import type { HttpOptions } from './http-options.ts';
import { compactPath, snapshotPath } from './maintenance-routes.ts';
import { doorsEndpoint, liveEndpoint, readyEndpoint } from './service-endpoints.ts';
import { tokensPath } from './token-routes.ts';

/** What is about the server itself: where its doors are, whether it lives, whether it can serve. */
export function addServiceRoutes(
  server: FastifyInstance,
  { version, database, backups, maintenance, tokens }: HttpOptions,
): void {
  const system = {
    ...(backups === undefined ? {} : { backup: backupPath }),
    ...(maintenance === undefined ? {} : { snapshot: snapshotPath, compact: compactPath }),
    ...(tokens === undefined ? {} : { tokens: tokensPath }),
  };
  const doors = Object.freeze({
    name: 'yaradb',
    version,
    graphql: '/graphql',
    rest: {
      ping: '/ping',
      create: '/document/create',
      get: '/document/get/{id}',
      update: '/document/update/{id}',
      archive: '/document/archive/{id}',
      find: '/document/find',
      batchCreate: '/document/batch/create',
      combine: '/document/combine',
      changes: '/changes',
    },
    ...(Object.keys(system).length === 0 ? {} : { system }),
    health: { live: '/livez', ready: '/readyz' },
    documentation: { openapi: openApiPath, page: viewerPath },
  });
  server.get('/', { config: { description: doorsEndpoint } }, (_request, reply) => {
    reply.send(doors);
  });

  // Text without a look at the database: it answers for as long as the event loop turns, and a restart helps no disk.
  server.get('/livez', { config: { ...openToAll, description: liveEndpoint } }, (_request, reply) => {
    reply.type('text/plain; charset=utf-8').send('ok');
  });

  server.get('/readyz', { config: { ...openToAll, description: readyEndpoint } }, async (request, reply) => {
    const writes = await writeState(database, (error) => request.log.warn({ err: error }, 'not ready'));
    // A full disk or memory refuses some writes and leaves all else to be served.
    const ready = writes !== null && writes !== 'stalled' && writes !== 'failed';
    if (ready) return { status: 'ready' };
    reply.code(503).header('retry-after', '1');
    return { status: 'not ready', ...(writes === null ? {} : { writes }) };
  });
}

/** Null when the database does not say. */
async function writeState(database: Database, report: (error: unknown) => void): Promise<WriteState | null> {
  try {
    return (await database.status(anonymous)).writes;
  } catch (error) {
    report(error);
    return null;
  }
}
