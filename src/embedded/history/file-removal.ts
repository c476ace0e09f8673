import { join } from 'node:path';
import type { Clock } from '../ports/clock.ts';
import { type File, type FileSystem, ifThere } from '../ports/file-system.ts';

export interface FileRemovalOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** When it is aborted nobody is waited for any more, and what is left to give back is given back at once. */
  readonly signal: AbortSignal;
  /** Runs what takes the names away, when nobody needs the files to stay. */
  readonly change: (remove: () => Promise<void>) => Promise<void>;
  /** Resolves when whoever has a file open by now is done with it. */
  readonly readsEnded: () => Promise<void>;
}

/**
 * What a file system frees in one step. A commit's sync may wait for the step: on ext4 with `discard` 4 MiB take a millisecond or two, a snapshot of
 * 440 MB that is freed as a whole 40 to 200, and a larger one accordingly.
 */
const stepBytes = 4 * 1024 * 1024;
/** From one step to the next. */
const restMs = 5;
/** So many at most are held open. */
const filesMax = 64;

/**
 * Removes files so that no commit waits for the room that they took to be freed: the names go first, and their directory is synced; then the nameless files
 * are made shorter bit by bit, as RocksDB's `DeleteScheduler` does it. After a crash the file system frees the rest by itself.
 */
export class FileRemoval {
  readonly #options: FileRemovalOptions;

  constructor(options: FileRemovalOptions) {
    this.#options = options;
  }

  /** Those that are there no more are passed over. Resolves when the names are gone durably and the room is free. @throws the system's own error. */
  async remove(directory: string, names: readonly string[]): Promise<void> {
    for (let start = 0; start < names.length; start += filesMax) {
      await this.#removeSome(directory, names.slice(start, start + filesMax));
    }
  }

  async #removeSome(directory: string, names: readonly string[]): Promise<void> {
    const { fileSystem, change } = this.#options;
    const files: File[] = [];
    try {
      await change(async () => {
        for (const name of names) await this.#removeName(join(directory, name), files);
        await fileSystem.syncDirectory(directory);
      });
      const large: File[] = [];
      for (const file of files) if ((await file.size()) > stepBytes) large.push(file);
      if (large.length === 0) return;
      await this.#untilRead();
      for (const file of large) await this.#giveBack(file);
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
  }

  async #removeName(path: string, files: File[]): Promise<void> {
    const { fileSystem } = this.#options;
    // What may be removed may not always be opened: it is read-only, or too many files are open. Its room then goes at once.
    const file = await fileSystem.open(path, 'write').catch(() => null);
    if (file !== null) files.push(file);
    await ifThere(fileSystem.remove(path));
  }

  /** A stop does not wait for reads, which may take long: nothing is made shorter then. */
  async #untilRead(): Promise<void> {
    const { signal, readsEnded } = this.#options;
    if (signal.aborted) return;
    const stopped = Promise.withResolvers<void>();
    const stop = (): void => stopped.resolve();
    signal.addEventListener('abort', stop);
    try {
      await Promise.race([readsEnded(), stopped.promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #giveBack(file: File): Promise<void> {
    const { clock, signal } = this.#options;
    // A copy of the data directory that was made of hard links keeps what it has.
    if (await file.hasName()) return;
    for (let size = await file.size(); size > stepBytes && !signal.aborted; size -= stepBytes) {
      await file.truncate(size - stepBytes);
      await new Promise<void>((resolve) => void clock.schedule(restMs, resolve));
    }
  }
}
