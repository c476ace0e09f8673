import type { FastifyInstance } from 'fastify';
import { StaticAnswer } from '../page/static-answer.ts';
import type { EndpointCatalog } from './endpoint-catalog.ts';
import { type EndpointDescription, jsonAnswer } from './endpoint-description.ts';
import { openApiDocument } from './openapi-document.ts';
import { createViewerPage } from './viewer-page.ts';

export const openApiPath = '/openapi.json';
export const viewerPath = '/docs';

const openApiDescription: EndpointDescription = {
  operationId: 'getOpenApi',
  tag: 'server',
  summary: 'This document',
  answers: { 200: jsonAnswer('OpenAPI 3.1', { type: 'object' }) },
};

const viewerDescription: EndpointDescription = {
  operationId: 'getDocs',
  tag: 'server',
  summary: 'This document as a page',
  details: 'It is served by the server itself, and loads nothing from elsewhere.',
  answers: { 200: { description: 'A page', content: { 'text/html': { type: 'string' } } } },
};

/** `GET /openapi.json`: what the server answers, as its routes describe themselves; `GET /docs`: the same for people. Both tell nothing of the data, and are open to all. */
export function addDocumentationRoutes(server: FastifyInstance, catalog: EndpointCatalog, version: string): void {
  const document = new StaticAnswer(async () => ({
    text: JSON.stringify(openApiDocument(catalog.endpoints, version)),
    mediaType: 'application/json; charset=utf-8',
  }));
  server.get(openApiPath, { config: { openToAll: true, description: openApiDescription } }, (request, reply) =>
    document.send(request, reply),
  );
  const viewer = createViewerPage(openApiPath);
  server.get(viewerPath, { config: { openToAll: true, description: viewerDescription } }, (request, reply) =>
    viewer.send(request, reply),
  );
}
