import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../server-process.ts';
import type { Dataset } from './dataset.ts';
import { comparedFigure, type Figure } from './figure.ts';
import { type Latencies, probeLatencies } from './latency-probe.ts';

const readIds = 10_000;

/** How long reads and writes take while a snapshot is taken, beside as long without. */
export async function measureSnapshotLoad(
  server: ServerProcess,
  dataset: Dataset,
  rounds: number,
  seconds: number,
): Promise<Figure[]> {
  const ids = await firstIds(dataset.lines);
  const without: Latencies[] = [];
  const during: Latencies[] = [];
  await probeLatencies(server.url, ids, sleep(1000 * seconds));
  for (let round = 0; round < rounds; round += 1) {
    without.push(await probeLatencies(server.url, ids, sleep(1000 * seconds)));
    during.push(await probeLatencies(server.url, ids, takeSnapshot(server.url, dataset.directory)));
  }
  const figure = (what: string, target: string, of: (latencies: Latencies) => number): Figure =>
    comparedFigure({ what, unit: 'ms', beside: 'without', target }, during.map(of), without.map(of));
  return [
    figure('p99 of reads while a snapshot is taken', '≤ 2', ({ reads }) => reads.p99),
    figure('p99 of writes while a snapshot is taken', '≤ 2', ({ writes }) => writes.p99),
    figure('longest read while a snapshot is taken', '10 ms more', ({ reads }) => reads.longest),
    figure('longest write while a snapshot is taken', '10 ms more', ({ writes }) => writes.longest),
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

async function firstIds(lines: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const line of createInterface({ input: createReadStream(lines) })) {
    ids.push(JSON.parse(line)._id);
    if (ids.length === readIds) break;
  }
  return ids;
}
