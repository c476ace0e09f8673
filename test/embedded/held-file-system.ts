import type { File, FileSystem, OpenMode } from '../../src/embedded/ports/file-system.ts';

/** A file system whose syncs of data can be held back: what a commit waits for then stays undecided until `release`. */
export class HeldFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    const file = await this.#inner.open(path, mode);
    return {
      size: () => file.size(),
      hasName: () => file.hasName(),
      read: (target, position) => file.read(target, position),
      write: (source, position) => file.write(source, position),
      truncate: (size) => file.truncate(size),
      datasync: async () => {
        await this.#gate;
        await file.datasync();
      },
      sync: () => file.sync(),
      tryLock: () => file.tryLock(),
      close: () => file.close(),
    };
  }

  list(directory: string): Promise<string[]> {
    return this.#inner.list(directory);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#inner.makeDirectory(path);
  }

  removeDirectory(path: string): Promise<void> {
    return this.#inner.removeDirectory(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inner.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#inner.remove(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#inner.syncDirectory(path);
  }
}
