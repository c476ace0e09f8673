import { beforeEach, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';
import { type Observer, observedDatabase } from './observed-database.ts';

describe.each(engineVariants)('the read view of a query on the %s', (_name, openEngine) => {
  let opened = 0;
  let closed = 0;

  beforeEach(() => {
    opened = 0;
    closed = 0;
  });

  async function withServer(observer: Observer, use: (server: GraphqlServer) => Promise<void>): Promise<void> {
    const server = await startGraphqlServer(openEngine, {
      wrap: (database) =>
        observedDatabase(database, {
          onView: () => {
            opened += 1;
          },
          onClose: () => {
            closed += 1;
          },
          ...observer,
        }),
    });
    try {
      await use(server);
    } finally {
      await server.close();
    }
  }

  test('is one for all root fields, whatever is committed in between', async () => {
    const observer: Observer = {
      beforeCount: async (database) => {
        await database.commit(anonymous, [{ kind: 'create', body: {} }]);
      },
    };
    await withServer(observer, async ({ ask }) => {
      const list = 'findDocuments { totalCount sequence nodes { id } }';
      const { json } = await ask(`{ a: ${list} b: ${list} status { sequence } c: ${list} }`);
      const empty = { totalCount: 0, sequence: 0, nodes: [] };
      expect(json).toEqual({ data: { a: empty, b: empty, status: { sequence: 0 }, c: empty } });
      expect([opened, closed]).toEqual([1, 1]);
      const { json: later } = await ask('{ findDocuments { nodes { version } sequence } }');
      expect(at(later, 'data', 'findDocuments')).toEqual({
        nodes: [{ version: 1 }, { version: 1 }, { version: 1 }],
        sequence: 3,
      });
    });
  });

  test('is closed when a field fails', async () => {
    const observer: Observer = {
      beforeCount: () => {
        throw new Error('not counted');
      },
    };
    await withServer(observer, async ({ ask }) => {
      const { json } = await ask('{ findDocuments { totalCount } getDocument(id: "x") { id } }');
      expect(json.errors).toHaveLength(2);
      expect([opened, closed]).toEqual([1, 1]);
    });
  });

  test('is not opened where nothing is read: by mutations, introspection and refused arguments', async () => {
    await withServer({}, async ({ ask }) => {
      await ask('mutation { createDocument(name: "n", body: {}) { id body sequence } }');
      await ask('{ __schema { queryType { name } } }');
      await ask('{ getDocument(id: "x") { id } }');
      expect([opened, closed]).toEqual([0, 0]);
    });
  });

  test('does not count documents unless they are asked for', async () => {
    let counts = 0;
    const observer: Observer = {
      beforeCount: () => {
        counts += 1;
      },
    };
    await withServer(observer, async ({ ask }) => {
      await ask('{ findDocuments { nodes { id } sequence pageInfo { hasNextPage } } }');
      expect(counts).toBe(0);
      await ask('{ findDocuments { totalCount } }');
      expect(counts).toBe(1);
    });
  });
});
