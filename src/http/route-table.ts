import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** What the server answers, once it is ready. */
    readonly routeTable: RouteTable;
  }
}

/**
 * Which methods each path answers. The router itself knows a path only together with a method, and so cannot tell 405 from
 * 404.
 */
export class RouteTable {
  readonly #routes: { readonly segments: readonly string[]; readonly methods: readonly string[] }[] = [];

  /** Listens to the routes that are added from now on, in plugins too. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', ({ url, method }) => {
      this.#routes.push({ segments: segmentsOf(url), methods: [method].flat() });
    });
  }

  /** Every one of them, such as `GET /document/get/:id`, sorted. */
  list(): readonly string[] {
    const routes = this.#routes.flatMap(({ segments, methods }) =>
      methods.map((method) => `${method} ${pathOf(segments)}`),
    );
    return [...new Set(routes)].sort();
  }

  /** Sorted; empty when no route has this path. Wants the path as the request line has it, without the query. */
  methodsOf(path: string): readonly string[] {
    const segments = segmentsOf(path);
    const fitting = this.#routes.filter((route) => fits(route.segments, segments));
    return [...new Set(fitting.flatMap((route) => route.methods))].sort();
  }
}

function pathOf(segments: readonly string[]): string {
  return segments.length === 1 ? '/' : segments.join('/');
}

/** A slash at the end makes no difference, as in the router. */
function segmentsOf(path: string): readonly string[] {
  return path.replace(/\/$/, '').split('/');
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  const wildcard = pattern.at(-1) === '*';
  if (wildcard ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) => {
    const segment = segments[index];
    if (part.startsWith(':')) return segment !== undefined && segment !== '';
    return part === segment || (wildcard && index === pattern.length - 1);
  });
}
