import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServerProcess, startServer } from './server-process.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yaradb-start-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const endingOf = (...args: readonly string[]) => new ServerProcess(args).ended;

async function createDocument(url: string): Promise<string> {
  const answer = await fetch(`${url}/document/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"user","body":{"username":"alice"}}',
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { readonly _id: string })._id;
}

/** One line that begins with the program's name and says the expected things, and nothing else. */
function expectOneLine(stderr: string, ...parts: readonly string[]): void {
  expect(stderr).toMatch(/^yaradb: [^\n]+\n$/);
  for (const part of parts) expect(stderr).toContain(part);
}

describe('start', () => {
  test('says where it can be reached, each URL answers, and the log is one JSON object a line', async () => {
    const { server, url } = await startServer(directory);
    await using _ = server;
    const urls = Array.from(server.stdout.matchAll(/https?:\S+/g), ([found]) => found);
    expect(urls).toEqual([url, `${url}/graphql`, `${url}/docs`, `${url}/livez`]);
    expect((await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } })).status).toBe(200);
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    await createDocument(url);
    server.kill('SIGTERM');
    const { stderr } = await server.ended;
    const lines = stderr.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('msg');
  });

  test('a pretty log is for people', async () => {
    const { server } = await startServer(directory, ['--log-format', 'pretty']);
    await using _ = server;
    server.kill('SIGTERM');
    expect((await server.ended).stderr).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: database open\n/m);
  });

  test('data of the Python YaraDB is named and left untouched', async () => {
    writeFileSync(join(directory, 'yaradb_storage.json'), '[]');
    writeFileSync(join(directory, 'yaradb_wal'), '{}\n');
    const { server } = await startServer(directory);
    await using _ = server;
    server.kill('SIGTERM');
    const { stderr } = await server.ended;
    expect(stderr).toContain('"files":["yaradb_storage.json","yaradb_wal"]');
    expect(readFileSync(join(directory, 'yaradb_storage.json'), 'utf8')).toBe('[]');
    expect(readFileSync(join(directory, 'yaradb_wal'), 'utf8')).toBe('{}\n');
  });

  test('--help prints every setting and exit code, --version the version', async () => {
    const [help, version] = await Promise.all([endingOf('--help'), endingOf('--version')]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('--data-dir DIRECTORY');
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a start that fails ends with one line and its exit code:', () => {
  test('1, an unknown flag, command or word, or a value that cannot be used', async () => {
    const [flag, command, word, value] = await Promise.all([
      endingOf('--prot', '9000'),
      endingOf('sevre'),
      endingOf('serve', '9000'),
      endingOf('--port', 'http'),
    ]);
    expect([flag.code, command.code, word.code, value.code]).toEqual([1, 1, 1, 1]);
    expectOneLine(flag.stderr, 'unknown flag --prot', 'yaradb --help');
    expectOneLine(command.stderr, "unknown command 'sevre'", 'yaradb --help');
    expectOneLine(word.stderr, "'9000' is one word too many after 'serve'");
    expectOneLine(value.stderr, "--port is 'http': expected a whole number from 0 to 65535");
  });

  test('1, an address that this machine has not', async () => {
    const { code, stderr } = await endingOf('--data-dir', directory, '--port', '0', '--host', '192.0.2.1');
    expect(code).toBe(1);
    expectOneLine(stderr, "--host is '192.0.2.1'");
  });

  test('1, a data directory that is a file', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, 'kept');
    const { code, stderr } = await endingOf('--data-dir', file, '--port', '0');
    expect(code).toBe(1);
    expectOneLine(stderr, file, '--data-dir');
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  test.skipIf(process.getuid?.() !== 0)('1, a data directory that belongs to somebody else (needs root)', async () => {
    const foreign = join(directory, 'foreign');
    mkdirSync(foreign, { mode: 0o755 });
    chownSync(directory, 4321, 4321);
    chownSync(foreign, 4321, 4321);
    const { code, stderr } = await endingOf('--data-dir', foreign, '--port', '0', '--run-as', '1234:1234');
    expect(code).toBe(1);
    expectOneLine(stderr, `${foreign} cannot be written by user 1234`, 'chown', '--data-dir');
    expect(readdirSync(foreign)).toEqual([]);
  });

  test('2, a data directory that another server has open, which goes on undisturbed', async () => {
    const { server, url } = await startServer(directory);
    await using _ = server;
    const id = await createDocument(url);
    const { code, stderr } = await endingOf('--data-dir', directory, '--port', '0');
    expect(code).toBe(2);
    expectOneLine(stderr, directory, '--data-dir');
    expect((await fetch(`${url}/document/get/${id}`)).status).toBe(200);
    await createDocument(url);
  });

  test('2 no longer, once the other server was killed', async () => {
    const first = await startServer(directory);
    await using _ = first.server;
    const id = await createDocument(first.url);
    first.server.kill('SIGKILL');
    await first.server.ended;
    const second = await startServer(directory);
    await using __ = second.server;
    expect((await fetch(`${second.url}/document/get/${id}`)).status).toBe(200);
  });

  test('3, damage, and nothing is changed', async () => {
    const first = await startServer(directory);
    await using _ = first.server;
    for (let index = 0; index < 3; index += 1) await createDocument(first.url);
    first.server.kill('SIGTERM');
    await first.server.ended;
    const [segment] = readdirSync(join(directory, 'log')).filter((name) => name.endsWith('.log'));
    const path = join(directory, 'log', segment ?? '');
    const bytes = readFileSync(path);
    const at = bytes.indexOf('alice');
    bytes.write('malic', at);
    writeFileSync(path, bytes);
    const { code, stderr } = await endingOf('--data-dir', directory, '--port', '0');
    expect(code).toBe(3);
    expectOneLine(stderr, path);
    expect(readFileSync(path)).toEqual(bytes);
  });

  test('5, a port that is taken, and the data directory is free again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const { code, stderr } = await endingOf('--data-dir', directory, '--port', String(port));
      expect(code).toBe(5);
      expectOneLine(stderr, `port ${port} of 127.0.0.1 is taken`, '--port');
    } finally {
      other.close();
    }
    const { server } = await startServer(directory);
    await server[Symbol.asyncDispose]();
  });
});

describe.skipIf(process.getuid?.() !== 0)('a server that root starts (needs root)', () => {
  test('takes over a folder of root, gives root up, and keeps what it wrote', async () => {
    chownSync(directory, 0, 0);
    const { server, url } = await startServer(directory, ['--run-as', '1234:1235']);
    await using _ = server;
    await createDocument(url);
    const { uid, gid } = statSync(directory);
    expect([uid, gid]).toEqual([1234, 1235]);
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      expect([name, statSync(join(directory, name)).uid]).toEqual([name, 1234]);
    }
    expect(existsSync(join(directory, 'log'))).toBe(true);
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });
});
