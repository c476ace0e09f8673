import type { FileSystem } from '../ports/file-system.ts';

/**
 * A file system for those who work in the directory of the log while the log does. A sync that fails makes the system take for written what
 * others have just renamed there: the log would sync after it, find nothing to do, and acknowledge what the next power cut takes away. So
 * syncs of that directory are left to `syncLog`, which sees to it that the log does nothing meanwhile, and learns of a failure before it goes on.
 */
export function withLogDirectorySync(
  fileSystem: FileSystem,
  logDirectory: string,
  syncLog: (sync: () => Promise<void>) => Promise<void>,
): FileSystem {
  return withDirectorySync(fileSystem, (path) => {
    const sync = () => fileSystem.syncDirectory(path);
    return path === logDirectory ? syncLog(sync) : sync();
  });
}

/** The same file system, but for how directories are synced. */
export function withDirectorySync(fileSystem: FileSystem, syncDirectory: FileSystem['syncDirectory']): FileSystem {
  return {
    open: (path, mode) => fileSystem.open(path, mode),
    list: (directory) => fileSystem.list(directory),
    makeDirectory: (path) => fileSystem.makeDirectory(path),
    removeDirectory: (path) => fileSystem.removeDirectory(path),
    rename: (from, to) => fileSystem.rename(from, to),
    remove: (path) => fileSystem.remove(path),
    syncDirectory,
  };
}
