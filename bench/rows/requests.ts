import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { type Contestant, runContest } from '../contest.ts';
import type { Figure, Target } from '../figure.ts';
import type { Request } from '../load.ts';
import { ServerProcess } from '../server-process.ts';
import {
  bulkCreateDocuments,
  bulkCreateRequest,
  createRequest,
  graphqlCreateRequest,
  graphqlGetRequest,
  sampleId,
} from '../workload.ts';

/** One request over and over, beside the small programs in `ceilings/` that answer the same. */
interface Workload {
  readonly what: string;
  readonly requestOf: (id: string) => Request;
  readonly peers: readonly {
    readonly name: string;
    readonly program: string;
    readonly request: Request;
    readonly target: Target | null;
  }[];
}

const graphqlGet = (id: string): Request => ({ method: 'POST', path: '/graphql', body: graphqlGetRequest(id) });
const create: Request = { method: 'POST', path: '/document/create', body: createRequest };
const atLeast = (value: number): Target => ({ of: 'ratio', sign: '≥', value });

export function runGet(bench: Bench): Promise<Figure[]> {
  const request: Request = { method: 'GET', path: '/' };
  return run(bench, {
    what: 'GET /document/get/{id}',
    requestOf: (id) => ({ method: 'GET', path: `/document/get/${id}` }),
    peers: [{ name: 'node:http, same bytes', program: 'http-get', request, target: atLeast(0.9) }],
  });
}

export function runCreate(bench: Bench): Promise<Figure[]> {
  return run(bench, {
    what: 'POST /document/create, durable',
    requestOf: () => create,
    peers: [{ name: 'node:http, group commit', program: 'durable-create', request: create, target: atLeast(0.8) }],
  });
}

export function runBulkCreate(bench: Bench): Promise<Figure[]> {
  const request: Request = { method: 'POST', path: '/document/batch/create', body: bulkCreateRequest };
  return run(bench, {
    what: `POST /document/batch/create, ${bulkCreateDocuments} documents a request, durable`,
    requestOf: () => request,
    peers: [{ name: 'node:http, synced once a request', program: 'bulk-create', request, target: atLeast(0.6) }],
  });
}

export function runGraphqlGet(bench: Bench): Promise<Figure[]> {
  const request = graphqlGet(sampleId);
  return run(bench, {
    what: 'GraphQL getDocument, 8 fields',
    requestOf: graphqlGet,
    peers: [
      { name: 'graphql-jit on node:http', program: 'graphql-jit', request, target: atLeast(0.8) },
      { name: 'stock GraphQL Yoga', program: 'stock-yoga', request, target: atLeast(8) },
    ],
  });
}

/** Beside the same create over REST: what GraphQL adds. */
export async function runGraphqlCreate(bench: Bench): Promise<Figure[]> {
  const server = await bench.server();
  const request: Request = { method: 'POST', path: '/graphql', body: graphqlCreateRequest };
  const ours = { name: 'GraphQL createDocument, durable', server, requests: [request] };
  const rest = { name: 'POST /document/create', server, requests: [create], target: atLeast(0.8) };
  return runContest(ours, [rest], bench.options.rounds, bench.options.load);
}

async function run(bench: Bench, { what, requestOf, peers }: Workload): Promise<Figure[]> {
  const server = await bench.server();
  const ours = { name: what, server, requests: [requestOf(await createOne(server.url))] };
  const contestants: Contestant[] = [];
  try {
    for (const { name, program, request, target } of peers) {
      const path = join(import.meta.dirname, `../ceilings/${program}.ts`);
      const peer = await ServerProcess.start(path, [], { BENCH_DIRECTORY: bench.directory });
      contestants.push({ name, server: peer, requests: [request], target });
    }
    return await runContest(ours, contestants, bench.options.rounds, bench.options.load);
  } finally {
    for (const { server: peer } of contestants) await peer.stop();
  }
}

async function createOne(url: string): Promise<string> {
  const response = await fetch(`${url}/document/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: createRequest,
  });
  const { _id: id } = await response.json();
  return id;
}
