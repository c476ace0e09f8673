import { join } from 'node:path';
import type { AsOf, Database, ReadView } from '../database/database.ts';
import type { Commit, Operation } from '../database/operation.ts';
import type { Principal } from '../database/principal.ts';
import type { DatabaseStatus, WriteState } from '../database/status.ts';
import type { Document } from '../document/document.ts';
import { createDocumentIdGenerator } from '../document/document-id-generator.ts';
import { DatabaseError, LimitExceededError } from '../errors.ts';
import { everything } from '../query/filter.ts';
import type { Archived } from '../query/find-query.ts';
import { commitOf, type PreparedCommit, prepareCommit } from './commit-preparation.ts';
import { CommitQueue } from './commit-queue.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { admits, EmbeddedReadView } from './embedded-read-view.ts';
import { Log, type LogPoint } from './log/log.ts';
import type { LogEvent } from './log/log-event.ts';
import { type EncodedCommit, encodeCommit } from './log/record.ts';
import { MemoryLimit } from './memory-limit.ts';
import { type Clock, systemClock } from './ports/clock.ts';
import type { FileSystem } from './ports/file-system.ts';
import { type HeapMeter, systemHeapMeter } from './ports/heap-meter.ts';
import { nodeFileSystem } from './ports/node-file-system.ts';
import { type Random, systemRandom } from './ports/random.ts';
import type { SnapshotEvent } from './snapshot/snapshot-event.ts';
import { snapshotDirectoryName } from './snapshot/snapshot-files.ts';
import { type SnapshotInfo, statusOf } from './snapshot/snapshot-info.ts';
import { type SnapshotCapture, Snapshotter } from './snapshot/snapshotter.ts';
import { Staging } from './staging.ts';
import { State } from './state.ts';

export interface EmbeddedDatabaseOptions {
  /** The data directory; made when it is not there. One process at a time may have it open. */
  readonly directory: string;
  /** Called once, when the disk failed under a write: nothing can be written any more, and the server should stop. */
  readonly onFailure?: (error: DatabaseError) => void;
  /** Told when what becomes of writes changes, as it is noticed by a commit: refused for want of room, accepted again. */
  readonly onWriteState?: (state: WriteState) => void;
  /** Told what happens on disk: segments, snapshots, a torn tail that was cut off, a full or failed disk. */
  readonly onLogEvent?: (event: LogEvent | SnapshotEvent) => void;
  /**
   * Milliseconds whose acknowledged commits a power cut may lose: durability `interval`. Null, or absent: none, a commit is on disk
   * before it is acknowledged.
   */
  readonly syncIntervalMs?: number | null;
  readonly limits?: Partial<EmbeddedDatabaseLimits>;
  readonly fileSystem?: FileSystem;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly heapMeter?: HeapMeter;
}

export interface EmbeddedDatabaseLimits {
  /** Operations in one commit. */
  readonly operationsMax: number;
  /** Bytes of commits that wait for the disk before more are refused with `OVERLOADED`. */
  readonly pendingBytesMax: number;
  /** Read views open at once. */
  readonly viewsMax: number;
  /** How long a read view may stay open, in milliseconds. */
  readonly viewMsMax: number;
  /** What the documents may take in memory before creates and updates are refused with `MEMORY_FULL`. */
  readonly memoryBytesMax: number;
  /** How long the disk may take for one write or sync, in milliseconds, before the status says that it stalls. */
  readonly stallMsMax: number;
  /** Bytes after which a segment of the log is sealed and the next one begun. A larger commit makes a larger segment. */
  readonly segmentBytesMax: number;
  /** Bytes that the log grows by before a snapshot is taken; half the size of the last snapshot when that is more. */
  readonly snapshotLogBytes: number;
}

export const defaultLimits: EmbeddedDatabaseLimits = Object.freeze({
  operationsMax: 10_000,
  pendingBytesMax: 256 * 1024 * 1024,
  viewsMax: 10_000,
  viewMsMax: 60_000,
  memoryBytesMax: Number.POSITIVE_INFINITY,
  stallMsMax: 5_000,
  segmentBytesMax: 64 * 1024 * 1024,
  snapshotLogBytes: 64 * 1024 * 1024,
});

/**
 * Opens the engine on a directory: takes its lock, brings the state back from the log, and starts taking commits.
 * @throws {DirectoryLockedError} when another process has it open.
 * @throws {CorruptionError | NewerFormatError} when the log cannot be trusted or read; it is left untouched.
 */
export async function openEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const { directory, fileSystem = nodeFileSystem, clock = systemClock, random = systemRandom } = options;
  const lock = await lockDirectory(directory, fileSystem);
  const { syncIntervalMs = null, heapMeter = systemHeapMeter } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const onFailure = failureReporter(options);
  const state = new State();
  const views = new Set<EmbeddedReadView>();
  const memory = new MemoryLimit({
    bytesMax: limits.memoryBytesMax,
    // The oldest view keeps the most.
    countedBytes: () => state.bytes + (views.values().next().value?.keptBytes ?? 0),
    heapMeter,
  });
  try {
    const log = await Log.open({
      fileSystem,
      directory,
      clock,
      random,
      syncIntervalMs,
      onFailure,
      segmentBytesMax: limits.segmentBytesMax,
      onSnapshot: ({ header, tables, documents }) => state.load({ ...header, tables, documents }),
      onCommit: (commit) => state.apply(commit),
      onEvent: (event) => options.onLogEvent?.(event),
    });
    return new EmbeddedDatabase({
      lock,
      fileSystem,
      directory,
      state,
      views,
      memory,
      log,
      clock,
      random,
      limits,
      syncIntervalMs,
      onFailure,
      onWriteState: options.onWriteState,
      onLogEvent: options.onLogEvent,
    });
  } catch (error) {
    memory.close();
    await lock.release();
    throw error;
  }
}

/** Tells the owner once: what fails afterwards fails because nothing is written any more. */
function failureReporter(options: EmbeddedDatabaseOptions): (error: unknown) => void {
  let told = false;
  return (error) => {
    if (told || !(error instanceof DatabaseError) || error.code !== 'OUTCOME_UNKNOWN') return;
    told = true;
    options.onFailure?.(error);
  };
}

interface Parts {
  readonly lock: DirectoryLock;
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly state: State;
  /** Those that are open, oldest first. */
  readonly views: Set<EmbeddedReadView>;
  readonly memory: MemoryLimit;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: EmbeddedDatabaseLimits;
  readonly syncIntervalMs: number | null;
  readonly onFailure: (error: unknown) => void;
  readonly onWriteState: ((state: WriteState) => void) | undefined;
  readonly onLogEvent: ((event: LogEvent | SnapshotEvent) => void) | undefined;
}

/** Memory plus an append-only log, in one process. */
export class EmbeddedDatabase implements Database {
  readonly #lock: DirectoryLock;
  readonly #state: State;
  readonly #staging: Staging;
  readonly #log: Log;
  readonly #queue: CommitQueue;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: EmbeddedDatabaseLimits;
  readonly #createDocumentId: () => string;
  readonly #views: Set<EmbeddedReadView>;
  readonly #memory: MemoryLimit;
  readonly #snapshotter: Snapshotter;
  readonly #onFailure: (error: unknown) => void;
  readonly #syncIntervalMs: number | null;
  readonly #onWriteState: ((state: WriteState) => void) | undefined;
  #toldWriteState: WriteState = 'accepted';
  #closed = false;

  constructor({ lock, state, views, memory, log, clock, random, limits, syncIntervalMs, ...rest }: Parts) {
    this.#lock = lock;
    this.#state = state;
    this.#staging = new Staging(state);
    this.#log = log;
    this.#clock = clock;
    this.#random = random;
    this.#views = views;
    this.#memory = memory;
    this.#limits = limits;
    this.#syncIntervalMs = syncIntervalMs;
    this.#onFailure = rest.onFailure;
    this.#onWriteState = rest.onWriteState;
    this.#createDocumentId = createDocumentIdGenerator({
      now: () => clock.now(),
      randomBytes: (size) => random.bytes(size),
    });
    this.#queue = new CommitQueue({
      writer: { append: (commits) => this.#append(commits) },
      pendingBytesMax: this.#limits.pendingBytesMax,
      onFailure: (error) => {
        this.#staging.clear();
        rest.onFailure(error);
      },
    });
    this.#snapshotter = new Snapshotter({
      fileSystem: rest.fileSystem,
      directory: join(rest.directory, snapshotDirectoryName),
      clock,
      random,
      logBytesMax: this.#limits.snapshotLogBytes,
      newest: log.snapshot,
      damaged: log.report.damagedSnapshots,
      capture: () => this.#capture(),
      onEvent: (event) => rest.onLogEvent?.(event),
    });
    this.#snapshotter.logGrew(this.#logBytes);
  }

  /**
   * Writes a snapshot of everything committed so far, while reads and writes go on. Returns the one there is when nothing was
   * committed since.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room, `OVERLOADED` when the database is being closed, `OUTCOME_UNKNOWN`
   *   when the disk failed under the log. The system's own error when it failed under the snapshot: the database goes on.
   */
  async takeSnapshot(): Promise<SnapshotInfo> {
    this.#checkOpen();
    return this.#snapshotter.take();
  }

  getDocument(_principal: Principal, id: string, archived: Archived = 'EXCLUDE'): Document | null {
    this.#checkOpen();
    const document = this.#state.document(id);
    return document !== undefined && admits(archived, document) ? document : null;
  }

  async view(_principal: Principal, at?: AsOf): Promise<ReadView> {
    this.#checkOpen();
    this.#checkKept(at);
    if (this.#views.size >= this.#limits.viewsMax) {
      throw new DatabaseError('OVERLOADED', `${this.#views.size} read views are open already: try again later`, {
        limit: this.#limits.viewsMax,
        retryAfterSeconds: 1,
      });
    }
    const view = new EmbeddedReadView({
      state: this.#state,
      clock: this.#clock,
      deadlineMs: this.#limits.viewMsMax,
      onClose: (closed) => this.#views.delete(closed),
    });
    this.#views.add(view);
    return view;
  }

  async commit(principal: Principal, operations: readonly Operation[]): Promise<Commit> {
    try {
      const commit = await this.#commit(principal, operations);
      if (this.#toldWriteState !== 'accepted') this.#tellWriteState();
      return commit;
    } catch (error) {
      if (isRefusal(error)) this.#tellWriteState();
      throw error;
    }
  }

  async #commit(principal: Principal, operations: readonly Operation[]): Promise<Commit> {
    this.#checkOpen();
    this.#checkOperations(operations);
    this.#queue.checkRoom();
    if (operations.some(takesMemory)) this.#memory.checkRoom();
    let prepared: PreparedCommit;
    try {
      prepared = prepareCommit(
        {
          staging: this.#staging,
          principal: principal.name,
          now: this.#clock.now(),
          createDocumentId: this.#createDocumentId,
        },
        operations,
      );
    } catch (error) {
      // What decided the rejection may still be on its way to the disk.
      if (this.#staging.readInFlight) await this.#queue.settled();
      throw error;
    }
    const { record, documents } = prepared;
    if (record === null) {
      if (this.#staging.readInFlight) await this.#queue.settled();
      return commitOf(prepared);
    }
    await this.#queue.enqueue(encodeCommit(record, this.#random), () => {
      this.#state.apply(record);
      this.#staging.settle(record.sequence, documents);
    });
    return commitOf(prepared);
  }

  async status(_principal: Principal): Promise<DatabaseStatus> {
    return {
      engine: 'embedded',
      epoch: this.#log.epoch,
      sequence: this.#state.sequence,
      documents: this.#state.documents.size,
      durability: this.#log.durability,
      syncIntervalMs: this.#syncIntervalMs,
      writes: this.#writeState(),
      memory: {
        bytes: this.#memory.bytes,
        bytesMax: Number.isFinite(this.#memory.bytesMax) ? this.#memory.bytesMax : null,
      },
      recovery: this.#log.report,
      snapshot: this.#snapshotter.newest === null ? null : statusOf(this.#snapshotter.newest),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.close();
    try {
      await this.#snapshotter.close();
      await this.#queue.idle();
      for (const view of this.#views) view.close();
      await this.#log.close();
    } finally {
      await this.#lock.release();
    }
  }

  #tellWriteState(): void {
    const state = this.#writeState();
    if (state === this.#toldWriteState) return;
    this.#toldWriteState = state;
    this.#onWriteState?.(state);
  }

  #writeState(): WriteState {
    if (this.#log.hasFailed) return 'failed';
    if (this.#log.busyMs > this.#limits.stallMsMax) return 'stalled';
    if (this.#log.foundNoSpace) return 'storageFull';
    return this.#memory.isFull ? 'memoryFull' : 'accepted';
  }

  /** How much log there is behind the snapshot with which the database was opened. */
  get #logBytes(): number {
    return this.#log.report.bytes + this.#log.appendedBytes;
  }

  async #append(commits: readonly EncodedCommit[]): Promise<void> {
    await this.#log.append(commits);
    this.#snapshotter.logGrew(this.#logBytes);
  }

  /** The state between two frames, at the end of a segment that is sealed for it. */
  #capture(): Promise<SnapshotCapture> {
    return this.#queue.barrier(async () => {
      const { sequence, seal } = await this.#rotateLog();
      const { databaseId, epoch } = this.#log;
      const { committedAt } = this.#state;
      const view = new EmbeddedReadView({
        state: this.#state,
        clock: this.#clock,
        // It is open for as long as it takes to list the documents, which no client decides.
        deadlineMs: Number.POSITIVE_INFINITY,
        onClose: () => {},
      });
      return {
        header: { databaseId, epoch, seal, sequence, committedAt },
        logBytes: this.#logBytes,
        tables: this.#state.tableRecords(),
        documents: view.scanDocuments({ filter: everything, archived: 'INCLUDE', orderBy: [] }),
        release: () => view.close(),
      };
    });
  }

  async #rotateLog(): Promise<LogPoint> {
    try {
      return await this.#log.rotate();
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new DatabaseError('OVERLOADED', 'The server is stopping', { retryAfterSeconds: 1 });
  }

  #checkOperations(operations: readonly Operation[]): void {
    const limit = this.#limits.operationsMax;
    if (operations.length <= limit) return;
    throw new LimitExceededError(`A commit holds at most ${limit} operations, this one has ${operations.length}`, {
      limit,
      actual: operations.length,
    });
  }

  /** Until history is kept, the one state that can be read is the newest. */
  #checkKept(at: AsOf | undefined): void {
    if (at === undefined) return;
    const { sequence, committedAt } = this.#state;
    const kept = 'sequence' in at ? at.sequence === sequence : at.time >= committedAt;
    if (!kept) throw new DatabaseError('HISTORY_GONE', 'That state is not kept', { oldest: sequence });
  }
}

/** Archiving and restoring share the body with the version before, and erasing gives room. */
function takesMemory({ kind }: Operation): boolean {
  return kind === 'create' || kind === 'update';
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.code === 'MEMORY_FULL' || error.code === 'STORAGE_FULL' || error.code === 'OVERLOADED';
}
