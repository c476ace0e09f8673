import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ArchiveError } from '../../../src/embedded/maintenance/archive-error.ts';
import {
  decodeTarHeader,
  encodeTarHeader,
  tarBlockBytes,
  tarEnd,
  tarPaddingBytes,
} from '../../../src/embedded/maintenance/tar.ts';

const time = 1_700_000_000_000;

test.each([0, 1, 511, 512, 8 ** 11 - 1, 8 ** 11, 2 ** 50])(
  'a header for %i bytes is read as it was written',
  (bytes) => {
    const header = encodeTarHeader({ name: 'log/00000000000000000001.log', bytes }, time);
    expect(header.length).toBe(tarBlockBytes);
    expect(decodeTarHeader(header)).toEqual({ kind: 'file', name: 'log/00000000000000000001.log', bytes });
  },
);

test('the system reads what is written here, and what it writes is read here', () => {
  const directory = mkdtempSync(join(tmpdir(), 'yaradb-tar-'));
  try {
    const content = Buffer.from('content');
    const archive = Buffer.concat([
      encodeTarHeader({ name: 'log/a', bytes: content.length }, time),
      content,
      Buffer.alloc(tarPaddingBytes(content.length)),
      tarEnd,
    ]);
    writeFileSync(join(directory, 'a.tar'), archive);
    const listed = execFileSync('tar', ['-tvf', join(directory, 'a.tar')], { encoding: 'utf8', env: { TZ: 'UTC' } });
    expect(listed).toMatch(/^-rw-------.* 7 2023-11-14 22:13 log\/a\n$/);
    execFileSync('tar', ['-xf', join(directory, 'a.tar'), '-C', directory]);
    expect(readFileSync(join(directory, 'log/a'), 'utf8')).toBe('content');

    mkdirSync(join(directory, 'b'));
    writeFileSync(join(directory, 'b', 'file'), content);
    execFileSync('tar', ['-cf', join(directory, 'b.tar'), '-C', join(directory, 'b'), '.']);
    const bytes = readFileSync(join(directory, 'b.tar'));
    expect(decodeTarHeader(bytes.subarray(0, 512))).toEqual({ kind: 'directory' });
    expect(decodeTarHeader(bytes.subarray(512, 1024))).toEqual({ kind: 'file', name: 'file', bytes: 7 });
    expect(decodeTarHeader(bytes.subarray(2048, 2560))).toEqual({ kind: 'end' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('any byte of a header flipped is refused, or says the same', () => {
  const header = encodeTarHeader({ name: 'log/00000000000000000001.log', bytes: 1234 }, time);
  const whole = decodeTarHeader(header);
  for (let at = 0; at < header.length; at += 1) {
    for (const mask of [1, 0x80]) {
      const damaged = Buffer.from(header);
      damaged[at] = (damaged[at] ?? 0) ^ mask;
      let said: unknown;
      try {
        said = decodeTarHeader(damaged);
      } catch (error) {
        said = error;
      }
      if (!(said instanceof ArchiveError)) expect(said).toEqual(whole);
    }
  }
});

test('links, devices and other things that are no files are refused', () => {
  for (const type of ['1', '2', '3', '4', '6', 'L', 'x', 'g']) {
    const header = encodeTarHeader({ name: 'log/a', bytes: 0 }, time);
    header.write(type, 156);
    header.write('        ', 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(() => decodeTarHeader(header), type).toThrow(`of type '${type}'`);
  }
});

test('a header that is cut off, or of an impossible size, is refused', () => {
  const header = encodeTarHeader({ name: 'log/a', bytes: 2 ** 52 }, time);
  expect(() => decodeTarHeader(header.subarray(0, 511))).toThrow(ArchiveError);
  header[125] = 1;
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  expect(() => decodeTarHeader(header)).toThrow('impossible size');
  expect(() => encodeTarHeader({ name: 'x'.repeat(101), bytes: 0 }, time)).toThrow(RangeError);
});
