import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

describe.each(engineVariants)('tables and indexes on the %s', (_name, openEngine) => {
  let server: GraphqlServer;
  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });
  afterAll(() => server.close());

  /** The value of the only root field, or the code and evidence of its error. */
  async function ask(query: string, variables: object = {}) {
    const { json } = await server.ask(query, variables);
    const error = at(json, 'errors', 0, 'extensions');
    return error ?? Object.values(Object(json.data))[0];
  }

  const create = (table: string, body: object) =>
    ask('mutation ($table: String!, $body: JSON!) { createDocument(name: "n", table: $table, body: $body) { id } }', {
      table,
      body,
    });

  const email = { type: 'object', properties: { email: { type: 'string' } }, required: ['email'] };

  test('a table is made with settings, read, changed and dropped', async () => {
    const made = await ask(
      `mutation ($schema: JSON) {
        createTable(name: "users", settings: {schema: $schema, uniquePaths: ["email"]}) {
          name settings { schema uniquePaths readOnly } documentCount archivedCount bodyBytes createdAt
          indexes { table path paths kind unique archived state filled entries createdAt }
        }
      }`,
      { schema: email },
    );
    const index = {
      table: 'users',
      path: 'email',
      paths: ['email'],
      unique: true,
      state: 'READY',
      filled: 0,
      entries: 0,
    };
    expect(made).toMatchObject({
      name: 'users',
      settings: { schema: email, uniquePaths: ['email'], readOnly: false },
      documentCount: 0,
      archivedCount: 0,
      bodyBytes: 0,
      createdAt: expect.any(String),
      indexes: [index],
    });
    expect(await create('users', { email: 'a' })).toMatchObject({ id: expect.any(String) });
    expect(await create('users', { email: 1 })).toMatchObject({
      code: 'SCHEMA_VIOLATION',
      violations: [{ path: 'email', message: expect.any(String) }],
    });
    expect(await create('users', { email: 'a' })).toMatchObject({
      code: 'UNIQUE_VIOLATION',
      path: 'email',
      conflictingId: expect.any(String),
    });
    const counts = '{ table(name: "users") { documentCount bodyBytes indexes { entries } } }';
    expect(await ask(counts)).toEqual({ documentCount: 1, bodyBytes: 13, indexes: [{ entries: 1 }] });
    const closed = await ask(
      'mutation { updateTable(name: "users", settings: {readOnly: true}) { settings { readOnly schema } } }',
    );
    expect(closed).toEqual({ settings: { readOnly: true, schema: email } });
    expect(await create('users', { email: 'b' })).toMatchObject({ code: 'TABLE_READ_ONLY', table: 'users' });
    await ask('mutation { updateTable(name: "users", settings: {readOnly: false}) { name } }');
    expect(await ask('mutation { dropTable(name: "users") }')).toBe(true);
    expect(await ask('{ table(name: "users") { name } }')).toBeNull();
    expect(await ask('mutation { dropTable(name: "users") }')).toMatchObject({ code: 'NOT_FOUND', table: 'users' });
  });

  test('a stricter schema names the documents that do not fit; dryRun writes nothing either way', async () => {
    for (const body of [{ email: 'a' }, {}, { email: 7 }]) await create('old', body);
    const change = (dryRun: boolean, schema: object | null) =>
      ask(
        'mutation ($schema: JSON, $dryRun: Boolean) { updateTable(name: "old", settings: {schema: $schema}, dryRun: $dryRun) { settings { schema } } }',
        { schema, dryRun },
      );
    for (const dryRun of [true, false]) {
      expect(await change(dryRun, email)).toMatchObject({
        code: 'SCHEMA_VIOLATION',
        count: 2,
        documents: [
          { id: expect.any(String), violations: [{ message: expect.any(String) }] },
          { id: expect.any(String), violations: [{ path: 'email' }] },
        ],
      });
    }
    const loose = { type: 'object' };
    await change(true, loose);
    expect(await ask('{ table(name: "old") { settings { schema } } }')).toEqual({ settings: { schema: null } });
    expect(await change(false, loose)).toEqual({ settings: { schema: loose } });
    expect(await change(false, null)).toEqual({ settings: { schema: null } });
  });

  test('what is no schema is refused', async () => {
    const make = (schema: unknown) =>
      ask('mutation ($schema: JSON) { createTable(name: "bad", settings: {schema: $schema}) { name } }', { schema });
    expect(await make({ type: 'nonsense' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await make('text')).toMatchObject({ code: 'INVALID_ARGUMENT', path: 'settings.schema' });
    expect(await ask('{ table(name: "bad") { name } }')).toBeNull();
  });

  test('a schema whose references double at every level is refused, and so is a body in which they do', async () => {
    const make = (table: string, schema: object) =>
      ask(
        'mutation ($table: String!, $schema: JSON) { createTable(name: $table, settings: {schema: $schema}) { name } }',
        {
          table,
          schema,
        },
      );
    const twice = ($ref: string) => ({ allOf: [{ $ref }, { $ref }] });
    const levels = Array.from({ length: 40 }, (_, level) => [`level${level}`, twice(`#/$defs/level${level + 1}`)]);
    const doubling = { $ref: '#/$defs/level0', $defs: { ...Object.fromEntries(levels), level40: {} } };
    expect(await make('doubled', doubling)).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 100_000 });

    const dynamic = { allOf: [{ $dynamicRef: '#node' }, { $dynamicRef: '#node' }] };
    const recursive = { $dynamicAnchor: 'node', properties: { a: twice('#'), b: dynamic } };
    expect(await make('recursive', recursive)).toEqual({ name: 'recursive' });
    const chain = (key: string, length: number): object => (length === 0 ? {} : { [key]: chain(key, length - 1) });
    expect(await create('recursive', chain('a', 40))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await create('recursive', chain('b', 40))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await create('recursive', chain('a', 8))).toEqual({ id: expect.any(String) });
  });

  test('a long list may follow a reference for each of its elements', async () => {
    const schema = { properties: { list: { items: { $ref: '#/$defs/digit' } } }, $defs: { digit: { type: 'number' } } };
    await ask('mutation ($schema: JSON) { createTable(name: "long", settings: {schema: $schema}) { name } }', {
      schema,
    });
    const list = Array.from({ length: 150_000 }, (_, index) => index % 10);
    expect(await create('long', { list })).toEqual({ id: expect.any(String) });
    expect(await create('long', { list: [...list, 'x'] })).toMatchObject({
      code: 'SCHEMA_VIOLATION',
      violations: [{ path: 'list.150000' }],
    });
  });

  test('decimals are multiples as they are written, and of any size', async () => {
    const schema = { properties: { price: { multipleOf: 0.01 }, count: { multipleOf: 1 } } };
    await ask('mutation ($schema: JSON) { createTable(name: "prices", settings: {schema: $schema}) { name } }', {
      schema,
    });
    expect(await create('prices', { price: 19.99, count: 1e30 })).toEqual({ id: expect.any(String) });
    expect(await create('prices', { price: 0.07 })).toEqual({ id: expect.any(String) });
    expect(await create('prices', { price: 0.075 })).toMatchObject({ code: 'SCHEMA_VIOLATION' });
    expect(await create('prices', { count: 1.5 })).toMatchObject({ code: 'SCHEMA_VIOLATION' });
  });

  test('a property __proto__ is checked by a pattern, and a schema that would pass over it is refused', async () => {
    const make = (schema: string) =>
      ask(`mutation { createTable(name: "proto", settings: {schema: ${schema}}) { name } }`);
    expect(await make('{properties: {__proto__: {type: "number"}}}')).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const { json } = await server.ask(
      'mutation ($schema: JSON) { createTable(name: "proto", settings: {schema: $schema}) { name } }',
      { schema: { patternProperties: { '^__proto__$': { type: 'number' } } } },
    );
    expect(json).toEqual({ data: { createTable: { name: 'proto' } } });
    expect(await create('proto', Object.fromEntries([['__proto__', 'x']]))).toMatchObject({ code: 'SCHEMA_VIOLATION' });
    expect(await create('proto', Object.fromEntries([['__proto__', 1]]))).toEqual({ id: expect.any(String) });
  });

  test('an index is made of one path or of several, and dropped', async () => {
    await create('cities', { name: 'Kyiv', at: { lat: 50 } });
    const compound =
      'createIndex(table: "cities", paths: ["name", "at.lat"]) { path paths kind unique archived state entries }';
    expect(await ask(`mutation { ${compound} }`)).toEqual({
      path: 'name',
      paths: ['name', 'at.lat'],
      kind: 'ORDERED',
      unique: false,
      archived: 'INCLUDE',
      state: 'READY',
      entries: 1,
    });
    expect(await ask('mutation { createIndex(table: "cities", path: "name", kind: HASH) { kind } }')).toEqual({
      kind: 'HASH',
    });
    expect(await ask('mutation { createIndex(table: "cities", path: "name") { kind } }')).toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect(await ask('mutation { dropIndex(table: "cities", paths: ["name", "at.lat"]) }')).toBe(true);
    expect(await ask('mutation { dropIndex(table: "cities", path: "at.lat") }')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await ask('{ table(name: "cities") { indexes { path kind } } }')).toEqual({
      indexes: [{ path: 'name', kind: 'HASH' }],
    });
  });

  test.each(['', 'path: "a", paths: ["b"]', 'paths: []', 'path: "$nothing"'])(
    'an index of these paths is refused: %s',
    async (paths) => {
      expect(await ask(`mutation { createIndex(table: "cities", ${paths}) { path } }`)).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    },
  );

  test('an index cannot be made unique over values that are there twice: both documents are named', async () => {
    await create('twice', { email: 'a' });
    await create('twice', { email: 'a' });
    expect(await ask('mutation { createIndex(table: "twice", path: "email", unique: true) { path } }')).toMatchObject({
      code: 'UNIQUE_VIOLATION',
      path: 'email',
      conflictingIds: [expect.any(String), expect.any(String)],
    });
    expect(await ask('{ table(name: "twice") { indexes { path } } }')).toEqual({ indexes: [] });
  });

  test('tables are listed by name, the default one among them', async () => {
    await create('zebra', {});
    const names = Array.from(Object(await ask('{ tables { name createdAt } }')), (table) => Object(table).name);
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['default', 'zebra']));
  });
});
