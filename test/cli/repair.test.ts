import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { startServer } from '../process/server-process.ts';
import { contentsOf, damage, type Filled, fillDatabase, segmentsOf, TemporaryFolder, yaradb } from './data-fixture.ts';

const status = async (directory: string) => JSON.parse((await yaradb('verify', directory, '--json')).stdout);

async function documentAt(directory: string, id: string): Promise<unknown> {
  const { server, url } = await startServer(directory);
  await using _ = server;
  const answer = await fetch(`${url}/document/get/${id}`);
  const document: unknown = await answer.json();
  server.kill('SIGTERM');
  await server.ended;
  return document;
}

async function damaged(): Promise<{
  readonly folder: TemporaryFolder;
  readonly ids: Filled;
  readonly segment: string;
}> {
  const folder = new TemporaryFolder();
  const ids = await fillDatabase(folder.path);
  const [segment = ''] = segmentsOf(folder.path);
  damage(segment, '"level":3');
  return { folder, ids, segment };
}

test('without --accept-data-loss it says what would be lost and changes nothing: exit 3', async () => {
  const { folder, segment } = await damaged();
  using _ = folder;
  const before = contentsOf(folder.path);
  const { code, stdout, stderr } = await yaradb('repair', folder.path);
  expect([code, stderr]).toEqual([3, '']);
  expect(stdout).toContain(`${segment}, offset `);
  expect(stdout).toContain('can be kept: the database as of commit 6\nwould be lost: commits 7 to 8');
  expect(stdout).toContain('--accept-data-loss');
  expect(contentsOf(folder.path)).toEqual(before);
});

test('with it the longest whole beginning is kept, in a new epoch, and the originals are set aside', async () => {
  const { folder, ids, segment } = await damaged();
  using _ = folder;
  const before = contentsOf(folder.path);
  const { epoch } = await status(folder.path);
  const { code, stdout } = await yaradb('repair', folder.path, '--accept-data-loss', '--json');
  expect(code).toBe(0);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ repaired: true, sequence: 6, lost: { from: 7, to: 8 }, cut: { file: segment } });
  const after = await status(folder.path);
  expect(after).toMatchObject({ clean: true, sequence: 6, epoch: result.epoch, databaseId: result.databaseId });
  expect(after.epoch).not.toBe(epoch);
  expect(readFileSync(join(result.originals, 'log', basename(segment)), 'hex')).toBe(before[segment]);
  expect(readFileSync(join(result.originals, 'log', 'newest'), 'hex')).toBe(before[folder.join('log', 'newest')]);
  expect(await documentAt(folder.path, ids.alice)).toMatchObject({ body: { level: 2 }, version: 2 });
  expect(await documentAt(folder.path, ids.carol)).toMatchObject({ version: 1 });
});

test('a repaired database takes writes, whose numbers go on, and opens again and again', async () => {
  const { folder, ids } = await damaged();
  using _ = folder;
  await yaradb('repair', folder.path, '--accept-data-loss');
  const { server, url } = await startServer(folder.path);
  await using __ = server;
  const answer = await fetch(`${url}/document/archive/${ids.alice}`, { method: 'PUT' });
  expect(answer.status).toBe(200);
  server.kill('SIGKILL');
  await server.ended;
  expect(await status(folder.path)).toMatchObject({ clean: true, sequence: 7 });
});

test('a segment that is missing costs what comes after it', async () => {
  using folder = new TemporaryFolder();
  const { carol } = await fillDatabase(folder.path);
  for (let count = 0; count < 2; count += 1) {
    const { server, url } = await startServer(folder.path);
    await using _ = server;
    await fetch(`${url}/document/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"n","body":{}}',
    });
    server.kill('SIGTERM');
    await server.ended;
  }
  const [, second = '', third = ''] = segmentsOf(folder.path);
  const thirdBytes = readFileSync(third, 'hex');
  rmSync(second);
  const { stdout } = await yaradb('repair', folder.path, '--accept-data-loss', '--json');
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({
    sequence: 8,
    lost: { from: 9, to: 10 },
    cut: null,
    dropped: [`log/${basename(third)}`],
  });
  expect(readFileSync(join(result.originals, 'log', basename(third)), 'hex')).toBe(thirdBytes);
  expect(await status(folder.path)).toMatchObject({ clean: true, sequence: 8 });
  expect(await documentAt(folder.path, carol)).toMatchObject({ version: 2 });
});

test('what is not damaged is left alone: exit 0', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const before = contentsOf(folder.path);
  const { code, stdout } = await yaradb('repair', folder.path, '--accept-data-loss');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^nothing to repair/);
  expect(contentsOf(folder.path)).toEqual(before);
});

test('a log of which nothing can be kept is left alone: exit 3', async () => {
  using folder = new TemporaryFolder();
  await fillDatabase(folder.path);
  const [segment = ''] = segmentsOf(folder.path);
  damage(segment, 20);
  const before = contentsOf(folder.path);
  const { code, stderr } = await yaradb('repair', folder.path, '--accept-data-loss');
  expect(code).toBe(3);
  expect(stderr).toContain('Not one commit');
  expect(contentsOf(folder.path)).toEqual(before);
});

test('a directory that a server has open is refused: exit 2; one that is not there is not made: exit 1', async () => {
  using folder = new TemporaryFolder();
  const { server } = await startServer(folder.join('data'));
  await using _ = server;
  const [open, missing] = await Promise.all([
    yaradb('repair', folder.join('data'), '--accept-data-loss'),
    yaradb('repair', folder.join('missing'), '--accept-data-loss'),
  ]);
  expect([open.code, missing.code]).toEqual([2, 1]);
  expect(readdirSync(folder.path)).toEqual(['data']);
});
