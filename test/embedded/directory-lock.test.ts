import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryLockedError, lockDirectory } from '../../src/embedded/directory-lock.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';

let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'yaradb-lock-'));
  directory = join(parent, 'a', 'b');
});

afterEach(async () => {
  await rm(parent, { recursive: true });
});

test('a directory is made with its parents, and locked once at a time', async () => {
  const lock = await lockDirectory(directory);
  const second = lockDirectory(directory);
  await expect(second).rejects.toThrow(DirectoryLockedError);
  await expect(second).rejects.toThrow(directory);
  await lock.release();
  await lock.release();
  const third = await lockDirectory(directory);
  await third.release();
  expect(await readdir(directory)).toEqual(['lock']);
});

test('another process is kept out, and its lock goes with it when it is killed', async () => {
  await mkdir(directory, { recursive: true });
  const moduleUrl = new URL('../../src/embedded/directory-lock.ts', import.meta.url).href;
  const program = `
    const { lockDirectory } = await import(${JSON.stringify(moduleUrl)});
    globalThis.lock = await lockDirectory(${JSON.stringify(directory)});
    process.stdout.write('locked');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryLockedError);
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  const lock = await lockDirectory(directory);
  await lock.release();
});

test('a directory that cannot be made is told by the error of the system', async () => {
  await expect(lockDirectory('/dev/null/data')).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test('a lock on a simulated disk goes with the process too', async () => {
  const fileSystem = new SimulatedFileSystem();
  await lockDirectory('/data', fileSystem);
  await expect(lockDirectory('/data', fileSystem)).rejects.toThrow(DirectoryLockedError);
  await lockDirectory('/data', fileSystem.killProcess());
});
