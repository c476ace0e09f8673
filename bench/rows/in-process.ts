import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from '../bench.ts';
import type { Figure } from '../figure.ts';

const run = promisify(execFile);

/** The filters of `programs/filters.ts`, without server and disk. */
export function runFilters(bench: Bench): Promise<Figure[]> {
  return runProgram('filters', bench);
}

/** The queries of `programs/queries.ts`, without server and disk. */
export function runQueries(bench: Bench): Promise<Figure[]> {
  return runProgram('queries', bench);
}

/** In a process of its own: what a process has run before decides how well V8 runs what comes next. It prints its figures as JSON. */
async function runProgram(name: string, { options }: Bench): Promise<Figure[]> {
  const program = join(import.meta.dirname, `../programs/${name}.ts`);
  const { stdout } = await run(process.execPath, [
    '--max-old-space-size=8192',
    program,
    `--documents=${options.documents}`,
    `--rounds=${options.rounds}`,
  ]);
  return JSON.parse(stdout);
}
