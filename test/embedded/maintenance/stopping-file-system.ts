import type { File, FileSystem, OpenMode } from '../../../src/embedded/ports/file-system.ts';

/** What a killed process throws at itself: it has no code, so nobody takes it for an answer of the system. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/**
 * A file system on which the process dies before the nth thing that would change something. A killed process loses nothing that it
 * wrote, so syncs are counted and not done.
 */
export class StoppingFileSystem implements FileSystem {
  readonly #fileSystem: FileSystem;
  readonly #stopAt: number;
  /** Changes so far. */
  changes = 0;

  constructor(fileSystem: FileSystem, stopAt = Number.POSITIVE_INFINITY) {
    this.#fileSystem = fileSystem;
    this.#stopAt = stopAt;
  }

  /** Called before every change. */
  change(): void {
    if (this.changes >= this.#stopAt) throw new Stopped(`stopped at change ${this.changes}`);
    this.changes += 1;
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    if (mode === 'replace') this.change();
    return new StoppingFile(this, await this.#fileSystem.open(path, mode));
  }

  list(directory: string): Promise<string[]> {
    return this.#fileSystem.list(directory);
  }

  async makeDirectory(path: string): Promise<void> {
    this.change();
    await this.#fileSystem.makeDirectory(path);
  }

  async removeDirectory(path: string): Promise<void> {
    this.change();
    await this.#fileSystem.removeDirectory(path);
  }

  async rename(from: string, to: string): Promise<void> {
    this.change();
    await this.#fileSystem.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    this.change();
    await this.#fileSystem.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.change();
    // As the real one would.
    await this.#fileSystem.list(path);
  }
}

class StoppingFile implements File {
  readonly #fileSystem: StoppingFileSystem;
  readonly #file: File;

  constructor(fileSystem: StoppingFileSystem, file: File) {
    this.#fileSystem = fileSystem;
    this.#file = file;
  }

  size(): Promise<number> {
    return this.#file.size();
  }

  hasName(): Promise<boolean> {
    return this.#file.hasName();
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#file.read(target, position);
  }

  async write(source: Uint8Array, position: number): Promise<number> {
    this.#fileSystem.change();
    return this.#file.write(source, position);
  }

  async truncate(size: number): Promise<void> {
    this.#fileSystem.change();
    await this.#file.truncate(size);
  }

  async datasync(): Promise<void> {
    this.#fileSystem.change();
  }

  async sync(): Promise<void> {
    this.#fileSystem.change();
  }

  tryLock(): boolean {
    return this.#file.tryLock();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
