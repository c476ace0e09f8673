import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { CorruptionError } from '../../src/embedded/log/log-error.ts';
import { openBackup } from '../../src/embedded/maintenance/backup-reader.ts';
import { restoreBackup } from '../../src/embedded/maintenance/restoration.ts';
import { systemClock } from '../../src/embedded/ports/clock.ts';
import { nodeFileSystem } from '../../src/embedded/ports/node-file-system.ts';
import { systemRandom } from '../../src/embedded/ports/random.ts';
import { Stopped, StoppingFileSystem } from '../embedded/maintenance/stopping-file-system.ts';
import { startServer } from '../process/server-process.ts';
import { archiveOf, entriesOf, statesOf, unpack, writeArchive } from './backup-fixture.ts';
import { contentsOf, type Filled, fillDatabase, TemporaryFolder, yaradb } from './data-fixture.ts';

interface Prepared {
  readonly folder: TemporaryFolder;
  readonly ids: Filled;
  readonly archive: string;
}

/** A database of two segments in `data`, and a backup of it as `backup.tar`. */
async function prepared(): Promise<Prepared> {
  const folder = new TemporaryFolder();
  const ids = await fillDatabase(folder.join('data'));
  await delay(20);
  const database = await openEmbeddedDatabase({ directory: folder.join('data') });
  await Promise.all(
    [1, 2, 3].map((n) => database.commit(anonymous, [{ kind: 'create', name: 'late', body: { n }, table: 'late' }])),
  );
  await database.close();
  const archive = folder.join('backup.tar');
  await writeArchive(folder.join('data'), archive);
  return { folder, ids, archive };
}

const verified = async (directory: string) => JSON.parse((await yaradb('verify', directory, '--json')).stdout);

test.each(['archive', 'directory'])('a backup (%s) restores to the same state, in a new epoch', async (form) => {
  const { folder, ids, archive } = await prepared();
  using _ = folder;
  const backup = form === 'archive' ? archive : folder.join('backup');
  if (form === 'directory') unpack(archive, backup);
  const { code, stdout, stderr } = await yaradb('restore', backup, folder.join('restored'), '--json');
  expect([code, stderr]).toEqual([0, '']);
  const [before, after] = await Promise.all([verified(folder.join('data')), verified(folder.join('restored'))]);
  expect(JSON.parse(stdout)).toMatchObject({ sequence: 11, epoch: after.epoch, stateDigest: before.stateDigest });
  expect(after).toMatchObject({
    clean: true,
    sequence: 11,
    stateDigest: before.stateDigest,
    databaseId: before.databaseId,
  });
  expect(after.epoch).not.toBe(before.epoch);
  const { server, url } = await startServer(folder.join('restored'));
  await using __ = server;
  const document = await (await fetch(`${url}/document/get/${ids.alice}`)).json();
  expect(document).toMatchObject({ version: 3, body: { level: 3 } });
  expect((await fetch(`${url}/document/archive/${ids.alice}`, { method: 'PUT' })).status).toBe(200);
  server.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
  expect(await verified(folder.join('restored'))).toMatchObject({ clean: true, sequence: 12, epoch: after.epoch });
});

test('--to-sequence restores exactly the state after that commit, whichever it is', async () => {
  const { folder, archive } = await prepared();
  using _ = folder;
  const states = await statesOf(folder.join('data'));
  expect(states).toHaveLength(12);
  for (const [sequence, { digest }] of states.entries()) {
    const directory = folder.join(`restored-${sequence}`);
    const backup = await openBackup(nodeFileSystem, archive);
    const ports = { fileSystem: nodeFileSystem, clock: systemClock, random: systemRandom };
    const restored = await restoreBackup({ ...ports, backup, directory, to: { sequence } });
    expect(restored).toMatchObject({ sequence, stateDigest: digest });
    const database = await openEmbeddedDatabase({ directory });
    expect(await database.status(anonymous)).toMatchObject({ sequence, epoch: restored.epoch });
    await database.commit(anonymous, [{ kind: 'create', name: 'next', body: {} }]);
    await database.close();
  }
  const { code, stdout } = await yaradb('restore', archive, folder.join('r'), '--to-sequence', '4');
  expect([code, stdout]).toEqual([0, expect.stringContaining('as of commit 4 of ')]);
});

test('--to-time restores the state after the last commit at or before the time', async () => {
  const { folder, archive } = await prepared();
  using _ = folder;
  const states = await statesOf(folder.join('data'));
  const time = states[8]?.committedAt ?? 0;
  const restore = (name: string, at: number) =>
    yaradb('restore', archive, folder.join(name), '--to-time', new Date(at).toISOString(), '--json');
  const [exact, later, before] = await Promise.all([
    restore('exact', time),
    restore('later', time + 10),
    restore('before', (states[1]?.committedAt ?? 0) - 1),
  ]);
  expect(JSON.parse(exact.stdout)).toMatchObject({ sequence: 8, stateDigest: states[8]?.digest });
  expect(JSON.parse(later.stdout)).toMatchObject({ sequence: 8 });
  expect([before.code, before.stderr]).toEqual([1, expect.stringContaining('cannot be restored to')]);
  expect(existsSync(folder.join('before'))).toBe(false);
});

test('into a directory that holds anything nothing is restored: exit 1', async () => {
  const { folder, archive } = await prepared();
  using _ = folder;
  mkdirSync(folder.join('notes'));
  writeFileSync(folder.join('notes', 'note.txt'), 'kept');
  mkdirSync(folder.join('empty'));
  const before = contentsOf(folder.join('data'));
  const [full, notes, empty] = await Promise.all([
    yaradb('restore', archive, folder.join('data')),
    yaradb('restore', archive, folder.join('notes')),
    yaradb('restore', archive, folder.join('empty')),
  ]);
  expect([full.code, notes.code, empty.code]).toEqual([1, 1, 0]);
  expect(notes.stderr).toContain("is not empty (it holds 'note.txt')");
  expect(contentsOf(folder.join('data'))).toEqual(before);
  expect(readdirSync(folder.join('notes'))).toEqual(['note.txt']);
});

test('a damaged or incomplete backup is refused, and what was begun is removed: exit 3', async () => {
  const { folder, archive } = await prepared();
  using _ = folder;
  const bytes = readFileSync(archive);
  const cases: Record<string, Buffer> = {
    flipped: Buffer.from(bytes.with(700, (bytes[700] ?? 0) ^ 1)),
    cut: bytes.subarray(0, bytes.length - 1024),
    half: bytes.subarray(0, 1500),
    noManifest: archiveOf(entriesOf(archive).slice(0, -1)),
    missing: archiveOf(entriesOf(archive).slice(1)),
    doubled: archiveOf([...entriesOf(archive).slice(0, 1), ...entriesOf(archive)]),
    digest: archiveOf(
      entriesOf(archive).map(({ name, content }) => ({
        name,
        content: Buffer.from(content.toString('latin1').replace(/("stateDigest": ")./, '$1-'), 'latin1'),
      })),
    ),
  };
  await writeArchive(folder.join('data'), folder.join('other.tar'), { stateDigest: '0'.repeat(64) });
  await writeArchive(folder.join('data'), folder.join('later.tar'), { sequence: 12 });
  await writeArchive(folder.join('data'), folder.join('foreign.tar'), { databaseId: randomUUID() });
  for (const [name, content] of Object.entries(cases)) writeFileSync(folder.join(`${name}.tar`), content);
  const names = [...Object.keys(cases), 'other', 'later', 'foreign'];
  mkdirSync(folder.join('empty'));
  const endings = await Promise.all(
    names.map((name) => yaradb('restore', folder.join(`${name}.tar`), folder.join(name))),
  );
  expect(endings.map(({ code, stderr }) => [code, stderr])).toEqual(
    names.map(() => [3, expect.stringMatching(/^yaradb: [^\n]+\n$/)]),
  );
  expect(endings[0]?.stderr).toContain('its SHA-256 is another');
  for (const name of names) expect([name, existsSync(folder.join(name))]).toEqual([name, false]);
  expect((await yaradb('restore', folder.join('flipped.tar'), folder.join('empty'))).code).toBe(3);
  expect(readdirSync(folder.join('empty'))).toEqual([]);
});

test('no name in an archive leads out of the directory, or anywhere but to the files of a backup', async () => {
  const { folder, archive } = await prepared();
  using _ = folder;
  const entries = entriesOf(archive);
  const names = [
    '../evil',
    'log/../../evil',
    '/tmp/yaradb-evil',
    'log/..',
    'log/00000000000000000001.log/../../../evil',
    'log/newest',
    'lock',
    'snapshots/../evil.snapshot',
    'log/00000000000000000001.log\n',
  ];
  const manifest = entries.at(-1)?.content.toString('utf8') ?? '';
  for (const [index, name] of names.entries()) {
    const evil = { name, content: Buffer.from('evil') };
    writeFileSync(folder.join(`evil-${index}.tar`), archiveOf([evil, ...entries]));
    // The manifest of a directory may not name such a file either.
    const directory = folder.join(`evil-${index}`);
    unpack(archive, directory);
    const named = manifest.replace('"log/00000000000000000001.log"', JSON.stringify(name));
    writeFileSync(join(directory, 'manifest.json'), named);
  }
  const before = readdirSync(folder.path);
  for (const index of names.keys()) {
    for (const backup of [folder.join(`evil-${index}.tar`), folder.join(`evil-${index}`)]) {
      await expect(openBackup(nodeFileSystem, backup), `${names[index]} in ${backup}`).rejects.toThrow();
    }
  }
  const { code } = await yaradb('restore', folder.join('evil-0.tar'), folder.join('restored'));
  expect(code).toBe(3);
  expect(readdirSync(folder.path)).toEqual(before);
  expect(existsSync('/tmp/yaradb-evil')).toBe(false);
});

test('a link in a backup directory is followed for reading, and its content checked like any other', async () => {
  const { folder, archive } = await prepared();
  using _ = folder;
  unpack(archive, folder.join('backup'));
  const segment = folder.join('backup', 'log', '00000000000000000001.log');
  rmSync(segment);
  symlinkSync('/etc/hostname', segment);
  const { code, stdout } = await yaradb('restore', folder.join('backup'), folder.join('restored'));
  expect([code, stdout]).toEqual([3, '']);
});

test('killed at any step, a restore leaves a directory that does not open', async () => {
  const { folder, archive } = await prepared();
  using _ = folder;
  const restore = async (name: string, fileSystem: StoppingFileSystem) =>
    restoreBackup({
      fileSystem,
      clock: systemClock,
      random: systemRandom,
      backup: await openBackup(nodeFileSystem, archive),
      directory: folder.join(name),
      to: { sequence: 10 },
    });
  const counting = new StoppingFileSystem(nodeFileSystem);
  await restore('counted', counting);
  let refused = 0;
  for (let stop = 0; stop < counting.changes; stop += 1) {
    const directory = folder.join(`stop-${stop}`);
    await expect(restore(`stop-${stop}`, new StoppingFileSystem(nodeFileSystem, stop))).rejects.toThrow(Stopped);
    // Until then it is as empty as it was.
    if (!existsSync(join(directory, 'log', 'newest'))) continue;
    const opened = await openEmbeddedDatabase({ directory }).catch((error: unknown) => error);
    if (opened instanceof EmbeddedDatabase) {
      // What is left to do then is to make a name durable that is there already.
      expect(stop).toBe(counting.changes - 1);
      expect((await opened.status(anonymous)).sequence).toBe(10);
      await opened.close();
    } else {
      expect(opened).toBeInstanceOf(CorruptionError);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(20);
});
