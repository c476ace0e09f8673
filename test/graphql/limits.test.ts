import { Source } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { LimitExceededError } from '../../src/errors.ts';
import { defaultGraphqlDocumentLimits, parseGraphqlDocument } from '../../src/graphql/document-limits.ts';
import type { GraphqlOptions } from '../../src/graphql/graphql-plugin.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

const limits = defaultGraphqlDocumentLimits(200);
const parse = (text: string) => parseGraphqlDocument(new Source(text), limits);
const limitOf = (text: string): unknown => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof LimitExceededError) return error.evidence.limit;
    throw error;
  }
  return undefined;
};

describe('the limits of a GraphQL document', () => {
  test.each([
    ['tokens', `{ a(x: [${'1 '.repeat(100_000)}]) }`, limits.tokensMax],
    ['lists in a literal', `{ a(x: ${'['.repeat(20_000)}${']'.repeat(20_000)}) }`, limits.nestingMax],
    ['objects in a literal', `{ a(x: ${'{k: '.repeat(20_000)}1${'}'.repeat(20_000)}) }`, limits.nestingMax],
    ['lists that never end', `{ a(x: ${'['.repeat(20_000)}`, limits.nestingMax],
    ['selection sets without end', '{a'.repeat(20_000), limits.nestingMax],
    ['selection sets', `${'{a'.repeat(33)}${'}'.repeat(33)}`, limits.depthMax],
    ['inline fragments', `${'{... '.repeat(33)}{a}${'}'.repeat(33)}`, limits.depthMax],
    ['list types of a variable', `query ($v: ${'['.repeat(20_000)}Int${']'.repeat(20_000)}) {a}`, limits.nestingMax],
    ['fields', `{ ${'a '.repeat(5_001)} }`, limits.fieldsMax],
    ['fields of one name side by side', `{ ${'a '.repeat(5_000)} }`, limits.comparisonsMax],
    [
      'fields of one name side by side in a fragment that nothing spreads',
      `{ b } fragment F on Query { ${'a '.repeat(5_000)} }`,
      limits.comparisonsMax,
    ],
    ['aliases', `{ ${'x:a '.repeat(1_001)} }`, limits.aliasesMax],
    [
      'aliases of doubled fragments',
      `{...F0} ${chain(10, (next) => `{a{...${next}} b:a{...${next}}}`)}`,
      limits.aliasesMax,
    ],
    ['directives', `{ a ${'@skip(if: false) '.repeat(501)} }`, limits.directivesMax],
    ['directives of operations', 'query A @x @x @x @x @x @x {a} '.repeat(90), limits.directivesMax],
    ['directives of fragments', `${'{...A}'} fragment A on Query ${'@x '.repeat(501)} {a}`, limits.directivesMax],
    ['definitions', 'query A {a} '.repeat(101), limits.definitionsMax],
    ['a chain of fragments', `{...F0} ${chain(60, (next) => `{...${next}}`)}`, limits.depthMax],
    ['a chain of fragments that nothing spreads', `{a} ${chain(60, (next) => `{a{...${next}}}`)}`, limits.depthMax],
    ['fragments that double', `{...F0} ${chain(14, (next) => `{a{...${next}} a{...${next}}}`)}`, limits.fieldsMax],
  ])('%s are limited', (_what, text, limit) => {
    expect(limitOf(text)).toBe(limit);
  });

  test('what is within the limits is parsed', () => {
    for (const text of [
      `{ a(x: [${'1 '.repeat(99_000)}]) }`,
      `{ a(x: ${'['.repeat(200)}${']'.repeat(200)}) }`,
      `${'{a'.repeat(32)}${'}'.repeat(32)}`,
      `{ ${Array.from({ length: 5_000 }, (_, index) => `a${index}`).join(' ')} }`,
      `{ ${'a '.repeat(700)} }`,
      '{ ...A } fragment A on Query { ...A }',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { a { ...A } }',
      '{ ...Missing }',
      `# ${'['.repeat(20_000)}\n{ a(x: "${'['.repeat(20_000)}", y: """${'{'.repeat(20_000)}""") }`,
    ]) {
      expect(limitOf(text)).toBeUndefined();
    }
  });

  /** F0 spreads F1, which spreads F2, and so on; the last one selects a field. */
  function chain(length: number, body: (next: string) => string): string {
    const links = Array.from({ length }, (_, index) => `fragment F${index} on Query ${body(`F${index + 1}`)}`);
    return `${links.join(' ')} fragment F${length} on Query {a}`;
  }
});

describe('limits over HTTP', () => {
  let server: GraphqlServer;

  beforeAll(async () => {
    const [[, openEngine] = []] = engineVariants;
    if (openEngine === undefined) throw new Error('Expected an engine');
    server = await startGraphqlServer(openEngine, { http: { bodyBytesMax: 1024 * 1024 } });
  });

  afterAll(() => server.close());

  async function startLimited(graphql: Partial<GraphqlOptions>): Promise<GraphqlServer & AsyncDisposable> {
    const [[, openEngine] = []] = engineVariants;
    if (openEngine === undefined) throw new Error('Expected an engine');
    const limited = await startGraphqlServer(openEngine, { graphql });
    return { ...limited, [Symbol.asyncDispose]: () => limited.close() };
  }

  test('a literal of 20,000 levels is refused with LIMIT_EXCEEDED', async () => {
    const literal = `{a: ${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const { status, json } = await server.ask(`mutation { createDocument(name: "n", body: ${literal}) { id } }`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: expect.any(Number) } }] });
  });

  test('a literal within the nesting of the document, but beyond that of JSON, is refused with its path', async () => {
    const literal = `{a: ${'['.repeat(512)}${']'.repeat(512)}}`;
    const { json } = await server.ask(`mutation { createDocument(name: "n", body: ${literal}) { id } }`);
    expect(at(json, 'errors', 0, 'extensions')).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 512 });
    expect(at(json, 'errors', 0, 'extensions', 'path')).toMatch(/^body\.a\.0\.0/);
  });

  test('fragments that spread themselves are refused by validation', async () => {
    const { json } = await server.ask('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }');
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }] });
    expect(at(json, 'errors', 0, 'message')).toContain('Cannot spread fragment');
  });

  test('validation stops after so many errors', async () => {
    const { json } = await server.ask(`{ ${Array.from({ length: 500 }, (_, index) => `wrong${index}`).join(' ')} }`);
    expect(json.errors).toHaveLength(21);
    expect(at(json, 'errors', 20, 'message')).toContain('Too many validation errors');
  });

  test('a body over the limit is refused with 413, as an error of GraphQL', async () => {
    const { status, json } = await server.ask(`# ${'x'.repeat(1024 * 1024)}\n{ status { version } }`);
    expect(status).toBe(413);
    expect(json).toMatchObject({ errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE', limit: 1024 * 1024 } }] });
  });

  test.each([
    ['a page', '{ findDocuments(first: 1000) { nodes { id version } } }', 2 + 1000 * 2],
    ['a page of the default size', '{ findDocuments { nodes { id } } }', 2 + 100],
    ['the last ones of a page', '{ findDocuments(last: 500) { edges { node { id } } } }', 2 + 500 * 2],
    [
      'pages in pages',
      '{ findDocuments(first: 50) { nodes { history(first: 40) { nodes { id } } } } }',
      2 + 50 * (2 + 40),
    ],
    [
      'what is in fragments',
      '{ findDocuments(first: 900) { ...A } } fragment A on DocumentConnection { nodes { id } totalCount }',
      3 + 900,
    ],
    [
      'aliases of one page',
      `{ ${Array.from({ length: 10 }, (_, n) => `a${n}: findDocuments(first: 90) { nodes { id } }`)} }`,
      920,
    ],
    ['groups', '{ aggregateDocuments(measures: [{count: true, as: "n"}], first: 800) { key values } }', 1 + 1600],
    ['tables', '{ tables { name indexes { path } } }', 1 + 10 * (2 + 10)],
  ])('%s costs a value for each field of each element', async (_what, query, cost) => {
    for (const [costMax, refused] of [
      [cost, false],
      [cost - 1, true],
    ] as const) {
      await using limited = await startLimited({ documentLimits: { costMax } });
      const { json } = await limited.ask(query);
      expect(at(json, 'errors', 0, 'extensions')).toEqual(
        refused ? { code: 'LIMIT_EXCEEDED', limit: cost - 1, actual: cost } : undefined,
      );
    }
  });

  test('the size of a page counts where it is a variable, at each request, with its default', async () => {
    await using limited = await startLimited({ documentLimits: { costMax: 1_000 } });
    const query = 'query ($n: Int = 900) { findDocuments(first: $n) { nodes { id } } }';
    const codes: unknown[] = [];
    for (const variables of [{ n: 100 }, { n: 999 }, {}, { n: 100 }, { n: null }]) {
      codes.push(at((await limited.ask(query, variables)).json, 'errors', 0, 'extensions', 'code'));
    }
    expect(codes).toEqual([undefined, 'LIMIT_EXCEEDED', undefined, undefined, undefined]);
  });

  test('a mutation that costs too much is not executed', async () => {
    await using limited = await startLimited({ documentLimits: { costMax: 10 } });
    const { json } = await limited.ask(
      'mutation { createDocument(name: "n", body: {}) { history(first: 50) { nodes { id } } } }',
    );
    expect(at(json, 'errors', 0, 'extensions', 'code')).toBe('LIMIT_EXCEEDED');
    expect((await limited.database.status(anonymous)).sequence).toBe(0);
  });

  test('introspection can be refused, and then no error suggests a name', async () => {
    await using closed = await startLimited({ documentLimits: { introspection: 'refused' } });
    for (const query of [
      '{ __schema { types { name } } }',
      '{ ...A } fragment A on Query { x: __type(name: "Query") { name } }',
    ]) {
      const { json } = await closed.ask(query);
      expect(json).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
      expect(json.data).toBeUndefined();
    }
    const wrong = '{ findDocument { nodes { id } } }';
    const variable = [
      'query ($f: DocumentFilter) { findDocuments(filter: $f) { nodes { id } } }',
      { f: { pat: 'a' } },
    ] as const;
    expect(JSON.stringify((await closed.ask(wrong)).json)).not.toContain('Did you mean');
    expect(JSON.stringify((await closed.ask(...variable)).json)).not.toContain('Did you mean');
    expect(JSON.stringify((await server.ask(wrong)).json)).toContain('Did you mean');
    expect(JSON.stringify((await server.ask(...variable)).json)).toContain('Did you mean');
    expect((await closed.ask('{ __typename status { __typename } }')).json.errors).toBeUndefined();
  });

  test('introspection is within the limits', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    const { json } = await server.ask(getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true }));
    expect(json.errors).toBeUndefined();
    expect(at(json, 'data', '__schema', 'types')).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'DocumentConnection' })]),
    );
  });
});

describe('an answer that would be too long', () => {
  const body = { text: 'x'.repeat(1_000) };
  const tooLong = { errors: [{ message: expect.any(String), extensions: { code: 'LIMIT_EXCEEDED', limit: 5_000 } }] };
  let server: GraphqlServer;

  beforeAll(async () => {
    const [[, openEngine] = []] = engineVariants;
    if (openEngine === undefined) throw new Error('Expected an engine');
    server = await startGraphqlServer(openEngine, { graphql: { answerLengthMax: 5_000 } });
  });

  afterAll(() => server.close());

  const aliases = (count: number, field: string) =>
    Array.from({ length: count }, (_, index) => `f${index}: ${field}`).join(' ');

  test('is LIMIT_EXCEEDED in its place, and what was executed stands', async () => {
    const create = `mutation ($body: JSON!) { ${aliases(5, 'createDocument(name: "n", body: $body) { id body }')} }`;
    expect((await server.ask(create, { body })).json).toEqual({ ...tooLong, data: null });
    const { json } = await server.ask('{ findDocuments { totalCount nodes { id } } }');
    expect(at(json, 'data', 'findDocuments', 'totalCount')).toBe(5);

    expect((await server.ask('{ findDocuments { nodes { body } } }')).json).toEqual({ ...tooLong, data: null });
    expect((await server.ask('{ findDocuments(first: 4) { nodes { body } } }')).json.errors).toBeUndefined();

    // Each conflict tells the document as it is now.
    const id = at(json, 'data', 'findDocuments', 'nodes', 0, 'id');
    const update = `updateDocument(id: "${id}", version: 7, body: {}) { id }`;
    expect((await server.ask(`mutation { ${aliases(5, update)} }`)).json).toEqual({ ...tooLong, data: null });
    expect((await server.ask(`mutation { ${aliases(3, update)} }`)).json.errors).toHaveLength(3);
  });
});
