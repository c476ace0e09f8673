import { join } from 'node:path';
import { makeDurableDirectory } from './ports/durable-directory.ts';
import { type File, type FileSystem, systemErrorCode } from './ports/file-system.ts';
import { nodeFileSystem } from './ports/node-file-system.ts';

/** Held until it is released or the process ends, however it ends. */
export interface DirectoryLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/** Another process, or another database in this one, has the data directory open. */
export class DirectoryLockedError extends Error {
  readonly directory: string;

  constructor(directory: string) {
    super(
      `The data directory ${directory} is open in another process. Stop that one first, or use another directory (--data-dir).`,
    );
    this.name = 'DirectoryLockedError';
    this.directory = directory;
  }
}

/**
 * Makes sure that one process at a time has a data directory open; makes the directory when it is not there. The lock is the
 * kernel's, on an open file: it goes with the process, even one that was killed, it is seen across containers that share the
 * directory, and no clock or process id is involved that could make two writers. The file itself stays: removing it
 * would let a third process lock a new file of the same name.
 * @throws {DirectoryLockedError} when it is taken. The system's own error when the directory cannot be made or written.
 */
export async function lockDirectory(
  directory: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<DirectoryLock> {
  const file = await openLockFile(directory, fileSystem);
  let locked = false;
  try {
    locked = file.tryLock();
  } finally {
    if (!locked) await file.close();
  }
  if (!locked) throw new DirectoryLockedError(directory);
  return lockOn(file);
}

/**
 * Makes sure that no server opens a data directory while it is read: any number of readers share the lock. Nothing is written, so
 * that a directory which may only be read can be locked as well.
 * @returns null when there is no lock file: then no server has ever had the directory open.
 * @throws {DirectoryLockedError} when a server has it open.
 */
export async function lockDirectoryForReading(
  directory: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<DirectoryLock | null> {
  let file: File;
  try {
    file = await fileSystem.open(join(directory, lockFileName), 'read');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
  let locked = false;
  try {
    locked = file.tryLock('shared');
  } finally {
    if (!locked) await file.close();
  }
  if (!locked) throw new DirectoryLockedError(directory);
  return lockOn(file);
}

const lockFileName = 'lock';

function lockOn(file: File): DirectoryLock {
  let released: Promise<void> | null = null;
  return {
    release() {
      released ??= file.close();
      return released;
    },
  };
}

async function openLockFile(directory: string, fileSystem: FileSystem): Promise<File> {
  const path = join(directory, lockFileName);
  try {
    return await fileSystem.open(path, 'keep');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  await makeDurableDirectory(fileSystem, directory);
  return fileSystem.open(path, 'keep');
}
