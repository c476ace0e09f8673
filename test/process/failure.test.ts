import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServer } from './server-process.ts';

let directory: string;
let mark: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-failure-'));
  mark = join(directory, 'mark');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What makes Node load a program of this folder before the server. */
const preload = (name: string) => ({ NODE_OPTIONS: `--import ${new URL(name, import.meta.url)}` });

async function create(url: string, marker: string): Promise<Response> {
  return fetch(`${url}/document/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'user', body: { marker } }),
  });
}

describe('a running server ends with one line and its exit code:', () => {
  test('4, the disk failed under a write: the outcome is unknown, and what was acknowledged is there', async () => {
    const data = join(directory, 'data');
    const environment = { ...preload('failing-disk.mjs'), FAILING_DISK_MARK: mark };
    const { server, url } = await startServer(data, ['--log-level', 'silent'], environment);
    await using _ = server;
    const acknowledged = await create(url, 'acknowledged');
    expect(acknowledged.status).toBe(200);
    const { _id } = (await acknowledged.json()) as { readonly _id: string };
    writeFileSync(mark, '');
    // One that comes when the server has already begun to stop is not answered at all; none is told of success.
    const attempts = await Promise.allSettled(['a', 'b', 'c'].map((marker) => create(url, marker)));
    const answers = attempts.filter((attempt) => attempt.status === 'fulfilled').map(({ value }) => value);
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) {
      expect(answer.status).toBe(500);
      expect(await answer.json()).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    }
    const { code, stderr } = await server.ended;
    expect(code).toBe(4);
    expect(stderr).toMatch(/^yaradb: the disk of the data directory [^\n]+\n$/);

    rmSync(mark);
    const again = await startServer(data);
    await using __ = again.server;
    expect((await fetch(`${again.url}/document/get/${_id}`)).status).toBe(200);
  });

  test('4, the disk fails at the start', async () => {
    writeFileSync(mark, '');
    const environment = { ...preload('failing-disk.mjs'), FAILING_DISK_MARK: mark };
    await expect(startServer(join(directory, 'data'), [], environment)).rejects.toThrow(
      /^ended with 4 before it was ready: yaradb: the disk of the data directory [^\n]+\(EIO[^\n]+\n$/,
    );
  });

  test.each(['exception', 'rejection'])('70, a bug: an unhandled %s, logged whole', async (kind) => {
    const environment = { ...preload('throwing-timer.mjs'), THROWING_TIMER_MARK: mark, THROWING_TIMER_KIND: kind };
    const { server } = await startServer(join(directory, 'data'), [], environment);
    await using _ = server;
    writeFileSync(mark, '');
    const { code, stderr } = await server.ended;
    expect(code).toBe(70);
    expect(stderr).toMatch(/"stack":"Error: injected bug\\n {4}at /);
    expect(stderr).toMatch(/^yaradb: a bug in YaraDB: injected bug$/m);
  });
});
