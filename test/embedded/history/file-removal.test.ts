import { link, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FileRemoval, type FileRemovalOptions } from '../../../src/embedded/history/file-removal.ts';
import { systemClock } from '../../../src/embedded/ports/clock.ts';
import { nodeFileSystem } from '../../../src/embedded/ports/node-file-system.ts';
import { type OperationKind, SimulatedFileSystem } from '../../fault/simulated-file-system.ts';

const mebibyte = 1024 * 1024;
const directory = '/data';

function removalOf(options: Partial<FileRemovalOptions>): FileRemoval {
  return new FileRemoval({
    fileSystem: nodeFileSystem,
    clock: systemClock,
    signal: new AbortController().signal,
    change: (remove) => remove(),
    readsEnded: async () => {},
    ...options,
  });
}

/** A disk with a file of 9 MiB and a small one, and what is done on it from then on. */
async function recordedDisk() {
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(directory);
  fileSystem.replaceBytes(join(directory, 'large'), new Uint8Array(9 * mebibyte));
  fileSystem.replaceBytes(join(directory, 'small'), new Uint8Array(10));
  const done: string[] = [];
  const failing = new Set<OperationKind>();
  fileSystem.inject = (kind, path) => {
    done.push(path === directory ? kind : `${kind} ${path.slice(directory.length + 1)}`);
    return failing.has(kind) ? { kind: 'error', code: 'EIO' } : undefined;
  };
  return { fileSystem, done, failing };
}

test('names go first and durably, then what is large is made shorter step by step', async () => {
  const { fileSystem, done } = await recordedDisk();
  await removalOf({ fileSystem }).remove(directory, ['small', 'large']);
  expect(done).toEqual(['remove small', 'remove large', 'syncDirectory', 'truncate large', 'truncate large']);
  expect(fileSystem.names(directory)).toEqual([]);
});

test('whoever has a file open reads all of it, however long that takes', async () => {
  const { fileSystem, done } = await recordedDisk();
  const reader = await fileSystem.open(join(directory, 'large'), 'read');
  const reads = Promise.withResolvers<void>();
  const removed = removalOf({ fileSystem, readsEnded: () => reads.promise }).remove(directory, ['large']);
  for (let turn = 0; turn < 100; turn += 1) await systemClock.yield();
  expect(done).toEqual(['remove large', 'syncDirectory']);
  expect(await reader.size()).toBe(9 * mebibyte);
  reads.resolve();
  await removed;
  expect(done).toContain('truncate large');
});

test('a file of another name is not touched: a copy of the data directory that was made of hard links', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'file-removal-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [path, copy] = [join(folder, 'large'), join(folder, 'copy')];
  await writeFile(path, Buffer.alloc(9 * mebibyte, 7));
  await link(path, copy);
  await removalOf({}).remove(folder, ['large']);
  expect(await readdir(folder)).toEqual(['copy']);
  expect((await readFile(copy)).equals(Buffer.alloc(9 * mebibyte, 7))).toBe(true);
  await removalOf({}).remove(folder, ['copy']);
  await expect(stat(copy)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('where the names may come back after a power cut nothing is made shorter', async () => {
  const { fileSystem, done, failing } = await recordedDisk();
  failing.add('syncDirectory');
  await expect(removalOf({ fileSystem }).remove(directory, ['large'])).rejects.toMatchObject({ code: 'EIO' });
  expect(done).toEqual(['remove large', 'syncDirectory']);
});

test('a stop does not wait for it', async () => {
  const { fileSystem, done } = await recordedDisk();
  const signal = AbortSignal.abort();
  await removalOf({ fileSystem, signal }).remove(directory, ['large']);
  expect(done).toEqual(['remove large', 'syncDirectory']);
});

test('what is small waits for nobody', async () => {
  const { fileSystem, done } = await recordedDisk();
  await removalOf({ fileSystem, readsEnded: () => new Promise(() => {}) }).remove(directory, ['small']);
  expect(done).toEqual(['remove small', 'syncDirectory']);
});

test('a stop does not wait for reads that are under way, which go on to the end of the file', async () => {
  const { fileSystem, done } = await recordedDisk();
  const reader = await fileSystem.open(join(directory, 'large'), 'read');
  const stop = new AbortController();
  const removed = removalOf({
    fileSystem,
    signal: stop.signal,
    readsEnded: () => {
      setImmediate(() => stop.abort());
      return new Promise(() => {});
    },
  }).remove(directory, ['large']);
  await removed;
  expect(done).toEqual(['remove large', 'syncDirectory']);
  expect(await reader.size()).toBe(9 * mebibyte);
});

test('a file that may not be opened for writing is removed nevertheless', async () => {
  const { fileSystem, done } = await recordedDisk();
  fileSystem.delay = async (kind) => {
    if (kind === 'open') throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
  };
  await removalOf({ fileSystem }).remove(directory, ['large', 'small']);
  expect(done).toEqual(['remove large', 'remove small', 'syncDirectory']);
  expect(fileSystem.names(directory)).toEqual([]);
});

test('what another has removed is passed over, and a room that cannot be given back is told', async () => {
  const { fileSystem, failing } = await recordedDisk();
  await removalOf({ fileSystem }).remove(directory, ['gone', 'small']);
  expect(fileSystem.names(directory)).toEqual(['large']);
  failing.add('truncate');
  await expect(removalOf({ fileSystem }).remove(directory, ['large'])).rejects.toMatchObject({ code: 'EIO' });
  expect(fileSystem.names(directory)).toEqual([]);
});
