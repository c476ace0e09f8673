import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../src/document/json-parser.ts';
import { at, type GraphqlServer, startGraphqlServer } from '../graphql/graphql-server.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { send } from '../support/http-client.ts';

/** What every object inherits, and what a server that uses objects as maps finds there. */
const names = ['__proto__', 'constructor', 'toString', 'prototype', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
const types = [Object, Array, Function, String, Number, Map, Set, Promise, Error, RegExp, Date];

const shapes = () => types.map(({ prototype }) => Reflect.ownKeys(prototype).map(String).join(' '));

describe.each(engineVariants)('Names that objects inherit, on the %s', (_name, openEngine) => {
  let server: GraphqlServer;
  const before = shapes();

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(async () => {
    await server.close();
    expect(shapes()).toEqual(before);
  });

  const ask = (path: string, method = 'GET', body?: string, headers: Readonly<Record<string, string>> = {}) =>
    send(`${server.url}${path}`, {
      method,
      ...(body !== undefined && { body }),
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    });

  test.each(names)('%s is plain data as a key, at any depth and with any value', async (name) => {
    const body = `{"${name}":{"${name}":[{"${name}":1}],"polluted":true}}`;
    const created = await ask('/document/create', 'POST', `{"name":"${name}","body":${body}}`);
    expect(created.status).toBe(200);
    expect(created.text).toContain(`"name":"${name}","body":${body}`);
    const found = await ask('/document/find', 'POST', body);
    expect(parseJson(found.text)).toEqual([parseJson(created.text)]);
  });

  test.each(names)(
    '%s is a path like all others: of filters, orders, groups, values, increments and indexes',
    async (name) => {
      const query = `mutation ($id: ID!, $table: String!, $increment: JSON!) {
      createDocument(id: $id, table: $table, name: "n", body: {}) { version }
      patchDocument(id: $id, change: {increment: $increment}) { value(path: "${name}") none: value(path: "a.${name}") }
      createIndex(table: $table, path: "${name}") { path entries }
    }`;
      const id = crypto.randomUUID();
      const table = `paths of ${name}`;
      const increment = parseJson(`{"${name}":1}`);
      const made = await server.ask(query, { id, table, increment });
      expect(made.json).toEqual({
        data: {
          createDocument: { version: 1 },
          patchDocument: { value: 1, none: null },
          createIndex: { path: name, entries: 1 },
        },
      });
      const read = await server.ask(
        `query ($table: String!) {
        findDocuments(table: $table, filter: {path: "${name}", gte: 1}, orderBy: [{path: "${name}"}]) { totalCount }
        none: findDocuments(table: $table, filter: {path: "a.${name}", exists: true}) { totalCount }
        aggregateDocuments(table: $table, groupBy: ["${name}"], measures: [{count: true, as: "${name}s"}]) { key values }
      }`,
        { table },
      );
      expect(at(read.json, 'data', 'findDocuments', 'totalCount')).toBe(1);
      expect(at(read.json, 'data', 'none', 'totalCount')).toBe(0);
      expect(at(read.json, 'data', 'aggregateDocuments')).toEqual([
        { key: parseJson(`{"${name}":1}`), values: { [`${name}s`]: 1 } },
      ]);
    },
  );

  test.each(names)('%s is a table like all others', async (name) => {
    expect((await ask(`/table/${name}`)).status).toBe(404);
    expect((await ask('/table/create', 'POST', `{"name":"${name}"}`)).status).toBe(200);
    expect((await ask('/document/create', 'POST', `{"table_name":"${name}","body":{"a":1}}`)).status).toBe(200);
    expect((await ask(`/table/${name}/documents`)).json).toHaveLength(1);
    expect((await ask(`/table/${name}`, 'DELETE')).status).toBe(200);
    expect((await ask(`/table/${name}`)).status).toBe(404);
  });

  test.each(names)('%s is no endpoint, parameter, header, media type, id or operation that there is', async (name) => {
    expect((await ask(`/${name}`)).status).toBe(404);
    expect((await ask(`/document/get/${name}`)).status).toBe(422);
    expect((await ask(`/ping?${name}=1&${name}[polluted]=1`, 'GET', undefined, { [name]: '1' })).status).toBe(200);
    expect((await ask('/document/create', 'POST', '{}', { 'content-type': name })).status).toBe(415);
    expect((await ask('/document/transaction', 'POST', `{"operations":[{"op":"${name}"}]}`)).status).toBe(422);
    expect(
      (await ask('/document/combine', 'POST', `{"name":"n","document_ids":[],"merge_strategy":"${name}"}`)).status,
    ).toBe(422);
    expect((await ask('/graphql', 'POST', `{"query":"{__typename}","${name}":{"query":"{a}"}}`)).status).toBe(400);
    expect((await ask('/graphql', 'POST', `{"query":"{${name}}"}`)).json).toMatchObject({
      errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }],
    });
  });

  test.each(names)('%s is an alias, a variable and a fragment of GraphQL like all others', async (name) => {
    const query = `query Q($${name}: String!) { ${name}: table(name: $${name}) { ...${name} } } fragment ${name} on Table { ${name}: name }`;
    const { json } = await server.ask(query, parseJson(`{"${name}":"default"}`) as object);
    expect(json).toEqual(parseJson(`{"data":{"${name}":{"${name}":"default"}}}`));
    expect((await server.ask(query, {})).json).toMatchObject({ errors: [{ message: expect.stringContaining(name) }] });
  });
});
