import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { exitCodeMeanings, exitCodes } from '../../src/cli/exit-code.ts';
import { commandHelpText, helpText } from '../../src/cli/help.ts';
import { settings } from '../../src/config.ts';

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
