import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { graphiqlExample } from './graphiql-example.ts';

interface RenderedPage {
  readonly html: Buffer;
  readonly compressed: Buffer;
  readonly contentSecurityPolicy: string;
  readonly etag: string;
}

/**
 * GraphiQL as one page that holds all it needs: no address but this server's own appears in what it loads, and the content
 * security policy has the browser refuse any other. It is some 9 MB, read and compressed when it is first asked for.
 */
export class GraphiqlPage {
  readonly #endpoint: string;
  #rendered: Promise<RenderedPage> | undefined;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async send(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    this.#rendered ??= render(this.#endpoint);
    const { html, compressed, contentSecurityPolicy, etag } = await this.#rendered;
    reply.headers({
      vary: 'Accept, Accept-Encoding',
      'content-security-policy': contentSecurityPolicy,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
      etag,
    });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    reply.type('text/html; charset=utf-8');
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(html);
    return reply.header('content-encoding', 'gzip').send(compressed);
  }
}

async function render(endpoint: string): Promise<RenderedPage> {
  // Not before it is needed: a server that no browser visits never holds it in memory.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'YaraDB',
    endpoint,
    defaultQuery: graphiqlExample,
    logo,
    favicon: `data:image/svg+xml;base64,${Buffer.from(logo).toString('base64')}`,
  }).replace('<script>', () => `<script>${keepIntegersExact}</script>\n      <script>`);
  const bytes = Buffer.from(html);
  return {
    html: bytes,
    compressed: await promisify(gzip)(bytes),
    contentSecurityPolicy: contentSecurityPolicyOf(html),
    etag: `"${createHash('sha256').update(bytes).digest('base64url')}"`,
  };
}

function contentSecurityPolicyOf(html: string): string {
  const scripts = Array.from(html.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, script = '']) => script);
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')} blob:`, // The editor's workers are made of texts in the page.
    'worker-src blob:',
    "style-src 'unsafe-inline'", // The editor writes its styles as it goes.
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">' +
  '<rect width="32" height="32" rx="7" fill="#0f766e"/>' +
  '<path d="M8 8l8 9 8-9M16 17v8" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/>' +
  '</svg>';

/**
 * Run in the page, before GraphiQL: its `JSON.parse` would round integers beyond 2^53, in answers as in variables. Raw JSON
 * keeps their digits where the browser knows it (ECMAScript's JSON.parse source text access).
 */
const keepIntegersExact = `
  if (JSON.rawJSON) {
    const parse = JSON.parse;
    const exact = (key, value, context) =>
      typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\\d+$/.test(context.source)
        ? JSON.rawJSON(context.source)
        : value;
    JSON.parse = (text, reviver) => parse(text, reviver ?? exact);
  }
`;
