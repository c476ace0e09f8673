import type { BackupProvider, OpenBackup } from '../database/backup.ts';
import type { AsOf, Database, ReadView } from '../database/database.ts';
import type { Compaction, MaintenanceProvider } from '../database/maintenance.ts';
import type { Commit, Operation } from '../database/operation.ts';
import type { Principal } from '../database/principal.ts';
import type { DatabaseStatus, SnapshotStatus, WriteState } from '../database/status.ts';
import type { Document } from '../document/document.ts';
import { createDocumentIdGenerator } from '../document/document-id-generator.ts';
import { DatabaseError, LimitExceededError } from '../errors.ts';
import type { Archived } from '../query/find-query.ts';
import { commitOf, type PreparedCommit, prepareCommit } from './commit-preparation.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { admits, EmbeddedReadView } from './embedded-read-view.ts';
import { DatabaseBackups } from './maintenance/database-backup.ts';
import { MemoryLimit } from './memory-limit.ts';
import { type Clock, systemClock } from './ports/clock.ts';
import type { FileSystem } from './ports/file-system.ts';
import { type HeapMeter, systemHeapMeter } from './ports/heap-meter.ts';
import { nodeFileSystem } from './ports/node-file-system.ts';
import { type Random, systemRandom } from './ports/random.ts';
import { ScanTurns } from './scan-turns.ts';
import { type SnapshotInfo, statusOf } from './snapshot/snapshot-info.ts';
import { Staging } from './staging.ts';
import { State } from './state.ts';
import { Storage } from './storage.ts';
import type { StorageEvent } from './storage-event.ts';

export interface EmbeddedDatabaseOptions {
  /** The data directory; made when it is not there. One process at a time may have it open. */
  readonly directory: string;
  /** Called once, when the disk failed under a write: nothing can be written any more, and the server should stop. */
  readonly onFailure?: (error: DatabaseError) => void;
  /** Told when what becomes of writes changes, as it is noticed by a commit: refused for want of room, accepted again. */
  readonly onWriteState?: (state: WriteState) => void;
  /** Told what happens on disk: segments, snapshots, a torn tail that was cut off, a full or failed disk. */
  readonly onStorageEvent?: (event: StorageEvent) => void;
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
  /** Bytes of log that are kept for the past; Infinity for all of it. */
  readonly historyBytesMax: number;
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
  historyBytesMax: 4 * 1024 ** 3,
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
  const scanTurns = new ScanTurns(clock);
  const memory = new MemoryLimit({
    bytesMax: limits.memoryBytesMax,
    // The oldest view keeps the most.
    countedBytes: () => state.bytes + (views.values().next().value?.keptBytes ?? 0),
    heapMeter,
  });
  try {
    const storage = await Storage.open({
      fileSystem,
      directory,
      clock,
      random,
      state,
      scanTurns,
      ...limits,
      syncIntervalMs,
      onCommitsLost: () => staging.clear(),
      onFailure,
      onEvent: (event) => options.onStorageEvent?.(event),
    });
    const staging = new Staging(state);
    const { onWriteState } = options;
    const memories = { state, staging, views, memory };
    const ports = { fileSystem, directory, clock, random };
    const behaviour = { scanTurns, limits, syncIntervalMs, onWriteState };
    return new EmbeddedDatabase({ lock, storage, ...memories, ...ports, ...behaviour });
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
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly lock: DirectoryLock;
  readonly state: State;
  readonly staging: Staging;
  /** Those that are open, oldest first. */
  readonly views: Set<EmbeddedReadView>;
  readonly memory: MemoryLimit;
  readonly storage: Storage;
  readonly scanTurns: ScanTurns;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: EmbeddedDatabaseLimits;
  readonly syncIntervalMs: number | null;
  readonly onWriteState: ((state: WriteState) => void) | undefined;
}

/** Memory plus an append-only log, in one process. */
export class EmbeddedDatabase implements Database, BackupProvider, MaintenanceProvider {
  readonly #lock: DirectoryLock;
  readonly #state: State;
  readonly #staging: Staging;
  readonly #storage: Storage;
  readonly #backups: DatabaseBackups;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #scanTurns: ScanTurns;
  readonly #limits: EmbeddedDatabaseLimits;
  readonly #createDocumentId: () => string;
  readonly #views: Set<EmbeddedReadView>;
  readonly #memory: MemoryLimit;
  readonly #syncIntervalMs: number | null;
  readonly #onWriteState: ((state: WriteState) => void) | undefined;
  /** At first what the status says, which the owner is to look at. */
  #toldWriteState: WriteState;
  #closed = false;

  constructor(parts: Parts) {
    const { clock, random } = parts;
    this.#lock = parts.lock;
    this.#state = parts.state;
    this.#staging = parts.staging;
    this.#storage = parts.storage;
    this.#clock = clock;
    this.#random = random;
    this.#scanTurns = parts.scanTurns;
    this.#views = parts.views;
    this.#memory = parts.memory;
    this.#limits = parts.limits;
    this.#syncIntervalMs = parts.syncIntervalMs;
    this.#onWriteState = parts.onWriteState;
    this.#toldWriteState = parts.storage.log.foundNoSpace ? 'storageFull' : 'accepted';
    this.#createDocumentId = createDocumentIdGenerator({
      now: () => clock.now(),
      randomBytes: (size) => random.bytes(size),
    });
    this.#backups = new DatabaseBackups({
      fileSystem: parts.fileSystem,
      clock,
      directory: parts.directory,
      epoch: () => parts.storage.log.epoch,
      takeSnapshot: () => this.takeSnapshot(),
      pin: () => this.pinFiles(),
    });
  }

  /**
   * Writes a snapshot of everything committed so far, while reads and writes go on. Returns the one there is when nothing was
   * committed since.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room, `OVERLOADED` when the database is being closed, `OUTCOME_UNKNOWN`
   *   when the disk failed under the log. The system's own error when it failed under the snapshot: the database goes on.
   */
  async takeSnapshot(): Promise<SnapshotInfo> {
    this.#checkOpen();
    return this.#storage.takeSnapshot();
  }

  /**
   * Takes what was erased by now out of every file, which otherwise the next pruning does.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room to write a file again, `OVERLOADED` when the database is being closed,
   *   what sealing a segment throws. The system's own error when a file could not be written. It is tried again with the next pruning.
   */
  async eraseOnDisk(): Promise<Compaction> {
    this.#checkOpen();
    return this.#storage.eraseOnDisk();
  }

  /** Resolves when nothing is left to be done in the background for the history on disk: whoever looks at files then finds them at rest. */
  async historyIdle(): Promise<void> {
    await this.#storage.historyIdle();
  }

  /** Keeps every file where and as it is, for whoever copies them, until the function that this resolves to was called. New ones may come. */
  async pinFiles(): Promise<() => void> {
    this.#checkOpen();
    return this.#storage.pinFiles();
  }

  async snapshot(_principal: Principal): Promise<SnapshotStatus> {
    return statusOf(await this.takeSnapshot());
  }

  compact(_principal: Principal): Promise<Compaction> {
    return this.eraseOnDisk();
  }

  async openBackup(_principal: Principal): Promise<OpenBackup> {
    this.#checkOpen();
    return this.#backups.open();
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
      scanTurns: this.#scanTurns,
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
    this.#storage.queue.checkRoom();
    if (operations.some(takesMemory)) this.#memory.checkRoom();
    let prepared: PreparedCommit;
    try {
      prepared = prepareCommit(
        {
          staging: this.#staging,
          random: this.#random,
          principal: principal.name,
          now: this.#clock.now(),
          createDocumentId: this.#createDocumentId,
        },
        operations,
      );
    } catch (error) {
      // What decided the rejection may still be on its way to the disk.
      if (this.#staging.readInFlight) await this.#storage.queue.settled();
      throw error;
    }
    const { written, documents } = prepared;
    if (written === null) {
      if (this.#staging.readInFlight) await this.#storage.queue.settled();
      return commitOf(prepared);
    }
    const { record, encoded } = written;
    await this.#storage.queue.enqueue(encoded, () => {
      this.#state.apply(record);
      this.#staging.settle(record.sequence, documents);
    });
    return commitOf(prepared);
  }

  async status(_principal: Principal): Promise<DatabaseStatus> {
    const { log, snapshot, history } = this.#storage;
    return {
      engine: 'embedded',
      epoch: log.epoch,
      sequence: this.#state.sequence,
      documents: this.#state.documents.size,
      durability: log.durability,
      syncIntervalMs: this.#syncIntervalMs,
      writes: this.#writeState(),
      memory: {
        bytes: this.#memory.bytes,
        bytesMax: Number.isFinite(this.#memory.bytesMax) ? this.#memory.bytesMax : null,
      },
      recovery: log.report,
      snapshot: snapshot === null ? null : statusOf(snapshot),
      history,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.close();
    try {
      await this.#storage.close();
    } finally {
      for (const view of this.#views) view.close();
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
    const { log } = this.#storage;
    if (log.hasFailed) return 'failed';
    if (log.busyMs > this.#limits.stallMsMax) return 'stalled';
    if (log.foundNoSpace) return 'storageFull';
    return this.#memory.isFull ? 'memoryFull' : 'accepted';
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
