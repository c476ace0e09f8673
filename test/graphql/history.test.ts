import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../src/document/json.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

describe.each(engineVariants)('the past on the %s', (_name, openEngine) => {
  let server: GraphqlServer;
  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });
  afterAll(() => server.close());

  /** The value of the only root field, or the code and evidence of its error. */
  async function ask(query: string, variables: object = {}): Promise<JsonValue | undefined> {
    const { json } = await server.ask(query, variables);
    const error = at(json, 'errors', 0, 'extensions');
    return error ?? at(json.data, Object.keys(Object(json.data))[0] ?? '');
  }

  async function create(body: object): Promise<string> {
    const made = await ask('mutation ($body: JSON!) { createDocument(name: "n", body: $body) { id } }', { body });
    return String(at(made, 'id'));
  }

  const update = (id: string, version: number, body: object, fields = 'version') =>
    ask(
      `mutation ($id: ID!, $version: Int!, $body: JSON!) { updateDocument(id: $id, version: $version, body: $body) { ${fields} } }`,
      { id, version, body },
    );

  const getVersion = (id: string, version: number, archived = 'EXCLUDE') =>
    ask(
      `query ($id: ID!, $version: Int) { getDocument(id: $id, version: $version, archived: ${archived}) { version body } }`,
      { id, version },
    );

  const page = 'totalCount sequence nodes { version body } pageInfo { hasNextPage hasPreviousPage endCursor }';
  const history = (id: string, args: string) =>
    ask(`query ($id: ID!) { getDocument(id: $id, archived: INCLUDE) { history${args} { ${page} } } }`, { id });

  test('a version is read by its number, archived or live as it was then', async () => {
    const id = await create({ n: 1 });
    await update(id, 1, { n: 2 });
    await ask('mutation ($id: ID!) { archiveDocument(id: $id) { version } }', { id });
    expect(await getVersion(id, 1)).toEqual({ version: 1, body: { n: 1 } });
    expect(await getVersion(id, 2)).toEqual({ version: 2, body: { n: 2 } });
    expect(await getVersion(id, 3)).toBeNull();
    expect(await getVersion(id, 3, 'ONLY')).toEqual({ version: 3, body: { n: 2 } });
    expect(await getVersion(id, 2, 'ONLY')).toBeNull();
    expect(await getVersion(id, 4, 'INCLUDE')).toBeNull();
    expect(await getVersion(id, 0)).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'version' });
  });

  test('the history of a document comes newest first, page by page', async () => {
    const id = await create({ n: 1 });
    for (let version = 1; version < 5; version += 1) await update(id, version, { n: version + 1 });
    const versions: unknown[] = [];
    let after = '';
    for (const hasNextPage of [true, true, false]) {
      const found = at(await history(id, `(first: 2${after})`), 'history');
      expect(found).toMatchObject({
        totalCount: 5,
        sequence: expect.any(Number),
        pageInfo: { hasNextPage, hasPreviousPage: after !== '' },
      });
      const nodes = at(found, 'nodes');
      if (Array.isArray(nodes)) versions.push(...nodes);
      after = `, after: "${at(found, 'pageInfo', 'endCursor')}"`;
    }
    expect(versions).toEqual([5, 4, 3, 2, 1].map((version) => ({ version, body: { n: version } })));
    expect(at(await history(id, '(first: 0)'), 'history')).toMatchObject({
      nodes: [],
      pageInfo: { hasNextPage: true },
    });
  });

  test('what a mutation gives has its history up to that version; an old version has that before it', async () => {
    const id = await create({ n: 1 });
    const fields = 'history { totalCount nodes { version } }';
    expect(await update(id, 1, { n: 2 }, fields)).toEqual({
      history: { totalCount: 2, nodes: [{ version: 2 }, { version: 1 }] },
    });
    await update(id, 2, { n: 3 });
    const old = await ask(`query ($id: ID!) { getDocument(id: $id, version: 2) { ${fields} } }`, { id });
    expect(old).toEqual({ history: { totalCount: 2, nodes: [{ version: 2 }, { version: 1 }] } });
    const { json } = await server.ask(
      `mutation ($id: ID!) {
        archiveDocument(id: $id) { ${fields} }
        restoreDocument(id: $id) { ${fields} }
        eraseDocument(id: $id, version: 5)
      }`,
      { id },
    );
    expect(at(json, 'data', 'archiveDocument', 'history', 'totalCount')).toBe(4);
    expect(at(json, 'data', 'restoreDocument', 'history', 'nodes', 0)).toEqual({ version: 5 });
    expect(await getVersion(id, 1)).toBeNull();
  });

  test('lists, aggregates and single documents are read as of a sequence or a time', async () => {
    const created = await ask(
      'mutation ($body: JSON!) { createDocument(name: "n", table: "past", body: $body) { id sequence createdAt } }',
      { body: { n: 1 } },
    );
    const id = String(at(created, 'id'));
    const sequence = Number(at(created, 'sequence'));
    await update(id, 1, { n: 2 });
    const fields = `
      findDocuments(table: "past", filter: {path: "n", eq: 1}, asOf: $asOf) {
        totalCount sequence nodes { version body history { nodes { version } } }
      }
      aggregateDocuments(table: "past", measures: [{sum: "n", as: "n"}], asOf: $asOf) { values }
      getDocument(id: $id, asOf: $asOf) { version body }`;
    const query = `query ($id: ID!, $asOf: AsOf) { ${fields} now: getDocument(id: $id) { version history { totalCount } } }`;
    const then = {
      findDocuments: {
        totalCount: 1,
        sequence,
        nodes: [{ version: 1, body: { n: 1 }, history: { nodes: [{ version: 1 }] } }],
      },
      aggregateDocuments: [{ values: { n: 1 } }],
      getDocument: { version: 1, body: { n: 1 } },
      now: { version: 2, history: { totalCount: 2 } },
    };
    expect((await server.ask(query, { id, asOf: { sequence } })).json).toEqual({ data: then });
    const { json: newest } = await server.ask(query, { id, asOf: { time: '2200-01-01T00:00:00Z' } });
    expect(at(newest, 'data', 'getDocument')).toEqual({ version: 2, body: { n: 2 } });
    expect(at(newest, 'data', 'aggregateDocuments')).toEqual([{ values: { n: 2 } }]);
    const { json: before } = await server.ask(query, { id, asOf: { time: '2020-01-01T00:00:00Z' } });
    expect(at(before, 'data', 'getDocument')).toBeNull();
    expect(at(before, 'data', 'findDocuments')).toEqual({ totalCount: 0, sequence: 0, nodes: [] });
  });

  test('a state that is still to come, and none or two of sequence and time, are refused', async () => {
    const find = (asOf: object) => ask('query ($asOf: AsOf) { findDocuments(asOf: $asOf) { totalCount } }', { asOf });
    expect(await find({ sequence: 1_000_000 })).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'asOf.sequence' });
    for (const asOf of [{}, { sequence: 1, time: '2200-01-01T00:00:00Z' }, { sequence: null }, { time: 'yesterday' }]) {
      const { json } = await server.ask('query ($asOf: AsOf) { findDocuments(asOf: $asOf) { totalCount } }', { asOf });
      expect(at(json, 'errors', 0, 'message')).toEqual(expect.any(String));
    }
  });

  test('a page and a cursor that are none are refused', async () => {
    const id = await create({});
    expect(await history(id, '(first: -1)')).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'first' });
    expect(await history(id, '(after: "x")')).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'after' });
    const list = await ask('{ findDocuments { pageInfo { endCursor } } }');
    const cursor = at(list, 'pageInfo', 'endCursor');
    expect(await history(id, `(after: "${cursor}")`)).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'after' });
  });
});
