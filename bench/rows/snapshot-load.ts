import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, startYaradb } from '../bench.ts';
import { comparedFigure, type Figure, type Target } from '../figure.ts';
import { type Latencies, probeLatencies } from '../latency-probe.ts';
import type { Request } from '../load.ts';

const readsMax = 10_000;

/** How long reads and writes take while a snapshot is taken, beside as long without. */
export async function runSnapshotLoad(bench: Bench): Promise<Figure[]> {
  const { rounds, load } = bench.options;
  const { directory, lines } = await bench.dataset();
  const reads = await firstReads(lines);
  const without: Latencies[] = [];
  const during: Latencies[] = [];
  const server = await startYaradb(directory);
  try {
    await probeLatencies(server.url, reads, sleep(1000 * load.seconds));
    for (let round = 0; round < rounds; round += 1) {
      without.push(await probeLatencies(server.url, reads, sleep(1000 * load.seconds)));
      during.push(await probeLatencies(server.url, reads, takeSnapshot(server.url, directory)));
    }
  } finally {
    await server.stop();
  }
  const figure = (what: string, target: Target | null, of: (latencies: Latencies) => number): Figure =>
    comparedFigure({ what, unit: 'ms', beside: 'without', target }, during.map(of), without.map(of));
  const twice: Target = { of: 'ratio', sign: '≤', value: 2 };
  return [
    figure(`p99 of reads while a snapshot of ${bench.size} is taken`, twice, ({ reads }) => reads.p99),
    figure(`p99 of writes while a snapshot of ${bench.size} is taken`, twice, ({ writes }) => writes.p99),
    figure(`longest read while a snapshot of ${bench.size} is taken`, null, ({ reads }) => reads.longest),
    figure(`longest write while a snapshot of ${bench.size} is taken`, null, ({ writes }) => writes.longest),
  ];
}

/** @throws {Error} when the one that there was is the newest still: then nothing was measured. */
async function takeSnapshot(url: string, directory: string): Promise<void> {
  const before = await newestSnapshot(directory);
  const response = await fetch(`${url}/system/snapshot`, { method: 'POST' });
  if (!response.ok) throw new Error(`the snapshot was answered ${response.status}`);
  if ((await newestSnapshot(directory)) === before) throw new Error('no snapshot was taken');
}

async function newestSnapshot(directory: string): Promise<string | undefined> {
  return (await readdir(join(directory, 'snapshots')))
    .filter((name) => name.endsWith('.snapshot'))
    .sort()
    .at(-1);
}

async function firstReads(lines: string): Promise<Request[]> {
  const reads: Request[] = [];
  for await (const line of createInterface({ input: createReadStream(lines) })) {
    reads.push({ method: 'GET', path: `/document/get/${JSON.parse(line)._id}` });
    if (reads.length === readsMax) break;
  }
  return reads;
}
