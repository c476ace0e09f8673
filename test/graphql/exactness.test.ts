import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineKey, type JsonValue } from '../../src/document/json.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, readAnswer, startGraphqlServer } from './graphql-server.ts';

const nested = (depth: number): JsonValue => {
  let value: JsonValue = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { k: value };
  return value;
};

const proto: Record<string, JsonValue> = {};
defineKey(proto, '__proto__', { polluted: true });
defineKey(proto, 'constructor', 1);

/** Each as JSON and as a GraphQL literal. */
const exactValues: readonly (readonly [name: string, value: JsonValue, literal: string])[] = [
  ['2^53 + 1', 9007199254740993n, '9007199254740993'],
  ['-(2^53 + 1)', -9007199254740993n, '-9007199254740993'],
  ['2^60, which a double holds', 2 ** 60, '1152921504606846976'],
  ['a very large integer', 10n ** 100n + 1n, `1${'0'.repeat(99)}1`],
  ['decimals', [0.1, 1e-7, 1.7976931348623157e308, 5e-324], '[0.1, 1e-7, 1.7976931348623157e308, 5e-324]'],
  ['astral characters', '😀\u{10FFFF}', '"😀\\u{10FFFF}"'],
  ['NUL and other controls', '\u0000\u001f\u2028', '"\\u0000\\u001f\\u2028"'],
  ['prototype keys', proto, '{__proto__: {polluted: true}, constructor: 1}'],
  ['empty things', ['', {}, [], null, false, 0], '["", {}, [], null, false, 0]'],
];

describe.each(engineVariants)('JSON through GraphQL on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  const createByVariable = 'mutation ($body: JSON!) { createDocument(name: "n", body: $body) { id body } }';

  async function stored(query: string, variables?: object): Promise<JsonValue | undefined> {
    const { json } = await server.ask(query, variables);
    expect(json.errors).toBeUndefined();
    const id = at(json, 'data', 'createDocument', 'id');
    const { json: again } = await server.ask('query ($id: ID!) { getDocument(id: $id) { body } }', { id });
    const body = at(again, 'data', 'getDocument', 'body');
    expect(body).toStrictEqual(at(json, 'data', 'createDocument', 'body'));
    return body;
  }

  test.each(exactValues)(
    '%s: the same by a variable, by a literal, and by a variable in a literal',
    async (_case, value, literal) => {
      const body = { value };
      expect(await stored(createByVariable, { body })).toStrictEqual(body);
      expect(
        await stored(`mutation { createDocument(name: "n", body: {value: ${literal}}) { id body } }`),
      ).toStrictEqual(body);
      const mixed = 'mutation ($value: JSON) { createDocument(name: "n", body: {value: $value}) { id body } }';
      expect(await stored(mixed, { value })).toStrictEqual(body);
    },
  );

  test('-0 is stored as 0', async () => {
    const body = await stored('mutation { createDocument(name: "n", body: {a: -0, b: -0.0}) { id body } }');
    expect(body).toStrictEqual({ a: 0, b: 0 });
  });

  test('a variable in a literal that is not set leaves its key out, and is null in a list', async () => {
    const query =
      'mutation ($unset: JSON) { createDocument(name: "n", body: {a: $unset, b: [1, $unset]}) { id body } }';
    expect(await stored(query)).toStrictEqual({ b: [1, null] });
    const typed = 'mutation ($n: Int = 3, $s: String) { createDocument(name: "n", body: {n: $n, s: $s}) { id body } }';
    expect(await stored(typed, { s: 'x' })).toStrictEqual({ n: 3, s: 'x' });
  });

  test('deep and wide bodies', async () => {
    const deep = { value: nested(400) };
    expect(await stored(createByVariable, { body: deep })).toStrictEqual(deep);
    const literal = `{value: ${'['.repeat(200)}1${']'.repeat(200)}}`;
    expect(JSON.stringify(await stored(`mutation { createDocument(name: "n", body: ${literal}) { id body } }`))).toBe(
      `{"value":${'['.repeat(200)}1${']'.repeat(200)}}`,
    );
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}`);
    const wide = Object.fromEntries(keys.map((key) => [key, 1]));
    expect(await stored(createByVariable, { body: wide })).toStrictEqual(wide);
    const wideLiteral = `{${keys.map((key) => `${key}: 1`).join(' ')}}`;
    expect(await stored(`mutation { createDocument(name: "n", body: ${wideLiteral}) { id body } }`)).toStrictEqual(
      wide,
    );
  });

  test('filters compare exactly, by variables and by literals', async () => {
    await stored(createByVariable, { body: { big: 9007199254740993n } });
    const count = async (query: string, variables?: object) =>
      at((await server.ask(query, variables)).json, 'data', 'findDocuments', 'totalCount');
    const byVariable = 'query ($v: JSON) { findDocuments(filter: {path: "big", eq: $v}) { totalCount } }';
    expect(await count(byVariable, { v: 9007199254740993n })).toBe(1);
    expect(await count(byVariable, { v: 9007199254740992 })).toBe(0);
    expect(await count('{ findDocuments(filter: {path: "big", eq: 9007199254740993}) { totalCount } }')).toBe(1);
    expect(await count('{ findDocuments(filter: {match: {big: 9007199254740992}}) { totalCount } }')).toBe(0);
    expect(await count('{ findDocuments(filter: {path: "big", gt: 9007199254740992}) { totalCount } }')).toBe(1);
  });

  test('variables in the URL of a query are exact too', async () => {
    await stored(createByVariable, { body: { url: 9007199254740995n } });
    const query = 'query ($v: JSON) { findDocuments(filter: {path: "url", eq: $v}) { nodes { body } } }';
    const url = `${server.endpoint}?query=${encodeURIComponent(query)}&variables=${encodeURIComponent('{"v":9007199254740995}')}`;
    const { json } = await readAnswer(await fetch(url));
    expect(json).toEqual({ data: { findDocuments: { nodes: [{ body: { url: 9007199254740995n } }] } } });
  });

  test('the current document of a conflict is exact', async () => {
    const { json } = await server.ask(createByVariable, { body: { big: 9007199254740993n } });
    const id = at(json, 'data', 'createDocument', 'id');
    const answer = await server.ask('mutation ($id: ID!) { updateDocument(id: $id, version: 5, body: {}) { id } }', {
      id,
    });
    expect(at(answer.json, 'errors', 0, 'extensions', 'current', 'body')).toEqual({ big: 9007199254740993n });
  });

  test.each([
    ['a number that overflows', '{"a":[1,1e400]}', 'variables.body.a.1'],
    ['a lone surrogate', '{"a":"\\ud800"}', 'variables.body.a'],
    ['a key that comes twice', '{"a":{"b":1,"b":2}}', 'variables.body.a.b'],
  ])('by a variable %s is refused with its path', async (_case, body, path) => {
    const response = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query":${JSON.stringify(createByVariable)},"variables":{"body":${body}}}`,
    });
    const { status, json } = await readAnswer(response);
    expect(status).toBe(400);
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'INVALID_ARGUMENT', path } }] });
  });
});
