import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Progress } from '../../src/cli/progress.ts';
import { countText, sizeText } from '../../src/cli/size-text.ts';
import { fillDatabase, TemporaryFolder } from './data-fixture.ts';

class Terminal {
  readonly isTTY: boolean;
  written = '';

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.written += text;
  }
}

test('on a terminal the newest text replaces the one before, at most every 100 ms, and is gone at the end', () => {
  const terminal = new Terminal(true);
  let now = 0;
  const progress = new Progress(terminal, () => now);
  progress.show('one');
  now = 99;
  progress.show('two');
  now = 100;
  progress.show('three');
  progress.clear();
  progress.clear();
  expect(terminal.written).toBe('\r\x1b[Kone\r\x1b[Kthree\r\x1b[K');
});

test('without a terminal nothing is shown', () => {
  const file = new Terminal(false);
  const progress = new Progress(file, () => 0);
  progress.show('one');
  progress.clear();
  expect(file.written).toBe('');
});

test('a command on a terminal shows how far it is', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const program = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  const command = `${process.execPath} ${program} verify ${folder.path}`;
  const shown = execFileSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
  expect(shown).toContain('verifying segment 1 of 1');
  expect(shown).toContain('clean: 0 snapshots, 1 segment');
});

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [1536 * 1024, '1.5 MiB'],
  [5 * 1024 ** 5, '5120.0 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test('a noun goes with its count', () => {
  expect([countText(0, 'commit'), countText(1, 'commit'), countText(2, 'commit')]).toEqual([
    '0 commits',
    '1 commit',
    '2 commits',
  ]);
});
