import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, readFully, systemErrorCode } from '../ports/file-system.ts';
import { CommitDecoder } from './commit-decoder.ts';
import { CorruptionError, MalformedError, NewerFormatError, UnknownKindError } from './log-error.ts';
import { newestFileName, segmentFileName, segmentNames } from './log-files.ts';
import type { CommitRecord } from './record.ts';
import {
  decodeNewestSegment,
  decodeSegmentHeader,
  type NewestSegment,
  type SegmentHeader,
  sealBytes,
} from './segment-header.ts';
import { readSegment, type SegmentContent } from './segment-reader.ts';

export interface RecoveryOptions {
  readonly fileSystem: FileSystem;
  /** `log/` of the data directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly onCommit: (commit: CommitRecord) => void;
}

/** A log that was read and found good, but for a tail of its newest segment. Nothing was changed yet. */
export interface RecoveredLog {
  readonly newest: SegmentContent;
  readonly newestPath: string;
  /** All bytes of the newest segment, a tail included. */
  readonly newestBytes: Buffer;
  readonly segments: number;
  readonly frames: number;
  readonly commits: number;
  readonly bytes: number;
}

/**
 * Reads the whole log and hands over every commit in order. Changes nothing.
 * @returns null when there is no log yet.
 * @throws {CorruptionError} @throws {NewerFormatError} The system's own error when a file cannot be read.
 */
export async function readLog(options: RecoveryOptions): Promise<RecoveredLog | null> {
  const { directory } = options;
  const names = await listIfThere(options.fileSystem, directory);
  const { segments, unknown } = segmentNames(names);
  if (unknown !== undefined) {
    throw new CorruptionError({ file: join(directory, unknown), offset: 0, sequence: 1 }, 'no segment has such a name');
  }
  const newest = names.includes(newestFileName) ? await readNewest(options) : null;
  const reader = new LogReader(options);
  for (const name of segments) await reader.readSegment(name);
  reader.checkNewest(newest);
  return reader.recovered();
}

class LogReader {
  readonly #options: RecoveryOptions;
  readonly #decoder = new CommitDecoder();
  /** Read into again and again: a segment is as large as the next. */
  #buffer: Buffer = Buffer.alloc(0);
  #newest: SegmentContent | null = null;
  #newestPath = '';
  #newestLength = 0;
  #segments = 0;
  #frames = 0;
  #commits = 0;
  #bytes = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  async readSegment(name: string): Promise<void> {
    const path = join(this.#options.directory, name);
    const bytes = await this.#load(path);
    const header = this.#checkHeader(bytes, path, name);
    this.#newest = await readSegment(bytes, header, { ...this.#options, path, decoder: this.#decoder });
    this.#newestPath = path;
    this.#newestLength = bytes.length;
    this.#segments += 1;
    this.#frames += this.#newest.frames;
    this.#commits += this.#newest.commits;
    this.#bytes += bytes.length;
  }

  /** @throws {CorruptionError} when the newest segment that there was is not there any more. */
  checkNewest(recorded: NewestSegment | null): void {
    const found = this.#newest;
    const file = join(this.#options.directory, newestFileName);
    const sequence = found?.nextSequence ?? 1;
    if (recorded === null) {
      // It is made right after the first segment, before anything is written to that.
      if (found !== null && (this.#segments > 1 || found.commits > 0 || found.tail !== null)) {
        throw new CorruptionError({ file, offset: 0, sequence }, 'it is missing');
      }
      return;
    }
    if (found === null || recorded.firstSequence > found.header.firstSequence) {
      const missing = segmentFileName(recorded.firstSequence);
      throw new CorruptionError({ file, offset: 0, sequence }, `it names segment ${missing}, which is missing`);
    }
    if (recorded.databaseId !== found.header.databaseId) {
      const ids = `${recorded.databaseId} and ${found.header.databaseId}`;
      throw new CorruptionError({ file, offset: 0, sequence }, `it and the segments are of two databases, ${ids}`);
    }
  }

  recovered(): RecoveredLog | null {
    if (this.#newest === null) return null;
    return {
      newest: this.#newest,
      newestPath: this.#newestPath,
      newestBytes: this.#buffer.subarray(0, this.#newestLength),
      segments: this.#segments,
      frames: this.#frames,
      commits: this.#commits,
      bytes: this.#bytes,
    };
  }

  async #load(path: string): Promise<Buffer> {
    const file = await this.#options.fileSystem.open(path, 'read');
    try {
      const size = await file.size();
      if (size > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(size);
      const read = await readFully(file, this.#buffer.subarray(0, size), 0);
      return this.#buffer.subarray(0, read);
    } finally {
      await file.close();
    }
  }

  /** Checks that this segment is the one that follows those read so far, which must be whole. */
  #checkHeader(bytes: Buffer, path: string, name: string): SegmentHeader {
    const before = this.#newest;
    const sequence = before?.nextSequence ?? 1;
    if (before !== null && !before.sealed) {
      throw new CorruptionError(
        { file: this.#newestPath, offset: before.end, sequence },
        `${before.tail ?? 'it has no seal'}, but ${name} follows it`,
      );
    }
    const header = decodeOrRefuse(path, sequence, () => decodeSegmentHeader(bytes));
    const problem = headerProblem(header, name, before);
    if (problem !== null) throw new CorruptionError({ file: path, offset: 0, sequence }, problem);
    return header;
  }
}

function headerProblem(header: SegmentHeader, name: string, before: SegmentContent | null): string | null {
  if (segmentFileName(header.firstSequence) !== name) {
    return `it is the segment of commit ${header.firstSequence} under another's name`;
  }
  const expected = before?.nextSequence ?? 1;
  if (header.firstSequence !== expected) {
    return `it begins with commit ${header.firstSequence}, the log before it ends before commit ${expected}`;
  }
  if (before !== null && header.databaseId !== before.header.databaseId) {
    return `it is of database ${header.databaseId}, the log before it of ${before.header.databaseId}`;
  }
  const seal = before?.link ?? Buffer.alloc(sealBytes);
  if (!seal.equals(header.previousSeal)) return 'it does not hold the seal of the segment before it';
  return null;
}

/** More than any header can be long: a newer version's is read whole, and what is no such file at all is not. */
const newestFileBytesMax = 2 ** 16;

async function readNewest({ fileSystem, directory }: RecoveryOptions): Promise<NewestSegment> {
  const path = join(directory, newestFileName);
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = Buffer.alloc(Math.min(await file.size(), newestFileBytesMax));
    const read = await readFully(file, bytes, 0);
    return decodeOrRefuse(path, 1, () => decodeNewestSegment(bytes.subarray(0, read)));
  } finally {
    await file.close();
  }
}

function decodeOrRefuse<T>(file: string, sequence: number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const position = { file, offset: 0, sequence };
    if (error instanceof MalformedError) throw new CorruptionError(position, error.message);
    if (error instanceof UnknownKindError) throw new NewerFormatError(position, error.message);
    throw error;
  }
}

async function listIfThere(fileSystem: FileSystem, directory: string): Promise<string[]> {
  try {
    return await fileSystem.list(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
