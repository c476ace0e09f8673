import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export type OriginAnswer = 'continue' | 'refuse' | 'preflight';

/**
 * Whether a page may make this request. Browsers send `Origin` with every request that another site could have caused and
 * that could change something, so one that is neither ours nor configured is refused, whatever the media type. A request
 * without it comes from no page.
 */
export class CrossOrigin {
  readonly #allowed: ReadonlySet<string>;

  constructor(allowedOrigins: readonly string[]) {
    this.#allowed = new Set(allowedOrigins);
  }

  /** Sets the CORS headers of the answer where the origin is configured. `preflight` is to be answered at once. */
  check(request: FastifyRequest, reply: FastifyReply): OriginAnswer {
    const { origin, host } = request.headers;
    if (origin === undefined) return 'continue';
    if (!this.#allowed.has(origin)) return isSameOrigin(origin, host) ? 'continue' : 'refuse';
    reply.header('access-control-allow-origin', origin);
    reply.header(
      'access-control-expose-headers',
      'X-Request-Id, Retry-After, Allow, Idempotent-Replayed, Preference-Applied',
    );
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      return 'continue';
    }
    reply.header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
    const headers = request.headers['access-control-request-headers'];
    if (headers !== undefined) reply.header('access-control-allow-headers', headers);
    reply.header('access-control-max-age', '600');
    return 'preflight';
  }
}

/** Tells caches that answers differ by origin, besides what a door says that they differ by. */
export function varyByOrigin(server: FastifyInstance): void {
  server.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = reply.getHeader('vary');
    reply.header('vary', vary === undefined ? 'Origin' : `${vary}, Origin`);
    done();
  });
}

/** The scheme is left out: behind a proxy that ends TLS the page's is https while ours is http. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  const ours = host.toLowerCase();
  return origin === `http://${ours}` || origin === `https://${ours}`;
}
