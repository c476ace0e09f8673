import type { FastifyInstance } from 'fastify';
import type { Database } from '../../src/database/database.ts';
import { anonymous } from '../../src/database/principal.ts';
import { defaultJsonLimits } from '../../src/document/json-parser.ts';
import { defaultHttpTimeouts, type HttpOptions } from '../../src/http/http-options.ts';
import { createHttpServer } from '../../src/http/http-server.ts';
import { defaultQueryLimits } from '../../src/query/limits.ts';
import { createRestRouter, type RestOptions } from '../../src/rest/rest-router.ts';
import type { OpenEngineFunction } from './engine-variant.ts';

export interface ListeningServer {
  /** `http://127.0.0.1:…`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly server: FastifyInstance;
  readonly database: Database;
  /** Closes the server, then the database, and removes the data. */
  close(): Promise<void>;
}

export interface ListeningServerOptions {
  readonly http?: Partial<HttpOptions>;
  readonly rest?: Partial<RestOptions>;
  /** Plugs in what the test needs besides REST, before the server listens. */
  readonly register?: (server: FastifyInstance, database: Database) => void | Promise<void>;
  /** What stands between the doors and the engine. */
  readonly wrap?: (database: Database) => Database;
}

/** The real server with the REST door, on a database of its own, listening on a free port of 127.0.0.1. */
export async function startListeningServer(
  openEngine: OpenEngineFunction,
  { http, rest, register, wrap = (database) => database }: ListeningServerOptions = {},
): Promise<ListeningServer> {
  const engine = await openEngine();
  const database = wrap(engine.database);
  const limits = { bodyBytesMax: 16 * 1024 * 1024, jsonLimits: defaultJsonLimits };
  const server = createHttpServer({
    version: '0.0.0-test',
    database,
    logger: false,
    allowedHosts: [],
    allowedOrigins: [],
    // Clients keep connections alive: nearly every test would wait for them at its end.
    timeouts: { ...defaultHttpTimeouts, closeGraceMs: 0 },
    ...limits,
    ...http,
  });
  await server.register(
    createRestRouter({
      database,
      principalOf: () => anonymous,
      now: () => Date.now(),
      queryLimits: defaultQueryLimits,
      selfDestructAllowed: false,
      ...limits,
      ...rest,
    }),
  );
  await register?.(server, database);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    port: Number(new URL(url).port),
    server,
    database,
    close: async () => {
      await server.close();
      await engine.dispose();
    },
  };
}
