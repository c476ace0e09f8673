// What the largest answers over GraphQL are asked for that the default limits allow, and the documents that they are about.
import { personOf } from './people.ts';

const many = 10_000;
const documents = 100_000;
const fields = 'id table name body bodyHash version createdAt updatedAt archivedAt sequence';

/** As often as it is asked for under names of its own. */
function times(count: number, field: string): string {
  return Array.from({ length: count }, (_, number) => `a${number}: ${field}`).join(' ');
}

/** A request, and what tells that its answer is the right one. */
export interface LargeAnswer {
  readonly query: string;
  readonly variables?: object;
  /** A part of the answer; where there is none, it is one without errors. */
  readonly expected?: string;
  /** Asked for by GET, which GraphQL Yoga answers. */
  readonly get?: boolean;
}

const transact = `mutation ($operations: [Operation!]!) { transact(operations: $operations) { documents { ${fields} } } }`;
const create = `mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence } }`;

/** By what they are about. */
export const largeAnswers: Readonly<Record<string, LargeAnswer>> = {
  page: { query: `{ findDocuments(table: "people", first: 1000) { nodes { ${fields} } } }` },
  'edges, 20 aliases': {
    query: `{ ${times(20, `findDocuments(table: "people", first: 1000) { edges { cursor node { ${fields} } } }`)} }`,
  },
  'values, 240 aliases': {
    query: `{ findDocuments(table: "people", first: 1000) { nodes { ${times(240, 'value(path: "address.city")')} } } }`,
  },
  'large documents': { query: '{ findDocuments(table: "large", first: 200) { nodes { id body } } }' },
  'large documents, 3 aliases': {
    query: `{ ${times(3, 'findDocuments(table: "large", first: 200) { nodes { id body } }')} }`,
  },
  'large documents, too many': {
    query: `{ ${times(7, 'findDocuments(table: "large", first: 200) { nodes { id body } }')} }`,
    expected: 'LIMIT_EXCEEDED',
  },
  'large texts': { query: '{ findDocuments(table: "texts", first: 200) { nodes { id body } } }' },
  'one large document 100 times': {
    query: `{ ${times(100, 'findDocuments(table: "large", first: 1) { nodes { body } }')} }`,
  },
  history: {
    query: `{ findDocuments(table: "changed", first: 1000) { nodes { id history(first: 10) { totalCount nodes { ${fields} } } } } }`,
  },
  groups: {
    query:
      '{ aggregateDocuments(table: "people", groupBy: ["username"], measures: [{count: true, as: "n"}]) { key values } }',
  },
  distinct: {
    query: '{ aggregateDocuments(table: "people", measures: [{distinct: "username", as: "names"}]) { key values } }',
  },
  errors: {
    query: `{ findDocuments(table: "people", first: 1000) { nodes { ${times(100, 'value(path: "")')} } } }`,
    expected: 'INVALID_ARGUMENT',
  },
  transact: {
    query: transact,
    variables: {
      operations: Array.from({ length: many }, (_, number) => ({
        create: { name: 'written', table: 'written', body: personOf(number) },
      })),
    },
  },
  'introspection beside a page': {
    query: `{ __schema { queryType { name } } ${times(10, `findDocuments(table: "people", first: 1000) { nodes { ${fields} } }`)} }`,
  },
  'GET of 10 pages': {
    get: true,
    query: `{ ${times(10, `findDocuments(table: "people", first: 1000) { nodes { ${fields} } }`)} }`,
  },
};

/** @returns the length of the answer. @throws {Error} when it is another one. */
export async function askForLargeAnswer(url: string, asked: LargeAnswer): Promise<number> {
  const text = await ask(url, asked);
  const isRight = asked.expected === undefined ? !text.includes('"errors"') : text.includes(asked.expected);
  if (!isRight) throw new Error(text.slice(0, 300));
  return text.length;
}

/** Writes the documents to an empty server. */
export async function fillForLargeAnswers(url: string): Promise<void> {
  await fill(url, 'people', documents, many, personOf);
  await fill(url, 'large', 200, 50, (number) => ({
    people: Array.from({ length: 350 }, (_, index) => personOf(350 * number + index)),
  }));
  await fill(url, 'texts', 200, 50, (number) => ({ text: `${number} €`.repeat(20_000) }));
  await fill(url, 'changed', 1000, 1000, personOf);
  await change(url, 9);
}

async function ask(url: string, { query, variables, get }: LargeAnswer): Promise<string> {
  const response = get
    ? await fetch(`${url}/graphql?query=${encodeURIComponent(query)}`, {
        headers: { accept: 'application/json' },
      })
    : await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
  return response.text();
}

async function fill(
  url: string,
  table: string,
  count: number,
  atOnce: number,
  bodyOf: (number: number) => object,
): Promise<void> {
  for (let start = 0; start < count; start += atOnce) {
    const operations = Array.from({ length: Math.min(atOnce, count - start) }, (_, index) => ({
      create: { name: 'person', table, body: bodyOf(start + index) },
    }));
    const text = await ask(url, { query: create, variables: { operations } });
    if (text.includes('"errors"')) throw new Error(text.slice(0, 300));
  }
}

async function change(url: string, times: number): Promise<void> {
  const found = JSON.parse(
    await ask(url, { query: '{ findDocuments(table: "changed", first: 1000) { nodes { id } } }' }),
  );
  for (let version = 1; version <= times; version += 1) {
    const operations = found.data.findDocuments.nodes.map(({ id }: { id: string }, index: number) => ({
      update: { id, version, body: personOf(index + version * many) },
    }));
    const text = await ask(url, { query: create, variables: { operations } });
    if (text.includes('"errors"')) throw new Error(text.slice(0, 300));
  }
}
