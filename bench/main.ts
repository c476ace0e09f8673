// `npm run bench`: measures our server beside the ceilings in interleaved rounds and prints the table of the README.
// Speed is a ratio to a ceiling that ran in the same minutes on the same machine; absolute figures mean little.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Load, type Measurement, measure, type Request } from './load.ts';
import { ServerProcess } from './server-process.ts';
import { type Row, rowOf, tableOf } from './table.ts';
import { createRequest, graphqlGetRequest, sampleId } from './workload.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
  },
});
const load: Load = { connections: Number(values.connections), seconds: Number(values.seconds) };
const rounds = Number(values.rounds);

interface Contest {
  readonly workload: string;
  readonly ours: Request;
  /** The programs to compare with, by name, and the request that they take. The first is the ceiling. */
  readonly peers: readonly { readonly name: string; readonly program: string; readonly request: Request }[];
}

const results = join(import.meta.dirname, 'results');
await mkdir(results, { recursive: true });
// Beside the results, not in the system's temporary directory: that may be memory, where a sync costs nothing.
const directory = await mkdtemp(join(results, 'data-'));
const yaradb = await ServerProcess.start(join(import.meta.dirname, '../src/cli/main.ts'), [
  'serve',
  '--port=0',
  `--data-dir=${join(directory, 'yaradb')}`,
  '--log-level=warn',
]);
try {
  const id = await createOne();
  const rows: Row[] = [];
  for (const contest of contests(id)) rows.push(...(await run(contest)));
  const report = {
    date: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    rounds,
    ...load,
    rows,
  };
  await writeFile(join(results, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`\n${tableOf(rows)}\n\n${report.date}, Node ${report.node}, ${report.machine}, `);
  process.stdout.write(`median of ${rounds} rounds of ${load.seconds} s, ${load.connections} connections, wrk\n`);
} finally {
  await yaradb.stop();
  await rm(directory, { recursive: true });
}

async function createOne(): Promise<string> {
  const response = await fetch(`${yaradb.url}/document/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: createRequest,
  });
  const { _id: id } = await response.json();
  return id;
}

function contests(id: string): readonly Contest[] {
  const graphqlGet = (document: string): Request => ({
    method: 'POST',
    path: '/graphql',
    body: graphqlGetRequest(document),
  });
  const create: Request = { method: 'POST', path: '/document/create', body: createRequest };
  return [
    {
      workload: 'GET /document/get/{id}',
      ours: { method: 'GET', path: `/document/get/${id}` },
      peers: [{ name: 'node:http, same bytes', program: 'http-get', request: { method: 'GET', path: '/' } }],
    },
    {
      workload: 'POST /document/create, durable',
      ours: create,
      peers: [{ name: 'node:http, group commit', program: 'durable-create', request: create }],
    },
    {
      workload: 'GraphQL getDocument, 8 fields',
      ours: graphqlGet(id),
      peers: [
        { name: 'graphql-jit on node:http', program: 'graphql-jit', request: graphqlGet(sampleId) },
        { name: 'stock GraphQL Yoga', program: 'stock-yoga', request: graphqlGet(sampleId) },
      ],
    },
  ];
}

/** Runs ours and the peers in turn, round after round, so that a slow minute of the machine hits all of them. */
async function run({ workload, ours, peers }: Contest): Promise<Row[]> {
  const contestants: { name: string; server: ServerProcess; request: Request; measurements: Measurement[] }[] = [
    { name: 'YaraDB', server: yaradb, request: ours, measurements: [] },
  ];
  for (const { name, program, request } of peers) {
    const server = await ServerProcess.start(join(import.meta.dirname, `ceilings/${program}.ts`), [], {
      BENCH_DIRECTORY: directory,
    });
    contestants.push({ name, server, request, measurements: [] });
  }
  const [us, ...others] = contestants;
  if (us === undefined) throw new Error('a contest has at least one contestant');
  try {
    for (const { server, request } of contestants) await measure(server.url, request, { ...load, seconds: 2 });
    for (let round = 0; round < rounds; round += 1) {
      for (const { server, request, measurements } of contestants) {
        measurements.push(await measure(server.url, request, load));
      }
    }
    const residentBytes = await us.server.residentBytes();
    return others.map((peer) =>
      rowOf({ workload, ours: us.measurements, peer: peer.name, peers: peer.measurements, residentBytes }),
    );
  } finally {
    for (const { server } of others) await server.stop();
  }
}
