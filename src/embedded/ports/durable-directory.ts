import { dirname } from 'node:path';
import { type FileSystem, systemErrorCode } from './file-system.ts';

/**
 * Makes a directory, and its parents where they are missing, so that the whole way to it survives a power cut: a directory that
 * is there already may be one whose entry never reached the disk, so its parent is synced either way.
 */
export async function makeDurableDirectory(fileSystem: FileSystem, path: string): Promise<void> {
  const made = await makeDirectory(fileSystem, path);
  try {
    await fileSystem.syncDirectory(dirname(path));
  } catch (error) {
    // Syncing takes the right to read the parent. Who may not even do that was given the directory by somebody else.
    if (made || systemErrorCode(error) !== 'EACCES') throw error;
  }
}

/** @returns whether it was not there. */
async function makeDirectory(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.makeDirectory(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  await makeDurableDirectory(fileSystem, dirname(path));
  await fileSystem.makeDirectory(path);
  return true;
}
