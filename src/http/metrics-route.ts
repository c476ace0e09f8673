import type { FastifyInstance } from 'fastify';
import { requireAnything } from '../access/requirements.ts';
import { openToAll, principalOf } from './authentication.ts';
import { forOperators } from './request-shedding.ts';
import type { ServerMetrics } from './server-metrics.ts';
import { metricsEndpoint } from './service-endpoints.ts';

export const metricsPath = '/metrics';

/** `GET /metrics`, in the text format of Prometheus. With authentication it wants a token, of whatever role, unless it is open to all. */
export function addMetricsRoute(server: FastifyInstance, metrics: ServerMetrics, isOpen: boolean): void {
  const config = { ...(isOpen ? openToAll : {}), ...forOperators, description: metricsEndpoint };
  server.get(metricsPath, { config }, async (request, reply) => {
    // What is counted here is of the whole server: nothing for somebody who was given no role on it.
    if (!isOpen) requireAnything(principalOf(request));
    const text = await metrics.text();
    return reply.type(metrics.contentType).header('cache-control', 'no-store').send(text);
  });
}
