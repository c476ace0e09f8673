import { dirname } from 'node:path';
import { type FileSystem, systemErrorCode } from './file-system.ts';

/**
 * Makes a directory, and its parents where they are missing, so that the whole way to it survives a power cut: a directory that
 * is there already may be one whose entry never reached the disk, so its parent is synced either way. When that sync fails, a
 * directory that was made is removed again: its entry may count as clean from then on without being on disk, so that the next
 * start, finding the directory, would sync in vain, and lose all that it puts there with the power.
 */
export async function makeDurableDirectory(fileSystem: FileSystem, path: string): Promise<void> {
  const made = await makeDirectory(fileSystem, path);
  try {
    await fileSystem.syncDirectory(dirname(path));
  } catch (error) {
    // Syncing takes the right to read the parent. Who may not even do that was given the directory by somebody else.
    if (!made && systemErrorCode(error) === 'EACCES') return;
    if (made) await fileSystem.removeDirectory(path);
    throw error;
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
