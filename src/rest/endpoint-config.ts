import type { FastifyContextConfig } from 'fastify';
import type { EndpointDescription } from '../openapi/endpoint-description.ts';

/** The configuration of a route: a body without a content type is JSON, as it was to the predecessor. */
export function endpointConfig(description: EndpointDescription): FastifyContextConfig {
  return { contentTypeOptional: true, description };
}
