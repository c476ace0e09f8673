import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, type GraphqlServer, startGraphqlServer } from '../graphql/graphql-server.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { abusiveDocuments } from './graphql-documents.ts';

/** How long each takes is held by the fuzzer (`npm run test:fuzz`), which sends them too and measures the time of the processor. */
describe.each(engineVariants)('Documents that cost more than they say, on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  test.each(Object.entries(abusiveDocuments))('%s: refused, and nothing is executed', async (_what, document) => {
    const { json } = await server.ask(document);
    expect(at(json, 'errors', 0, 'extensions', 'code')).toMatch(/^(LIMIT_EXCEEDED|INVALID_ARGUMENT)$/);
    expect(json.data).toBeUndefined();
    expect(json.errors?.toString().length).toBeLessThan(1_000);
  });

  test('a batch of operations: refused', async () => {
    const response = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(Array.from({ length: 1_000 }, () => ({ query: '{ __typename }' }))),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }] });
  });
});
