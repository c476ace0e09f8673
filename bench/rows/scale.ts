import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, sizeText, startYaradb } from '../bench.ts';
import { runContest } from '../contest.ts';
import type { Dataset } from '../dataset.ts';
import type { Figure, Target } from '../figure.ts';
import { IndexedServer } from '../indexed-server.ts';
import type { Request } from '../load.ts';
import { Unavailable } from '../unavailable.ts';
import { createRequest } from '../workload.ts';

const run = promisify(execFile);
const documentsSmall = 10_000;
/** What documents of the dataset, their indexes and what else the server needs take, each, with room to spare. */
const bytesOfDocument = 1800;

/** The same requests to a large and to a small database: whether what they take grows with the data. */
export async function runScale(bench: Bench): Promise<Figure[]> {
  const { documentsLarge, rounds, load } = bench.options;
  const memoryBytes = documentsLarge * bytesOfDocument;
  if (totalmem() < memoryBytes) {
    const needed = Math.ceil(memoryBytes / 1024 ** 3);
    throw new Unavailable(`${sizeText(documentsLarge)} need ${needed} GiB of memory (--large takes another number)`);
  }
  const large = await open(bench, documentsLarge, memoryBytes);
  try {
    const small = await open(bench, documentsSmall, memoryBytes);
    try {
      const figures: Figure[] = [];
      for (const [what, requestsOf] of tasks) {
        const target: Target = { of: 'ratio', sign: '≥', value: 0.8 };
        const name = `${what}, ${sizeText(documentsLarge)}`;
        const ours = { name, server: large.process, requests: requestsOf(large) };
        const beside = {
          name: sizeText(documentsSmall),
          server: small.process,
          requests: requestsOf(small),
          target,
        };
        figures.push(...(await runContest(ours, [beside], rounds, load)));
      }
      return figures;
    } finally {
      await small.process.stop();
    }
  } finally {
    await large.process.stop();
  }
}

const tasks: readonly (readonly [string, (server: IndexedServer) => readonly Request[]])[] = [
  ['GET /document/get/{id}', ({ sample }) => sample.map(({ id }) => ({ method: 'GET', path: `/document/get/${id}` }))],
  ['POST /document/create, durable', () => [{ method: 'POST', path: '/document/create', body: createRequest }]],
  [
    'POST /document/find, equality on an indexed path',
    ({ sample }) =>
      sample.map(({ username }) => ({
        method: 'POST',
        path: '/document/find?table_name=default',
        body: JSON.stringify({ username: { $eq: username } }),
      })),
  ],
];

async function open({ directory: parent }: Bench, documents: number, memoryBytes: number): Promise<IndexedServer> {
  const directory = join(parent, `scale-${documents}`);
  await mkdir(directory);
  const program = join(import.meta.dirname, '../programs/make-dataset.ts');
  const heapMebibytes = Math.ceil(memoryBytes / 1024 ** 2);
  const { stdout } = await run(process.execPath, [
    `--max-old-space-size=${heapMebibytes}`,
    // As our server has it (`src/cli/heap-limit.ts`): it takes half as long.
    '--external-memory-accounted-in-global-limit',
    program,
    directory,
    String(documents),
  ]);
  const dataset: Dataset = JSON.parse(stdout);
  const environment = { YARADB_MEMORY_BYTES_MAX: String(memoryBytes) };
  const server = await IndexedServer.of(await startYaradb(dataset.directory, environment), dataset);
  await rm(dataset.lines);
  return server;
}
