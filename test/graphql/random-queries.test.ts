import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Document } from '../../src/document/document.ts';
import type { JsonObject, JsonValue } from '../../src/document/json.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { formatPath, type Path } from '../../src/document/path.ts';
import type { Filter, JsonType } from '../../src/query/filter.ts';
import { sortDocuments } from '../../src/query/sort.ts';
import { bodies, filters, orders } from '../embedded/index/random-queries.ts';
import { makeDocument } from '../query/make-document.ts';
import { fitsPlainly } from '../query/plain-filter.ts';
import { engineVariants } from '../support/engine-variant.ts';
import { at, type GraphqlServer, startGraphqlServer } from './graphql-server.ts';

const seed = 7;

/** The filter in GraphQL's spelling; undefined where it has none for this one. */
function graphqlOf(filter: Filter): JsonObject | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map(graphqlOf);
      return parts.includes(undefined) ? undefined : { [filter.kind]: parts as JsonObject[] };
    }
    case 'not': {
      const part = graphqlOf(filter.filter);
      return part && { not: part };
    }
    case 'equalField': {
      const key = plainKey(filter.path);
      return key === undefined ? undefined : { match: { [key]: filter.value } };
    }
    case 'some': {
      const part = graphqlOf(filter.filter);
      return part && { ...pathOf(filter.path), some: part };
    }
    case 'mod':
      return { ...pathOf(filter.path), mod: [filter.divisor, filter.remainder] };
    case 'in':
    case 'notIn':
    case 'all':
      return { ...pathOf(filter.path), [filter.kind]: [...filter.values] };
    default: {
      const { kind, path, ...operands } = filter;
      return isTime(path) ? undefined : { ...pathOf(path), [kind]: Object.values(operands)[0] ?? null };
    }
  }
}

const types: Readonly<Record<JsonType, string>> = {
  STRING: 'string',
  NUMBER: 'number',
  BOOLEAN: 'bool',
  NULL: 'null',
  OBJECT: 'object',
  ARRAY: 'array',
};

/** The same in MongoDB's, at the top level of a document. */
function mongodbOf(filter: Filter): JsonObject | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map(mongodbOf);
      return parts.length === 0 || parts.includes(undefined)
        ? undefined
        : { [`$${filter.kind}`]: parts as JsonObject[] };
    }
    case 'not': {
      const part = mongodbOf(filter.filter);
      return part && { $nor: [part] };
    }
    case 'equalField': {
      const key = plainKey(filter.path);
      return key === undefined ? undefined : { [key]: filter.value };
    }
    case 'some':
    case 'contains':
    case 'endsWith':
      return undefined;
    case 'startsWith':
      return { [formatPath(filter.path)]: { $regex: `^${filter.text}` } };
    case 'regex':
      return { [formatPath(filter.path)]: { $regex: filter.pattern } };
    case 'type':
      return { [formatPath(filter.path)]: { $type: types[filter.type] } };
    case 'mod':
      return { [formatPath(filter.path)]: { $mod: [filter.divisor, filter.remainder] } };
    case 'in':
    case 'notIn':
    case 'all':
      return isTime(filter.path)
        ? undefined
        : { [formatPath(filter.path)]: { [filter.kind === 'notIn' ? '$nin' : `$${filter.kind}`]: [...filter.values] } };
    default: {
      const { kind, path, ...operands } = filter;
      if (isTime(path)) return undefined;
      return { [formatPath(path)]: { [`$${kind}`]: Object.values(operands)[0] ?? null } };
    }
  }
}

/** Paths inside `some` may be of no keys: the element itself, for which GraphQL has no path. */
function pathOf(path: Path): JsonObject {
  return path.kind === 'body' && path.keys.length === 0 ? {} : { path: formatPath(path) };
}

/** Of a key with a dot a plain value asks two questions. */
function plainKey(path: Path): string | undefined {
  const [key, ...more] = path.kind === 'body' ? path.keys : [];
  return key === undefined || more.length > 0 || key.includes('.') ? undefined : key;
}

/** Compared with a time only, which random operands are not. */
function isTime(path: Path): boolean {
  return path.kind === 'field' && path.field.endsWith('At');
}

function hasTime(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some(hasTime);
    case 'not':
      return hasTime(filter.filter);
    default:
      return isTime(filter.path);
  }
}

describe.each(engineVariants.slice(0, 1))('random queries on the %s', (_name, openEngine) => {
  let server: GraphqlServer;

  beforeAll(async () => {
    server = await startGraphqlServer(openEngine);
  });

  afterAll(() => server.close());

  async function post(path: string, body: JsonValue): Promise<JsonValue> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: stringifyJson(body) });
    const json = parseJson(await answer.text());
    expect(answer.status, stringifyJson(json)).toBe(200);
    return json;
  }

  test('are answered by both doors with what a plain reading finds, without indexes and with', async () => {
    const created = await post(
      '/document/batch/create',
      fc.sample(bodies, { numRuns: 150, seed }).map((body) => ({ table_name: 't', name: 'n', body })),
    );
    const { json } = await server.ask('{ findDocuments(table: "t", first: 1000) { nodes { id body createdAt } } }');
    const documents = (
      at(json, 'data', 'findDocuments', 'nodes') as { id: string; body: JsonObject; createdAt: string }[]
    ).map(
      ({ id, body, createdAt }, number): Document =>
        makeDocument(body, {
          id,
          table: { id: '', name: 't' },
          name: 'n',
          createdAt: Date.parse(createdAt),
          createdSequence: number,
        }),
    );
    expect(documents.map(({ id }) => id).sort()).toEqual((created as { _id: string }[]).map(({ _id }) => _id).sort());
    const queries = fc
      .sample(fc.record({ filter: filters, orderBy: orders }), { numRuns: 250, seed })
      .filter(({ filter }) => !hasTime(filter));
    let asked = { graphql: 0, rest: 0 };
    for (const indexed of [false, true]) {
      if (indexed) {
        for (const paths of ['["a"]', '["c", "a"]', '["a.x"]', '["b"]', '["$version"]']) {
          await server.ask(`mutation { createIndex(table: "t", paths: ${paths}) { state } }`);
        }
      }
      for (const { filter, orderBy } of queries) {
        const expected = sortDocuments(
          documents.filter((document) => fitsPlainly(filter, document)),
          orderBy,
        ).map(({ id }) => id);
        const graphql = graphqlOf(filter);
        if (graphql !== undefined) {
          const order = orderBy.map(({ path, direction }) => ({ path: formatPath(path), direction }));
          const answer = await server.ask(
            'query ($filter: DocumentFilter, $order: [DocumentOrder!]) { findDocuments(table: "t", filter: $filter, orderBy: $order, first: 1000) { totalCount nodes { id } } }',
            { filter: graphql, order },
          );
          const found = { totalCount: expected.length, nodes: expected.map((id) => ({ id })) };
          expect(answer.json, stringifyJson(graphql)).toEqual({ data: { findDocuments: found } });
          asked = { ...asked, graphql: asked.graphql + 1 };
        }
        const mongodb = mongodbOf(filter);
        const [first, ...more] = orderBy;
        if (mongodb !== undefined && more.length === 0) {
          const parameters = new URLSearchParams({ table_name: 't' });
          if (first !== undefined) {
            parameters.set('sort_by', formatPath(first.path));
            parameters.set('order', first.direction);
          }
          const found = (await post(`/document/find?${parameters}`, mongodb)) as { _id: string }[];
          expect(
            found.map(({ _id }) => _id),
            stringifyJson(mongodb),
          ).toEqual(expected);
          asked = { ...asked, rest: asked.rest + 1 };
        }
      }
    }
    expect(asked.graphql).toBeGreaterThan(200);
    expect(asked.rest).toBeGreaterThan(80);
  }, 60_000);
});
