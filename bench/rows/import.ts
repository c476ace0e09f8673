import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, sizeText, startYaradb } from '../bench.ts';
import { comparedFigure, type Figure } from '../figure.ts';
import { personOf } from '../people.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, '../../src/cli/main.ts');
const ceiling = join(import.meta.dirname, '../ceilings/bulk-write.ts');
/** Enough for the command's own start not to count for much. */
const documentsMax = 200_000;

/** How many documents a second `yaradb import` brings from a file into an empty server, from the command's start to its end. */
export async function runImport({ directory: parent, options }: Bench): Promise<Figure[]> {
  const documents = Math.min(options.documents, documentsMax);
  const path = join(parent, 'people.ndjson');
  await writePeople(path, documents);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const { stdout } = await run(process.execPath, [ceiling, parent, String(documents)]);
    theirs.push(Number(stdout));
    ours.push(await importOnce(parent, path, documents));
  }
  await rm(path);
  const what = `yaradb import of NDJSON, ${sizeText(documents)}`;
  const beside = 'SHA-256, `JSON.stringify`, write and sync for 100';
  return [comparedFigure({ what, unit: '/s', beside, target: { of: 'ratio', sign: '≥', value: 0.6 } }, ours, theirs)];
}

async function importOnce(parent: string, path: string, documents: number): Promise<number> {
  const directory = await mkdtemp(join(parent, 'import-'));
  const server = await startYaradb(directory);
  try {
    const startedAt = performance.now();
    const { stdout } = await run(process.execPath, [
      program,
      'import',
      path,
      '--table',
      'people',
      '--url',
      server.url,
      '--json',
    ]);
    const seconds = (performance.now() - startedAt) / 1000;
    const { created } = JSON.parse(stdout);
    if (created !== documents) throw new Error(`${created} of ${documents} documents were imported`);
    return documents / seconds;
  } finally {
    await server.stop();
    await rm(directory, { recursive: true });
  }
}

async function writePeople(path: string, documents: number): Promise<void> {
  const file = createWriteStream(path);
  for (let number = 0; number < documents; number += 1) {
    if (!file.write(`${JSON.stringify(personOf(number))}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}
