import { lchownSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UserAndGroup } from '../settings/operation-settings.ts';

/**
 * Whether something other than the program is mounted at `/app`: compose files of the Python YaraDB mount their data there.
 * `mountInfo` is the text of `/proc/self/mountinfo`. A program that itself runs from `/app` (a development container, say)
 * has its code mounted there and not its data.
 */
export function isDataMountedAtApp(mountInfo: string, programDirectory: string): boolean {
  if (programDirectory === '/app' || programDirectory.startsWith('/app/')) return false;
  // proc(5): the fifth field is the mount point; white space in it is written in octal, which `/app` has none of.
  return mountInfo.split('\n').some((line) => line.split(' ')[4] === '/app');
}

/** The text of `/proc/self/mountinfo`, or nothing on a system that has no such file. */
export function readMountInfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) return '';
    throw error;
  }
}

const predecessorFiles = ['yaradb_storage.json', 'yaradb_wal'];

/** The data files of the Python YaraDB that lie in the directory. */
export function findPredecessorFiles(directory: string): readonly string[] {
  const names = readdirSync(directory);
  return predecessorFiles.filter((name) => names.includes(name));
}

/**
 * Gives the user what root owns of the directory, so that a folder which Docker made as root can be written by a server that
 * is not root. What anybody else owns is left alone, and links are not followed. A directory that does not exist is left
 * for the server to make.
 */
export function handOverDirectory(directory: string, owner: UserAndGroup): void {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) handOver(directory, owner);
}

/** Walks by itself, because a recursive `readdir` follows links to directories. */
function handOver(path: string, owner: UserAndGroup): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    for (const name of readdirSync(path)) handOver(join(path, name), owner);
  }
  if (found?.uid === 0) lchownSync(path, owner.user, owner.group);
}
