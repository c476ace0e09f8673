// `node bench/programs/large-answers.ts`: how long the event loop of a server is away while it gives the largest answers that the limits allow over
// GraphQL. Prints its figures as JSON, in milliseconds: of each round the most processor time of a turn without the collector of garbage, what that took
// of one at most, the longest delay by the clock, and what the request took.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventLoopMeterEnvironment, meterEventLoop } from '../event-loop-meter.ts';
import { personOf } from '../people.ts';
import { ServerProcess } from '../server-process.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const rounds = Number(values.rounds);
const many = 10_000;
const documents = 100_000;
const fields = 'id table name body bodyHash version createdAt updatedAt archivedAt sequence';

/** As often as it is asked for under names of its own. */
function times(count: number, field: string): string {
  return Array.from({ length: count }, (_, number) => `a${number}: ${field}`).join(' ');
}

interface Case {
  readonly query: string;
  readonly variables?: object;
  readonly expected?: string;
  readonly get?: boolean;
}

const transact = `mutation ($operations: [Operation!]!) { transact(operations: $operations) { documents { ${fields} } } }`;
const create = `mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence } }`;

const cases: Readonly<Record<string, Case>> = {
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

const directory = await mkdtemp(join(tmpdir(), 'yaradb-large-answers-'));
const server = await ServerProcess.start(
  'src/cli/main.ts',
  ['serve', '--port', '0', '--data-dir', join(directory, 'data')],
  eventLoopMeterEnvironment(directory),
);

async function ask({ query, variables, get }: Case): Promise<string> {
  const response = get
    ? await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
        headers: { accept: 'application/json' },
      })
    : await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
  return response.text();
}

async function fill(table: string, count: number, atOnce: number, bodyOf: (number: number) => object): Promise<void> {
  for (let start = 0; start < count; start += atOnce) {
    const operations = Array.from({ length: Math.min(atOnce, count - start) }, (_, index) => ({
      create: { name: 'person', table, body: bodyOf(start + index) },
    }));
    const text = await ask({ query: create, variables: { operations } });
    if (text.includes('"errors"')) throw new Error(text.slice(0, 300));
  }
}

async function change(times: number): Promise<void> {
  const found = JSON.parse(await ask({ query: '{ findDocuments(table: "changed", first: 1000) { nodes { id } } }' }));
  for (let version = 1; version <= times; version += 1) {
    const operations = found.data.findDocuments.nodes.map(({ id }: { id: string }, index: number) => ({
      update: { id, version, body: personOf(index + version * many) },
    }));
    const text = await ask({ query: create, variables: { operations } });
    if (text.includes('"errors"')) throw new Error(text.slice(0, 300));
  }
}

const figures: Record<string, string[]> = {};
try {
  await fill('people', documents, many, personOf);
  await fill('large', 200, 50, (number) => ({
    people: Array.from({ length: 350 }, (_, index) => personOf(350 * number + index)),
  }));
  await fill('texts', 200, 50, (number) => ({ text: `${number} €`.repeat(20_000) }));
  await fill('changed', 1000, 1000, personOf);
  await change(9);
  for (const [name, asked] of Object.entries(cases)) {
    if (!name.includes(values.only)) continue;
    figures[name] = [];
    for (let round = 0; round < rounds; round += 1) {
      let took = 0;
      let length = 0;
      const delay = await meterEventLoop(server, directory, async () => {
        const startedAt = performance.now();
        const text = await ask(asked);
        took = performance.now() - startedAt;
        length = text.length;
        const isRight = asked.expected === undefined ? !text.includes('"errors"') : text.includes(asked.expected);
        if (!isRight) throw new Error(`${name}: ${text.slice(0, 300)}`);
      });
      const [busiest, collecting, longest] = [delay.busiest, delay.collecting, delay.longest].map((ms) =>
        ms.toFixed(1),
      );
      figures[name].push(
        `${busiest} + ${collecting}, ${longest} of ${took.toFixed(0)}, ${(length / 1e6).toFixed(1)} MB`,
      );
    }
    process.stderr.write(`${name}: ${figures[name].join(' | ')}\n`);
  }
} finally {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
