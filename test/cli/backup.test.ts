import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServer } from '../process/server-process.ts';
import { answering } from '../support/answering-server.ts';
import { send } from '../support/http-client.ts';
import { archiveOf, entriesOf, statesOf } from './backup-fixture.ts';
import { TemporaryFolder, yaradb } from './data-fixture.ts';

const program = new URL('../../src/cli/main.ts', import.meta.url).pathname;

async function create(url: string, body: object, table = 'users'): Promise<string> {
  const answer = await send(`${url}/document/create`, { method: 'POST', body: { name: 'n', table_name: table, body } });
  expect(answer.status).toBe(200);
  return (answer.json as { readonly _id: string })._id;
}

/** Creates, updates and archives until it is told to stop; resolves to how many writes were answered. */
async function writeUntil(url: string, client: number, signal: AbortSignal): Promise<number> {
  let writes = 0;
  while (!signal.aborted) {
    const id = await create(url, { client, writes, text: 'x'.repeat(writes % 700) }, `table ${writes % 5}`);
    for (let version = 1; version <= 2; version += 1) {
      const body = { version, body: { client, writes, version } };
      expect((await send(`${url}/document/update/${id}`, { method: 'PUT', body })).status).toBe(200);
    }
    if (writes % 2 === 0) expect((await send(`${url}/document/archive/${id}`, { method: 'PUT' })).status).toBe(200);
    writes += 1;
  }
  return writes;
}

test('taken under a load of writes, in either form, a backup restores to exactly the state at its sequence', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  await using _ = server;
  const stop = new AbortController();
  const clients = Array.from({ length: 8 }, (_, client) => writeUntil(url, client, stop.signal));
  await delay(300);
  const taken = [];
  for (const target of ['one.tar', 'two', 'three.tar']) {
    const { code, stdout, stderr } = await yaradb('backup', folder.join(target), '--url', url, '--json');
    expect([code, stderr]).toEqual([0, '']);
    taken.push({ ...JSON.parse(stdout), target });
  }
  stop.abort();
  const writes = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0);
  server.kill('SIGTERM');
  await server.ended;
  // Held against the log of the server itself, read from its beginning, which knows nothing of snapshots and backups.
  const states = await statesOf(folder.join('data'));
  expect(states.length).toBeGreaterThan(writes);
  const sequences = taken.map(({ sequence }) => sequence);
  expect(sequences[0]).toBeGreaterThan(0);
  expect(sequences[2]).toBeLessThan(states.length - 1);
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  for (const { target, sequence, stateDigest } of taken) {
    expect(stateDigest).toBe(states[sequence]?.digest);
    const restored = folder.join(`restored-${target}`);
    const { code, stdout, stderr } = await yaradb('restore', folder.join(target), restored, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ sequence, stateDigest });
    const verified = JSON.parse((await yaradb('verify', restored, '--json')).stdout);
    expect(verified).toMatchObject({ clean: true, sequence, stateDigest });
  }
  const earlier = folder.join('earlier');
  const middle = Math.floor(sequences[2] / 2);
  const { stdout } = await yaradb(
    'restore',
    folder.join('three.tar'),
    earlier,
    '--to-sequence',
    String(middle),
    '--json',
  );
  expect(JSON.parse(stdout)).toMatchObject({ sequence: middle, stateDigest: states[middle]?.digest });
}, 60_000);

test('an empty database can be backed up and restored', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  await using _ = server;
  expect((await yaradb('backup', folder.join('b'), '--url', url)).code).toBe(0);
  const { code, stdout } = await yaradb('restore', folder.join('b'), folder.join('r'), '--json');
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { sequence: 0, documents: 0 }]);
  const restored = await startServer(folder.join('r'));
  await using __ = restored.server;
  await create(restored.url, {});
});

test('nothing is written over: exit 1; without a server there is nothing: exit 6', async () => {
  using folder = new TemporaryFolder();
  mkdirSync(folder.join('there'));
  const { server, url } = await startServer(folder.join('data'));
  server.kill('SIGKILL');
  await server.ended;
  const [there, parent, gone, wrong] = await Promise.all([
    yaradb('backup', folder.join('there')),
    yaradb('backup', folder.join('missing', 'b.tar'), '--url', url),
    yaradb('backup', folder.join('b.tar'), '--url', url),
    yaradb('backup', folder.join('b.tar'), '--url', 'ftp://localhost'),
  ]);
  expect([there.code, parent.code, gone.code, wrong.code]).toEqual([1, 6, 6, 1]);
  expect(there.stderr).toContain('is there already');
  expect(gone.stderr).toContain('no server listens there');
  expect(readdirSync(folder.path).sort()).toEqual(['data', 'there']);
});

test('the server is the one that YARADB_HOST and YARADB_PORT name', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  await using _ = server;
  await create(url, {});
  const { ServerProcess } = await import('../process/server-process.ts');
  const command = new ServerProcess(['backup', folder.join('b.tar')], { YARADB_PORT: new URL(url).port }, program);
  expect((await command.ended).code).toBe(0);
  expect(entriesOf(folder.join('b.tar')).map(({ name }) => name)).toEqual([
    'snapshots/00000000000000000001.snapshot',
    'log/00000000000000000001.log',
    'manifest.json',
  ]);
  expect(statSync(folder.join('b.tar')).mode & 0o077).toBe(0);
});

test('what breaks off on the way leaves no backup and nothing else: exit 6; what arrives damaged: exit 3', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  await create(url, { text: 'x'.repeat(10_000) });
  expect((await yaradb('backup', folder.join('good.tar'), '--url', url)).code).toBe(0);
  server.kill('SIGKILL');
  await server.ended;
  rmSync(folder.join('data'), { recursive: true });
  const archive = readFileSync(folder.join('good.tar'));
  const entries = entriesOf(folder.join('good.tar'));
  const bodies = [
    archive.subarray(0, archive.length - 1024),
    archive.subarray(0, 5000),
    Buffer.from(archive.with(700, (archive[700] ?? 0) ^ 1)),
    archiveOf(entries.slice(1)),
    archiveOf([...entries, ...entries.slice(0, 1)]),
    archiveOf([{ name: '../evil', content: Buffer.from('evil') }, ...entries]),
    Buffer.from('not an archive'),
  ];
  for (const body of bodies) {
    await using whole = await answering((_request, response) => response.end(body));
    const forms = await Promise.all(
      ['b.tar', 'b'].map((form) => yaradb('backup', folder.join(form), '--url', whole.url)),
    );
    for (const { code, stderr } of forms)
      expect([code, stderr]).toEqual([3, expect.stringMatching(/^yaradb: [^\n]+\n$/)]);
  }
  await using breaking = await answering((_request, response) => {
    response.writeHead(200, { 'content-length': archive.length });
    response.write(archive.subarray(0, 5000), () => response.socket?.destroy());
  });
  const { code, stderr } = await yaradb('backup', folder.join('b.tar'), '--url', breaking.url);
  expect([code, stderr]).toEqual([6, expect.stringContaining('broke off')]);
  expect(readdirSync(folder.path)).toEqual(['good.tar']);
});

test('the endpoint is for programs of this machine: not through a proxy, not for a page, not from elsewhere', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'), ['--host', '0.0.0.0', '--auth', 'none']);
  await using _ = server;
  const path = `${url}/system/backup`;
  for (const headers of [
    { 'x-forwarded-for': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
    { via: '1.1 proxy' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'https://evil.example' },
  ]) {
    const answer = await send(path, { headers });
    expect([Object.keys(headers), answer.status, (answer.json as { code: string }).code]).toEqual([
      Object.keys(headers),
      403,
      'FORBIDDEN',
    ]);
  }
  for (const method of ['HEAD', 'POST', 'DELETE']) expect((await send(path, { method })).status).toBe(405);
  expect((await send(url)).json).toMatchObject({ system: { backup: '/system/backup' } });
  const outer = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
  if (outer !== undefined) {
    const answer = await send(`http://${outer}:${new URL(url).port}/system/backup`);
    expect(answer.status).toBe(403);
  }
  expect(existsSync(folder.join('data', 'snapshots'))).toBe(false);
});

test('a client that reads nothing holds nobody up; meanwhile another backup is refused, afterwards it is not', async () => {
  using folder = new TemporaryFolder();
  const { server, url } = await startServer(folder.join('data'));
  await using _ = server;
  const bodies = Array.from({ length: 40 }, (_, n) => ({ name: 'n', body: { n, text: 'x'.repeat(500_000) } }));
  for (const body of bodies) {
    expect((await send(`${url}/document/create`, { method: 'POST', body })).status).toBe(200);
  }
  const stalled = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${url}/system/backup`, { agent: false }, resolve).once('error', reject);
  });
  expect(stalled.statusCode).toBe(200);
  const refused = await yaradb('backup', folder.join('b.tar'), '--url', url);
  expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('Another backup is under way')]);
  await create(url, { after: true });
  stalled.destroy();
  // The server learns of it when the system tells it: until then it refuses.
  let code: number | null = 6;
  while (code === 6) ({ code } = await yaradb('backup', folder.join('b.tar'), '--url', url));
  expect(code).toBe(0);
  expect((await yaradb('restore', folder.join('b.tar'), folder.join('r'))).code).toBe(0);
});
