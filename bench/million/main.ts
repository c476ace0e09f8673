// `npm run bench:million`: what a database of a million documents costs: to start, in memory, and while a snapshot is taken.
// Like the rest of the bench it says most as a ratio to what ran beside it on the same machine.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Dataset, makeDataset } from './dataset.ts';
import { comparedFigure, type Figure, tableOfFigures } from './figure.ts';
import { measureEmptyStart, measureRestart, startServer } from './restart.ts';
import { measureSnapshotLoad } from './snapshot-load.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

const results = join(import.meta.dirname, '../results');
await mkdir(results, { recursive: true });
// Beside the results, not in the system's temporary directory: that may be memory, where a sync costs nothing.
const parent = await mkdtemp(join(results, 'million-'));
try {
  const loadBefore = loadavg();
  const dataset = await makeDataset(parent, Number(values.documents));
  const figures: Figure[] = [
    await measureEmptyStart(parent, rounds),
    await measureRestart(dataset, rounds),
    await measureMemory(dataset),
    ...(await measureSnapshots(dataset)),
  ];
  const report = {
    date: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    loadBefore,
    loadAfter: loadavg(),
    documents: dataset.documents,
    textBytes: dataset.textBytes,
    rounds,
    seconds,
    figures,
  };
  await writeFile(join(results, 'million.json'), `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`\n${tableOfFigures(figures)}\n\n${report.date}, Node ${report.node}, ${report.machine}, `);
  process.stdout.write(
    `${dataset.documents} documents of ${Math.round(dataset.textBytes / dataset.documents)} bytes of `,
  );
  process.stdout.write(`REST text, median of ${rounds} rounds, load average ${loadavg()[0]?.toFixed(1)}\n`);
} finally {
  await rm(parent, { recursive: true });
}

/** Resident memory of a server that has just started, without garbage, beside the REST text of its documents. */
async function measureMemory(dataset: Dataset): Promise<Figure> {
  const resident: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const collector = join(import.meta.dirname, 'collect-garbage.ts');
    const server = await startServer(dataset.directory, { NODE_OPTIONS: `--import=${collector}` });
    server.signal('SIGUSR2');
    // Collecting takes a second, and what is free is given back to the system a little later.
    await sleep(5000);
    resident.push(((await server.residentBytes()) ?? Number.NaN) / 1024 / 1024);
    await server.stop();
  }
  const what = 'resident memory after a full collection';
  const text = dataset.textBytes / 1024 / 1024;
  return comparedFigure({ what, unit: 'MiB', beside: 'REST text', target: '≤ 2.2' }, resident, [text]);
}

async function measureSnapshots(dataset: Dataset): Promise<Figure[]> {
  const server = await startServer(dataset.directory);
  try {
    return await measureSnapshotLoad(server, dataset, rounds, seconds);
  } finally {
    await server.stop();
  }
}
