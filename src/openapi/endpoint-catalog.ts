import type { FastifyInstance } from 'fastify';
import type { EndpointDescription } from './endpoint-description.ts';

/** A route that says what it is. */
export interface Endpoint {
  readonly method: string;
  /** As the router has it, such as `/document/get/:id`. */
  readonly path: string;
  readonly description: EndpointDescription;
  /** Whether it is answered without a token. */
  readonly openToAll: boolean;
}

/** The routes that are described. HEAD is left out: it is GET without the body. */
export class EndpointCatalog {
  readonly #endpoints: Endpoint[] = [];

  /** Listens to the routes that are added from now on, in plugins too. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', ({ url, method, config }) => {
      const description = config?.description;
      if (description === undefined) return;
      const openToAll = config?.openToAll === true;
      for (const name of [method].flat()) {
        if (name !== 'HEAD') this.#endpoints.push({ method: name, path: url, description, openToAll });
      }
    });
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }
}
