import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anonymous } from '../../src/database/principal.ts';
import { openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { startServer } from '../process/server-process.ts';
import { contentsOf, damage, type Filled, fillDatabase, segmentsOf, TemporaryFolder, yaradb } from './data-fixture.ts';

interface Line {
  readonly kind: string;
  readonly sequence?: number;
  readonly offset?: number;
  readonly records?: readonly { readonly kind: string; readonly document?: { readonly id: string } }[];
}

async function filled(): Promise<{ readonly folder: TemporaryFolder; readonly ids: Filled }> {
  const folder = new TemporaryFolder();
  return { folder, ids: await fillDatabase(folder.path) };
}

async function jsonLinesOf(...args: readonly string[]): Promise<readonly Line[]> {
  const { code, stdout, stderr } = await yaradb('log', ...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('one line a record, with the commit, its time, who asked, and what was written', async () => {
  const { folder, ids } = await filled();
  using _ = folder;
  const before = contentsOf(folder.path);
  const { code, stdout, stderr } = await yaradb('log', folder.path);
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => Number(line.split('  ')[0]))).toEqual([1, 1, 2, 3, 4, 4, 5, 6, 7, 8]);
  expect(lines[0]).toMatch(/^1 {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}anonymous {2}putTable \S+ {2}name users/);
  expect(lines[2]).toContain(
    `putDocument ${ids.bob}  version 1  table default  name user  {"username":"bob","big":12345678901234567890}`,
  );
  expect(lines[6]).toContain('archived');
  expect(lines[7]).toContain('…');
  expect(contentsOf(folder.path)).toEqual(before);
});

test('JSON lines hold everything, bodies whole and exact', async () => {
  const { folder } = await filled();
  using _ = folder;
  const { stdout } = await yaradb('log', folder.path, '--json');
  expect(stdout).toContain('12345678901234567890');
  expect(stdout).toContain('x'.repeat(500));
  const lines = await jsonLinesOf(folder.path);
  expect(lines.map(({ kind, sequence }) => [kind, sequence])).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map((sequence) => ['commit', sequence]),
  );
});

test('a commit that a request with an idempotency key has made tells the key, and what is remembered of it', async () => {
  using folder = new TemporaryFolder();
  const database = await openEmbeddedDatabase({ directory: folder.path });
  const operations = [{ kind: 'create', name: 'n', body: {} }] as const;
  await database.commit(anonymous, operations, { idempotency: { key: 'order "17"' } });
  await database.close();
  const { stdout } = await yaradb('log', folder.path);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toContain(String.raw`key "order \"17\""`);
  expect(lines[1]).toMatch(/putKey [0-9a-f-]{36} {2}request [0-9a-f]{32} {2}of 1 document$/);
  const [commit] = await jsonLinesOf(folder.path);
  expect(commit).toMatchObject({
    idempotencyKey: 'order "17"',
    records: [{ kind: 'putDocument' }, { kind: 'putKey' }],
  });
});

test('--from, --to and --document choose', async () => {
  const { folder, ids } = await filled();
  using _ = folder;
  const sequences = async (...flags: readonly string[]) =>
    (await jsonLinesOf(folder.path, ...flags)).map(({ sequence }) => sequence);
  expect(await sequences('--from', '3', '--to', '5')).toEqual([3, 4, 5]);
  expect(await sequences('--document', ids.alice)).toEqual([1, 3, 7]);
  expect(await sequences('--document', ids.alice.toUpperCase(), '--from', '4')).toEqual([7]);
  const [line] = await jsonLinesOf(folder.path, '--document', ids.alice, '--to', '1');
  expect(line?.records?.map(({ kind, document }) => [kind, document?.id])).toEqual([['putDocument', ids.alice]]);
});

test('--frames shows segments, frames and seals where they are', async () => {
  const { folder } = await filled();
  using _ = folder;
  const [segment = ''] = segmentsOf(folder.path);
  const bytes = readFileSync(segment);
  const lines = await jsonLinesOf(folder.path, '--frames');
  expect(lines.map(({ kind }) => kind)).toEqual(['segment', ...Array(8).fill('frame'), 'seal']);
  for (const { kind, offset = 0 } of lines) {
    if (kind !== 'segment') expect(bytes.subarray(offset, offset + 8)).toEqual(bytes.subarray(48, 56));
  }
  const { stdout } = await yaradb('log', folder.path, '--frames', '--from', '4', '--to', '5');
  expect(stdout).toMatch(
    /^segment .*\nframe {2}commits 4 to 4 {2}offset \d+ .*link [0-9a-f]{64}\nframe {2}commits 5 to 5/,
  );
});

test('damage is among the lines, and what is behind it is shown: exit 3', async () => {
  const { folder } = await filled();
  using _ = folder;
  const [segment = ''] = segmentsOf(folder.path);
  damage(segment, '"level":2');
  const { code, stdout } = await yaradb('log', folder.path, '--json');
  expect(code).toBe(3);
  const lines: Line[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ kind, sequence }) => [kind, sequence])).toEqual([
    ['commit', 1],
    ['commit', 2],
    ['problem', 3],
    ...[4, 5, 6, 7, 8].map((sequence) => ['commit', sequence]),
  ]);
  expect((await yaradb('log', folder.path)).stdout).toContain(`PROBLEM  ${segment}, offset `);
});

test('a log that a server is writing can be looked at, a torn end is no damage', async () => {
  const { folder } = await filled();
  using _ = folder;
  const { server } = await startServer(folder.path);
  await using __ = server;
  expect(await jsonLinesOf(folder.path)).toHaveLength(8);
  server.kill('SIGKILL');
  await server.ended;
  const [segment = ''] = segmentsOf(folder.path);
  writeFileSync(segment, readFileSync(segment).subarray(0, -200));
  const { code, stdout } = await yaradb('log', folder.path);
  expect([code, stdout.split('\n').at(-2)]).toEqual([0, expect.stringMatching(/^torn write {2}/)]);
});

test('a reader that has seen enough ends it quietly', async () => {
  const { folder } = await filled();
  using _ = folder;
  const { execFileSync } = await import('node:child_process');
  const program = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  const command = `"${process.execPath}" "${program}" log "${folder.path}" | head -n 1; exit \${PIPESTATUS[0]}`;
  expect(execFileSync('bash', ['-c', command], { encoding: 'utf8' })).toMatch(/^1 {2}.*\n$/);
});

test('what is typed wrong is refused: exit 1', async () => {
  using folder = new TemporaryFolder();
  const [from, document, missing] = await Promise.all([
    yaradb('log', folder.path, '--from', 'x'),
    yaradb('log', folder.path, '--document', 'alice'),
    yaradb('log', folder.join('missing')),
  ]);
  expect([from.code, document.code, missing.code]).toEqual([1, 1, 1]);
  expect(from.stderr).toContain("--from is 'x': expected a whole number");
  expect(document.stderr).toContain('expected a UUID');
  expect(missing.stderr).toContain('is no data directory');
});
