import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CorruptionError, type LogPosition, MalformedError, refusalOf } from '../log/log-error.ts';
import type { Clock } from '../ports/clock.ts';
import { type File, type FileSystem, readFully, systemErrorCode } from '../ports/file-system.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { GrowingIndex } from './growing-index.ts';
import { type HistoryFiles, listHistory } from './history-files.ts';
import type { IndexEntry } from './index-entry.ts';
import { RecordWindow } from './record-window.ts';
import { SealedSegment, segmentPath } from './sealed-segment.ts';
import { IndexDamagedError, SegmentIndex } from './segment-index.ts';
import type { RecordSource, SegmentLookup } from './segment-lookup.ts';
import { TimeSlice } from './time-slice.ts';

/** Who reads holds some files open, so that so many do at once; others wait for their turn. */
const readersMax = 16;
/** Of segments without an index on disk so many are remembered: the one that is written to, and one that was sealed just now. */
const growingIndexesMax = 2;
/** How often a read begins anew because files were replaced under it: by prunings and erasures, of which one may follow another. */
const attemptsMax = 5;

export interface HistoryReaderOptions {
  readonly fileSystem: FileSystem;
  /** The data directory. */
  readonly directory: string;
  readonly clock: Clock;
}

/**
 * Reads what is on disk of the past while the keeper removes and replaces files. It keeps the keeper from nothing: a file that is open stays
 * what it is, and when one is gone before it was opened the read begins anew.
 */
export class HistoryReader {
  readonly #options: HistoryReaderOptions;
  readonly #growing = new Map<number, GrowingIndex>();
  /** First sequences of segments whose index on disk was found damaged; the keeper makes it again when it needs it. */
  readonly #distrusted = new Set<number>();
  #readers = 0;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];

  constructor(options: HistoryReaderOptions) {
    this.#options = options;
  }

  /**
   * Runs `read` with the files as they are now; again when they were changed meanwhile.
   * @param sequence the newest commit that is asked about; it is on disk.
   * @throws {CorruptionError} for damage. The system's own error when a file cannot be read.
   */
  async read<T>(sequence: number, read: (files: PastFiles) => Promise<T>): Promise<T> {
    const reading = this.#read(sequence, read);
    this.#underWay.add(reading);
    try {
      return await reading;
    } finally {
      this.#underWay.delete(reading);
    }
  }

  /** Resolves when the reads that are under way now have ended. Never rejects. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
  }

  async #read<T>(sequence: number, read: (files: PastFiles) => Promise<T>): Promise<T> {
    if (this.#readers >= readersMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#readers += 1;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const files = await this.#open(sequence);
        try {
          return await read(files);
        } catch (error) {
          if (attempt === attemptsMax || !this.#isOutdated(error)) throw error;
        } finally {
          await files.close();
        }
      }
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#readers -= 1;
      else next();
    }
  }

  async #open(sequence: number): Promise<PastFiles> {
    const { fileSystem, directory, clock } = this.#options;
    return new PastFiles({
      fileSystem,
      files: await listHistory(fileSystem, directory),
      sequence,
      slice: new TimeSlice(clock),
      growing: (firstSequence) => this.#growingIndex(firstSequence),
      trusted: (firstSequence) => !this.#distrusted.has(firstSequence),
      onIndexed: (firstSequence) => this.#growing.delete(firstSequence),
    });
  }

  /** Whether an error may come of files having been replaced. Takes note of what must not be used again. */
  #isOutdated(error: unknown): boolean {
    if (error instanceof IndexDamagedError) {
      this.#distrusted.add(error.firstSequence);
      return true;
    }
    if (error instanceof OutdatedEntryError) {
      this.#growing.delete(error.firstSequence);
      return true;
    }
    return systemErrorCode(error) === 'ENOENT';
  }

  #growingIndex(firstSequence: number): GrowingIndex {
    const known = this.#growing.get(firstSequence);
    if (known !== undefined) return known;
    const made = new GrowingIndex(firstSequence);
    this.#growing.set(firstSequence, made);
    const oldest = Math.min(...this.#growing.keys());
    if (this.#growing.size > growingIndexesMax) this.#growing.delete(oldest);
    return made;
  }
}

/** An entry of an index is not of the file that has the segment's name now, or the file is damaged: reading it anew tells. */
class OutdatedEntryError extends CorruptionError {
  readonly firstSequence: number;

  constructor(position: LogPosition, firstSequence: number, reason: string) {
    super(position, reason);
    this.firstSequence = firstSequence;
  }
}

interface PastFilesOptions {
  readonly fileSystem: FileSystem;
  readonly files: HistoryFiles;
  readonly sequence: number;
  readonly slice: TimeSlice;
  readonly growing: (firstSequence: number) => GrowingIndex;
  readonly trusted: (firstSequence: number) => boolean;
  readonly onIndexed: (firstSequence: number) => void;
}

/** A segment behind the base. */
export interface PastSegment {
  readonly firstSequence: number;
  /** Of the newest, the newest commit that is asked about. */
  readonly lastSequence: number;
}

/** The base and the segments behind it, opened as they are asked for. */
export class PastFiles {
  /** Segments that hold a commit which may be asked about, oldest first. */
  readonly segments: readonly PastSegment[];
  readonly slice: TimeSlice;
  readonly #options: PastFilesOptions;
  readonly #lookups = new Map<number, Promise<OpenSegment>>();
  readonly #sources = new Map<number, Promise<SegmentFile>>();
  #base: Promise<SnapshotReader> | null = null;

  constructor(options: PastFilesOptions) {
    this.#options = options;
    this.slice = options.slice;
    const firstSequences = options.files.segments.filter((firstSequence) => firstSequence <= options.sequence);
    this.segments = firstSequences.map((firstSequence, index) => ({
      firstSequence,
      lastSequence: (firstSequences[index + 1] ?? options.sequence + 1) - 1,
    }));
  }

  /** The oldest sequence whose state can be told: that of the base, or 0. */
  get floor(): number {
    return this.#options.files.base?.sequence ?? 0;
  }

  /** The segment that holds this commit, which is behind the floor. */
  segmentOf(sequence: number): PastSegment {
    const segment = this.segments.findLast(({ firstSequence }) => firstSequence <= sequence);
    if (segment === undefined) throw new Error(`commit ${sequence} is below the floor ${this.floor}`);
    return segment;
  }

  open(segment: PastSegment): Promise<SegmentLookup> {
    const { firstSequence } = segment;
    let lookup = this.#lookups.get(firstSequence);
    if (lookup === undefined) {
      lookup = this.#openSegment(segment);
      this.#lookups.set(firstSequence, lookup);
    }
    return lookup;
  }

  /** The bytes of a segment, for whoever needs no index of it. */
  openSource({ firstSequence }: PastSegment): Promise<RecordSource> {
    const { fileSystem, files } = this.#options;
    let source = this.#sources.get(firstSequence);
    if (source === undefined) {
      const path = segmentPath(files.logDirectory, firstSequence);
      source = fileSystem.open(path, 'read').then((file) => new SegmentFile(path, firstSequence, file));
      this.#sources.set(firstSequence, source);
    }
    return source;
  }

  /** Lets a segment go that is not needed any more: whoever goes through many holds few open. */
  async release({ firstSequence }: PastSegment): Promise<void> {
    const lookup = this.#lookups.get(firstSequence);
    this.#lookups.delete(firstSequence);
    await (await lookup)?.close();
  }

  /** The state at the floor; null when that is 0, and empty. */
  async base(): Promise<SnapshotReader | null> {
    const { fileSystem, files } = this.#options;
    if (files.base === undefined) return null;
    this.#base ??= SnapshotReader.open(fileSystem, join(files.snapshotDirectory, files.base.name));
    return this.#base;
  }

  async close(): Promise<void> {
    const opened: Promise<{ close(): Promise<void> }>[] = [...this.#lookups.values(), ...this.#sources.values()];
    if (this.#base !== null) opened.push(this.#base);
    for (const result of await Promise.allSettled(opened)) {
      if (result.status === 'fulfilled') await result.value.close();
    }
  }

  async #openSegment({ firstSequence, lastSequence }: PastSegment): Promise<OpenSegment> {
    const { fileSystem, files, trusted, onIndexed } = this.#options;
    const path = segmentPath(files.logDirectory, firstSequence);
    const sealed = trusted(firstSequence) ? await SealedSegment.open(fileSystem, path, firstSequence) : null;
    if (sealed !== null) {
      const index = await SegmentIndex.open(fileSystem, files.logDirectory, sealed).catch(closing(sealed));
      if (index !== null) {
        onIndexed(firstSequence);
        return new IndexedSegment(index);
      }
      await sealed.close();
    }
    return this.#readSegment(path, firstSequence, lastSequence);
  }

  async #readSegment(path: string, firstSequence: number, lastSequence: number): Promise<OpenSegment> {
    const { fileSystem, growing } = this.#options;
    const file = new SegmentFile(path, firstSequence, await fileSystem.open(path, 'read'));
    const index = growing(firstSequence);
    try {
      await index.catchUp(file, lastSequence, this.slice);
      return new GrowingSegment(file, index, this.slice);
    } catch (error) {
      await file.close();
      if (error instanceof MalformedError) throw file.corruption(0, firstSequence, error.message);
      throw refusalOf(error, { file: path, offset: 0, sequence: firstSequence });
    }
  }
}

interface OpenSegment extends SegmentLookup {
  close(): Promise<void>;
}

/** One that has an index on disk. */
class IndexedSegment implements OpenSegment {
  readonly segment: RecordSource;
  readonly #index: SegmentIndex;
  readonly #window = new RecordWindow();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(index: SegmentIndex) {
    this.#index = index;
    const { segment } = index;
    this.segment = {
      path: segment.path,
      read: (target, position) => segment.read(target, position),
      // It may have been written anew since the entry was read, by an erasure.
      corruption: (offset, sequence, reason) =>
        new OutdatedEntryError({ file: segment.path, offset, sequence }, segment.header.firstSequence, reason),
    };
  }

  /** One at a time: an index holds one block. */
  versions(subject: number, id: string): Promise<readonly IndexEntry[]> {
    const found = this.#turn.then(() => this.#index.versions(subject, id));
    this.#turn = found.catch(() => undefined);
    return found;
  }

  entries(): AsyncGenerator<readonly IndexEntry[]> {
    return this.#index.entries();
  }

  unsorted(): AsyncIterable<readonly IndexEntry[]> {
    return this.entries();
  }

  record(entry: IndexEntry): Promise<Buffer> {
    return readRecord(this.segment, entry);
  }

  nextRecord(entry: IndexEntry): Promise<Buffer> {
    return this.#window.read(this.segment, entry);
  }

  async close(): Promise<void> {
    await this.#index.close();
    await this.#index.segment.close();
  }
}

/** Entries that are handed over at once. */
const entriesInBatch = 1024;

/** One that has its index in memory. */
class GrowingSegment implements OpenSegment {
  readonly segment: SegmentFile;
  readonly #index: GrowingIndex;
  readonly #window = new RecordWindow();
  readonly #slice: TimeSlice;

  constructor(segment: SegmentFile, index: GrowingIndex, slice: TimeSlice) {
    this.segment = segment;
    this.#index = index;
    this.#slice = slice;
  }

  async versions(subject: number, id: string): Promise<readonly IndexEntry[]> {
    return this.#index.versions(subject, id);
  }

  async *entries(): AsyncGenerator<readonly IndexEntry[]> {
    const numbers = await this.#index.sorted(this.#slice);
    for (let start = 0; start < numbers.length; start += entriesInBatch) {
      yield Array.from(numbers.subarray(start, start + entriesInBatch), (number) => this.#index.at(number));
    }
  }

  async *unsorted(): AsyncGenerator<readonly IndexEntry[]> {
    const { count } = this.#index;
    for (let start = 0; start < count; start += entriesInBatch) {
      const length = Math.min(entriesInBatch, count - start);
      yield Array.from({ length }, (_, index) => this.#index.at(start + index));
    }
  }

  record(entry: IndexEntry): Promise<Buffer> {
    return readRecord(this.segment, entry);
  }

  nextRecord(entry: IndexEntry): Promise<Buffer> {
    return this.#window.read(this.segment, entry);
  }

  close(): Promise<void> {
    return this.segment.close();
  }
}

/** A segment that may be written to, open for reading. */
class SegmentFile implements RecordSource {
  readonly path: string;
  readonly firstSequence: number;
  readonly #file: File;

  constructor(path: string, firstSequence: number, file: File) {
    this.path = path;
    this.firstSequence = firstSequence;
    this.#file = file;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return readFully(this.#file, target, position);
  }

  corruption(offset: number, sequence: number, reason: string): CorruptionError {
    return new OutdatedEntryError({ file: this.path, offset, sequence }, this.firstSequence, reason);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function readRecord(segment: RecordSource, { offset, length, sequence, checksum }: IndexEntry): Promise<Buffer> {
  const record = Buffer.allocUnsafeSlow(length);
  if ((await segment.read(record, offset)) === length && crc32(record) === checksum) return record;
  throw segment.corruption(offset, sequence, 'a record that is not what it was when it was indexed');
}

/** For what fails behind an open segment. */
function closing(segment: SealedSegment): (error: unknown) => Promise<never> {
  return async (error) => {
    await segment.close();
    throw error;
  };
}
