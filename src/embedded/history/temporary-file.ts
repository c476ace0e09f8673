import { join } from 'node:path';
import { refusingNoSpace } from '../log/durable-file.ts';
import { temporarySuffix } from '../log/log-files.ts';
import type { File, FileSystem } from '../ports/file-system.ts';

export interface FileReplacement<T> {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly name: string;
  /** Writes the bytes. What it resolves to is handed on. */
  readonly write: (file: File) => Promise<T>;
  /** Reads the bytes back before they get the name; a rejection keeps what was there. */
  readonly verify?: (temporaryPath: string, written: T) => Promise<void>;
  /** Called to do the renaming, for whoever must choose the moment. */
  readonly exchange?: (rename: () => Promise<void>) => Promise<void>;
}

/**
 * Makes or replaces a file that is written in slices: temporary file → sync → read back → rename → sync of the directory. It is
 * durable when this resolves; when this rejects, the file has its old bytes or its new ones, and the temporary one is gone.
 * @returns what `write` resolved to.
 * @throws {NoSpaceError} when there was no room.
 */
export async function replaceFile<T>(replacement: FileReplacement<T>): Promise<T> {
  const { fileSystem, directory, name, write, verify, exchange = (rename) => rename() } = replacement;
  const path = join(directory, name);
  const temporary = path + temporarySuffix;
  const file = await refusingNoSpace(path, () => fileSystem.open(temporary, 'replace'));
  try {
    const written = await writeAndSync(file, () => refusingNoSpace(path, () => write(file)));
    await verify?.(temporary, written);
    await exchange(async () => {
      await refusingNoSpace(path, () => fileSystem.rename(temporary, path));
      await fileSystem.syncDirectory(directory);
    });
    return written;
  } catch (error) {
    // What cannot be removed, or was renamed already, is left to the next opening: why the file was not made is what matters.
    await fileSystem.remove(temporary).catch(() => undefined);
    throw error;
  }
}

async function writeAndSync<T>(file: File, write: () => Promise<T>): Promise<T> {
  try {
    const written = await write();
    await file.sync();
    return written;
  } finally {
    await file.close();
  }
}
