import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { tryLock } from 'fs-native-extensions';
import type { File, FileSystem, LockKind, OpenMode } from './file-system.ts';

const { O_CREAT, O_RDONLY, O_RDWR, O_TRUNC } = constants;

const openFlags: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR,
  replace: O_RDWR | O_CREAT | O_TRUNC,
  keep: O_RDWR | O_CREAT,
};

/** Documents are nobody's business but the server's: files and directories are readable by their owner only. */
const fileMode = 0o600;
const directoryMode = 0o700;

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    return new NodeFile(await open(path, openFlags[mode], fileMode));
  },

  list: (directory) => readdir(directory),

  async makeDirectory(path) {
    await mkdir(path, { mode: directoryMode });
  },

  removeDirectory: (path) => rmdir(path),

  rename: (from, to) => rename(from, to),

  remove: (path) => unlink(path),

  async syncDirectory(path) {
    const handle = await open(path, O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

class NodeFile implements File {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async hasName(): Promise<boolean> {
    return (await this.#handle.stat()).nlink > 0;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(target, 0, target.length, position)).bytesRead;
  }

  async write(source: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.write(source, 0, source.length, position)).bytesWritten;
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  datasync(): Promise<void> {
    return this.#handle.datasync();
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  tryLock(kind: LockKind = 'exclusive'): boolean {
    return tryLock(this.#handle.fd, { shared: kind === 'shared' });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
