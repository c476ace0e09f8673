import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anonymous } from '../../src/database/principal.ts';
import { defaultJsonLimits } from '../../src/document/json-parser.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { createGraphqlPlugin } from '../../src/graphql/graphql-plugin.ts';
import { defaultQueryLimits } from '../../src/query/limits.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

/** The server with every route that there is. */
export async function startDocumentedServer(): Promise<ListeningServer> {
  const directory = await mkdtemp(join(tmpdir(), 'yaradb-openapi-'));
  const database = await openEmbeddedDatabase({ directory });
  const engine = {
    database,
    dispose: async () => {
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
  return startListeningServer(async () => engine, {
    http: { backups: database, maintenance: database },
    rest: { selfDestructAllowed: true },
    register: async (server) => {
      await server.register(
        createGraphqlPlugin({
          database,
          version: '1.2.3',
          principalOf: () => anonymous,
          now: () => Date.now(),
          queryLimits: defaultQueryLimits,
          jsonLimits: defaultJsonLimits,
        }),
      );
    },
  });
}
