import type { FastifyInstance } from 'fastify';
import { openApiPath, viewerPath } from '../openapi/documentation-routes.ts';
import { openToAll } from './authentication.ts';
import { backupPath } from './backup-route.ts';
import { checkHealth } from './health-checks.ts';
import type { HttpOptions } from './http-options.ts';
import type { LoadGauge } from './load-gauge.ts';
import { compactPath, snapshotPath } from './maintenance-routes.ts';
import { metricsPath } from './metrics-route.ts';
import { forOperators } from './request-shedding.ts';
import { doorsEndpoint, liveEndpoint, readyEndpoint } from './service-endpoints.ts';
import { tokensPath } from './token-routes.ts';

/** Whoever runs the server asks without a token, and however much there is to do. */
const health = Object.freeze({ ...openToAll, ...forOperators });

/** What is about the server itself: where its doors are, whether it lives, whether it can serve. */
export function addServiceRoutes(
  server: FastifyInstance,
  { version, database, backups, maintenance, metrics, tokens }: HttpOptions,
  load: LoadGauge,
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
    health: { live: '/livez', ready: '/readyz', ...(metrics === undefined ? {} : { metrics: metricsPath }) },
    documentation: { openapi: openApiPath, page: viewerPath },
  });
  server.get('/', { config: { description: doorsEndpoint } }, (_request, reply) => {
    reply.send(doors);
  });

  // Text without a look at the database: it answers for as long as the event loop turns, and a restart helps no disk.
  server.get('/livez', { config: { ...health, description: liveEndpoint } }, (_request, reply) => {
    reply.type('text/plain; charset=utf-8').send('ok');
  });

  server.get<ReadyRoute>('/readyz', { config: { ...health, description: readyEndpoint } }, async (request, reply) => {
    const report = (error: unknown) => request.log.warn({ err: error }, 'not ready');
    const { ready, writes, checks } = await checkHealth(database, load, report);
    const details = request.query.verbose === undefined ? {} : { checks };
    if (ready) return { status: 'ready', ...details };
    reply.code(503).header('retry-after', '1');
    const told = writes === 'stalled' || writes === 'failed' ? { writes } : {};
    return { status: 'not ready', ...told, ...details };
  });
}

interface ReadyRoute {
  Querystring: { readonly verbose?: string };
}
