import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServer } from './server-process.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-durability-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const interval = ['--durability', 'interval', '--sync-interval', '50'];

interface Status {
  readonly epoch: string;
  readonly documents: number;
  readonly durability: string;
  readonly syncIntervalMs: number | null;
  readonly recovery: { readonly clean: boolean; readonly epochBegun: boolean };
}

async function statusOf(url: string): Promise<Status> {
  const query = '{ status { epoch documents durability syncIntervalMs recovery { clean epochBegun } } }';
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return ((await answer.json()) as { readonly data: { readonly status: Status } }).data.status;
}

async function create(url: string, n: number): Promise<Response> {
  return fetch(`${url}/document/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'n', body: { n } }),
  });
}

describe('durability', () => {
  test('interval is named as bounded loss in the log and the status; sync is what there is without it', async () => {
    const first = await startServer(directory, interval);
    await using _ = first.server;
    expect(await statusOf(first.url)).toMatchObject({ durability: 'INTERVAL', syncIntervalMs: 50 });
    first.server.kill('SIGTERM');
    const { stderr, code } = await first.server.ended;
    expect(code).toBe(0);
    const warnings = stderr.split('\n').filter((line) => line.includes('"level":40'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/bounded loss: .* the last 50 ms/);

    const second = await startServer(directory);
    await using __ = second.server;
    expect(await statusOf(second.url)).toMatchObject({ durability: 'SYNC', syncIntervalMs: null });
    second.server.kill('SIGTERM');
    expect((await second.server.ended).stderr).not.toContain('"level":40');
  });

  test('interval: the end of the process loses nothing; after SIGKILL a new epoch begins, after a clean stop none', async () => {
    const first = await startServer(directory, interval);
    await using _ = first.server;
    for (let n = 0; n < 50; n += 1) expect((await create(first.url, n)).status).toBe(200);
    const { epoch } = await statusOf(first.url);
    first.server.kill('SIGKILL');
    await first.server.ended;

    const second = await startServer(directory, interval);
    await using __ = second.server;
    const after = await statusOf(second.url);
    expect(after).toMatchObject({ documents: 50, recovery: { clean: false, epochBegun: true } });
    expect(after.epoch).not.toBe(epoch);
    expect((await create(second.url, 50)).status).toBe(200);
    second.server.kill('SIGTERM');
    const { stderr } = await second.server.ended;
    expect(stderr).toContain('a new epoch begins');

    const third = await startServer(directory, interval);
    await using ___ = third.server;
    expect(await statusOf(third.url)).toMatchObject({
      documents: 51,
      epoch: after.epoch,
      recovery: { clean: true, epochBegun: false },
    });
  });

  test('interval: a sync that fails in the background stops the server with 4, and says what may be lost', async () => {
    const mark = join(directory, 'mark');
    const environment = {
      NODE_OPTIONS: `--import ${new URL('failing-disk.mjs', import.meta.url)}`,
      FAILING_DISK_MARK: mark,
    };
    const data = join(directory, 'data');
    const { server, url } = await startServer(data, ['--log-level', 'silent', ...interval], environment);
    await using _ = server;
    expect((await create(url, 1)).status).toBe(200);
    writeFileSync(mark, '');
    // Answered before the sync that fails; nothing else is asked of the server.
    await create(url, 2);
    const { code, stderr } = await server.ended;
    expect(code).toBe(4);
    expect(stderr).toMatch(/^yaradb: the disk of the data directory [^\n]+, but for, at most, the last 50 ms[^\n]+\n$/);
    rmSync(mark);
    const again = await startServer(data);
    await using __ = again.server;
    expect((await statusOf(again.url)).documents).toBeGreaterThanOrEqual(1);
  });
});
