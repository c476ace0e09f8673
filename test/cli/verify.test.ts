import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hashBody } from '../../src/document/body-hash.ts';
import { Log } from '../../src/embedded/log/log.ts';
import { encodeCommit } from '../../src/embedded/log/record.ts';
import { systemClock } from '../../src/embedded/ports/clock.ts';
import { nodeFileSystem } from '../../src/embedded/ports/node-file-system.ts';
import { systemRandom } from '../../src/embedded/ports/random.ts';
import { commitOf, documentOf } from '../embedded/log/log-fixture.ts';
import { startServer } from '../process/server-process.ts';
import { contentsOf, damage, fillDatabase, segmentsOf, TemporaryFolder, yaradb } from './data-fixture.ts';

const verified = async (directory: string) => {
  const { code, stdout, stderr } = await yaradb('verify', directory, '--json');
  return { code, stderr, report: JSON.parse(stdout) };
};

test('a good directory is clean: exit 0, what it holds, and nothing is written', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const before = contentsOf(folder.path);
  const text = await yaradb('verify', folder.path);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toMatch(/^clean: 0 snapshots, 1 segment, 8 commits, .*, 5 documents, up to commit 8\n/);
  const { code, report } = await verified(folder.path);
  expect(code).toBe(0);
  expect(report).toMatchObject({
    clean: true,
    sequence: 8,
    documents: 5,
    problems: [],
    tail: null,
    stateDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(contentsOf(folder.path)).toEqual(before);
});

test('a copy without its lock file, as one that can only be read may be, is verified as well', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  rmSync(folder.join('lock'));
  expect((await verified(folder.path)).code).toBe(0);
  expect(Object.keys(contentsOf(folder.path))).not.toContain(folder.join('lock'));
});

test('every problem is told, with its file, offset and commit: exit 3', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const [segment = ''] = segmentsOf(folder.path);
  damage(segment, '"level":2');
  damage(segment, '"username":"carol"');
  damage(folder.join('log', 'newest'), 20);
  const before = contentsOf(folder.path);
  const { code, report } = await verified(folder.path);
  expect(code).toBe(3);
  expect(report).toMatchObject({ clean: false, stateDigest: null, problemCount: 3, commits: 6 });
  expect(report.problems).toMatchObject([
    { file: segment, offset: expect.any(Number), sequence: 3 },
    { file: segment, offset: expect.any(Number), sequence: 6 },
    { file: folder.join('log', 'newest'), offset: 0 },
  ]);
  const { stdout, code: textCode } = await yaradb('verify', folder.path);
  expect(textCode).toBe(3);
  expect(stdout.split('\n').filter((line) => line.startsWith(`${folder.join('log')}/`))).toHaveLength(3);
  expect(contentsOf(folder.path)).toEqual(before);
});

test('a torn write at the end is told and is no damage: exit 0', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const [segment = ''] = segmentsOf(folder.path);
  // Without the seal and with half of the last frame: as a power cut leaves it.
  writeFileSync(segment, readFileSync(segment).subarray(0, -200));
  const { code, report } = await verified(folder.path);
  expect(code).toBe(0);
  expect(report).toMatchObject({ clean: true, sequence: 7, tail: { file: segment } });
  expect((await yaradb('verify', folder.path)).stdout).toContain('a torn write of');
});

// Checksums, links and seals hold in all of them: only what is written is wrong.
test.each([
  [
    'a body that is not what its hash says',
    { bodyHash: hashBody({ other: true }) },
    /the body of document .* has the hash/,
  ],
  ['a version that does not follow', { version: 7 }, /has version 7 where 2 is due/],
  ['a version before that is another', { previousSequence: 9 }, /names commit 9 as that of the version before/],
  ['another commit of creation', { createdSequence: 2 }, /names commit 2 as the one that created it/],
])('%s is found', async (_, wrong, reason) => {
  using folder = new TemporaryFolder();
  const options = {
    fileSystem: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    onCommit: () => {},
    onSnapshot: () => {},
  };
  const log = await Log.open({ ...options, directory: folder.path });
  const first = documentOf(1);
  const second = { ...first, version: 2, sequence: 2, previousSequence: 1, ...wrong };
  for (const document of [first, second]) {
    const commit = commitOf(document.sequence, [{ kind: 'putDocument', document }]);
    await log.append([encodeCommit(commit, systemRandom)]);
  }
  await log.close();
  const { code, report } = await verified(folder.path);
  expect([code, report.problemCount]).toEqual([3, 1]);
  expect(report.problems[0]).toMatchObject({ sequence: 2, reason: expect.stringMatching(reason) });
});

test('a directory that a server has open is refused: exit 2', async () => {
  using folder = new TemporaryFolder();
  const { server } = await startServer(folder.path);
  await using _ = server;
  const { code, stdout, stderr } = await yaradb('verify', folder.path);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`${folder.path} is open in another process`);
});

test('two may verify one directory at a time, and a server is kept out meanwhile', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const { lockDirectory, lockDirectoryForReading } = await import('../../src/embedded/directory-lock.ts');
  const lock = await lockDirectoryForReading(folder.path);
  expect((await verified(folder.path)).code).toBe(0);
  await expect(lockDirectory(folder.path)).rejects.toThrow('open in another process');
  await lock?.release();
  await (await lockDirectory(folder.path)).release();
});

test('what is no data directory, and what is typed wrong, is refused: exit 1', async () => {
  using folder = new TemporaryFolder();
  const endings = await Promise.all([
    yaradb('verify', folder.join('missing')),
    yaradb('verify', folder.path),
    yaradb('verify'),
    yaradb('verify', folder.path, 'more'),
    yaradb('verify', folder.path, '--jsn'),
    yaradb('verify', folder.path, '--json=yes'),
  ]);
  expect(endings.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(endings.map(({ stderr }) => stderr.split('\n').length)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(endings[0]?.stderr).toContain('missing is no data directory of YaraDB');
  expect(endings[4]?.stderr).toContain('unknown flag --jsn. See `yaradb verify --help`');
});

test('data of a newer version is refused and not called damaged: exit 1', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const [segment = ''] = segmentsOf(folder.path);
  const { crc32 } = await import('node:zlib');
  const bytes = readFileSync(segment);
  bytes.writeUInt16LE(2, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
  writeFileSync(segment, bytes);
  const { code, stderr } = await yaradb('verify', folder.path);
  expect(code).toBe(1);
  expect(stderr).toContain('newer version');
});

test('on two copies of one state the digests are equal, on another state they differ', async () => {
  using folder = new TemporaryFolder();
  const { alice } = await fillDatabase(folder.join('a'));
  cpSync(folder.join('a'), folder.join('b'), { recursive: true });
  const { server, url } = await startServer(folder.join('b'));
  await using _ = server;
  await fetch(`${url}/document/archive/${alice}`, { method: 'PUT' });
  server.kill('SIGTERM');
  await server.ended;
  cpSync(folder.join('a'), folder.join('c'), { recursive: true });
  const digests = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => (await verified(folder.join(name))).report.stateDigest),
  );
  expect(digests[0]).toBe(digests[2]);
  expect(digests[0]).not.toBe(digests[1]);
});
