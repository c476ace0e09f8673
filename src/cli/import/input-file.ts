import type { Buffer } from 'node:buffer';
import { createReadStream, statSync } from 'node:fs';
import { UsageError } from '../../setting.ts';

/** What is imported: a file, or standard input when its path is `-`. */
export class InputFile {
  readonly path: string;
  /** Null when nobody knows. */
  readonly bytes: number | null;

  /** @throws {UsageError} when it cannot be read. */
  constructor(path: string) {
    this.path = path;
    this.bytes = path === '-' ? null : sizeOf(path);
  }

  /** How it is called in messages. */
  get name(): string {
    return this.path === '-' ? 'standard input' : this.path;
  }

  /** Whether it can be read more than once. */
  get isRepeatable(): boolean {
    return this.bytes !== null;
  }

  /** Its bytes, from the beginning. */
  chunks(): AsyncIterable<Buffer> {
    return this.path === '-' ? process.stdin : createReadStream(this.path, { highWaterMark: chunkBytes });
  }
}

const chunkBytes = 256 * 1024;

/** Null for what is no plain file, such as a named pipe. */
function sizeOf(path: string): number | null {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw new UsageError(`${path} is a directory: name a file, or - for standard input`);
    return stats.isFile() ? stats.size : null;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be read (${error instanceof Error ? error.message : error})`);
  }
}
