import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ServerProcess, startServer } from './server-process.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-memory-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface RestDocument {
  readonly _id: string;
  readonly version: number;
}

async function post(url: string, path: string, body: unknown): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, json: await answer.json() };
}

const createTen = (url: string) =>
  post(
    url,
    '/document/batch/create',
    Array.from({ length: 10 }, () => ({ name: 'n', body: { text: 'x'.repeat(10_000) } })),
  );

async function graphql(url: string, query: string, variables: object = {}): Promise<Record<string, unknown>> {
  return (await post(url, '/graphql', { query, variables })).json as Record<string, unknown>;
}

async function statusOf(url: string): Promise<Record<string, unknown>> {
  const { data } = await graphql(url, '{ status { documents writes memoryBytes memoryBytesMax } }');
  return (data as { readonly status: Record<string, unknown> }).status;
}

/** The command line of the process as the system has it. */
const commandLineOf = (server: ServerProcess): string => readFileSync(`/proc/${server.pid}/cmdline`, 'utf8');

describe('memory limit', () => {
  test('at it writes are refused with 507, reads and erasing go on, and erasing gives room; over a restart, too', async () => {
    const first = await startServer(directory, ['--memory-bytes-max', '1MiB']);
    await using _ = first.server;
    let { url } = first;
    let refused: Awaited<ReturnType<typeof createTen>>;
    const created: RestDocument[] = [];
    for (;;) {
      refused = await createTen(url);
      if (refused.status !== 200) break;
      created.push(...(refused.json as readonly RestDocument[]));
    }
    expect(refused).toMatchObject({ status: 507, json: { code: 'MEMORY_FULL', limit: 1024 * 1024 } });
    expect(created.length).toBeGreaterThan(50);
    const { errors } = await graphql(url, 'mutation { createDocument(name: "n", body: {}) { id } }');
    expect(errors).toMatchObject([{ extensions: { code: 'MEMORY_FULL' } }]);
    expect(await statusOf(url)).toMatchObject({ documents: created.length, writes: 'MEMORY_FULL' });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await post(url, '/document/find', {})).json).toHaveLength(created.length);
    first.server.kill('SIGTERM');
    const { code, stderr } = await first.server.ended;
    expect(code).toBe(0);
    expect(stderr.match(/"writes":"memoryFull"/g)).toHaveLength(1);
    expect(stderr).not.toContain('"level":50');

    const second = await startServer(directory, ['--memory-bytes-max', '1MiB']);
    await using __ = second.server;
    ({ url } = second);
    expect(await statusOf(url)).toMatchObject({ documents: created.length, writes: 'MEMORY_FULL' });
    expect((await createTen(url)).status).toBe(507);
    for (const { _id: id, version } of created.splice(0, 20)) {
      const erase = 'mutation ($id: ID!, $version: Int!) { eraseDocument(id: $id, version: $version) }';
      expect(await graphql(url, erase, { id, version })).toEqual({ data: { eraseDocument: true } });
    }
    expect((await createTen(url)).status).toBe(200);
    expect(await statusOf(url)).toMatchObject({ writes: 'ACCEPTED', documents: created.length + 10 });
  });

  test.skipIf(process.platform !== 'linux')(
    'the heap fits it, in the same process; a heap that Node was given stays, and the limit is made to fit (needs /proc)',
    async () => {
      const [fitted, given] = await Promise.all([
        startServer(join(directory, 'fitted'), ['--memory-bytes-max', '64GiB']),
        startServer(join(directory, 'given'), ['--memory-bytes-max', '64GiB'], {
          NODE_OPTIONS: '--max-old-space-size=300',
        }),
      ]);
      await using _ = fitted.server;
      await using __ = given.server;
      expect(commandLineOf(fitted.server).split('\0')).toContain(`--max-old-space-size=${96 * 1024}`);
      expect(await statusOf(fitted.url)).toMatchObject({ memoryBytesMax: 64 * 1024 ** 3 });
      expect(commandLineOf(given.server)).not.toContain('--max-old-space-size');
      expect(await statusOf(given.url)).toMatchObject({ memoryBytesMax: 140 * 1024 ** 2 });
      given.server.kill('SIGTERM');
      expect((await given.server.ended).stderr).toContain('too small for --memory-bytes-max');
    },
  );
});
