import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/database/database.ts';
import { defaultJsonLimits } from '../../../src/document/json-parser.ts';
import { buildSchema } from '../../../src/graphql/schema.ts';
import { overriding } from '../observed-database.ts';
import { OperationGenerator } from './random-operation.ts';
import { TwinServers } from './twin-servers.ts';

const brokenId = '01234567-89ab-7def-8123-00000000dead';
const ids = Array.from({ length: 6 }, (_, number) => `01234567-89ab-7def-8123-00000000000${number}`).concat(brokenId);
const schema = buildSchema({ jsonLimits: defaultJsonLimits });

/** Whoever asks for one document finds a bug, so that masked errors are compared as well. */
function withBug(database: Database): Database {
  return overriding(database, {
    getDocument: (principal, id, archived) => buggy(id, () => database.getDocument(principal, id, archived)),
    view: async (principal, at) => {
      const view = await database.view(principal, at);
      return overriding(view, { getDocument: (id, archived) => buggy(id, () => view.getDocument(id, archived)) });
    },
  });
}

function buggy<Found>(id: string, find: () => Found): Found {
  if (id === brokenId) throw new RangeError('a bug');
  return find();
}

describe.each([
  ['at once', false],
  ['in a later tick', true],
])('plans and Yoga answer the same, on an engine that answers %s', (_name, isLate) => {
  let twins: TwinServers;

  beforeAll(async () => {
    twins = await TwinServers.start(withBug, { isLate });
    for (const [number, id] of ids.slice(0, 4).entries()) {
      const body = { n: number, tags: ['x', 'y'], address: { city: 'Kyiv' } };
      const table = number % 2 === 0 ? 'default' : 'other';
      await twins.ask({ query: createDocument, variables: { id, body, table } });
    }
  });

  afterAll(() => twins.close());

  test.each(operationsOfTests().map((query) => [query.replaceAll(/\s+/g, ' ').trim().slice(0, 100), query]))(
    '%s',
    async (_start, query) => {
      for (const variables of [{}, { id: ids[0], name: 'n', body: { n: 1 }, version: 1, path: 'n', value: 1, n: 2 }]) {
        // Fetch accepts everything: a subscription would be answered with events, without an end.
        await twins.ask(
          { query, variables },
          query.trim().startsWith('subscription') ? { accept: 'application/json' } : {},
        );
        await twins.ask({ query, variables }, { accept: 'application/graphql-response+json' });
      }
    },
  );

  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[{"query": "{ status { version } }"}]'],
    ['no query', '{"variables": {}}'],
    ['a query that is no text', '{"query": 1}'],
    ['a parameter that is none', '{"query": "{ status { version } }", "id": 1}'],
    ['variables that are no object', '{"query": "{ status { version } }", "variables": 1}'],
    ['a name that is no text', '{"query": "{ status { version } }", "operationName": 1}'],
    ['an empty name', '{"query": "{ status { version } }", "operationName": ""}'],
    ['nulls', '{"query": "{ status { version } }", "variables": null, "operationName": null, "extensions": null}'],
    ['an empty text', '{"query": ""}'],
    ['only a fragment', '{"query": "fragment F on Query { status { version } }"}'],
    ['two operations', '{"query": "query A { status { version } } query B { status { engine } }"}'],
    ['one of two', '{"query": "query A { status { version } } query B { status { engine } }", "operationName": "B"}'],
    ['none of two', '{"query": "query A { status { version } } query B { status { engine } }", "operationName": "C"}'],
    ['definitions of types', '{"query": "type T { a: Int } { status { version } }"}'],
    ['keys that objects have', '{"query": "{ __proto__: status { __proto__: version constructor: engine } }"}'],
    [
      'a key __proto__ in variables',
      '{"query": "query ($b: JSON!) { findDocuments(filter: {match: $b}) { totalCount } }", "variables": {"b": {"__proto__": 1}}}',
    ],
    ['a key __proto__ in a literal', '{"query": "{ findDocuments(filter: {match: {__proto__: 1}}) { totalCount } }"}'],
    [
      'a variable __proto__',
      '{"query": "query ($__proto__: ID!) { getDocument(id: $__proto__) { id } }", "variables": {"__proto__": "x"}}',
    ],
    [
      'a variable @oneOf that breaks the rule',
      '{"query": "query ($asOf: AsOf) { findDocuments(asOf: $asOf) { totalCount } }", "variables": {"asOf": {"sequence": 1, "time": "2030-01-01T00:00:00Z"}}}',
    ],
    [
      'an integer beyond doubles',
      '{"query": "mutation ($b: JSON!) { createDocument(name: \\"n\\", body: {n: 12345678901234567890, m: $b}) { body } }", "variables": {"b": 98765432109876543210}}',
    ],
    [
      'a fragment under two conditions',
      '{"query": "query ($a: Boolean!, $b: Boolean!) { status { ...F @include(if: $a) ...F @include(if: $b) version } } fragment F on ServerStatus { engine }", "variables": {"a": false, "b": true}}',
    ],
    [
      'a condition that is null',
      '{"query": "query ($a: Boolean = true) { status { version engine @skip(if: $a) } }", "variables": {"a": null}}',
    ],
    [
      'code in a literal',
      JSON.stringify({
        query: `{ table(name: "__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d0), x: (globalThis.owned = 1), y: (0") { name } }`,
      }),
    ],
    ['a bug', `{"query": "{ getDocument(id: \\"${brokenId}\\") { id } status { version } }"}`],
    ['a bug by itself', `{"query": "{ getDocument(id: \\"${brokenId}\\") { id } }"}`],
    ['more fields than there may be', JSON.stringify({ query: `{ status { ${'version '.repeat(5001)} } }` })],
  ])('%s', async (_case, body) => {
    for (const accept of ['*/*', 'application/graphql-response+json', 'application/json;q=0.5', 'text/html']) {
      await twins.ask(body, { accept });
      await twins.ask(body, { accept });
    }
    expect(Object.hasOwn(globalThis, 'owned')).toBe(false);
  });

  test('a subscription, for whoever takes no stream of events', async () => {
    const body = '{"query": "subscription { changes { __typename } }"}';
    for (const accept of ['application/graphql-response+json', 'application/json', 'text/html']) {
      expect((await twins.ask(body, { accept })).status).toBe(406);
    }
  });

  test('answers that are so large that they are made in turns', async () => {
    const fields = 'id table name body bodyHash version createdAt updatedAt archivedAt sequence';
    const operations = Array.from({ length: 700 }, (_, number) => ({
      create: { name: 'n', table: 'large', body: { number, exact: 10n ** 20n, text: 'é'.repeat(number) } },
    }));
    const transact = `mutation ($operations: [Operation!]!) {
      transact(operations: $operations) { sequence documents { ${fields} } first: documents { history { nodes { version } } } }
    }`;
    await twins.ask({ query: transact, variables: { operations } });
    const page = `findDocuments(table: "large", first: 700) { totalCount nodes { ${fields} } edges { cursor node { id } } }`;
    const values = Array.from(
      { length: 300 },
      (_, number) => `v${number}: value(path: "${number % 9 === 0 ? '' : 'number'}")`,
    );
    const measures = '[{count: true, as: "n"}, {distinct: "text", as: "texts"}]';
    for (const query of [
      `{ ${page} other: ${page} }`,
      `{ findDocuments(table: "large", first: 700) { nodes { history(first: 5) { totalCount nodes { ${fields} } } } } }`,
      `{ findDocuments(table: "large", first: 100) { nodes { ${values.join(' ')} } } }`,
      `{ findDocuments(table: "large", first: 700) { nodes { value(path: "") } } }`,
      `{ aggregateDocuments(table: "large", groupBy: ["number"], measures: ${measures}) { key values } }`,
      `{ ${Array.from({ length: 300 }, (_, number) => `d${number}: getDocument(id: "${ids[number % ids.length]}") { ${fields} }`).join(' ')} }`,
      `{ ${page} __schema { types { name fields { name } } } }`,
    ]) {
      const { text } = await twins.ask({ query });
      expect(text.length).toBeGreaterThan(20_000);
    }
  });

  test('random operations', async () => {
    let executed = 0;
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (choose) => {
        const operation = new OperationGenerator(schema, ids, choose).operation();
        await twins.ask(operation);
        // From the second time on a text may be kept, from the third on it is what was kept.
        await twins.ask(operation, { accept: 'application/graphql-response+json' });
        const { text } = await twins.ask(operation);
        if (text.includes('"data":{')) executed += 1;
      }),
      { numRuns: 200, endOnFailure: true },
    );
    // Where most of them are refused, little was compared.
    expect(executed).toBeGreaterThan(50);
  }, 120_000);
});

const createDocument =
  'mutation ($id: ID, $body: JSON!, $table: String) { createDocument(name: "n", id: $id, body: $body, table: $table) { id } }';

/** Every operation that stands in the schema's folder, or in a test of GraphQL as a text. */
function operationsOfTests(): string[] {
  const folder = new URL('../../../schema/operations/', import.meta.url);
  const fields = readFileSync(new URL('document-fields.graphql', folder), 'utf8');
  const files = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const tests = new URL('../', import.meta.url);
  const sources = readdirSync(tests).filter((name) => name.endsWith('.test.ts'));
  const texts = sources.flatMap((name) =>
    Array.from(
      readFileSync(new URL(name, tests), 'utf8').matchAll(/`([^`]*)`|'([^'\n]*)'/g),
      (match) => match[1] ?? match[2] ?? '',
    ),
  );
  const operations = texts.filter((text) =>
    /^\s*(?:query|mutation|subscription|fragment|\{)[\s\S]*\{[\s\S]*\}\s*$/.test(text),
  );
  return [
    ...new Set([...files.map((text) => `${text}\n${text.includes('...DocumentFields') ? fields : ''}`), ...operations]),
  ];
}
