import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { parsePath } from '../../src/document/path.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

describe.each(engineVariants)('@explain on the %s', (_name, openEngine) => {
  let server: GraphqlServer;
  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
    const bodies = Array.from({ length: 1_200 }, (_, n) => ({ n, even: n % 2 === 0 }));
    await server.database.commit(
      anonymous,
      bodies.map((body) => ({ kind: 'create', table: 'numbers', body })),
    );
    const paths = [parsePath('n', 'path')];
    await server.database.createIndex(anonymous, {
      table: 'numbers',
      paths,
      kind: 'ORDERED',
      unique: false,
      archived: 'INCLUDE',
    });
  });
  afterAll(() => server.close());

  const find = (filter: string, more = '') =>
    `findDocuments(table: "numbers", filter: ${filter} ${more}) { nodes { id } }`;

  test('tells beside the data which index was used and how many documents were examined', async () => {
    const { json } = await server.ask(`query @explain { ${find('{path: "n", gte: 1190}')} }`);
    expect(at(json, 'data', 'findDocuments', 'nodes')).toHaveLength(10);
    expect(at(json, 'extensions', 'explain')).toEqual([
      {
        operation: 'find',
        plan: {
          access: {
            kind: 'index',
            table: 'numbers',
            paths: ['n'],
            indexKind: 'ORDERED',
            ranges: [expect.objectContaining({ from: [1190], fromIncluded: true })],
            estimated: 10,
          },
          order: expect.any(String),
        },
        examined: 10,
        returned: 10,
        milliseconds: expect.any(Number),
        suggestedIndex: null,
      },
    ]);
  });

  test('names the index that would help a scan', async () => {
    const { json } = await server.ask(`query @explain { ${find('{path: "other.path", eq: 7}')} }`);
    expect(at(json, 'extensions', 'explain', 0)).toMatchObject({
      plan: { access: { kind: 'scan', table: 'numbers', documents: 1_200 } },
      examined: 1_200,
      returned: 0,
      suggestedIndex: { table: 'numbers', paths: ['other.path'] },
    });
  });

  test('tells of every list, count and aggregate of the operation', async () => {
    const { json } = await server.ask(
      `query A { __typename } query B @explain {
        findDocuments(table: "numbers") { nodes { id } totalCount }
        aggregateDocuments(table: "numbers", measures: [{count: true, as: "n"}]) { values }
      }`,
    );
    expect(at(json, 'errors', 0, 'extensions', 'code')).toBe('INVALID_ARGUMENT'); // no operation is named
    const { json: named } = await server.ask(
      'query @explain { findDocuments(table: "numbers") { nodes { id } totalCount } aggregateDocuments(table: "numbers", measures: [{sum: "n", as: "s"}]) { values } }',
    );
    const operations = Array.from(Object(at(named, 'extensions', 'explain')), (one) => Object(one).operation);
    expect(operations.sort()).toEqual(['aggregate', 'count', 'find']);
  });

  test('is only for queries, and without it nothing is told', async () => {
    const { json } = await server.ask(`{ ${find('{path: "n", gte: 1190}')} }`);
    expect(Object.keys(json)).toEqual(['data']);
    const { json: mutation } = await server.ask('mutation @explain { createDocument(name: "n", body: {}) { id } }');
    expect(at(mutation, 'errors', 0, 'extensions', 'code')).toBe('INVALID_ARGUMENT');
  });
});
