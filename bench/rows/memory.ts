import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, startYaradb } from '../bench.ts';
import { comparedFigure, type Figure } from '../figure.ts';

/** Resident memory of a server that has just started, without garbage, beside the REST text of its documents. */
export async function runMemory(bench: Bench): Promise<Figure[]> {
  const { directory, textBytes } = await bench.dataset();
  const collector = join(import.meta.dirname, '../collect-garbage.ts');
  const resident: number[] = [];
  for (let round = 0; round < bench.options.rounds; round += 1) {
    const server = await startYaradb(directory, { NODE_OPTIONS: `--import=${collector}` });
    server.signal('SIGUSR2');
    // Collecting takes a second, and what is free is given back to the system a little later.
    await sleep(5000);
    resident.push((await server.residentMebibytes()) ?? Number.NaN);
    await server.stop();
  }
  const what = `resident memory with ${bench.size}, after a full collection`;
  const target = { of: 'ratio', sign: '≤', value: 2.2 } as const;
  return [comparedFigure({ what, unit: 'MiB', beside: 'REST text', target }, resident, [textBytes / 1024 / 1024])];
}
