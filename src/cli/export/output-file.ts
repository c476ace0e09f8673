import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from '../../setting.ts';

/** Where an export goes: a file, or standard output when its path is `-`. */
export interface Output {
  write(bytes: Uint8Array): Promise<void>;
  /** Everything is there. */
  finish(): Promise<void>;
  /** Leaves nothing of it. */
  abandon(): Promise<void>;
}

/** @throws {UsageError} when there is such a file. The system's own error when none can be made. */
export async function openOutput(path: string): Promise<Output> {
  if (path === '-') return standardOutput;
  if (existsSync(path)) throw new UsageError(`${path} is there already: an export is not written over anything`);
  const partial = `${path}.${randomBytes(4).toString('hex')}.yaradb-partial`;
  return new OutputFile(path, partial, await open(partial, 'wx'));
}

const standardOutput: Output = {
  async write(bytes) {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  },
  async finish() {
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  },
  async abandon() {
    // What was written is with whoever reads it; the exit code tells that it is not all.
  },
};

/** Has its name only once it is whole and on disk. */
class OutputFile implements Output {
  readonly #path: string;
  readonly #partial: string;
  readonly #file: FileHandle;

  constructor(path: string, partial: string, file: FileHandle) {
    this.#path = path;
    this.#partial = partial;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#file.writeFile(bytes);
  }

  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#partial, this.#path);
    const directory = await open(dirname(this.#path), 'r');
    await directory.sync().finally(() => directory.close());
  }

  async abandon(): Promise<void> {
    await this.#file.close();
    rmSync(this.#partial, { force: true });
  }
}
