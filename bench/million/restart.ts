import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ServerProcess } from '../server-process.ts';
import { createRequest } from '../workload.ts';
import { checkDocuments } from './check.ts';
import type { Dataset } from './dataset.ts';
import { comparedFigure, type Figure, plainFigure } from './figure.ts';

const run = promisify(execFile);
const yaradb = join(import.meta.dirname, '../../src/cli/main.ts');
const parseLines = join(import.meta.dirname, '../ceilings/parse-lines.ts');
/** Written behind the snapshot and acknowledged before the first `kill -9`. */
const createsBehindSnapshot = 100;

/** Starts the server on a data directory and waits until it is ready. */
export function startServer(directory: string, environment?: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const args = ['serve', '--port=0', `--data-dir=${directory}`, '--log-level=warn'];
  return ServerProcess.start(yaradb, args, environment);
}

/**
 * How long the server takes from the command to the first answer after a `kill -9`, with a snapshot of all documents, beside one process
 * that parses their text. Then checks that no document is missing.
 */
export async function measureRestart(dataset: Dataset, rounds: number): Promise<Figure> {
  const created = await createAndKill(dataset);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await timed(() => parse(dataset)));
    let server: ServerProcess | null = null;
    ours.push(
      await timed(async () => {
        server = await startServer(dataset.directory);
      }),
    );
    await (server as ServerProcess | null)?.kill();
  }
  const server = await startServer(dataset.directory);
  try {
    await checkDocuments(server.url, dataset, created);
  } finally {
    await server.kill();
  }
  const what = 'restart after `kill -9`, command to ready';
  return comparedFigure({ what, unit: 'ms', beside: '`JSON.parse` of the same lines', target: '≤ 2' }, ours, theirs);
}

/** How long a server without documents takes from the command to ready. */
export async function measureEmptyStart(parent: string, rounds: number): Promise<Figure> {
  const ours: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const directory = await mkdtemp(join(parent, 'empty-'));
    const startedAt = performance.now();
    const server = await startServer(directory);
    ours.push(performance.now() - startedAt);
    await server.stop();
    await rm(directory, { recursive: true });
  }
  return plainFigure({ what: 'empty server, command to ready', unit: 'ms', target: '≤ 500 ms' }, ours);
}

/** @returns the ids of the documents that were created behind the snapshot, in order. */
async function createAndKill({ directory }: Dataset): Promise<string[]> {
  const server = await startServer(directory);
  const ids: string[] = [];
  for (let count = 0; count < createsBehindSnapshot; count += 1) {
    const response = await fetch(`${server.url}/document/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: createRequest,
    });
    const { _id: id } = await response.json();
    ids.push(id);
  }
  await server.kill();
  return ids;
}

async function parse({ lines, documents }: Dataset): Promise<void> {
  // A heap as large as the server gives itself: neither is to spend its time on making room.
  const { stdout } = await run(process.execPath, ['--max-old-space-size=16384', parseLines, lines]);
  if (Number(stdout) !== documents) throw new Error(`${stdout.trim()} lines instead of ${documents}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
