import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../src/document/json.ts';
import { CreateDocumentDocument, PatchDocumentDocument, TransactDocument } from '../generated/operations.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

const givenId = '01234567-89ab-7def-8123-456789abcdef';

describe.each(engineVariants)('GraphQL transactions on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  async function create(body: object): Promise<string> {
    const { createDocument } = await server.run(CreateDocumentDocument, { name: 'n', body, table: null });
    if (createDocument == null) throw new Error('Expected a document');
    return createDocument.id;
  }

  const patch = async (variables: object) => (await server.ask(PatchDocumentDocument.toString(), variables)).json;

  describe('patchDocument', () => {
    test('merges, patches and increments', async () => {
      const id = await create({ a: 1 });
      const merged = await server.run(PatchDocumentDocument, { id, version: 1, change: { merge: { b: { c: 1 } } } });
      expect(merged.patchDocument).toMatchObject({ version: 2, body: { a: 1, b: { c: 1 } } });
      const operations = [{ op: 'remove', path: '/a' }];
      const patched = await server.run(PatchDocumentDocument, { id, version: 2, change: { patch: operations } });
      expect(patched.patchDocument).toMatchObject({ version: 3, body: { b: { c: 1 } } });
      const increased = await server.run(PatchDocumentDocument, { id, change: { increment: { 'b.c': 41 } } });
      expect(increased.patchDocument).toMatchObject({ version: 4, body: { b: { c: 42 } } });
    });

    test('literals mean the same as variables', async () => {
      const id = await create({ a: 1 });
      const { json } = await server.ask(
        `mutation { patchDocument(id: "${id}", version: 1, change: {merge: {a: 9007199254740993, gone: null}}) { body } }`,
      );
      expect(json).toEqual({ data: { patchDocument: { body: { a: 9007199254740993n } } } });
    });

    test('rebases a merge patch where it can', async () => {
      const id = await create({ a: 1, b: 1 });
      await server.run(PatchDocumentDocument, { id, change: { increment: { a: 1 } } });
      const rebased = { id, version: 1, change: { merge: { b: 2 } }, rebase: true };
      expect(await server.run(PatchDocumentDocument, rebased)).toMatchObject({
        patchDocument: { version: 3, body: { a: 2, b: 2 } },
      });
      expect(await patch({ ...rebased, change: { merge: { a: 5 } } })).toMatchObject({
        errors: [
          {
            extensions: {
              code: 'VERSION_CONFLICT',
              expectedVersion: 1,
              actualVersion: 3,
              changedPaths: ['a', 'b'],
              current: { id, version: 3, body: { a: 2, b: 2 } },
            },
          },
        ],
      });
    });

    test.each([
      ['a merge patch without a version', { change: { merge: {} } }, 'version'],
      ['an increment that is to be rebased', { change: { increment: {} }, rebase: true }, 'rebase'],
      ['a merge patch that is no object', { version: 1, change: { merge: [] } }, 'change.merge'],
      ['an operation of a patch that does not exist', { version: 1, change: { patch: [{}] } }, 'change.patch.0.op'],
    ])('%s is refused with its path', async (_what, variables, path) => {
      expect(await patch({ id: givenId, ...variables })).toMatchObject({
        data: { patchDocument: null },
        errors: [{ extensions: { code: 'INVALID_ARGUMENT', path } }],
      });
    });

    test('a change of two kinds, or of none, is refused before anything is executed', async () => {
      for (const change of [{ merge: {}, increment: {} }, {}]) {
        expect(await patch({ id: givenId, version: 1, change })).toMatchObject({
          errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }],
        });
      }
    });
  });

  describe('transact', () => {
    test('runs every kind of operation as one commit', async () => {
      const [changed, archived, erased] = [await create({ n: 1 }), await create({ n: 2 }), await create({ n: 3 })];
      const { transact } = await server.run(TransactDocument, {
        operations: [
          { assert: { id: changed, version: 1 } },
          { assert: { id: givenId, exists: false } },
          { create: { id: givenId.toUpperCase(), name: 'given', table: 'users', body: { list: [] } } },
          { update: { id: changed, version: 1, body: { n: 10 } } },
          { patch: { id: changed, change: { increment: { n: 1 } } } },
          { patch: { id: changed, version: 1, change: { merge: { m: 1 } }, rebase: true } },
          { archive: { id: archived, version: 1 } },
          { restore: { id: archived } },
          { erase: { id: erased, version: 1 } },
        ],
      });
      expect(transact).toMatchObject({ sequence: expect.any(Number), replayed: false });
      expect(transact?.documents.map(({ id, table, version, body }) => [id, table, version, body])).toEqual([
        [givenId, 'users', 1, { list: [] }],
        [changed, 'default', 2, { n: 10 }],
        [changed, 'default', 3, { n: 11 }],
        [changed, 'default', 4, { n: 11, m: 1 }],
        [archived, 'default', 2, { n: 2 }],
        [archived, 'default', 3, { n: 2 }],
        [erased, 'default', 1, { n: 3 }],
      ]);
      expect(new Set(transact?.documents.slice(0, -1).map(({ sequence }) => sequence))).toEqual(
        new Set([transact?.sequence]),
      );
      expect(transact?.committedAt).toMatch(/^\d{4}-.*Z$/);
    });

    test('an error names the operation, of one too, and nothing is written', async () => {
      const id = await create({ n: 1 });
      const update = { update: { id, version: 1, body: { n: 2 } } };
      const stale = { archive: { id, version: 1 } };
      const { json } = await server.ask(TransactDocument.toString(), { operations: [update, stale] });
      expect(json).toMatchObject({
        data: { transact: null },
        errors: [{ extensions: { code: 'VERSION_CONFLICT', operation: 1, current: { version: 2, body: { n: 2 } } } }],
      });
      const single = await server.ask(TransactDocument.toString(), { operations: [{ archive: { id, version: 5 } }] });
      expect(at(single.json, 'errors', 0, 'extensions')).toMatchObject({ code: 'VERSION_CONFLICT', operation: 0 });
      const { json: found } = await server.ask(`{ getDocument(id: "${id}") { version body } }`);
      expect(found).toEqual({ data: { getDocument: { version: 1, body: { n: 1 } } } });
    });

    test.each([
      ['a bad id', [{ archive: { id: 'x' } }], 'operations.0.archive.id', 0],
      ['a body that is no object', [{ create: { name: 'n', body: 1 } }], 'operations.0.create.body', 0],
      [
        'a bad increment',
        [{ patch: { id: givenId, change: { increment: 1 } } }],
        'operations.0.patch.change.increment',
        0,
      ],
      [
        'an assertion of nothing, second',
        [{ create: { name: 'n', body: {} } }, { assert: { id: givenId } }],
        'operations.1.assert',
        1,
      ],
    ])('%s is refused with its path and the index of the operation', async (_what, operations, path, operation) => {
      const { json } = await server.ask(TransactDocument.toString(), { operations });
      expect(json).toMatchObject({
        data: { transact: null },
        errors: [{ extensions: { code: 'INVALID_ARGUMENT', path, operation } }],
      });
    });

    test('a dry run tells what would result, and writes nothing', async () => {
      const id = await create({ n: 1 });
      const operations = [{ patch: { id, change: { increment: { n: 1 } } } }];
      const { transact } = await server.run(TransactDocument, { operations, dryRun: true });
      expect(transact).toMatchObject({
        sequence: null,
        committedAt: null,
        documents: [{ version: 2, body: { n: 2 } }],
      });
      const again = await server.run(TransactDocument, { operations });
      expect(again.transact).toMatchObject({ documents: [{ version: 2, body: { n: 2 } }] });
    });

    test('takes 10,000 operations in one request', async () => {
      const operations = Array.from({ length: 10_000 }, (_, n) => ({
        create: { name: 'n', table: 'many', body: { n } },
      }));
      const query =
        'mutation ($operations: [Operation!]!) { transact(operations: $operations) { documents { version } } }';
      const { json } = await server.ask(query, { operations });
      expect(at(json, 'data', 'transact', 'documents')).toHaveLength(10_000);
    });
  });

  describe('transact with many operations', () => {
    const many = (count: number, last: JsonValue): JsonValue[] => [
      ...Array.from({ length: count }, (_, n) => ({ create: { name: 'many', body: { n, big: 9007199254740993n } } })),
      last,
    ];
    const transact = async (operations: readonly JsonValue[]) =>
      (
        await server.ask(
          'mutation ($operations: [Operation!]!, $n: Boolean) { transact(operations: $operations, dryRun: $n) { documents { body } } }',
          { operations, n: false },
        )
      ).json;

    test('carries out all of them, in order', async () => {
      const operations = many(1_000, { create: { name: 'last', body: {} } });
      const bodies = operations.map((operation) => at(operation, 'create', 'body'));
      expect(at(await transact(operations), 'data', 'transact', 'documents')).toEqual(bodies.map((body) => ({ body })));
    });

    test('tells what is wrong with one as it does among few', async () => {
      const [few, more] = [2, 700];
      for (const wrong of [{ create: { name: 1, body: {} } }, { create: {}, erase: null }, { unknown: 1 }, null]) {
        const [short, long] = [await transact(many(few, wrong)), await transact(many(more, wrong))];
        const told = JSON.stringify(at(short, 'errors')).replaceAll(`[${few}]`, `[${more}]`);
        expect(JSON.stringify(at(long, 'errors'))).toBe(told);
        expect(told).toContain(`at [${more}]`);
      }
    });

    test('tells which of them it was that could not be carried out', async () => {
      const missing = await transact(many(700, { erase: { id: givenId.replace(/^0/, 'f'), version: 1 } }));
      expect(missing).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND', operation: 700 } }] });
      const noId = await transact(many(700, { erase: { id: 'x', version: 1 } }));
      expect(noId).toMatchObject({ errors: [{ extensions: { code: 'INVALID_ARGUMENT', operation: 700 } }] });
    });
  });
});
