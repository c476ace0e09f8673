import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

describe.each(engineVariants)('aggregateDocuments on the %s', (_name, openEngine) => {
  let server: GraphqlServer;
  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
    const bodies = [
      { city: 'Kyiv', age: 30, tags: ['a'] },
      { city: 'Lviv', age: 20 },
      { city: 'Kyiv', age: 9007199254740993n },
      { city: 'Odesa' },
    ];
    const { documents } = await server.database.commit(
      anonymous,
      bodies.map((body) => ({ kind: 'create', table: 'people', body })),
    );
    await server.database.commit(anonymous, [{ kind: 'archive', id: documents[3]?.id ?? '' }]);
    await server.database.commit(anonymous, [{ kind: 'create', body: { city: 'Kyiv' } }]);
  });
  afterAll(() => server.close());

  async function aggregate(args: string) {
    const { json } = await server.ask(`{ aggregateDocuments(${args}) { key values } }`);
    return at(json, 'errors', 0, 'extensions') ?? at(json, 'data', 'aggregateDocuments');
  }

  test('groups and measures the documents of a table', async () => {
    const measures = '[{count: true, as: "n"}, {sum: "age", as: "total"}, {distinct: "tags", as: "tags"}]';
    expect(await aggregate(`table: "people", groupBy: ["city"], measures: ${measures}`)).toEqual([
      { key: { city: 'Kyiv' }, values: { n: 2, total: 9007199254741023n, tags: [['a']] } },
      { key: { city: 'Lviv' }, values: { n: 1, total: 20, tags: [] } },
    ]);
  });

  test('takes a filter, archived documents, all tables, an order and the first groups', async () => {
    const measures = 'measures: [{count: true, as: "n"}]';
    expect(await aggregate(`${measures}, archived: INCLUDE`)).toEqual([{ key: {}, values: { n: 5 } }]);
    expect(await aggregate(`${measures}, filter: {path: "age", gt: 25}`)).toEqual([{ key: {}, values: { n: 2 } }]);
    const busiest = `${measures}, groupBy: ["city"], orderBy: [{by: "n", direction: DESC}], first: 1`;
    expect(await aggregate(busiest)).toEqual([{ key: { city: 'Kyiv' }, values: { n: 3 } }]);
    expect(await aggregate(`table: "nowhere", ${measures}`)).toEqual([{ key: {}, values: { n: 0 } }]);
  });

  test('says what is wrong with a measure', async () => {
    expect(await aggregate('measures: [{as: "n"}]')).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'measures.0' });
  });
});
