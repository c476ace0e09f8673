import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findPredecessorFiles, handOverDirectory, isDataMountedAtApp } from '../../src/cli/data-directory.ts';

const root = '22 1 0:21 / / rw,relatime - overlay overlay rw';
const app = '641 22 8:1 /home/me/yaradb_data /app rw,relatime - ext4 /dev/sda1 rw';

describe('what is mounted at /app', () => {
  test.each([
    [`${root}\n${app}\n`, '/opt/yaradb/dist/cli', true],
    [`${root}\n`, '/opt/yaradb/dist/cli', false],
    ['', '/opt/yaradb/dist/cli', false],
    [`${root}\n${app.replace('/app', '/app/data')}\n`, '/opt/yaradb/dist/cli', false],
    [`${root}\n${app.replace('/app', '/application')}\n`, '/opt/yaradb/dist/cli', false],
    // The mounted folder itself is called /app, and it is mounted elsewhere.
    [`${root}\n641 22 8:1 /app /srv rw - ext4 /dev/sda1 rw\n`, '/opt/yaradb/dist/cli', false],
    [`${root}\n${app}\n`, '/app/src/cli/', false],
    [`${root}\n${app}\n`, '/apple/src/cli/', true],
  ])('mount table %j, program in %s', (mountInfo, program, expected) => {
    expect(isDataMountedAtApp(mountInfo, program)).toBe(expected);
  });
});

describe('data directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'yaradb-directory-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('the files of the Python YaraDB are found', () => {
    writeFileSync(join(directory, 'yaradb_wal'), '');
    writeFileSync(join(directory, 'notes.txt'), '');
    expect(findPredecessorFiles(directory)).toEqual(['yaradb_wal']);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'what root owns is handed over; what others own, and where links lead, is not (needs root)',
    () => {
      const outside = mkdtempSync(join(tmpdir(), 'yaradb-outside-'));
      try {
        mkdirSync(join(directory, 'log'));
        writeFileSync(join(directory, 'log', 'segment'), '');
        writeFileSync(join(directory, 'foreign'), '');
        chownSync(join(directory, 'foreign'), 4321, 4321);
        writeFileSync(join(outside, 'file'), '');
        symlinkSync(outside, join(directory, 'link'));
        handOverDirectory(directory, { user: 1234, group: 1235 });
        const owners = ['.', 'log', 'log/segment', 'foreign'].map((name) => {
          const { uid, gid } = statSync(join(directory, name));
          return [name, uid, gid];
        });
        expect(owners).toEqual([
          ['.', 1234, 1235],
          ['log', 1234, 1235],
          ['log/segment', 1234, 1235],
          ['foreign', 4321, 4321],
        ]);
        expect([statSync(outside).uid, statSync(join(outside, 'file')).uid]).toEqual([0, 0]);
      } finally {
        rmSync(outside, { recursive: true });
      }
    },
  );

  test('a directory that does not exist is left for the server to make', () => {
    expect(() => handOverDirectory(join(directory, 'missing'), { user: 1, group: 1 })).not.toThrow();
  });
});
