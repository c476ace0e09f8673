import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TransactDocument } from '../generated/operations.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';
import { type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

describe.each(engineVariants)('transact with an idempotencyKey on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  const creates = (n: number) => [{ create: { name: 'user', body: { n, list: [1, 2] } } }];
  const ask = async (variables: object) => (await server.ask(TransactDocument.toString(), variables)).json;

  test('is carried out once, and answered as it was', async () => {
    const variables = { operations: creates(1), idempotencyKey: 'once' };
    const { transact: first } = await server.run(TransactDocument, variables);
    expect(first).toMatchObject({ replayed: false, documents: [{ version: 1 }] });
    const id = first?.documents[0]?.id ?? '';
    await server.run(TransactDocument, { operations: [{ patch: { id, change: { increment: { n: 1 } } } }] });
    const { transact: again } = await server.run(TransactDocument, variables);
    expect(again).toEqual({ ...first, replayed: true });
  });

  test('is the same request over REST, and through literals', async () => {
    const variables = { operations: creates(2), idempotencyKey: 'both doors' };
    const { transact: first } = await server.run(TransactDocument, variables);
    const overRest = await send(`${server.url}/document/create`, {
      method: 'POST',
      body: { body: { list: [1, 2], n: 2 }, name: 'user' },
      headers: { 'idempotency-key': '"both doors"' },
    });
    expect([overRest.status, overRest.headers['idempotent-replayed']]).toEqual([200, 'true']);
    expect(overRest.json).toMatchObject({ _id: first?.documents[0]?.id });
    const literal =
      'mutation { transact(idempotencyKey: "both doors", operations: [{create: {table: "default", body: {list: [1, 2], n: 2}, name: "user"}}]) { sequence replayed } }';
    expect((await server.ask(literal)).json).toEqual({
      data: { transact: { sequence: first?.sequence, replayed: true } },
    });
  });

  test('with other operations is IDEMPOTENCY_KEY_REUSED', async () => {
    await ask({ operations: creates(3), idempotencyKey: 'reused' });
    expect(await ask({ operations: creates(4), idempotencyKey: 'reused' })).toMatchObject({
      data: { transact: null },
      errors: [{ path: ['transact'], extensions: { code: 'IDEMPOTENCY_KEY_REUSED' } }],
    });
  });

  test.each([
    ['an empty one', ''],
    ['a long one', 'x'.repeat(256)],
    ['one that no header can hold', 'schlüssel'],
    ['one with a NUL', 'a\u0000'],
  ])('refuses %s', async (_, idempotencyKey) => {
    expect(await ask({ operations: creates(5), idempotencyKey })).toMatchObject({
      errors: [{ extensions: { code: 'INVALID_ARGUMENT', path: 'idempotencyKey' } }],
    });
  });

  test('null is none', async () => {
    const [first, second] = [
      await ask({ operations: creates(6), idempotencyKey: null }),
      await ask({ operations: creates(6), idempotencyKey: null }),
    ];
    expect(second).not.toEqual(first);
  });

  test('tells the commit when a document was erased since, and fails only where the documents are asked for', async () => {
    const variables = { operations: creates(7), idempotencyKey: 'erased' };
    const { transact: first } = await server.run(TransactDocument, variables);
    const id = first?.documents[0]?.id ?? '';
    await server.run(TransactDocument, { operations: [{ erase: { id, version: 1 } }] });
    expect(await ask(variables)).toMatchObject({
      data: { transact: null },
      errors: [
        {
          path: ['transact', 'documents'],
          extensions: { code: 'HISTORY_GONE', replayed: true, sequence: first?.sequence, documentIds: [id] },
        },
      ],
    });
    const query =
      'mutation ($operations: [Operation!]!, $idempotencyKey: String) { transact(operations: $operations, idempotencyKey: $idempotencyKey) { sequence committedAt replayed } }';
    expect((await server.ask(query, variables)).json).toEqual({
      data: { transact: { sequence: first?.sequence, committedAt: first?.committedAt, replayed: true } },
    });
  });
});
