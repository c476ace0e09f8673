import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServer } from '../process/server-process.ts';
import { FuzzRun, readFuzzSettings } from './fuzz-run.ts';

/** What is random on REST and GraphQL, a part of it right and a part of it not: nothing of it may harm the server, or its other clients. */

/** What `server-watch.mjs` writes. */
interface WatchReport {
  readonly longTurns: readonly {
    /** Of the processor, those of the garbage collector not counted. */
    readonly milliseconds: number;
    readonly collecting: number;
    /** The last ones that had arrived. */
    readonly requests: readonly string[];
  }[];
  readonly changedPrototypes: readonly string[];
}

const stallMsMax = 50;

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-fuzz-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test('requests made at random from the grammars of REST and GraphQL', { timeout: 3_600_000 }, async () => {
  const settings = readFuzzSettings();
  const report = join(directory, 'report.json');
  const { server, url } = await startServer(
    join(directory, 'data'),
    [
      '--log-level',
      'error',
      '--self-destruct',
      'allowed',
      '--body-bytes-max',
      '256KiB',
      '--allowed-origins',
      'https://studio.example',
    ],
    { NODE_OPTIONS: `--import ${new URL('server-watch.mjs', import.meta.url)}`, FUZZ_REPORT: report },
  );
  await using _server = server;
  const run = new FuzzRun(Number(new URL(url).port), settings);
  await run.finished();

  server.kill('SIGTERM');
  const { code, stderr } = await server.ended;
  const watched: WatchReport = JSON.parse(readFileSync(report, 'utf8'));
  const longest = Math.max(0, ...watched.longTurns.map(({ milliseconds }) => milliseconds));
  const collecting = Math.max(0, ...watched.longTurns.map((turn) => turn.collecting));
  const times = `longest turn of the event loop ${Math.round(longest)} ms, longest garbage collection ${Math.round(collecting)} ms`;
  process.stdout.write(`${run.summary()}; ${times}\n`);

  expect.soft(run.failures).toEqual([]);
  expect.soft({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect.soft(watched.longTurns.filter(({ milliseconds }) => milliseconds > stallMsMax)).toEqual([]);
  expect.soft(watched.changedPrototypes).toEqual([]);
  run.expectVariety();
});
