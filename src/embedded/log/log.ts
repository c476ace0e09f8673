import { Buffer } from 'node:buffer';
import { basename, join } from 'node:path';
import type { Durability, RecoveryReport } from '../../database/status.ts';
import { DatabaseError } from '../../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { makeDurableDirectory } from '../ports/durable-directory.ts';
import type { FileSystem } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import { snapshotDirectoryName } from '../snapshot/snapshot-files.ts';
import { infoOf, type SnapshotInfo, statusOf } from '../snapshot/snapshot-info.ts';
import type { LoadedSnapshot } from '../snapshot/snapshot-recovery.ts';
import { BackgroundSync } from './background-sync.ts';
import { makeDurableFile } from './durable-file.ts';
import { initialLink } from './link.ts';
import { NoSpaceError } from './log-error.ts';
import type { LogEvent } from './log-event.ts';
import { segmentFileName } from './log-files.ts';
import type { CommitRecord, EncodedCommit } from './record.ts';
import { type RecoveredLog, readLog } from './recovery.ts';
import { recordNewest, repairLog } from './repair.ts';
import { encodeSegmentHeader, type SegmentHeader, saltBytes, sealBytes, segmentHeaderBytes } from './segment-header.ts';
import type { SegmentContent } from './segment-reader.ts';
import { checkCommits, SegmentWriter } from './segment-writer.ts';
import { SyncMeter } from './sync-meter.ts';
import { uuidBytes, uuidOfRandom } from './uuid-bytes.ts';

export interface LogOptions {
  readonly fileSystem: FileSystem;
  /** The data directory, whose lock the caller holds. Made when it is not there; the log is in its `log/`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes after which a segment is sealed and the next one begun. 64 MiB when absent. A frame may be larger. */
  readonly segmentBytesMax?: number;
  /**
   * Null, or absent: a commit is on disk when `append` resolves. Else durability `interval`: it is written by then, and a power cut
   * loses at most what was appended in so many milliseconds.
   */
  readonly syncIntervalMs?: number | null;
  /** Called once, when the disk failed under a sync that no `append` waits for. */
  readonly onFailure?: (failure: DatabaseError) => void;
  /** Called during `open`, before any commit, with the state of the newest snapshot when there is one. */
  readonly onSnapshot: (snapshot: LoadedSnapshot) => void;
  /** Called during `open`, in order, with every commit that the log holds behind that. */
  readonly onCommit: (commit: CommitRecord) => void;
  readonly onEvent?: (event: LogEvent) => void;
}

const defaultSegmentBytesMax = 64 * 1024 * 1024;

/** What stays the same from segment to segment, unless an epoch ends. */
interface Identity {
  readonly databaseId: string;
  readonly epoch: string;
}

/** The end of a sealed segment. */
export interface LogPoint {
  readonly sequence: number;
  readonly seal: Uint8Array;
}

/**
 * The append-only log of a database, as FORMAT.md has it on disk.
 *
 * Life cycle: `open` recovers; then any number of `append`, one at a time; then `close`. Once the disk has failed under a
 * write, everything but `close` is refused: what is on disk can be told by a new `open` alone.
 */
export class Log {
  readonly report: RecoveryReport;
  /** What it began with; null when it had no snapshot. */
  readonly snapshot: SnapshotInfo | null;
  /** A UUID, given once and for all when the log was made. */
  readonly databaseId: string;
  /** How each append is made durable. */
  readonly durability: Durability;
  /** How long syncs take. */
  readonly syncMeter: SyncMeter;
  #epoch: string;
  readonly #options: LogOptions;
  readonly #directory: string;
  readonly #segmentBytesMax: number;
  /** Null between the seal of one segment and the first write to the next. */
  #segment: SegmentWriter | null = null;
  /** Whether `newest` names `#segment`, durably. */
  #newestRecorded = true;
  /** The seal of the segment before `#segment`, or before the next one. */
  #previousSeal: Uint8Array = Buffer.alloc(sealBytes);
  #nextSequence = 1;
  /** Null at durability `sync`. */
  readonly #backgroundSync: BackgroundSync | null;
  #appendingSince = 0;
  #foundNoSpace = false;
  /** Of frames since `open`. */
  #appendedBytes = 0;
  #failure: DatabaseError | null = null;
  #appending = false;
  #closed = false;

  /**
   * Opens the log of a data directory, or makes it. What `onCommit` was told is durable when this resolves. A torn write at the
   * end is cut off, its bytes kept.
   * @throws {CorruptionError} for damage, {NewerFormatError} for a newer format: nothing was changed.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room for what an opening must write: a new log, a torn tail, a new epoch.
   *   The system's own error when a file cannot be read or written.
   */
  static async open(options: LogOptions): Promise<Log> {
    const startedAt = options.clock.monotonic();
    const directory = join(options.directory, 'log');
    const snapshotDirectory = join(options.directory, snapshotDirectoryName);
    try {
      const recovered = await readLog({ ...options, directory, snapshotDirectory });
      return recovered === null
        ? await Log.#make(options, startedAt)
        : await Log.#continue(options, recovered, startedAt);
    } catch (error) {
      throw error instanceof NoSpaceError ? error.refusal(storageFull) : error;
    }
  }

  static async #make(options: LogOptions, startedAt: number): Promise<Log> {
    const { fileSystem, directory, random, clock } = options;
    const databaseId = uuidOfRandom(random.bytes(uuidBytes));
    const epoch = uuidOfRandom(random.bytes(uuidBytes));
    await makeDurableDirectory(fileSystem, directory);
    await makeDurableDirectory(fileSystem, join(directory, 'log'));
    const log = new Log(
      options,
      { databaseId, epoch },
      { ...emptyReport, milliseconds: clock.monotonic() - startedAt },
    );
    try {
      await log.#startSegment('sync');
    } catch (error) {
      await log.#segment?.close();
      throw error;
    }
    return log;
  }

  static async #continue(options: LogOptions, recovered: RecoveredLog, startedAt: number): Promise<Log> {
    const { newest, newestPath } = recovered;
    let foundNoSpace = false;
    const file = await repairLog(recovered, {
      fileSystem: options.fileSystem,
      directory: join(options.directory, 'log'),
      snapshotDirectory: join(options.directory, snapshotDirectoryName),
      onEvent: (event) => {
        foundNoSpace ||= event.kind === 'noSpace';
        options.onEvent?.(event);
      },
    });
    for (const { path, reason } of recovered.snapshots.damaged) {
      options.onEvent?.({ kind: 'snapshotDamaged', file: path, reason });
    }
    const snapshot = recovered.snapshots.newest === null ? null : infoOf(recovered.snapshots.newest);
    const report = reportOf(recovered, options.clock.monotonic() - startedAt);
    const log = new Log(options, newest.header, report, snapshot);
    log.#nextSequence = newest.nextSequence;
    log.#foundNoSpace = foundNoSpace;
    try {
      if (newest.sealed) {
        log.#previousSeal = newest.link;
        await file.close();
      } else {
        log.#previousSeal = newest.header.previousSeal;
        log.#segment = new SegmentWriter(newestPath, file, newest.header, newest, log.syncMeter);
      }
      if (mayHaveLostCommits(newest)) await log.#beginEpoch();
    } catch (error) {
      await log.#segment?.close();
      throw error;
    }
    return log;
  }

  private constructor(
    options: LogOptions,
    { databaseId, epoch }: Identity,
    report: RecoveryReport,
    snapshot: SnapshotInfo | null = null,
  ) {
    this.#options = options;
    this.#directory = join(options.directory, 'log');
    this.#segmentBytesMax = options.segmentBytesMax ?? defaultSegmentBytesMax;
    this.databaseId = databaseId;
    this.#epoch = epoch;
    this.report = report;
    this.snapshot = snapshot;
    const { clock, syncIntervalMs: intervalMs = null } = options;
    this.syncMeter = new SyncMeter(clock);
    this.durability = intervalMs === null ? 'sync' : 'interval';
    this.#backgroundSync =
      intervalMs === null
        ? null
        : new BackgroundSync({
            clock,
            intervalMs,
            sync: async () => this.#segment?.sync(),
            onFailure: (error) => options.onFailure?.(this.#failed(error)),
          });
  }

  /** A UUID. A sequence means something within one epoch only. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Bytes of commits that the log has grown by since it was opened. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** Whether the last append found no room on the disk; before the first, whether the opening did, and could do without. */
  get foundNoSpace(): boolean {
    return this.#foundNoSpace;
  }

  /** Whether the disk has failed: nothing is written any more. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** How long the disk has taken for what it is doing, in milliseconds; 0 when it is idle. */
  get busyMs(): number {
    const appendingMs = this.#appending ? this.#options.clock.monotonic() - this.#appendingSince : 0;
    return Math.max(appendingMs, this.#backgroundSync?.runningMs ?? 0);
  }

  /**
   * Writes the commits, whose sequences follow those written before, as one frame. When this resolves they may be acknowledged: they
   * are durable as `durability` says. Must not be called again before it has settled.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room: nothing was written, a later call may succeed.
   *   `OUTCOME_UNKNOWN` when the disk failed: the commits may or may not survive, and every later call is refused.
   */
  async append(commits: readonly EncodedCommit[]): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#closed || this.#appending)
      throw new Error('the log takes one append at a time, and none once it is closed');
    if (commits.length === 0) return;
    checkCommits(commits, this.#nextSequence);
    this.#appending = true;
    this.#appendingSince = this.#options.clock.monotonic();
    try {
      const segment = await this.#segmentWithRoom();
      const { end } = segment.position;
      await segment.append(commits);
      this.#appendedBytes += segment.position.end - end;
      this.#nextSequence = segment.position.nextSequence;
      this.#foundNoSpace = false;
      await this.#backgroundSync?.written();
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#appending = false;
    }
    // A sync beside this append failed: what it was to make durable may be lost, and with it what this one builds upon.
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * Seals the segment that was written to, so that a snapshot can begin where it ends; the next append makes a new one. Between
   * appends only.
   * @returns the newest commit, and the seal of the segment that ends with it: zeros when there was none.
   * @throws as `append` does: without room nothing has changed.
   */
  async rotate(): Promise<LogPoint> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#closed || this.#appending)
      throw new Error('the log was to be sealed under an append, or once it is closed');
    const segment = this.#segment;
    if (segment !== null && segment.position.commits > 0) {
      this.#appending = true;
      try {
        await this.#seal(segment);
      } catch (error) {
        throw this.#failed(error);
      } finally {
        this.#appending = false;
      }
    }
    return { sequence: this.#nextSequence - 1, seal: this.#previousSeal };
  }

  /**
   * Takes note that the disk failed under somebody else, in a way after which nothing may be acknowledged: every later append is
   * refused.
   * @returns what to tell the owner.
   */
  fail(cause: unknown): DatabaseError {
    return this.#failed(cause);
  }

  /**
   * A clean stop: seals the segment that was written to and lets the files go. Without room for the seal it is left out: the next
   * opening then reads a log that was not stopped cleanly, and finds the same commits in it.
   * @throws {DatabaseError} `OUTCOME_UNKNOWN` when the disk failed. What was acknowledged is durable all the same.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#appending) throw new Error('the log was closed under an append');
    this.#closed = true;
    await this.#backgroundSync?.settle();
    const segment = this.#segment;
    if (segment === null) return;
    try {
      if (this.#failure === null && segment.position.commits > 0) await this.#seal(segment);
    } catch (error) {
      const failure = this.#failed(error);
      if (failure.code !== 'STORAGE_FULL') throw failure;
    } finally {
      if (this.#segment !== null) await segment.close();
    }
  }

  /** The open segment, after a new one was begun where that was due. */
  async #segmentWithRoom(): Promise<SegmentWriter> {
    const open = this.#segment;
    const due = open !== null && (open.position.end >= this.#segmentBytesMax || open.durability !== this.durability);
    if (due && open.position.commits > 0) await this.#seal(open);
    const segment = this.#segment?.durability === this.durability ? this.#segment : await this.#startSegment();
    if (!this.#newestRecorded) await this.#recordNewest(segment);
    return segment;
  }

  async #seal(segment: SegmentWriter, epochEnds = false): Promise<void> {
    await this.#backgroundSync?.settle();
    if (this.#failure !== null) throw this.#failure;
    this.#previousSeal = await segment.seal(epochEnds);
    this.#segment = null;
    await segment.close();
    this.#tell({ kind: 'segmentSealed', file: segment.path, lastSequence: this.#nextSequence - 1 });
  }

  /**
   * Ends the epoch durably before the next one begins, so that a crash in between cannot bring the old one back. What recovery read is
   * on disk by now.
   */
  async #beginEpoch(): Promise<void> {
    const previousEpoch = this.#epoch;
    if (this.#segment !== null && this.#segment.position.commits > 0) await this.#seal(this.#segment, true);
    this.#epoch = uuidOfRandom(this.#options.random.bytes(uuidBytes));
    // Of `interval` it will be when a commit is there for it: until then, a stop loses nothing.
    await this.#startSegment('sync');
    this.#tell({ kind: 'epochBegun', epoch: this.#epoch, previousEpoch, firstSequence: this.#nextSequence });
  }

  /** Makes a segment, in the place of one without commits where there is one. */
  async #startSegment(durability = this.durability): Promise<SegmentWriter> {
    const { fileSystem, random, clock } = this.#options;
    const replaced = this.#segment;
    const header: SegmentHeader = {
      databaseId: this.databaseId,
      epoch: this.#epoch,
      salt: random.bytes(saltBytes),
      previousSeal: this.#previousSeal,
      firstSequence: this.#nextSequence,
      createdAt: clock.now(),
      durability,
    };
    const name = segmentFileName(this.#nextSequence);
    const bytes = encodeSegmentHeader(header);
    const file = await makeDurableFile(fileSystem, this.#directory, name, bytes);
    const position = {
      end: segmentHeaderBytes,
      link: initialLink(bytes),
      nextSequence: this.#nextSequence,
      frames: 0,
      commits: 0,
      records: 0,
    };
    const segment = new SegmentWriter(join(this.#directory, name), file, header, position, this.syncMeter);
    this.#segment = segment;
    this.#newestRecorded = false;
    await replaced?.close();
    await this.#recordNewest(segment);
    this.#tell({ kind: 'segmentStarted', file: segment.path, firstSequence: this.#nextSequence });
    return segment;
  }

  async #recordNewest(segment: SegmentWriter): Promise<void> {
    const { databaseId } = this;
    const firstSequence = segment.position.nextSequence;
    await recordNewest(this.#options.fileSystem, this.#directory, { databaseId, firstSequence });
    this.#newestRecorded = true;
  }

  /** What to tell the caller, after seeing to it that a disk that failed is not written to again. */
  #failed(error: unknown): DatabaseError {
    if (this.#failure !== null) return this.#failure;
    if (error instanceof NoSpaceError) {
      // Once: refusals come as often as requests do.
      if (!this.#foundNoSpace) this.#tell({ kind: 'noSpace', file: error.file, cause: error.cause });
      this.#foundNoSpace = true;
      return error.refusal(storageFull);
    }
    this.#failure = new DatabaseError(
      'OUTCOME_UNKNOWN',
      'The disk failed under a write, which may or may not survive. Nothing is written any more: restart the server to recover.',
      {},
      { cause: error },
    );
    this.#tell({ kind: 'failed', cause: error });
    return this.#failure;
  }

  #tell(event: LogEvent): void {
    this.#options.onEvent?.(event);
  }
}

/** Erasing is named, because it makes room in memory, where it goes on. Here it takes some: a record in the log, too. */
const storageFull =
  'nothing was written. Reads go on; writes, erasing included, are taken again when there is room: ' +
  'give the disk more, or remove what is not of the database';

const emptyReport: RecoveryReport = {
  segments: 0,
  frames: 0,
  commits: 0,
  bytes: 0,
  truncatedBytes: 0,
  milliseconds: 0,
  clean: true,
  epochBegun: false,
  snapshot: null,
  damagedSnapshots: [],
};

function reportOf(
  { newest, newestBytes, segments, frames, commits, bytes, snapshots }: RecoveredLog,
  milliseconds: number,
): RecoveryReport {
  const truncatedBytes = newestBytes.length - newest.end;
  // A segment is made for the sake of its first frame: without one, the log ended at the seal before it, or was empty.
  const clean = truncatedBytes === 0 && (newest.sealed || (newest.frames === 0 && newest.header.durability === 'sync'));
  const epochBegun = mayHaveLostCommits(newest);
  const snapshot = snapshots.newest === null ? null : statusOf(infoOf(snapshots.newest));
  const damagedSnapshots = snapshots.damaged.map(({ path }) => basename(path));
  const read = { snapshot, damagedSnapshots, segments, frames, commits, bytes };
  return { ...read, truncatedBytes, milliseconds, clean, epochBegun };
}

/** FORMAT.md, "A new epoch". */
function mayHaveLostCommits({ header, sealed, epochEnds }: SegmentContent): boolean {
  return sealed ? epochEnds : header.durability === 'interval';
}
