/**
 * The one port through which the engine reaches files: what a crash-safe log needs and nothing else, so that a simulated disk is a
 * small program. Failures are rejections with the system's own error, its `code` included (`ENOENT`, `ENOSPC`, `EIO`).
 */
export interface FileSystem {
  /**
   * `read`: an existing file, for reading. `write`: an existing file, for reading and writing. `replace`: a new or emptied
   * one, for both. `keep`: for both, made when it is not there, its bytes kept.
   */
  open(path: string, mode: OpenMode): Promise<File>;
  /** The names in a directory, in no order. */
  list(directory: string): Promise<string[]>;
  /** Its parent must exist, itself must not (`EEXIST`). */
  makeDirectory(path: string): Promise<void>;
  /** Removes a directory, which must be empty. Durable once its parent is synced. */
  removeDirectory(path: string): Promise<void>;
  /** Replaces `to` when it exists. Durable once the directory is synced. */
  rename(from: string, to: string): Promise<void>;
  /** Durable once the directory is synced. */
  remove(path: string): Promise<void>;
  /** Makes the entries of a directory durable: names made, renamed and removed in it. */
  syncDirectory(path: string): Promise<void>;
}

export type LockKind = 'exclusive' | 'shared';
export type OpenMode = 'read' | 'write' | 'replace' | 'keep';

/** An open file. Offsets and sizes are bytes. */
export interface File {
  size(): Promise<number>;
  /** Whether it is still to be found under a name, its own or another: false once it was removed under all of them. */
  hasName(): Promise<boolean>;
  /** Resolves to how many bytes were read, which may be fewer than asked for; 0 at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Resolves to how many bytes were written, which may be fewer than given. */
  write(source: Uint8Array, position: number): Promise<number>;
  truncate(size: number): Promise<void>;
  /** Makes content and size durable. */
  datasync(): Promise<void>;
  /** Makes content and all metadata durable. */
  sync(): Promise<void>;
  /**
   * Takes a lock that the system releases with the last of this open file, `kill -9` included. An exclusive one, which is the
   * default, needs a file open for writing; any number of opens may hold a shared one at a time, on files open for reading.
   * @returns false when another open of the file holds a lock that does not go with it.
   */
  tryLock(kind?: LockKind): boolean;
  close(): Promise<void>;
}

/** Writes all of `source`, in as many writes as the system takes to do it. */
export async function writeFully(file: File, source: Uint8Array, position: number): Promise<void> {
  let written = await file.write(source, position);
  while (written < source.length) {
    const more = await file.write(source.subarray(written), position + written);
    if (more <= 0)
      throw new Error(`a write of ${source.length - written} bytes at ${position + written} wrote nothing`);
    written += more;
  }
}

/** Linux reads at most this much in one call, and 32-bit lengths in between do not like more. */
const readBytesMax = 64 * 1024 * 1024;

/** Reads until `target` is full. Resolves to how many bytes there were, fewer only when the file ends before. */
export async function readFully(file: File, target: Uint8Array, position: number): Promise<number> {
  let read = 0;
  while (read < target.length) {
    const more = await file.read(target.subarray(read, read + readBytesMax), position + read);
    if (more === 0) break;
    read += more;
  }
  return read;
}

/** What `running` resolves to; null when it finds out that there is no such file (`ENOENT`). */
export async function ifThere<T>(running: Promise<T>): Promise<T | null> {
  try {
    return await running;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The names in a directory; none when it is not there. */
export async function listIfThere(fileSystem: FileSystem, directory: string): Promise<string[]> {
  return (await ifThere(fileSystem.list(directory))) ?? [];
}

/** The system's code of a failure, `ENOSPC` for instance; undefined when the error has none. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
