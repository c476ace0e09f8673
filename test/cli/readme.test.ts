import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { withTables } from '../../scripts/readme-tables.ts';
import { commands } from '../../src/cli/commands.ts';
import { exitCodeMeanings, exitCodes } from '../../src/cli/exit-code.ts';
import { commandHelpText, helpText } from '../../src/cli/help.ts';
import { parseCommandLine, parseConfig, settings } from '../../src/config.ts';
import { ServerProcess, startServer } from '../process/server-process.ts';
import { hasOpenssl } from '../support/certificate.ts';
import { TemporaryFolder } from './data-fixture.ts';
import { writeLegacy2 } from './legacy/legacy-fixture.ts';

const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

/** The README's shell blocks that call the server. */
const examples = Array.from(readme.matchAll(/```bash\n([\s\S]*?)```/g), ([, block = '']) => block).filter((block) =>
  block.includes('curl'),
);

/** Those that show a token, which turns authentication on, and those of TLS: servers of their own answer them. */
const guarded = examples.filter((block) => block.includes('TOKEN='));
const encrypted = examples.filter((block) => block.includes('https://127.0.0.1'));
const open = examples.filter((block) => !guarded.includes(block) && !encrypted.includes(block));

/** What `npm start` is given in the README. */
const starts = Array.from(readme.matchAll(/^npm start -- (.+)$/gm), ([, flags = '']) => flags.split(' '));

describe('README', () => {
  test('its tables of settings and exit codes are those of the sources (npm run fix:readme writes them)', () => {
    expect(readme).toBe(withTables(readme));
    for (const { flag } of Object.values(settings)) expect(readme).toContain(`| \`--${flag} `);
  });

  test('every file that it links to exists', () => {
    const links = Array.from(readme.matchAll(/\]\(([^)#]+)\)/g), ([, link = '']) => link).filter(
      (link) => !/^https?:/.test(link),
    );
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !existsSync(new URL(link, root)))).toEqual([]);
  });

  test('every npm script that it names exists', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    const named = Array.from(readme.matchAll(/npm run ([\w:]+)/g), ([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('every example can be pasted, and the server answers it with success', async () => {
    expect(open.length).toBeGreaterThanOrEqual(4);
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-readme-'));
    try {
      const { server, url } = await startServer(directory);
      await using _ = server;
      for (const example of open) {
        // As pasted, but for the server's address, and with a status of 400 or above turned into a failure.
        const pasted = example
          .replaceAll('http://127.0.0.1:8000', url)
          .replaceAll('curl -s', 'curl --fail-with-body -s');
        const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', pasted]);
        expect(stdout).toMatch(/^[{[]/);
        expect(stdout).not.toContain('"errors"');
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('README for whoever guards a server', () => {
  test('every example with a token can be pasted, and what came without one is refused then', async () => {
    expect(guarded.length).toBeGreaterThan(0);
    using folder = new TemporaryFolder();
    const { server, url } = await startServer(folder.join('data'));
    await using _ = server;
    for (const example of guarded) {
      const pasted = example.replaceAll('http://127.0.0.1:8000', url).replaceAll('curl -s', 'curl --fail-with-body -s');
      const env = { ...process.env, YARADB_DATA_DIR: folder.join('data') };
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', pasted], { env });
      expect(stdout).toMatch(/^\{"_id":.*\{"data":\{"findDocuments":\{"totalCount":1,/);
    }
    expect((await fetch(`${url}/table/list`)).status).toBe(401);
  });

  test('the settings of every start are such as there are', () => {
    expect(starts.length).toBeGreaterThanOrEqual(2);
    for (const flags of starts) expect(() => parseConfig(parseCommandLine(flags).flags, {}, false)).not.toThrow();
  });

  test.skipIf(!hasOpenssl)('what it says about TLS can be pasted (without an openssl it cannot)', async () => {
    using folder = new TemporaryFolder();
    const run = (text: string) => promisify(execFile)('bash', ['-euo', 'pipefail', '-c', text], { cwd: folder.path });
    const [made] = /openssl req (?:.*\\\n)*.*/.exec(readme) ?? [''];
    await run(made);
    const flags = starts.find((each) => each.includes('--tls-cert')) ?? [];
    const args = ['serve', '--port', '0', '--data-dir', folder.join('data'), ...flags];
    await using server = new ServerProcess(args, {}, undefined, ['env', '-C', folder.path]);
    const url = await server.ready();
    for (const example of encrypted) {
      expect((await run(example.replaceAll('https://127.0.0.1:8000', url))).stdout).toBe('{"status":"alive"}');
    }
  });
});

describe('README for operators', () => {
  const commandLines = Array.from(readme.matchAll(/^ *npm run -s yaradb -- (.+)$/gm), ([, line = '']) => line);

  test('has an example of every command', () => {
    const named = new Set(commandLines.map((line) => line.split(' ')[0]));
    expect([...named].sort()).toEqual([...commands.keys()].sort());
  });

  test('every example can be pasted, in order, and succeeds', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-readme-'));
    try {
      const { server, url } = await startServer(join(directory, 'data'));
      await using _ = server;
      for (const name of ['a', 'b', 'c']) {
        const body = JSON.stringify({ name, body: {} });
        const headers = { 'content-type': 'application/json' };
        expect((await fetch(`${url}/document/create`, { method: 'POST', headers, body })).status).toBe(200);
      }
      writeLegacy2(join(directory, 'old_data'), [{ id: 'a1b2c3d4-0000-4000-8000-000000000001', body: '{"n": 1}' }]);
      const program = new URL('../../src/cli/main.ts', import.meta.url).pathname;
      for (const line of commandLines) {
        const options = { cwd: directory, env: { ...process.env, YARADB_DATA_DIR: join(directory, 'data') } };
        const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...line.split(' ')], options);
        expect([line, stdout, stderr]).toEqual([line, expect.stringMatching(/\S/), '']);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('help of the commands', () => {
  test.each([...commands])(
    '%s: every option and exit code is in it, and it fits on 100 columns',
    async (name, entry) => {
      const command = await entry.load();
      const help = commandHelpText(name, command);
      expect(helpText()).toContain(`  ${name} `);
      expect(helpText()).toContain(entry.summary);
      for (const { flag } of Object.values(command.options)) expect(help).toContain(`  --${flag}`);
      for (const [code, meaning] of command.exitCodes) {
        expect(help).toContain(`${code}  ${meaning}`);
        expect([...exitCodeMeanings.keys()]).toContain(code);
      }
      expect(help.split('\n').filter((line) => line.length > 100)).toEqual([]);
    },
  );

  test('--help and -h print it, wherever they stand', async () => {
    const program = new URL('../../src/cli/main.ts', import.meta.url).pathname;
    for (const args of [
      ['log', '--help'],
      ['log', 'DIR', '--from', '1', '-h'],
    ]) {
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
      expect(stdout).toMatch(/^Usage: yaradb log DIR/);
    }
  });
});

describe('help', () => {
  test('names every flag, environment variable, default and exit code', () => {
    const help = helpText();
    for (const { flag, environment, default: value } of Object.values(settings)) {
      for (const part of [`--${flag} `, ...environment, value]) expect(help).toContain(part);
    }
    for (const [code, meaning] of exitCodeMeanings) expect(help).toContain(`${code}  ${meaning}`);
    expect([...exitCodeMeanings.keys()]).toEqual(Object.values(exitCodes));
  });

  test('fits on a terminal of 100 columns', () => {
    expect(
      helpText()
        .split('\n')
        .filter((line) => line.length > 100),
    ).toEqual([]);
  });
});
