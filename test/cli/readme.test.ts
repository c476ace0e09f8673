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
import { settings } from '../../src/config.ts';
import { startServer } from '../process/server-process.ts';
import { writeLegacy2 } from './legacy/legacy-fixture.ts';

const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

/** The README's shell blocks that call the server. */
const examples = Array.from(readme.matchAll(/```bash\n([\s\S]*?)```/g), ([, block = '']) => block).filter((block) =>
  block.includes('curl'),
);

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
    expect(examples.length).toBeGreaterThanOrEqual(4);
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-readme-'));
    try {
      const { server, url } = await startServer(directory);
      await using _ = server;
      for (const example of examples) {
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
        const options = { cwd: directory, env: { ...process.env, YARADB_PORT: new URL(url).port } };
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
