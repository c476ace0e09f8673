import { join } from 'node:path';
import { type File, type FileSystem, systemErrorCode, writeFully } from '../ports/file-system.ts';
import { NoSpaceError } from './log-error.ts';
import { temporarySuffix } from './log-files.ts';

/** Whether a write failed because the disk or the quota is full. Out of a sync the same codes mean a disk that failed. */
export function isNoSpace(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/**
 * Makes or replaces a file so that it has its name only when its bytes are on disk, and the name is on disk when this
 * resolves, to the open file. Whoever finds the name after a crash finds all the bytes.
 * @throws {NoSpaceError} when there is no room; nothing of it is left. Any other error: what is on disk is not known.
 */
export async function makeDurableFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<File> {
  const path = join(directory, name);
  const temporary = path + temporarySuffix;
  const file = await refusingNoSpace(path, () => fileSystem.open(temporary, 'replace'));
  try {
    const giveBack = () => fileSystem.remove(temporary);
    await refusingNoSpace(path, () => writeFully(file, bytes, 0), giveBack);
    await file.sync();
    await refusingNoSpace(path, () => fileSystem.rename(temporary, path), giveBack);
    await fileSystem.syncDirectory(directory);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Does `write`; when there is no room for it, undoes it by `giveBack`.
 * @throws {NoSpaceError} when there was no room and `giveBack` succeeded. Whatever else failed, as it is.
 */
export async function refusingNoSpace<T>(
  path: string,
  write: () => Promise<T>,
  giveBack?: () => Promise<void>,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    await giveBack?.();
    throw new NoSpaceError(path, error);
  }
}
