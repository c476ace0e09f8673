import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ServerProcess, startServer } from '../process/server-process.ts';
import { send } from '../support/http-client.ts';
import { contentsOf, TemporaryFolder, yaradb } from './data-fixture.ts';

/** What is said where no server has the directory. */
const note =
  /^(?:yaradb: no server runs on \S+: this is a token of the one that is started with that --data-dir\.\n)?$/;
const form = /^yara_([0-9A-Za-z]{12})[0-9A-Za-z]{49}\n$/;

async function make(...args: readonly string[]): Promise<{ readonly id: string; readonly token: string }> {
  const { code, stdout, stderr } = await yaradb('token', 'create', ...args);
  expect([code, stderr, stdout]).toEqual([0, expect.stringMatching(note), expect.stringMatching(form)]);
  return { id: form.exec(stdout)?.[1] ?? '', token: stdout.trim() };
}

const statusFor = async (url: string, token: string | null): Promise<number> =>
  (await send(`${url}/table/list`, { headers: token === null ? {} : { authorization: `Bearer ${token}` } })).status;

async function stop(server: ServerProcess): Promise<void> {
  server.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
}

describe('token', () => {
  test('create says when no server has the directory, and nothing when one has', async () => {
    using folder = new TemporaryFolder();
    const create = () => yaradb('token', 'create', '--role', 'read', '--data-dir', folder.join('data'));
    expect((await create()).stderr).toContain(`no server runs on ${folder.join('data')}: `);
    const { server } = await startServer(folder.join('data'));
    await using _ = server;
    expect((await create()).stderr).toBe('');
  });

  test('the first one is made before the first start, and outlives restarts, snapshots, a backup and a restore', async () => {
    using folder = new TemporaryFolder();
    const data = folder.join('data');
    const first = await make('--role', 'admin', '--name', 'me', '--data-dir', data);
    const reader = await make('--role', 'read,write:orders', '--expires', '90d', '--data-dir', data);
    for (let round = 0; round < 2; round += 1) {
      const { server, url } = await startServer(data, ['--host', '0.0.0.0']);
      await using _ = server;
      expect([
        await statusFor(url, first.token),
        await statusFor(url, reader.token),
        await statusFor(url, null),
      ]).toEqual([200, 200, 401]);
      expect((await yaradb('snapshot', '--data-dir', data)).code).toBe(0);
      if (round === 1) {
        const { code, stderr } = await yaradb('backup', folder.join('backup'), '--data-dir', data);
        expect([code, stderr]).toEqual([0, '']);
        await yaradb('token', 'revoke', first.token, '--data-dir', data);
        expect(await statusFor(url, first.token)).toBe(401);
      }
      await stop(server);
    }
    expect((await yaradb('verify', data)).code).toBe(0);
    const inBackup = await yaradb('token', 'list', '--data-dir', folder.join('backup'));
    expect([inBackup.code, inBackup.stderr]).toEqual([1, expect.stringContaining('is a backup')]);
    expect((await yaradb('restore', folder.join('backup'), folder.join('restored'))).code).toBe(0);
    const listed = await yaradb('token', 'list', '--data-dir', folder.join('restored'));
    expect(listed.stdout.split('\n')).toEqual([
      expect.stringMatching(/^ID +NAME +ROLES +CREATED +STATE$/),
      // As of the backup: what was revoked after it was not.
      expect.stringMatching(new RegExp(`^${first.id}  me +admin +20\\S+Z  valid$`)),
      expect.stringMatching(
        new RegExp(`^${reader.id}  token-${reader.id}  read,write:orders  20\\S+Z  valid until 20\\S+Z$`),
      ),
      '',
    ]);
    const revoked = await yaradb('token', 'revoke', '--all', '--data-dir', folder.join('restored'));
    expect(revoked.stdout).toBe(`revoked: ${first.id} (me), ${reader.id} (token-${reader.id})\n`);
    const { server, url } = await startServer(folder.join('restored'));
    await using _ = server;
    expect([await statusFor(url, first.token), await statusFor(url, null)]).toEqual([401, 401]);
  });

  test('a running server is reached by its data directory, or by its URL with a token', async () => {
    using folder = new TemporaryFolder();
    const data = folder.join('data');
    const { server, url } = await startServer(data, ['--auth', 'required', '--host', '0.0.0.0']);
    await using _ = server;
    expect(server.stderr).toContain('nobody gets in yet');
    expect(await statusFor(url, null)).toBe(401);
    const { id, token } = await make('--role', 'admin', '--name', 'me', '--data-dir', data);
    expect(await statusFor(url, token)).toBe(200);
    const refused = await yaradb('token', 'list', '--url', url.replace('127.0.0.1', 'localhost'));
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([6, '', expect.stringContaining('--token-file')]);
    writeFileSync(folder.join('token'), `${token}\n`);
    const listed = await yaradb('token', 'list', '--url', url, '--token-file', folder.join('token'), '--json');
    expect(JSON.parse(listed.stdout)).toEqual({
      tokens: [
        { id, name: 'me', roles: ['admin'], created_at: expect.any(String), expires_at: null, revoked_at: null },
      ],
    });
    const byVariable = new ServerProcess(['token', 'create', '--role', 'read', '--url', url, '--json'], {
      YARADB_TOKEN: token,
    });
    const made = JSON.parse((await byVariable.ended).stdout);
    expect([made.roles, await statusFor(url, made.token)]).toEqual([['read'], 200]);
    const revoked = await yaradb('token', 'revoke', made.id, '--data-dir', data, '--json');
    expect(JSON.parse(revoked.stdout)).toEqual({
      tokens: [expect.objectContaining({ id: made.id, revoked_at: expect.any(String) })],
    });
    expect(await statusFor(url, made.token)).toBe(401);
  });

  test('what whoever can read the data directory needs is there while the server runs, for its user alone', async () => {
    using folder = new TemporaryFolder();
    const file = folder.join('data', 'operator.json');
    const { server, url } = await startServer(folder.join('data'), ['--auth', 'required']);
    await using _ = server;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    expect(kept).toEqual({ url, token: expect.stringMatching(/^yara_/), certificate: null });
    expect(await statusFor(url, kept.token)).toBe(200);
    await stop(server);
    expect(existsSync(file)).toBe(false);

    const killed = await startServer(folder.join('data'), ['--auth', 'required']);
    const left = JSON.parse(readFileSync(file, 'utf8'));
    killed.server.kill('SIGKILL');
    await killed.server.ended;
    // The server that left it is gone: the directory itself is used, and what it left opens nothing.
    await make('--role', 'read', '--data-dir', folder.join('data'));
    const again = await startServer(folder.join('data'), ['--auth', 'required']);
    await using __ = again.server;
    expect(await statusFor(again.url, left.token)).toBe(401);
    expect(await statusFor(again.url, kept.token)).toBe(401);
  });

  test('prune forgets what is revoked or has expired, for good, and asks for tokens as before', async () => {
    using folder = new TemporaryFolder();
    const data = folder.join('data');
    const kept = await make('--role', 'admin', '--name', 'kept', '--data-dir', data);
    const gone = await make('--role', 'read', '--name', 'gone', '--data-dir', data);
    const prune = () => yaradb('token', 'prune', '--data-dir', data);
    expect((await prune()).stdout).toBe('forgotten: none\n');
    await yaradb('token', 'revoke', gone.id, '--data-dir', data);
    expect((await prune()).stdout).toBe(`forgotten: ${gone.id} (gone)\n`);
    const list = async () => (await yaradb('token', 'list', '--data-dir', data)).stdout;
    expect(await list()).toContain(kept.id);
    expect(await list()).not.toContain(gone.id);
    {
      const { server, url } = await startServer(data);
      await using _ = server;
      expect([await statusFor(url, kept.token), await statusFor(url, gone.token)]).toEqual([200, 401]);
      const unknown = await yaradb('token', 'revoke', gone.id, '--data-dir', data);
      expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining(`There is no token ${gone.id}`)]);
      await yaradb('token', 'revoke', '--all', '--data-dir', data);
      expect((await prune()).stdout).toBe(`forgotten: ${kept.id} (kept)\n`);
      expect([await statusFor(url, kept.token), await statusFor(url, null)]).toEqual([401, 401]);
      expect((await yaradb('snapshot', '--data-dir', data)).code).toBe(0);
      await stop(server);
    }
    expect((await yaradb('verify', data)).code).toBe(0);
    expect(await list()).toBe('no tokens\n');
    const { server, url } = await startServer(data, ['--host', '0.0.0.0']);
    await using _ = server;
    expect([await statusFor(url, gone.token), await statusFor(url, null)]).toEqual([401, 401]);
    expect(server.stderr).toContain('nobody gets in yet');
  });

  test('neither the data nor what log prints holds a token, and log no digest', async () => {
    using folder = new TemporaryFolder();
    const { id, token } = await make('--role', 'admin', '--data-dir', folder.join('data'));
    for (const content of Object.values(contentsOf(folder.join('data')))) {
      expect(content).not.toContain(Buffer.from(token.slice(17, 60)).toString('hex'));
    }
    for (const flags of [[], ['--json']]) {
      const { stdout } = await yaradb('log', folder.join('data'), ...flags);
      expect(stdout).toContain(`accessToken/${id}`);
      expect(stdout).not.toMatch(/digest|[\da-f]{64}/);
    }
  });

  test.each([
    [[], 'expected create, list, revoke or prune'],
    [['prune', 'x'], "'x' is one word too many"],
    [['make'], "and not 'make'"],
    [['create'], '--role is missing'],
    [['create', '--role', 'root'], "--role is 'root'"],
    [['create', '--role', 'write:'], "--role is 'write:'"],
    [['create', '--role', 'read', '--expires', 'soon'], "--expires is 'soon'"],
    [['create', 'surplus', '--role', 'read'], "'surplus' is one word too many"],
    [['create', '--role', 'read', '--name', 'a b'], "'a b' cannot be the name of a token"],
    [['revoke'], 'revoke takes the ID of a token, or --all'],
    [['revoke', 'x', '--all'], 'revoke takes the ID of a token, or --all'],
    [['list', '--token-file', 'absent'], "--token-file 'absent' cannot be read"],
    [['list', '--url', 'ftp://x'], "--url is 'ftp://x'"],
  ])('%j ends with 1 and says why', async (args, message) => {
    using folder = new TemporaryFolder();
    const { code, stdout, stderr } = await yaradb('token', ...args, '--data-dir', folder.join('data'));
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(message)]);
  });

  test('only create makes a data directory; a token that is not there is 1', async () => {
    using folder = new TemporaryFolder();
    for (const args of [['list'], ['revoke', 'x']]) {
      const { code, stderr } = await yaradb('token', ...args, '--data-dir', folder.join('data'));
      expect([code, stderr, existsSync(folder.join('data'))]).toEqual([
        1,
        expect.stringContaining('no data directory'),
        false,
      ]);
    }
    await make('--role', 'read', '--data-dir', folder.join('data'));
    const { code, stderr } = await yaradb('token', 'revoke', 'nosuch', '--data-dir', folder.join('data'));
    expect([code, stderr]).toEqual([1, 'yaradb: There is no token nosuch.\n']);
  });
});

describe('without tokens the server', () => {
  test.each([
    ['0.0.0.0', []],
    ['::', []],
    ['0.0.0.0', ['--auth', 'auto']],
  ])('does not start on %s with %j, and says what to do', async (host, flags) => {
    using folder = new TemporaryFolder();
    const args = ['serve', '--port', '0', '--host', host, '--data-dir', folder.join('data'), ...flags];
    const { code, stdout, stderr } = await new ServerProcess(args).ended;
    expect([code, stdout]).toEqual([1, '']);
    for (const part of ['yaradb token create --role admin', '--auth required', '--auth none'])
      expect(stderr).toContain(part);
  });

  test.each([
    ['127.0.0.1', [], 200],
    ['localhost', [], 200],
    ['0.0.0.0', ['--auth', 'none'], 200],
    ['0.0.0.0', ['--auth', 'required'], 401],
  ])('starts on %s with %j', async (host, flags, status) => {
    using folder = new TemporaryFolder();
    const { server, url } = await startServer(folder.join('data'), ['--host', host, ...flags]);
    await using _ = server;
    expect(await statusFor(url, null)).toBe(status);
  });

  test('asks for nothing with --auth none, even when there are tokens', async () => {
    using folder = new TemporaryFolder();
    await make('--role', 'admin', '--data-dir', folder.join('data'));
    const { server, url } = await startServer(folder.join('data'), ['--auth', 'none']);
    await using _ = server;
    expect(await statusFor(url, null)).toBe(200);
  });
});
