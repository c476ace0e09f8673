import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { CommitDecoder } from '../log/commit-decoder.ts';
import { CorruptionError, MalformedError, NewerFormatError, UnknownKindError } from '../log/log-error.ts';
import { newestFileName, segmentFileName, segmentNames } from '../log/log-files.ts';
import type { TableRecord } from '../log/record.ts';
import { readNewest } from '../log/recovery.ts';
import { decodeSegmentHeader, type NewestSegment, type SegmentHeader, sealBytes } from '../log/segment-header.ts';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, readFully } from '../ports/file-system.ts';
import type { Problem } from './problem.ts';
import { type FramePart, SegmentScan } from './segment-scan.ts';

export interface LogScanOptions {
  readonly fileSystem: FileSystem;
  /** The data directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly onProgress?: (progress: ScanProgress) => void;
  /** What the log must continue: what the base has it begin behind. */
  readonly start: LogStart;
  /** Whether the newest segment must be the one that `log/newest` names. True when absent. */
  readonly checkNewest?: boolean;
}

/** Null is what is not known. */
export interface LogStart {
  /** The log begins behind this commit; 0 for a log that goes back to the first. */
  readonly sequence: number;
  /** When that was made; null when there is none, too. */
  readonly committedAt: number | null;
  readonly seal: Uint8Array | null;
  readonly databaseId: string | null;
  /** The tables that there are by then. */
  readonly tables: readonly TableRecord[] | null;
}

/** A log that goes back to the first commit. */
export const wholeLog: LogStart = Object.freeze({
  sequence: 0,
  committedAt: null,
  seal: null,
  databaseId: null,
  tables: [],
});

export interface ScanProgress {
  readonly segment: number;
  readonly segments: number;
  readonly sequence: number;
}

/** What is found on the way through a log, in order. */
export type LogPart =
  | { readonly kind: 'segment'; readonly path: string; readonly header: SegmentHeader; readonly bytes: number }
  | (FramePart & { readonly path: string; readonly segment: SegmentHeader })
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** A torn write at the end of the newest segment: not damage, and never acknowledged. */
  | {
      readonly kind: 'tail';
      readonly path: string;
      readonly offset: number;
      readonly bytes: number;
      readonly sequence: number;
      readonly reason: string;
    };

/** How much is read before others get a turn of the event loop. */
const sliceBytes = 1024 * 1024;

/**
 * Reads a whole log by the rules of recovery and changes nothing, but goes on behind damage. Up to the first problem every
 * frame is what recovery would read; there is no problem just when recovery would open the log.
 * @throws {NewerFormatError} for what a newer version has written. The system's own error when a file cannot be read.
 */
export async function* scanLog(options: LogScanOptions): AsyncGenerator<LogPart> {
  yield* new LogScan(options).parts();
}

interface SegmentBefore {
  readonly databaseId: string;
  /** The seal; null where damage hides it. */
  readonly seal: Uint8Array | null;
}

class LogScan {
  readonly #options: LogScanOptions;
  readonly #directory: string;
  readonly #decoder: CommitDecoder;
  #buffer: Buffer = Buffer.alloc(0);
  /** Null before the first commit, and behind what could not be read. */
  #before: SegmentBefore | null;
  #expectedSequence: number | null;
  #newest: SegmentHeader | null = null;

  constructor(options: LogScanOptions) {
    this.#options = options;
    this.#directory = join(options.directory, 'log');
    const { sequence, seal, databaseId, tables } = options.start;
    this.#decoder = new CommitDecoder(tables ?? []);
    if (tables === null) this.#decoder.admitUnknownTables();
    this.#expectedSequence = sequence + 1;
    this.#before = databaseId === null ? null : { databaseId, seal };
  }

  async *parts(): AsyncGenerator<LogPart> {
    const { fileSystem, onProgress, checkNewest = true } = this.#options;
    const names = await fileSystem.list(this.#directory);
    const segments = this.#logOf(segmentNames(names).segments);
    let content = this.#options.start.sequence > 0;
    for (const [index, name] of segments.entries()) {
      onProgress?.({ segment: index + 1, segments: segments.length, sequence: this.#expectedSequence ?? 0 });
      if (!isSegmentName(name)) {
        yield this.#problem(join(this.#directory, name), 0, this.#expectedSequence, 'no segment has such a name');
        continue;
      }
      const next = segments.slice(index + 1).find(isSegmentName);
      for await (const part of this.#segment(name, next)) {
        content ||= part.kind === 'frame' || part.kind === 'tail';
        yield part;
      }
    }
    if (checkNewest) yield* this.#checkNewest(names.includes(newestFileName), segments.length > 1 || content);
  }

  /** Segments up to the floor are no part of the log any more, but for the newest, which is always kept. */
  #logOf(names: readonly string[]): readonly string[] {
    const { sequence } = this.#options.start;
    const log = names.filter((name) => !isSegmentName(name) || name > segmentFileName(sequence));
    const newest = names.findLast(isSegmentName);
    if (newest === undefined || log.some(isSegmentName)) return log;
    // Nothing was written behind the base, so the newest segment ends with it. What came before is not known.
    this.#expectedSequence = null;
    this.#before = null;
    this.#decoder.admitUnknownTables();
    return [...log, newest];
  }

  async *#segment(name: string, next: string | undefined): AsyncGenerator<LogPart> {
    const path = join(this.#directory, name);
    const bytes = await this.#load(path);
    let header: SegmentHeader;
    try {
      header = decodeSegmentHeader(bytes);
    } catch (error) {
      const sequence = this.#expectedSequence;
      if (error instanceof UnknownKindError) {
        throw new NewerFormatError({ file: path, offset: 0, sequence: sequence ?? 0 }, error.message);
      }
      if (!(error instanceof MalformedError)) throw error;
      yield this.#problem(path, 0, sequence, error.message);
      this.#lose();
      return;
    }
    yield { kind: 'segment', path, header, bytes: bytes.length };
    const reason = this.#headerProblem(header, name);
    if (reason !== null) {
      yield this.#problem(path, 0, this.#expectedSequence, reason);
      this.#decoder.admitUnknownTables();
    }
    this.#newest = header;
    const scan = new SegmentScan(path, bytes, header, this.#decoder);
    yield* this.#frames(scan, path, header, next);
    this.#expectedSequence = scan.nextSequence;
    this.#before = { databaseId: header.databaseId, seal: scan.sealed ? scan.link : null };
  }

  async *#frames(
    scan: SegmentScan,
    path: string,
    segment: SegmentHeader,
    next: string | undefined,
  ): AsyncGenerator<LogPart> {
    let yieldAt = sliceBytes;
    let tailed = false;
    for (let part = scan.next(); part !== null; part = scan.next()) {
      if (part.kind === 'frame') {
        yield { ...part, path, segment };
      } else if (part.kind === 'damage') {
        yield this.#problem(path, part.offset, part.sequence, part.reason);
      } else if (next === undefined) {
        const { offset, end, reason } = part;
        yield { kind: 'tail', path, offset, bytes: end - offset, sequence: scan.nextSequence ?? 0, reason };
      } else {
        tailed = true;
        yield this.#problem(path, part.offset, scan.nextSequence, `${part.reason}, but ${next} follows it`);
      }
      if (scan.end < yieldAt) continue;
      yieldAt = scan.end + sliceBytes;
      await this.#options.clock.yield();
    }
    if (next !== undefined && !scan.sealed && !tailed) {
      yield this.#problem(path, scan.end, scan.nextSequence, `it has no seal, but ${next} follows it`);
    }
  }

  /** What is wrong with a segment in this place; null when it is the one that follows. Whatever damage hides is not checked. */
  #headerProblem(header: SegmentHeader, name: string): string | null {
    if (segmentFileName(header.firstSequence) !== name) {
      return `it is the segment of commit ${header.firstSequence} under another's name`;
    }
    const expected = this.#expectedSequence;
    if (expected !== null && header.firstSequence !== expected) {
      return `it begins with commit ${header.firstSequence}, the log before it ends before commit ${expected}`;
    }
    const before = this.#before;
    if (before !== null && header.databaseId !== before.databaseId) {
      return `it is of database ${header.databaseId}, the log before it of ${before.databaseId}`;
    }
    const seal = before === null ? (header.firstSequence === 1 ? Buffer.alloc(sealBytes) : null) : before.seal;
    if (seal !== null && !Buffer.from(seal).equals(header.previousSeal))
      return 'it does not hold the seal of the segment before it';
    return null;
  }

  async *#checkNewest(recorded: boolean, content: boolean): AsyncGenerator<LogPart> {
    const file = join(this.#directory, newestFileName);
    const sequence = this.#expectedSequence;
    if (!recorded) {
      // It is made right after the first segment, before anything is written to that.
      if (content) yield this.#problem(file, 0, sequence, 'it is missing');
      return;
    }
    let newest: NewestSegment;
    try {
      newest = await readNewest({ fileSystem: this.#options.fileSystem, directory: this.#directory });
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      yield this.#problem(file, 0, sequence, error.reason);
      return;
    }
    const found = this.#newest;
    if (found === null || newest.firstSequence > found.firstSequence) {
      const missing = segmentFileName(newest.firstSequence);
      yield this.#problem(file, 0, sequence, `it names segment ${missing}, which is missing`);
    } else if (newest.databaseId !== found.databaseId) {
      const ids = `${newest.databaseId} and ${found.databaseId}`;
      yield this.#problem(file, 0, sequence, `it and the segments are of two databases, ${ids}`);
    }
  }

  #problem(file: string, offset: number, sequence: number | null, reason: string): LogPart {
    return { kind: 'problem', problem: { file, offset, sequence, reason } };
  }

  /** Behind a segment of which nothing can be read. */
  #lose(): void {
    this.#before = null;
    this.#expectedSequence = null;
    this.#decoder.admitUnknownTables();
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
}

function isSegmentName(name: string): boolean {
  return segmentNames([name]).unknown === undefined;
}
