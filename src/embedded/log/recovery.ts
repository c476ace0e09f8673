import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { SealedSegment, sealFrameBytes } from '../history/sealed-segment.ts';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, listIfThere, readFully } from '../ports/file-system.ts';
import { type LoadedSnapshot, type RecoveredSnapshots, recoverSnapshots } from '../snapshot/snapshot-recovery.ts';
import { ByteReader } from './byte-reader.ts';
import { CommitDecoder } from './commit-decoder.ts';
import { frameHeaderBytes } from './frame.ts';
import { CorruptionError, refusalOf } from './log-error.ts';
import type { LogEvent } from './log-event.ts';
import { firstSequenceOf, newestFileName, segmentFileName, segmentNames } from './log-files.ts';
import type { CommitRecord } from './record.ts';
import { RecoveryProgress } from './recovery-progress.ts';
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
  /** `snapshots/` of the data directory. */
  readonly snapshotDirectory: string;
  readonly clock: Clock;
  /** Called with the state to begin with, before any commit, when there is a snapshot. */
  readonly onSnapshot: (snapshot: LoadedSnapshot) => void;
  readonly onCommit: (commit: CommitRecord) => void;
  readonly onEvent?: (event: LogEvent) => void;
}

/** A log that was read and found good, but for a tail of its newest segment. Nothing was changed yet. */
export interface RecoveredLog {
  readonly newest: SegmentContent;
  readonly newestPath: string;
  /** All bytes of the newest segment, a tail included. */
  readonly newestBytes: Buffer;
  /** Whether `log/newest` names it, and not the one before. */
  readonly newestRecorded: boolean;
  /** How much was read behind the snapshot. */
  readonly segments: number;
  readonly frames: number;
  readonly commits: number;
  readonly bytes: number;
  readonly snapshots: RecoveredSnapshots;
}

/**
 * Reads the newest snapshot that is whole and the log behind it, and hands over every commit in order. Changes nothing.
 * @returns null when there is no log yet.
 * @throws {CorruptionError} @throws {NewerFormatError} The system's own error when a file cannot be read.
 */
export async function readLog(options: RecoveryOptions): Promise<RecoveredLog | null> {
  const { fileSystem, directory, snapshotDirectory, clock, onEvent } = options;
  const names = await listIfThere(fileSystem, directory);
  const { segments, unknown } = segmentNames(names);
  if (unknown !== undefined) {
    throw new CorruptionError({ file: join(directory, unknown), offset: 0, sequence: 1 }, 'no segment has such a name');
  }
  const newest = names.includes(newestFileName) ? await readNewest(options) : null;
  const progress = new RecoveryProgress(clock, onEvent);
  const snapshots = await recoverSnapshots({ fileSystem, directory: snapshotDirectory, clock, progress });
  if (snapshots.newest !== null) options.onSnapshot(snapshots.newest);
  const reader = new LogReader(options, snapshots, progress);
  await reader.read(segments);
  reader.checkNewest(newest);
  return reader.recovered();
}

/** What the next segment must continue. Null is what is not known. */
interface Before {
  readonly nextSequence: number;
  readonly seal: Uint8Array | null;
  readonly databaseId: string | null;
}

class LogReader {
  readonly #options: RecoveryOptions;
  readonly #snapshots: RecoveredSnapshots;
  readonly #progress: RecoveryProgress;
  readonly #decoder: CommitDecoder;
  /** Read into again and again: a segment is as large as the next. */
  #buffer: Buffer = Buffer.alloc(0);
  #before: Before;
  #newest: SegmentContent | null = null;
  #newestPath = '';
  #newestLength = 0;
  #newestRecorded = false;
  /** Those of the log that were looked at, whether read or passed over. */
  #count = 0;
  #segments = 0;
  #frames = 0;
  #commits = 0;
  #bytes = 0;

  constructor(options: RecoveryOptions, snapshots: RecoveredSnapshots, progress: RecoveryProgress) {
    this.#options = options;
    this.#snapshots = snapshots;
    this.#progress = progress;
    this.#decoder = new CommitDecoder(snapshots.newest?.definitions.tables);
    this.#before = beforeTheLog(snapshots);
  }

  async read(names: readonly string[]): Promise<void> {
    const { floor } = this.#snapshots;
    const log = names.filter((name) => firstSequenceOf(name) > floor);
    const newest = names.at(-1);
    if (log.length === 0 && newest !== undefined) {
      // Nothing was written behind the base: the newest segment, which is always kept, ends with it.
      this.#before = { ...this.#before, nextSequence: firstSequenceOf(newest), seal: null };
      log.push(newest);
    }
    const passed = log.filter((name) => firstSequenceOf(name) <= this.#sequence);
    for (const name of passed) await this.#passSegment(name, name === newest);
    const unread = log.slice(passed.length);
    this.#progress.begin('log', await this.#totalSize(unread));
    for (const name of unread) await this.#readSegment(name);
    this.#checkEnd();
  }

  /** @throws {CorruptionError} when the newest segment that there was is not there any more. */
  checkNewest(recorded: NewestSegment | null): void {
    const found = this.#newest;
    const file = join(this.#options.directory, newestFileName);
    const sequence = this.#before.nextSequence;
    if (recorded === null) {
      // It is made right after the first segment, before anything is written to that, and long before there is a snapshot.
      const young = this.#snapshots.count === 0 && this.#count <= 1 && (found === null || isUnwritten(found));
      if (!young) throw new CorruptionError({ file, offset: 0, sequence }, 'it is missing');
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
    this.#newestRecorded = recorded.firstSequence === found.header.firstSequence;
  }

  recovered(): RecoveredLog | null {
    if (this.#newest === null) return null;
    return {
      newest: this.#newest,
      newestPath: this.#newestPath,
      newestBytes: this.#buffer.subarray(0, this.#newestLength),
      newestRecorded: this.#newestRecorded,
      segments: this.#segments,
      frames: this.#frames,
      commits: this.#commits,
      bytes: this.#bytes,
      snapshots: this.#snapshots,
    };
  }

  /** The newest commit that the snapshot holds. */
  get #sequence(): number {
    return this.#snapshots.newest?.header.sequence ?? 0;
  }

  async #readSegment(name: string): Promise<void> {
    const path = join(this.#options.directory, name);
    const bytes = await this.#load(path);
    this.#checkBefore(name);
    const header = decodeOrRefuse(path, this.#before.nextSequence, () => decodeSegmentHeader(bytes));
    this.#checkHeader(header, path, name);
    const content = await readSegment(bytes, header, {
      ...this.#options,
      path,
      decoder: this.#decoder,
      onProgress: (advanced) => this.#progress.advance(advanced),
    });
    this.#follow(content, path);
    this.#newestLength = bytes.length;
    this.#segments += 1;
    this.#frames += content.frames;
    this.#commits += content.commits;
    this.#bytes += bytes.length;
  }

  /** Checks that a segment which the snapshot makes up for is a link in the chain, and reads no more of it than that takes. */
  async #passSegment(name: string, isNewest: boolean): Promise<void> {
    const path = join(this.#options.directory, name);
    const { nextSequence } = this.#before;
    const segment = await SealedSegment.open(this.#options.fileSystem, path, firstSequenceOf(name));
    if (segment === null) {
      throw new CorruptionError({ file: path, offset: 0, sequence: nextSequence }, 'it has no whole seal at its end');
    }
    try {
      this.#checkHeader(segment.header, path, name);
      this.#follow(await contentOf(segment), path);
      this.#checkSnapshot(path);
    } finally {
      await segment.close();
    }
    if (isNewest) this.#newestLength = (await this.#load(path)).length;
  }

  #follow(content: SegmentContent, path: string): void {
    this.#newest = content;
    this.#newestPath = path;
    this.#count += 1;
    const { nextSequence, link, header } = content;
    this.#before = { nextSequence, seal: link, databaseId: header.databaseId };
  }

  /** The segment that holds the snapshot's last commit must end with it, in the seal that the snapshot has. */
  #checkSnapshot(path: string): void {
    const header = this.#snapshots.newest?.header;
    const { nextSequence, seal } = this.#before;
    if (header === undefined || nextSequence <= header.sequence) return;
    const position = { file: path, offset: 0, sequence: header.sequence };
    if (nextSequence !== header.sequence + 1) {
      throw new CorruptionError(position, `it goes on behind commit ${header.sequence}, of which there is a snapshot`);
    }
    if (seal === null || !Buffer.from(header.seal).equals(seal)) {
      throw new CorruptionError(position, `it and the snapshot of commit ${header.sequence} are of two histories`);
    }
  }

  #checkEnd(): void {
    const { lastSequence } = this.#snapshots;
    if (this.#newest === null || this.#before.nextSequence > lastSequence) return;
    throw new CorruptionError(
      { file: this.#newestPath, offset: this.#newest.end, sequence: this.#before.nextSequence },
      `the log ends here, but there is a snapshot of commit ${lastSequence}`,
    );
  }

  async #totalSize(names: readonly string[]): Promise<number> {
    let total = 0;
    for (const name of names) {
      const file = await this.#options.fileSystem.open(join(this.#options.directory, name), 'read');
      try {
        total += await file.size();
      } finally {
        await file.close();
      }
    }
    return total;
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

  /** Only the newest segment may be without a seal. */
  #checkBefore(name: string): void {
    const newest = this.#newest;
    if (newest === null || newest.sealed) return;
    throw new CorruptionError(
      { file: this.#newestPath, offset: newest.end, sequence: newest.nextSequence },
      `${newest.tail ?? 'it has no seal'}, but ${name} follows it`,
    );
  }

  /** Checks that this segment is the one that follows those before. */
  #checkHeader(header: SegmentHeader, path: string, name: string): void {
    const problem = headerProblem(header, name, this.#before);
    if (problem === null) return;
    throw new CorruptionError({ file: path, offset: 0, sequence: this.#before.nextSequence }, problem);
  }
}

function beforeTheLog({ floor, base, newest }: RecoveredSnapshots): Before {
  const atFloor = newest?.header.sequence === floor ? newest.header : base;
  const databaseId = newest?.header.databaseId ?? null;
  return { nextSequence: floor + 1, seal: floor === 0 ? Buffer.alloc(sealBytes) : (atFloor?.seal ?? null), databaseId };
}

function headerProblem(header: SegmentHeader, name: string, before: Before): string | null {
  if (segmentFileName(header.firstSequence) !== name) {
    return `it is the segment of commit ${header.firstSequence} under another's name`;
  }
  if (header.firstSequence !== before.nextSequence) {
    return `it begins with commit ${header.firstSequence}, the log before it ends before commit ${before.nextSequence}`;
  }
  if (before.databaseId !== null && header.databaseId !== before.databaseId) {
    return `it is of database ${header.databaseId}, what is before it of ${before.databaseId}`;
  }
  if (before.seal !== null && !Buffer.from(before.seal).equals(header.previousSeal)) {
    return 'it does not hold the seal of the segment before it';
  }
  return null;
}

/** What `readSegment` would find in a sealed segment that is whole. */
async function contentOf(segment: SealedSegment): Promise<SegmentContent> {
  const { header, bytes, seal, lastSequence } = segment;
  const lastFrameAt = bytes - sealFrameBytes;
  const payload = Buffer.alloc(sealFrameBytes - frameHeaderBytes);
  await segment.read(payload, lastFrameAt + frameHeaderBytes);
  const counts = new ByteReader(payload, 0, payload.length);
  return {
    header,
    end: bytes,
    lastFrameAt,
    // A snapshot is taken once the segment before it is on disk to its end.
    syncedTo: lastFrameAt,
    link: seal,
    sealed: true,
    nextSequence: lastSequence + 1,
    frames: counts.int64(),
    commits: counts.int64(),
    records: counts.int64(),
    epochEnds: counts.uint8() === 1,
    tail: null,
  };
}

function isUnwritten({ commits, tail }: SegmentContent): boolean {
  return commits === 0 && tail === null;
}

/** More than any header can be long: a newer version's is read whole, and what is no such file at all is not. */
const newestFileBytesMax = 2 ** 16;

/** @throws {CorruptionError} @throws {NewerFormatError} */
export async function readNewest({
  fileSystem,
  directory,
}: Pick<RecoveryOptions, 'fileSystem' | 'directory'>): Promise<NewestSegment> {
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
    throw refusalOf(error, { file, offset: 0, sequence });
  }
}
