import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServer } from './server-process.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-disk-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly json: Readonly<Record<string, unknown>>;
}

async function ask(url: string, body?: unknown): Promise<Answer> {
  const posted = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url, body === undefined ? {} : posted);
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    json: (await answer.json()) as Readonly<Record<string, unknown>>,
  };
}

const create = (url: string, text: string) => ask(`${url}/document/create`, { name: 'n', body: { text } });

async function idsOf(url: string): Promise<unknown[]> {
  const { json } = await ask(`${url}/document/find`, {});
  return (json as unknown as readonly Answer['json'][]).map(({ _id }) => _id);
}

async function writesOf(url: string): Promise<unknown> {
  const { json } = await ask(`${url}/graphql`, { query: '{ status { writes } }' });
  return (json as { readonly data: { readonly status: { readonly writes: unknown } } }).data.status.writes;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10);
}

describe.each([
  ['sync', []],
  ['interval', ['--durability', 'interval', '--sync-interval', '10']],
])('a disk that stalls, at durability %s:', (_durability, flags) => {
  test('writes wait in a bounded queue, the rest is refused, reads go on, and what is acknowledged when it is back stays', async () => {
    const mark = join(directory, 'mark');
    const data = join(directory, 'data');
    const environment = {
      NODE_OPTIONS: `--import ${new URL('stalling-disk.mjs', import.meta.url)}`,
      STALLING_DISK_MARK: mark,
    };
    const limits = ['--pending-bytes-max', '1MiB', '--stall-ms-max', '100'];
    const { server, url } = await startServer(data, [...limits, ...flags], environment);
    await using _ = server;
    const acknowledged: unknown[] = [];
    const { json } = await create(url, 'before');
    acknowledged.push(json._id);
    expect((await ask(`${url}/readyz`)).status).toBe(200);

    writeFileSync(mark, '');
    const text = 'x'.repeat(100_000);
    let settled = 0;
    const waiting: Promise<Answer>[] = [];
    let refused: Answer | undefined;
    // One after the other, each when the one before is seen to wait or to be answered.
    while (refused === undefined) {
      const before = settled;
      const attempt = create(url, text).finally(() => {
        settled += 1;
      });
      waiting.push(attempt);
      await Promise.race([attempt, delay(20)]);
      if (settled > before && (await Promise.race([attempt, delay(1)]))?.status === 503) refused = await attempt;
      expect(waiting.length).toBeLessThan(40);
    }
    expect(refused).toMatchObject({ status: 503, retryAfter: '1', json: { code: 'OVERLOADED' } });
    await until(async () => (await ask(`${url}/readyz`)).status === 503);
    expect((await ask(`${url}/readyz`)).json).toEqual({ status: 'not ready', writes: 'stalled' });
    expect(await writesOf(url)).toBe('STALLED');
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await ask(`${url}/document/get/${acknowledged[0]}`)).status).toBe(200);

    rmSync(mark);
    for (const { status, json: answer } of await Promise.all(waiting)) {
      if (status === 200) acknowledged.push(answer._id);
      else expect(status).toBe(503);
    }
    expect(acknowledged.length).toBeGreaterThan(8);
    await until(async () => (await ask(`${url}/readyz`)).status === 200);
    expect((await create(url, 'after')).status).toBe(200);
    server.kill('SIGKILL');
    await server.ended;

    const again = await startServer(data);
    await using __ = again.server;
    expect(await idsOf(again.url)).toEqual(expect.arrayContaining(acknowledged));
  });
});

/** Why no small file system can be mounted here; null when one can. */
function reasonAgainstMounting(): string | null {
  if (process.platform !== 'linux') return 'needs Linux';
  const probe = mkdtempSync(join(tmpdir(), 'yaradb-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'pipe' });
    execFileSync('umount', [probe], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `mounting is not permitted: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  } finally {
    rmSync(probe, { recursive: true });
  }
}

const against = reasonAgainstMounting();

describe.skipIf(against !== null)(`a full disk${against === null ? '' : ` (skipped: ${against})`}`, () => {
  test.each([
    ['sync', []],
    ['interval', ['--durability', 'interval']],
  ])('refuses writes with 507, serves reads, and takes writes again when there is room (%s)', async (_name, flags) => {
    const mounted = join(directory, 'mounted');
    mkdirSync(mounted);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mounted]);
    try {
      const data = join(mounted, 'data');
      const ballast = join(mounted, 'ballast');
      writeFileSync(ballast, Buffer.alloc(1024 * 1024));
      const { server, url } = await startServer(data, flags);
      await using _ = server;
      const acknowledged: unknown[] = [];
      const text = 'x'.repeat(50_000);
      let refused: Answer | undefined;
      while (refused === undefined) {
        const answer = await create(url, text);
        if (answer.status === 200) acknowledged.push(answer.json._id);
        else refused = answer;
      }
      expect(refused).toMatchObject({ status: 507, json: { code: 'STORAGE_FULL' } });
      expect(acknowledged.length).toBeGreaterThan(3);
      expect(statfsSync(mounted).bavail).toBeLessThan(20);
      expect(await writesOf(url)).toBe('STORAGE_FULL');
      expect(await idsOf(url)).toEqual(acknowledged);
      expect((await ask(`${url}/readyz`)).status).toBe(200);
      expect((await create(url, text)).status).toBe(507);

      rmSync(ballast);
      const resumed = await create(url, text);
      expect(resumed.status).toBe(200);
      acknowledged.push(resumed.json._id);
      expect(await writesOf(url)).toBe('ACCEPTED');
      server.kill('SIGKILL');
      await server.ended;
      expect(server.stderr).toContain('"writes":"storageFull"');

      const again = await startServer(data);
      await using __ = again.server;
      expect(await idsOf(again.url)).toEqual(acknowledged);
      again.server.kill('SIGTERM');
      expect((await again.server.ended).code).toBe(0);
    } finally {
      execFileSync('umount', [mounted]);
    }
  });
});
