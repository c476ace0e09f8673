// `npm run bench`: measures our server beside ceilings and peers in interleaved rounds and prints the table of the README.
// `npm run bench -- find range` measures these rows only. What was measured is in `results/latest.json`, a picture of it beside that, and
// `npm run fix:performance` puts both into the README. Speed is a ratio to what ran in the same minutes on the same machine;
// absolute figures mean little.
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Bench, type BenchOptions, resultsDirectory } from './bench.ts';
import { type Figure, holds, tableOf } from './figure.ts';
import { pictureOf } from './picture.ts';
import { circumstancesOf, type Report } from './report.ts';
import { rows } from './rows.ts';
import { Unavailable } from './unavailable.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    documents: { type: 'string', default: '1000000' },
    large: { type: 'string', default: '10000000' },
  },
});
const options: BenchOptions = {
  rounds: Number(values.rounds),
  load: { connections: Number(values.connections), seconds: Number(values.seconds) },
  documents: Number(values.documents),
  documentsLarge: Number(values.large),
};
const unknown = positionals.find((name) => !rows.some((row) => row.name === name));
if (unknown !== undefined) {
  throw new Error(`there is no row '${unknown}': the rows are ${rows.map(({ name }) => name).join(', ')}`);
}

const bench = await Bench.open(options);
try {
  const loadBefore = loadavg();
  const figures: (Figure & { readonly row: string })[] = [];
  const skipped: { readonly row: string; readonly reason: string }[] = [];
  for (const { name, run } of rows) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const start = performance.now();
    try {
      for (const figure of await run(bench)) figures.push({ row: name, ...figure });
    } catch (error) {
      // The other rows have taken long, and what they measured stays measured.
      const isSkipped = error instanceof Unavailable;
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ row: name, reason: isSkipped ? reason : `failed: ${reason}` });
      process.stderr.write(`${name}: ${isSkipped ? 'skipped' : 'failed'}: ${reason}\n`);
      if (!isSkipped) process.exitCode = 1;
      continue;
    }
    const seconds = Math.round((performance.now() - start) / 1000);
    process.stderr.write(`${name}: ${seconds} s, load average ${loadavg()[0]?.toFixed(1)}\n`);
  }
  const report: Report = {
    date: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    loadBefore,
    loadAfter: loadavg(),
    ...options,
    skipped,
    missed: figures.filter((figure) => !holds(figure)).map(({ what }) => what),
    figures,
  };
  await writeFile(join(resultsDirectory, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(resultsDirectory, 'latest.svg'), pictureOf(figures));
  process.stdout.write(`\n${tableOf(figures)}\n\n${circumstancesOf(report)}\n`);
} finally {
  await bench.close();
}
