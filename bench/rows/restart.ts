import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, startYaradb } from '../bench.ts';
import { checkDocuments } from '../check.ts';
import type { Dataset } from '../dataset.ts';
import { comparedFigure, type Figure, plainFigure } from '../figure.ts';
import type { ServerProcess } from '../server-process.ts';
import { createRequest } from '../workload.ts';

const run = promisify(execFile);
const parseLines = join(import.meta.dirname, '../ceilings/parse-lines.ts');
/** Written behind the snapshot and acknowledged before the first `kill -9`. */
const createsBehindSnapshot = 100;

/**
 * How long the server takes from the command to the first answer after a `kill -9`, with a snapshot of all documents, beside one process
 * that parses their text. Then checks that no document is missing.
 */
export async function runRestart(bench: Bench): Promise<Figure[]> {
  const { rounds } = bench.options;
  const dataset = await bench.dataset();
  const created = await createAndKill(dataset);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await timed(() => parse(dataset)));
    let server: ServerProcess | null = null;
    ours.push(
      await timed(async () => {
        server = await startYaradb(dataset.directory);
      }),
    );
    await (server as ServerProcess | null)?.kill();
  }
  const server = await startYaradb(dataset.directory);
  try {
    await checkDocuments(server.url, dataset, created);
  } finally {
    await server.kill();
  }
  const what = `restart with ${bench.size} after \`kill -9\`, command to ready`;
  const target = { of: 'ratio', sign: '≤', value: 2 } as const;
  return [comparedFigure({ what, unit: 'ms', beside: '`JSON.parse` of the same lines', target }, ours, theirs)];
}

/** How long a server without documents takes from the command to ready. */
export async function runEmptyStart({ directory: parent, options }: Bench): Promise<Figure[]> {
  const ours: number[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const directory = await mkdtemp(join(parent, 'empty-'));
    const startedAt = performance.now();
    const server = await startYaradb(directory);
    ours.push(performance.now() - startedAt);
    await server.stop();
    await rm(directory, { recursive: true });
  }
  const target = { of: 'ours', sign: '≤', value: 500 } as const;
  return [plainFigure({ what: 'empty server, command to ready', unit: 'ms', target }, ours)];
}

/** @returns the ids of the documents that were created behind the snapshot, in order. */
async function createAndKill({ directory }: Dataset): Promise<string[]> {
  const server = await startYaradb(directory);
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
