import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject } from '../../src/document/json.ts';
import { type GraphqlServer, startGraphqlServer } from '../graphql/graphql-server.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';

interface Example {
  /** Empty where only GraphQL has the operator. */
  readonly rest: string;
  readonly graphql: string;
  readonly fits: string;
  readonly doesNotFit: string;
}

/** The rows of the guide's table of queries. */
function examples(): Example[] {
  const guide = readFileSync(new URL('../../guide/queries.md', import.meta.url), 'utf8');
  const rows = guide.matchAll(/^\| (?:`([^`]+)` )?\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|$/gm);
  return Array.from(rows, ([, rest = '', graphql = '', fits = '', doesNotFit = '']) => ({
    rest,
    graphql,
    fits,
    doesNotFit,
  }));
}

describe.each(engineVariants.slice(0, 1))('the queries in the guide on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  it('name every operator', () => {
    const text = examples()
      .map(({ rest }) => rest)
      .join(' ');
    const operators =
      '$eq $ne $gt $gte $lt $lte $in $nin $exists $type $and $or $nor $not $regex $all $size $elemMatch $mod';
    for (const operator of operators.split(' ')) expect(text).toContain(`"${operator}"`);
  });

  it.each(examples())('$graphql', async ({ rest, graphql, fits, doesNotFit }) => {
    const table = graphql;
    for (const [name, body] of [
      ['fits', fits],
      ['does not fit', doesNotFit],
    ]) {
      const request = `{"table_name": ${JSON.stringify(table)}, "name": "${name}", "body": ${body}}`;
      expect((await send(`${server.url}/document/create`, { method: 'POST', body: request })).status).toBe(200);
    }
    if (rest !== '') {
      const query = new URLSearchParams({ table_name: table });
      const answer = await send(`${server.url}/document/find?${query}`, { method: 'POST', body: rest });
      expect(answer.json).toMatchObject([{ name: 'fits' }]);
    }
    const { json } = await server.ask(
      `query ($table: String) { findDocuments(table: $table, filter: ${graphql}) { nodes { name } } }`,
      { table },
    );
    expect(isJsonObject(json.data) && json.data.findDocuments).toEqual({ nodes: [{ name: 'fits' }] });
  });
});
