// `node bench/programs/large-requests.ts`: how long the event loop of a server is away while it carries out requests of 10,000 operations. Prints its
// figures as JSON, in milliseconds: of each round the longest delay, and what the request took.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLoopMeterEnvironment, meterEventLoop } from '../event-loop-meter.ts';
import { personOf } from '../people.ts';
import { ServerProcess } from '../server-process.ts';

const many = 10_000;
const rounds = 4;
const people = Array.from({ length: many }, (_, number) => ({ name: 'person', body: personOf(number) }));
const transact = 'mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence } }';
const transactAll =
  'mutation ($operations: [Operation!]!) { transact(operations: $operations) { sequence documents { id version body } } }';
const operations = people.map((create) => ({ create }));

const requests: readonly (readonly [string, string, object, Record<string, string>?])[] = [
  ['POST /document/batch/create', '/document/batch/create', people],
  ['the same with an idempotency key', '/document/batch/create', people, { 'idempotency-key': 'KEY' }],
  [
    'POST /document/transaction',
    '/document/transaction',
    { operations: people.map((create) => ({ op: 'create', ...create })) },
  ],
  ['GraphQL transact, sequence', '/graphql', { query: transact, variables: { operations } }],
  ['GraphQL transact, documents', '/graphql', { query: transactAll, variables: { operations } }],
];

const directory = await mkdtemp(join(tmpdir(), 'yaradb-large-requests-'));
const server = await ServerProcess.start(
  'src/cli/main.ts',
  ['serve', '--port', '0', '--data-dir', join(directory, 'data')],
  eventLoopMeterEnvironment(directory),
);
const figures: Record<string, string[]> = {};
try {
  for (const [name, path, request, headers = {}] of requests) {
    const body = JSON.stringify(request);
    figures[name] = [];
    for (let round = 0; round < rounds; round += 1) {
      let took = 0;
      const { longest } = await meterEventLoop(server, directory, async () => {
        const startedAt = performance.now();
        const keyed = Object.entries(headers).map(([key, value]) => [key, `${value}-${round}`]);
        const response = await fetch(`${server.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...Object.fromEntries(keyed) },
          body,
        });
        const text = await response.text();
        if (!response.ok || text.includes('"errors"')) throw new Error(`${name}: ${text.slice(0, 300)}`);
        took = performance.now() - startedAt;
      });
      figures[name].push(`${longest.toFixed(1)} of ${took.toFixed(0)}`);
    }
  }
} finally {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
