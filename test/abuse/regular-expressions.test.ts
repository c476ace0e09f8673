import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, type GraphqlServer, startGraphqlServer } from '../graphql/graphql-server.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';

/** Each takes the engine of JavaScript some 2^40 steps on the text: were it used here, this would not come to an end. */
const patterns = ['^(a+)+$', '^(a|aa)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '^(.*?,){20}P', '(a*)*b', '^(a|a|b?)*c$'];
const text = `${'a'.repeat(40)},${'a,'.repeat(40)}!`;

describe.each(engineVariants)(
  'Regular expressions that backtrack for ever elsewhere, on the %s',
  (_name, openEngine) => {
    let server: GraphqlServer;

    beforeAll(async () => {
      server = await startGraphqlServer(openEngine);
      await server.ask('mutation ($body: JSON!) { createDocument(name: "n", body: $body) { id } }', { body: { text } });
    });

    afterAll(() => server.close());

    test.each(patterns)('%s finds out in linear time, through REST and GraphQL', async (pattern) => {
      const found = await send(`${server.url}/document/find`, { method: 'POST', body: { text: { $regex: pattern } } });
      expect([found.status, found.json]).toEqual([200, []]);
      const { json } = await server.ask(
        'query ($regex: String!) { findDocuments(filter: {path: "text", regex: $regex}) { totalCount } }',
        { regex: pattern },
      );
      expect(at(json, 'data', 'findDocuments', 'totalCount')).toBe(0);
    });

    test.each(patterns)('%s in the schema of a table checks bodies in linear time', async (pattern) => {
      const table = `pattern ${pattern}`;
      const schema_definition = { type: 'object', properties: { text: { type: 'string', pattern } } };
      const created = await send(`${server.url}/table/create`, {
        method: 'POST',
        body: { name: table, mode: 'strict', schema_definition },
      });
      expect(created.status).toBe(200);
      const answer = await send(`${server.url}/document/create`, {
        method: 'POST',
        body: { table_name: table, body: { text } },
      });
      expect(answer.json).toMatchObject({ code: 'SCHEMA_VIOLATION' });
    });

    test.each(['(?=a)a', '(a)\\1', '(?<!a)b', '(?>a)'])(
      '%s, which cannot be done in linear time, is refused',
      async (pattern) => {
        const answer = await send(`${server.url}/document/find`, {
          method: 'POST',
          body: { text: { $regex: pattern } },
        });
        expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'text.\\$regex' });
      },
    );

    test('one that repeats what repeats is refused before it is made', async () => {
      const body = { text: { $regex: '((a{100}){100}){100}' } };
      const answer = await send(`${server.url}/document/find`, { method: 'POST', body });
      expect(answer.json).toMatchObject({ code: expect.stringMatching(/^(LIMIT_EXCEEDED|INVALID_ARGUMENT)$/) });
    });
  },
);
