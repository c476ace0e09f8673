// `npm run bench:guard`: whether a change has halved what the server does. A short run of the rows that take no large database, each
// ratio to its ceiling held against a floor of about half of what it was seen to be: a noisy machine passes, a mistake does not.
// Ends with 1 when a floor is not reached, with 0 when all are, or when there is nothing to measure with.
import { execFileSync } from 'node:child_process';
import { Bench } from './bench.ts';
import { tableOf } from './figure.ts';
import { rows } from './rows.ts';

/** Of each row's first figure. */
const floors: Readonly<Record<string, number>> = {
  get: 0.4,
  create: 0.35,
  'bulk-create': 0.3,
  'graphql-get': 0.6,
  'graphql-create': 0.5,
  find: 0.3,
};
/** A row that does not reach its floor gets another chance: what is twice as slow stays it. */
const triesMax = 2;

function hasLoadGenerator(): boolean {
  try {
    execFileSync('wrk', ['--version'], { stdio: 'ignore' });
  } catch (error) {
    // It prints its version and ends with 1.
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
  return true;
}

async function reaches(bench: Bench, name: string, floor: number): Promise<boolean> {
  const row = rows.find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`there is no row '${name}'`);
  for (let tries = 1; tries <= triesMax; tries += 1) {
    const [figure] = await row.run(bench);
    if (figure === undefined) throw new Error(`row '${name}' has no figure`);
    process.stdout.write(`${tableOf([figure]).split('\n').at(-1)} floor ${floor}\n`);
    if ((figure.ratio ?? 0) >= floor) return true;
  }
  return false;
}

if (hasLoadGenerator()) {
  const bench = await Bench.open({
    rounds: 3,
    load: { connections: 64, seconds: 2 },
    documents: 20_000,
    documentsLarge: 0,
  });
  try {
    for (const [name, floor] of Object.entries(floors)) {
      if (await reaches(bench, name, floor)) continue;
      process.stdout.write(`${name} is below its floor\n`);
      process.exitCode = 1;
    }
  } finally {
    await bench.close();
  }
} else {
  process.stdout.write('skipped: there is no wrk (Debian: apt-get install wrk)\n');
}
