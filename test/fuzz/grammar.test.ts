import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLNamedType,
  getNamedType,
  isInputObjectType,
  isObjectType,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { expect, test } from 'vitest';
import { SeededRandom } from '../fault/seeded-random.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { startListeningServer } from '../support/listening-server.ts';
import { fuzzRequest } from './fuzz-request.ts';
import { graphqlRequest } from './graphql-grammar.ts';
import { restRequest } from './rest-grammar.ts';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));

test('the same seed makes the same requests, another one others', () => {
  const texts = (seed: number) =>
    Array.from({ length: 100 }, (_, index) => fuzzRequest(seed, index).bytes.toString('hex'));
  expect(texts(1)).toEqual(texts(1));
  expect(texts(2)).not.toEqual(texts(1));
});

test('the grammar of GraphQL reaches every field, argument and input of the schema, and is mostly right', () => {
  const random = new SeededRandom(1);
  const drafts = Array.from({ length: 4_000 }, () => graphqlRequest(random));
  const queries = drafts.map(({ path, body }) => queryOf(path, body));
  const text = `${queries.join('\n')}${drafts.map(({ body }) => body ?? '').join('\n')}`;
  const names = new Set(text.match(/\w+/g));
  const types = reachableTypes([schema.getQueryType(), schema.getMutationType()]);
  const missing = types.flatMap((type) => {
    if (!isObjectType(type) && !isInputObjectType(type)) return [];
    return Object.values(type.getFields()).flatMap((field) => {
      const args: readonly { readonly name: string }[] = 'args' in field ? field.args : [];
      const inner = [field.name, ...args.map(({ name }) => name)];
      return inner.filter((name) => !names.has(name)).map((name) => `${type.name}.${field.name} ${name}`);
    });
  });
  expect(missing).toEqual([]);
  expect(queries.filter(isValid).length).toBeGreaterThan(queries.length * 0.5);
});

test('the grammar of REST reaches every endpoint that there is', async () => {
  const [[, openEngine] = []] = engineVariants;
  if (openEngine === undefined) throw new Error('Expected an engine');
  const { server, close } = await startListeningServer(openEngine);
  await server.ready();
  // A stream of changes has no end, so that nothing could be asked behind it; the documentation never changes,
  // and comes compressed.
  const endpoints = server.routeTable
    .list()
    .filter((endpoint) => !/^HEAD |^GET \/(?:changes|docs|openapi\.json)$/.test(endpoint));
  await close();
  const random = new SeededRandom(1);
  const drafts = Array.from({ length: 3_000 }, () => restRequest(random));
  const asked = drafts.map(({ method, path }) => `${method} ${path.split('?')[0]}`);
  const isAsked = (endpoint: string) => {
    const pattern = new RegExp(`^${endpoint.replaceAll(/:\w+/g, '[^/]+')}$`);
    return asked.some((request) => pattern.test(request));
  };
  expect(endpoints.length).toBeGreaterThan(20);
  expect(endpoints.filter((endpoint) => !isAsked(endpoint))).toEqual([]);
});

function queryOf(path: string, body: string | undefined): string {
  if (body !== undefined)
    return /^\{"query":("(?:[^"\\]|\\.)*")/s.exec(body)?.[1]?.replace(/^.*$/s, (text) => JSON.parse(text)) ?? '';
  return new URL(path, 'http://localhost').searchParams.get('query') ?? '';
}

/** Those that a query or a mutation can name: a subscription is no request of one answer. */
function reachableTypes(roots: readonly Maybe<GraphQLNamedType>[]): readonly GraphQLNamedType[] {
  const found = new Set<GraphQLNamedType>();
  const visit = (type: Maybe<GraphQLNamedType>): void => {
    if (type === undefined || type === null || found.has(type)) return;
    found.add(type);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) visit(getNamedType(field.type));
    }
    if (!isObjectType(type)) return;
    for (const field of Object.values(type.getFields())) {
      visit(getNamedType(field.type));
      for (const arg of field.args) visit(getNamedType(arg.type));
    }
  };
  for (const root of roots) visit(root);
  return [...found];
}

type Maybe<T> = T | undefined | null;

function isValid(query: string): boolean {
  try {
    return validate(schema, parse(query), specifiedRules).length === 0;
  } catch {
    return false;
  }
}
