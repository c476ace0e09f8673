import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { unpack, writeArchive } from './backup-fixture.ts';
import { contentsOf, fillDatabase, TemporaryFolder, yaradb } from './data-fixture.ts';

/** A backup of eight commits as the directory `backup`. */
async function withBackup(): Promise<TemporaryFolder> {
  const folder = new TemporaryFolder();
  await fillDatabase(folder.join('data'));
  await writeArchive(folder.join('data'), folder.join('backup.tar'));
  unpack(folder.join('backup.tar'), folder.join('backup'));
  return folder;
}

test.each([
  ['verify', []],
  ['repair', []],
  ['repair', ['--accept-data-loss']],
])('a backup is not taken for a damaged data directory (%s %j): exit 1, and how to use it', async (command, flags) => {
  using folder = await withBackup();
  const before = contentsOf(folder.join('backup'));
  const { code, stdout, stderr } = await yaradb(command, folder.join('backup'), ...flags);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('is a backup and no data directory. Make one of it with `yaradb restore ');
  expect(contentsOf(folder.join('backup'))).toEqual(before);
});

test('no server opens a backup: exit 1, and how to use it', async () => {
  using folder = await withBackup();
  const before = contentsOf(folder.join('backup'));
  const { code, stderr } = await yaradb('serve', '--port', '0', '--data-dir', folder.join('backup'));
  expect(code).toBe(1);
  expect(stderr).toContain('is a backup and no data directory. Make one of it with `yaradb restore ');
  expect(contentsOf(folder.join('backup'))).toEqual(before);
});

test('the log of a backup can be looked at, to choose what to restore: exit 0', async () => {
  using folder = await withBackup();
  const [ofData, ofBackup] = await Promise.all([
    yaradb('log', folder.join('data')),
    yaradb('log', folder.join('backup')),
  ]);
  expect(ofBackup).toEqual(ofData);
  expect(ofBackup.code).toBe(0);
});

test('a backup is not restored into itself, which would make it none: exit 1', async () => {
  using folder = await withBackup();
  mkdirSync(folder.join('elsewhere'));
  const before = contentsOf(folder.join('backup'));
  const inside = await yaradb('restore', folder.join('backup'), folder.join('backup', 'restored'));
  expect([inside.code, inside.stdout]).toEqual([1, '']);
  expect(inside.stderr).toContain('is in the backup');
  expect(contentsOf(folder.join('backup'))).toEqual(before);
  // A name that only begins like it is another one.
  expect((await yaradb('restore', folder.join('backup'), folder.join('backup-restored'))).code).toBe(0);
  expect((await yaradb('restore', folder.join('backup'), folder.join('elsewhere', '..restored'))).code).toBe(0);
});

test('what is no archive of a backup is refused by its name: exit 3', async () => {
  using folder = new TemporaryFolder();
  const { code, stderr } = await yaradb('restore', '/etc/passwd', folder.join('restored'));
  expect(code).toBe(3);
  expect(stderr).toContain('/etc/passwd is no whole backup: ');
});

test('no commit is between --from and a --to before it: exit 1', async () => {
  using folder = await withBackup();
  const { code, stderr } = await yaradb('log', folder.join('data'), '--from', '5', '--to', '2');
  expect(code).toBe(1);
  expect(stderr).toContain('--from is 5 and --to is 2');
});

test('times in JSON are times, whichever command tells them', async () => {
  using folder = await withBackup();
  const { stdout } = await yaradb('verify', folder.join('data'), '--json');
  expect(JSON.parse(stdout).committedAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});
