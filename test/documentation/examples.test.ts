import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { writeLegacy2 } from '../cli/legacy/legacy-fixture.ts';
import { startServer } from '../process/server-process.ts';
import { documents, root } from './markdown-document.ts';

const run = promisify(execFile);

/** What is not run here, and what runs it. */
const elsewhere: readonly (readonly [block: RegExp, where: string])[] = [
  [/^npm install && npm start\n$/, 'a fresh clone; test/process/start.test.ts starts what it starts'],
  [/^npm install && npm test\n$/, 'this is it'],
  [/^docker compose /, 'test/cli/packaging.test.ts checks image and compose file, as far as that goes without Docker'],
  [/^npm start -- .*\n$|^openssl req /, 'test/documentation/access.test.ts'],
  [/https:\/\/127\.0\.0\.1/, 'test/documentation/access.test.ts'],
];

function isRunHere(block: string): boolean {
  return !elsewhere.some(([pattern]) => pattern.test(block));
}

/** A directory with what examples find: a server's data, and an `npm` that knows `npm run -s yaradb`, without the seconds of the real one. */
class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'yaradb-examples-'));
  readonly #bin = join(this.directory, 'bin');

  constructor() {
    mkdirSync(this.#bin);
    const npm = join(this.#bin, 'npm');
    const program = fileURLToPath(new URL('src/cli/main.ts', root));
    writeFileSync(
      npm,
      `#!/bin/bash\n[ "$1 $2 $3 $4" = "run -s yaradb --" ] || exit 64\nexec '${process.execPath}' '${program}' "\${@:5}"\n`,
    );
    chmodSync(npm, 0o755);
  }

  get dataDirectory(): string {
    return join(this.directory, 'data');
  }

  /** Runs a block as it is pasted, but for the server's address, and with a status of 400 or above turned into a failure. */
  async paste(block: string, url: string): Promise<{ stdout: string; stderr: string }> {
    const text = block.replaceAll('http://127.0.0.1:8000', url).replaceAll('curl -s', 'curl --fail-with-body -s');
    const environment = {
      ...process.env,
      PATH: `${this.#bin}:${process.env.PATH}`,
      YARADB_PORT: new URL(url).port,
      YARADB_DATA_DIR: this.dataDirectory,
    };
    // A bash whose standard input is a socket, as here, takes itself for a remote shell and reads the machine's bashrc.
    return run('bash', ['--norc', '-euo', 'pipefail', '-c', text], { cwd: this.directory, env: environment });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

const withExamples = documents.filter(({ shellBlocks }) => shellBlocks.some(isRunHere));

describe.each(withExamples.map((document) => [document.path, document] as const))('%s', (_path, { shellBlocks }) => {
  test('every example can be pasted, in order, and succeeds', async () => {
    using workplace = new Workplace();
    const { server, url } = await startServer(workplace.dataDirectory);
    await using _ = server;
    for (const name of ['a', 'b', 'c']) {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ name, body: {} });
      expect((await fetch(`${url}/document/create`, { method: 'POST', headers, body })).status).toBe(200);
    }
    // What a Python YaraDB has left behind.
    writeLegacy2(join(workplace.directory, 'old_data'), [
      { id: 'a1b2c3d4-0000-4000-8000-000000000001', body: '{"n": 1}' },
    ]);
    for (const block of shellBlocks.filter(isRunHere)) {
      const { stdout, stderr } = await workplace.paste(block, url);
      expect([block, stdout, stderr]).toEqual([block, expect.stringMatching(/\S/), '']);
      expect(stdout).not.toContain('"errors"');
    }
  }, 120_000);
});

test('what is not run stands somewhere', () => {
  const blocks = documents.flatMap(({ shellBlocks }) => shellBlocks);
  expect(elsewhere.filter(([pattern]) => !blocks.some((block) => pattern.test(block)))).toEqual([]);
});

test('the guides have an example of every command', () => {
  const shellBlocks = documents.flatMap((document) => document.shellBlocks);
  const used = shellBlocks.flatMap((block) =>
    Array.from(block.matchAll(/npm run -s yaradb -- (\w+)/g), ([, name]) => name),
  );
  expect([...new Set(used)].sort()).toEqual([...commands.keys()].sort());
});
