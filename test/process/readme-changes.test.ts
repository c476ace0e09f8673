import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { send } from '../support/http-client.ts';
import { startServer } from './server-process.ts';

test("the README's program keeps a list up to date", async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const program = /```js\n(import \{ createClient \} from 'graphql-sse';[\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(program).not.toBe('');
  const directory = mkdtempSync(join(tmpdir(), 'yaradb-readme-'));
  const { server, url } = await startServer(directory);
  await using _server = server;
  const create = async (username: string, age: number) => {
    const body = { table_name: 'contacts', name: 'person', body: { username, age } };
    const { json } = await send(`${url}/document/create`, { method: 'POST', body });
    return String((json as { _id: string })._id);
  };
  await create('alice', 33);
  await create('bob', 12);
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', program.replace('http://127.0.0.1:8000', url)],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const prints = async (line: string) => {
      while (!printed.endsWith(`${line}\n`)) await once(child.stdout, 'data');
    };
    await prints('alice');
    const carol = await create('carol', 41);
    await prints('alice carol');
    await send(`${url}/document/update/${carol}`, {
      method: 'PUT',
      body: { version: 1, body: { username: 'carol', age: 3 } },
    });
    await prints('alice');
  } finally {
    child.kill();
    rmSync(directory, { recursive: true });
  }
}, 60_000);
