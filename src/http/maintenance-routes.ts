import type { FastifyInstance } from 'fastify';
import type { MaintenanceProvider } from '../database/maintenance.ts';
import { formatTime } from '../document/timestamp.ts';
import { runForOperator } from './operator-route.ts';
import { compactEndpoint, snapshotEndpoint } from './service-endpoints.ts';

export const snapshotPath = '/system/snapshot';
export const compactPath = '/system/compact';

/**
 * `POST /system/snapshot`, `POST /system/compact`: what the engine otherwise does when it is due. They answer when it is done, which goes on
 * when whoever asked for it goes away.
 */
export function addMaintenanceRoutes(server: FastifyInstance, provider: MaintenanceProvider): void {
  server.post(snapshotPath, { config: { description: snapshotEndpoint } }, (request) =>
    runForOperator(request, 'snapshot', async (operator) => {
      const { createdAt, ...snapshot } = await provider.snapshot(operator);
      return { ...snapshot, createdAt: formatTime(createdAt) };
    }),
  );
  server.post(compactPath, { config: { description: compactEndpoint } }, (request) =>
    runForOperator(request, 'compact', (operator) => provider.compact(operator)),
  );
}
