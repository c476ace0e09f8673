import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { runContest } from '../contest.ts';
import { comparedFigure, type Figure, median } from '../figure.ts';
import { type Measurement, measure, type Request } from '../load.ts';
import { Postgres } from '../peers/postgres.ts';
import { Redis } from '../peers/redis.ts';
import { ServerProcess } from '../server-process.ts';
import { Unavailable } from '../unavailable.ts';
import { createRequest, sampleAnswer, sampleBody } from '../workload.ts';

const postgraphileDirectory = join(import.meta.dirname, '../peers/postgraphile');

/** A durable create over REST beside a SET of the same document in Redis, which syncs before it answers, too. */
export async function runRedis(bench: Bench): Promise<Figure[]> {
  const { rounds, load } = bench.options;
  const redis = await Redis.start(bench.directory);
  try {
    const server = await bench.server();
    const create: Request = { method: 'POST', path: '/document/create', body: createRequest };
    const value = JSON.stringify(sampleAnswer);
    const ours: Measurement[] = [];
    const theirs: Measurement[] = [];
    let sets = 20_000;
    for (let round = 0; round <= rounds; round += 1) {
      const mine = await measure(server.url, [create], load);
      const peer = await redis.measureSets(value, sets, load.connections);
      sets = Math.round(peer.requestsPerSecond * load.seconds);
      if (round === 0) continue; // which warms up, and tells how many SETs a round takes
      ours.push(mine);
      theirs.push(peer);
    }
    const rateOf = ({ requestsPerSecond }: Measurement) => requestsPerSecond;
    const names = { what: 'POST /document/create, durable', beside: 'Redis SET, appendfsync always' };
    return [
      {
        ...comparedFigure({ ...names, unit: '/s', target: null }, ours.map(rateOf), theirs.map(rateOf)),
        p50: median(ours.map(({ p50 }) => p50)),
        p99: median(ours.map(({ p99 }) => p99)),
      },
    ];
  } finally {
    await redis.stop();
  }
}

/** One thing to do, as each of the two is asked for it. */
interface Task {
  readonly what: string;
  readonly ours: readonly Request[];
  readonly theirs: readonly Request[];
}

/** GraphQL on the whole dataset, beside PostGraphile in front of PostgreSQL with the same documents and the same indexes. */
export async function runPostgraphile(bench: Bench): Promise<Figure[]> {
  await access(join(postgraphileDirectory, 'node_modules')).catch(() => {
    throw new Unavailable('PostGraphile is not installed (npm install --prefix bench/peers/postgraphile)');
  });
  const postgres = await Postgres.start(bench.directory);
  try {
    await load(postgres, bench);
    const peer = await ServerProcess.start(join(postgraphileDirectory, 'server.mjs'), [], {
      DATABASE_URL: postgres.databaseUrl,
      GRAPHILE_ENV: 'production',
    });
    try {
      const { process: server, sample } = await bench.indexedServer();
      const figures: Figure[] = [];
      for (const { what, ours, theirs } of tasksOf(sample)) {
        const peers = [{ name: 'PostGraphile on PostgreSQL', server: peer, requests: theirs, target: null }];
        const { rounds, load: pressure } = bench.options;
        figures.push(...(await runContest({ name: what, server, requests: ours }, peers, rounds, pressure)));
      }
      return figures;
    } finally {
      await peer.stop();
    }
  } finally {
    await postgres.stop();
  }
}

/** The same documents as ours, and indexes made behind them, as for ours. */
async function load(postgres: Postgres, bench: Bench): Promise<void> {
  const { lines } = await bench.dataset();
  await postgres.run('-f', join(postgraphileDirectory, 'schema.sql'));
  const steps = [
    'create unlogged table line (document jsonb)',
    // Bytes that JSON never has stand for CSV's quote and delimiter, so that each line is one value.
    `\\copy line from '${lines}' with (format csv, quote e'\\x01', delimiter e'\\x02')`,
    `insert into document (id, name, body, created_at)
      select (document ->> '_id')::uuid, document ->> 'name', document -> 'body', (document ->> 'created_at')::timestamptz
      from line`,
    'drop table line',
    'create index on document (username)',
    'create index on document (balance)',
    'vacuum analyze document',
  ];
  for (const step of steps) await postgres.run('-c', step);
}

function tasksOf(sample: readonly { readonly id: string; readonly username: string }[]): Task[] {
  const ourFields = 'id name body bodyHash version createdAt updatedAt archivedAt';
  const theirFields = 'rowId name body bodyHash version createdAt updatedAt archivedAt';
  const ranges = sample.map((_, number) => ({
    low: (number * 7919) % 240_000,
    high: ((number * 7919) % 240_000) + 5000,
  }));
  return [
    {
      what: 'GraphQL createDocument, durable',
      ours: [
        graphql(
          'mutation ($name: String!, $body: JSON!) { createDocument(name: $name, body: $body) { id version bodyHash createdAt } }',
          { name: sampleAnswer.name, body: sampleBody },
        ),
      ],
      theirs: [
        graphql(
          `mutation ($name: String!, $body: JSON!) {
            createDocument(input: { document: { name: $name, body: $body } }) {
              document { rowId version bodyHash createdAt }
            }
          }`,
          { name: sampleAnswer.name, body: sampleBody },
        ),
      ],
    },
    {
      what: 'GraphQL getDocument, 8 fields',
      ours: sample.map(({ id }) => graphql(`query ($id: ID!) { getDocument(id: $id) { ${ourFields} } }`, { id })),
      theirs: sample.map(({ id }) =>
        graphql(`query ($id: UUID!) { documentByRowId(rowId: $id) { ${theirFields} } }`, { id }),
      ),
    },
    {
      what: 'GraphQL find by equality on an indexed path',
      ours: sample.map(({ username }) =>
        graphql(
          `query ($filter: DocumentFilter) { findDocuments(table: "default", filter: $filter) { nodes { ${ourFields} } } }`,
          { filter: { path: 'username', eq: username } },
        ),
      ),
      theirs: sample.map(({ username }) =>
        graphql(
          `query ($username: String!) { allDocuments(condition: { username: $username }) { nodes { ${theirFields} } } }`,
          { username },
        ),
      ),
    },
    {
      what: 'GraphQL range, sort and first 20 on an indexed path',
      ours: ranges.map(({ low, high }) =>
        graphql(
          `query ($low: JSON, $high: JSON) {
            findDocuments(
              table: "default", first: 20, orderBy: [{ path: "balance", direction: DESC }]
              filter: { path: "balance", gte: $low, lt: $high }
            ) { nodes { id body } }
          }`,
          { low, high },
        ),
      ),
      theirs: ranges.map(({ low, high }) =>
        graphql(
          'query ($low: Float!, $high: Float!) { documentsInRange(low: $low, high: $high, first: 20) { nodes { rowId body } } }',
          { low, high },
        ),
      ),
    },
  ];
}

function graphql(query: string, variables: Readonly<Record<string, unknown>>): Request {
  return { method: 'POST', path: '/graphql', body: JSON.stringify({ query: query.replace(/\s+/g, ' '), variables }) };
}
