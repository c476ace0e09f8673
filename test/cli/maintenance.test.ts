import { readdirSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { startServer } from '../process/server-process.ts';
import { answering } from '../support/answering-server.ts';
import { send } from '../support/http-client.ts';
import { contentsOf, TemporaryFolder, yaradb } from './data-fixture.ts';

async function create(url: string, body: object): Promise<string> {
  const answer = await send(`${url}/document/create`, { method: 'POST', body: { name: 'n', body } });
  expect(answer.status).toBe(200);
  return (answer.json as { readonly _id: string })._id;
}

async function erase(url: string, id: string, version = 1): Promise<void> {
  const query = `mutation { eraseDocument(id: "${id}", version: ${version}) }`;
  const { json } = await send(`${url}/graphql`, { method: 'POST', body: { query } });
  expect(json).toEqual({ data: { eraseDocument: true } });
}

async function historyOf(url: string): Promise<unknown> {
  const query = '{ status { sequence history { erasedOnDiskUpTo } snapshot { sequence documents } } }';
  const { json } = await send(`${url}/graphql`, { method: 'POST', body: { query } });
  return (json as { readonly data: { readonly status: unknown } }).data.status;
}

function isInAFile(directory: string, text: string): boolean {
  const hex = Buffer.from(text).toString('hex');
  return Object.values(contentsOf(directory)).some((content) => content.includes(hex));
}

test('compact: what was erased is in no file of the running server any more, and all else is kept', async () => {
  using folder = new TemporaryFolder();
  const data = folder.join('data');
  const { server, url } = await startServer(data, ['--history-bytes-max', 'unlimited']);
  await using _ = server;
  const secret = await create(url, { text: 'the-secret' });
  await create(url, { text: 'the-rest' });
  // In a snapshot, too.
  expect((await yaradb('snapshot', '--url', url)).code).toBe(0);
  await erase(url, secret);
  expect(isInAFile(data, 'the-secret')).toBe(true);

  const compacted = await yaradb('compact', '--url', url, '--json');
  expect([compacted.code, compacted.stderr]).toEqual([0, '']);
  expect(JSON.parse(compacted.stdout)).toEqual({ erasedOnDiskUpTo: 3, files: 2 });
  expect(isInAFile(data, 'the-secret')).toBe(false);
  expect(isInAFile(data, 'the-rest')).toBe(true);
  expect(await historyOf(url)).toMatchObject({ history: { erasedOnDiskUpTo: 3 } });

  const again = await yaradb('compact', '--url', url);
  expect([again.code, again.stdout]).toEqual([
    0,
    'compacted: what was erased up to commit 3 is in no file any more; written again: 0 files\n',
  ]);
  server.kill('SIGTERM');
  await server.ended;
  expect((await yaradb('verify', data)).code).toBe(0);
});

test('snapshot: one is taken of the running server, or the newest told when nothing was written since', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  await using _ = server;
  await create(url, {});
  const first = await yaradb('snapshot', '--url', url, '--json');
  expect([first.code, first.stderr]).toEqual([0, '']);
  const told = JSON.parse(first.stdout);
  expect(told).toEqual({
    sequence: 1,
    createdAt: expect.stringMatching(/^20.*Z$/),
    documents: 1,
    bytes: readFileSync(folder.join('data', 'snapshots', '00000000000000000001.snapshot')).length,
  });
  expect(await historyOf(url)).toMatchObject({ snapshot: { sequence: 1, documents: 1 } });
  expect(JSON.parse((await yaradb('snapshot', '--url', url, '--json')).stdout)).toEqual(told);
  await create(url, {});
  const { stdout } = await yaradb('snapshot', '--url', url);
  expect(stdout).toMatch(/^snapshot: everything up to commit 2: 2 documents, \d+ bytes\n$/);
  expect(readdirSync(folder.join('data', 'snapshots'))).toHaveLength(2);
});

test('without a server compact ends with 6, with a word too many with 1, and with 4 or 6 when it is refused, by why', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  server.kill('SIGKILL');
  await server.ended;
  const lines: [unknown, string][] = [];
  const run = async (...args: string[]): Promise<void> => {
    const { code, stdout, stderr } = await yaradb('compact', ...args);
    expect(stdout).toBe('');
    lines.push([code, stderr]);
  };
  await run('--url', url);
  await run('surplus');
  const answers: readonly RequestListener[] = [
    (_request, response) => response.writeHead(507).end('{"detail":"no room","code":"STORAGE_FULL"}'),
    (_request, response) => response.writeHead(503).end('{"detail":"stopping","code":"OVERLOADED"}'),
    (_request, response) => response.writeHead(404).end('who are you?'),
    (_request, response) => response.end('not JSON'),
    (_request, response) => response.socket?.destroy(),
    (_request, response) => response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
  ];
  for (const listener of answers) {
    await using answered = await answering(listener);
    await run('--url', answered.url);
  }
  expect(lines).toEqual([
    [6, expect.stringMatching(/^yaradb: the server at \S+ cannot be reached: no server listens there\. [^\n]*\n$/)],
    [1, expect.stringContaining("'surplus' is one word too many")],
    [4, expect.stringMatching(/ refuses: no room\.\n$/)],
    [6, expect.stringMatching(/ refuses: stopping\.\n$/)],
    [6, expect.stringMatching(/ refuses: HTTP status 404\.\n$/)],
    [6, expect.stringContaining('does not answer like a server of YaraDB')],
    [6, expect.stringContaining('broke off')],
    [6, expect.stringContaining('broke off')],
  ]);
});

test('the endpoints are for programs of this machine: not through a proxy, not for a page', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  await using _ = server;
  for (const path of ['/system/snapshot', '/system/compact']) {
    for (const headers of [
      { 'x-forwarded-for': '127.0.0.1' },
      { 'sec-fetch-site': 'same-origin' },
      { origin: 'https://evil.example' },
      { host: 'evil.example' },
    ]) {
      const answer = await send(`${url}${path}`, { method: 'POST', headers });
      expect([headers, answer.status, (answer.json as { code: string }).code]).toEqual([headers, 403, 'FORBIDDEN']);
    }
    for (const method of ['GET', 'HEAD', 'PUT']) expect((await send(`${url}${path}`, { method })).status).toBe(405);
  }
  expect(readdirSync(folder.join('data'))).not.toContain('snapshots');
  expect((await send(url)).json).toMatchObject({
    system: { backup: '/system/backup', snapshot: '/system/snapshot', compact: '/system/compact' },
  });
});
