import type { BackupProvider, OpenBackup } from '../database/backup.ts';
import type { ChangeStream, ChangesRequest } from '../database/changes.ts';
import type { AsOf, Database, ReadView } from '../database/database.ts';
import type { IdempotentRequest } from '../database/idempotent-request.ts';
import type { Compaction, MaintenanceProvider } from '../database/maintenance.ts';
import type { DatabaseMetrics, MetricsProvider } from '../database/metrics.ts';
import type { Commit, CommitOptions, Operation } from '../database/operation.ts';
import type { Principal } from '../database/principal.ts';
import type { SettingStore, StoredSetting } from '../database/setting-store.ts';
import { SharedTurns } from '../database/shared-turns.ts';
import type { DatabaseStatus, SnapshotStatus, WriteState } from '../database/status.ts';
import type { IndexDefinition, Table, TableIndex, TableSettingsChange } from '../database/table.ts';
import type { Document } from '../document/document.ts';
import { createDocumentIdGenerator } from '../document/document-id-generator.ts';
import { formatPath, type Path } from '../document/path.ts';
import { DatabaseError, HistoryGoneError, InvalidArgumentError, TableNotFoundError } from '../errors.ts';
import type { Archived } from '../query/find-query.ts';
import { admits } from './admits.ts';
import { ColumnMemory } from './columns/column-memory.ts';
import { type PreparationContext, prepareRecords } from './commit-preparation.ts';
import { Committer } from './committer.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { DocumentCommits } from './document-commits.ts';
import {
  defaultLimits,
  type EmbeddedDatabaseLimits,
  type EmbeddedDatabaseOptions,
} from './embedded-database-options.ts';
import type { EmbeddedReadView } from './embedded-read-view.ts';
import { ChangeFeed } from './feed/change-feed.ts';
import { sequenceAt } from './history/commit-time.ts';
import { PastMemory } from './history/past-memory.ts';
import { TimeSlice } from './history/time-slice.ts';
import { IdempotentCommits } from './idempotency/idempotent-commits.ts';
import { IndexBuilder } from './index-builder.ts';
import { IndexCatalog } from './index-catalog.ts';
import type { IndexEvent } from './index-event.ts';
import { DatabaseBackups } from './maintenance/database-backup.ts';
import { MemoryLimit } from './memory-limit.ts';
import { OpenViews } from './open-views.ts';
import { type Clock, systemClock } from './ports/clock.ts';
import type { FileSystem } from './ports/file-system.ts';
import { systemHeapMeter } from './ports/heap-meter.ts';
import { nodeFileSystem } from './ports/node-file-system.ts';
import { type Random, systemRandom } from './ports/random.ts';
import { RecentVersions } from './recent-versions.ts';
import { Registry } from './registry.ts';
import { SlowQueryWatch } from './slow-query-watch.ts';
import { type SnapshotInfo, statusOf } from './snapshot/snapshot-info.ts';
import { Staging } from './staging.ts';
import { State } from './state.ts';
import { Storage } from './storage.ts';
import { TableCatalog } from './table-catalog.ts';
import { TableReader } from './table-reader.ts';

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
  const columnMemory = new ColumnMemory(limits.columnBytesMax);
  const state = new State(columnMemory);
  const views = new Registry<EmbeddedReadView>();
  const scanTurns = new SharedTurns(clock);
  const pastMemory = new PastMemory(limits.pastBytesMax);
  const recent = new RecentVersions(limits.recentVersionsBytesMax);
  const memory = new MemoryLimit({
    bytesMax: limits.memoryBytesMax,
    // The oldest view keeps the most.
    countedBytes: () => state.bytes + (views.first?.keptBytes ?? 0) + pastMemory.bytes,
    cache: columnMemory,
    heapMeter,
  });
  columnMemory.limitBy((bytes) => memory.hasRoom(bytes));
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
    await state.fillIndexes(new TimeSlice(clock));
    state.addListener(recent);
    const { onWriteState, onStorageEvent: onEvent } = options;
    const slowQueries = new SlowQueryWatch({
      clock,
      milliseconds: limits.slowQueryMs,
      onSlowQuery: (query, omitted) => options.onSlowQuery?.(query, omitted),
    });
    const memories = { state, staging, views, memory, pastMemory, recent };
    const ports = { fileSystem, directory, clock, random };
    const behaviour = { scanTurns, slowQueries, limits, syncIntervalMs, onWriteState, onEvent };
    const database = new EmbeddedDatabase({ lock, storage, ...memories, ...ports, ...behaviour });
    database.resumeIndexBuilds();
    return database;
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
  readonly views: Registry<EmbeddedReadView>;
  readonly memory: MemoryLimit;
  readonly pastMemory: PastMemory;
  /** Not counted as documents: few bytes, which the headroom of the heap has room for. */
  readonly recent: RecentVersions;
  readonly storage: Storage;
  readonly scanTurns: SharedTurns;
  readonly slowQueries: SlowQueryWatch;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: EmbeddedDatabaseLimits;
  readonly syncIntervalMs: number | null;
  readonly onWriteState: ((state: WriteState) => void) | undefined;
  readonly onEvent: EmbeddedDatabaseOptions['onStorageEvent'];
}

/** Memory plus an append-only log, in one process. */
export class EmbeddedDatabase implements Database, BackupProvider, MaintenanceProvider, SettingStore, MetricsProvider {
  readonly #lock: DirectoryLock;
  readonly #state: State;
  readonly #storage: Storage;
  readonly #backups: DatabaseBackups;
  readonly #slowQueries: SlowQueryWatch;
  readonly #limits: EmbeddedDatabaseLimits;
  readonly #committer: Committer;
  readonly #documentCommits: DocumentCommits;
  readonly #builder: IndexBuilder;
  readonly #indexes: IndexCatalog;
  readonly #tables: TableCatalog;
  readonly #tableReader: TableReader;
  readonly #feed: ChangeFeed;
  readonly #closing = new AbortController();
  readonly #views: OpenViews;
  readonly #memory: MemoryLimit;
  readonly #syncIntervalMs: number | null;
  readonly #onWriteState: ((state: WriteState) => void) | undefined;
  readonly #onEvent: EmbeddedDatabaseOptions['onStorageEvent'];
  /** At first what the status says, which the owner is to look at. */
  #toldWriteState: WriteState;
  #closed = false;

  constructor(parts: Parts) {
    const { clock, random } = parts;
    this.#lock = parts.lock;
    this.#state = parts.state;
    this.#storage = parts.storage;
    this.#slowQueries = parts.slowQueries;
    this.#memory = parts.memory;
    this.#limits = parts.limits;
    this.#syncIntervalMs = parts.syncIntervalMs;
    this.#onWriteState = parts.onWriteState;
    this.#toldWriteState = parts.storage.log.foundNoSpace ? 'storageFull' : 'accepted';
    const { state, staging, memory, limits, recent } = parts;
    const createId = createDocumentIdGenerator({
      now: () => clock.now(),
      randomBytes: (size) => random.bytes(size),
    });
    const { operationsAtOnceMax } = limits;
    const { queue } = parts.storage;
    const ports = { clock, random, createId };
    const committer = new Committer({ state, staging, queue, ...ports, operationsAtOnceMax });
    this.#committer = committer;
    this.#onEvent = parts.onEvent;
    const onEvent = (event: IndexEvent) => parts.onEvent?.(event);
    const readVersion = (id: string, version: number): Document | Promise<Document | null> => {
      const current = state.document(id);
      return current?.version === version ? current : (recent.get(id, version) ?? this.#readOldVersion(id, version));
    };
    const idempotent = new IdempotentCommits({
      state,
      clock,
      windowMs: limits.idempotencyWindowMs,
      keysMax: limits.idempotencyKeysMax,
      past: parts.storage.past,
      oldest: () => parts.storage.history.oldest,
      onUnreadable: (sequence, cause) => parts.onEvent?.({ kind: 'replayUnreadable', sequence, cause }),
    });
    this.#documentCommits = new DocumentCommits({
      staging,
      committer,
      memory,
      clock,
      limits,
      readVersion,
      idempotent,
    });
    this.#builder = new IndexBuilder({ state, staging, committer, memory, clock, onEvent });
    this.#indexes = new IndexCatalog({ state, committer, builder: this.#builder, memory, limits });
    this.#tables = new TableCatalog({ state, committer, indexes: this.#indexes, clock, signal: this.#closing.signal });
    this.#tableReader = new TableReader(state, clock);
    const { scanTurns, slowQueries, pastMemory } = parts;
    const { groupsMax, viewsMax, viewMsMax: deadlineMs } = limits;
    const tables = this.#tableReader;
    const readers = { state, clock, scanTurns, slowQueries, tables, history: parts.storage.past };
    this.#views = new OpenViews({ ...readers, groupsMax, viewsMax, deadlineMs, pastMemory }, parts.views);
    this.#feed = new ChangeFeed({
      state,
      history: parts.storage.past,
      clock,
      epoch: () => parts.storage.log.epoch,
      oldest: () => parts.storage.history.oldest,
      erasuresMax: Math.max(limits.operationsMax, defaultLimits.operationsMax),
      ...limits,
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

  /** Goes on with the indexes that were being filled when the database was stopped. To be called once, when it is open. */
  resumeIndexBuilds(): void {
    this.#builder.resume();
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

  view(_principal: Principal, at?: AsOf): ReadView | Promise<ReadView> {
    return at === undefined ? this.#openView(this.#state.sequence) : this.#viewOf(at);
  }

  /**
   * From disk. Null when it is not kept or cannot be read: whoever asks has a conflict to tell, which stays one, whatever has become of the disk.
   */
  async #readOldVersion(id: string, version: number): Promise<Document | null> {
    try {
      const view = this.#openView(this.#state.sequence);
      return await view.documentVersion(id, version).finally(() => view.close());
    } catch (cause) {
      if (!(cause instanceof DatabaseError)) this.#onEvent?.({ kind: 'oldVersionUnreadable', id, version, cause });
      return null;
    }
  }

  async #viewOf(at: AsOf): Promise<ReadView> {
    this.#checkOpen();
    const sequence = await this.#sequenceOf(at);
    this.#checkKept(sequence);
    return this.#openView(sequence);
  }

  #openView(sequence: number): ReadView {
    this.#checkOpen();
    return this.#views.open(sequence);
  }

  async changes(_principal: Principal, request: ChangesRequest): Promise<ChangeStream> {
    this.#checkOpen();
    // The first subscription begins to listen to commits, and has to hear of each as a whole.
    await this.#state.whole();
    this.#checkOpen();
    return this.#feed.subscribe(request);
  }

  async commit(principal: Principal, operations: readonly Operation[], options: CommitOptions = {}): Promise<Commit> {
    return this.#write(() => this.#documentCommits.commit(principal.name, operations, options));
  }

  async replay(principal: Principal, request: IdempotentRequest): Promise<Commit | null> {
    this.#checkOpen();
    return this.#documentCommits.replay(principal.name, request);
  }

  async createTable(principal: Principal, name: string, settings: TableSettingsChange): Promise<Table> {
    await this.#write(() => this.#tables.create(principal.name, name, settings));
    return this.#tableNow(name);
  }

  async updateTable(principal: Principal, name: string, change: TableSettingsChange, dryRun: boolean): Promise<Table> {
    await this.#write(() => this.#tables.update(principal.name, name, change, dryRun));
    return this.#tableNow(name);
  }

  async dropTable(principal: Principal, name: string): Promise<void> {
    await this.#write(() => this.#tables.drop(principal.name, name));
  }

  async createIndex(principal: Principal, definition: IndexDefinition): Promise<TableIndex> {
    return this.#write(() => this.#indexes.create(principal.name, definition));
  }

  async dropIndex(principal: Principal, table: string, paths: readonly Path[]): Promise<void> {
    await this.#write(() => this.#indexes.drop(principal.name, table, paths.map(formatPath)));
  }

  async settings(_principal: Principal, prefix: string): Promise<readonly StoredSetting[]> {
    this.#checkOpen();
    return [...this.#state.settings(prefix)];
  }

  async putSettings(principal: Principal, settings: readonly StoredSetting[]): Promise<void> {
    const prepare = (context: PreparationContext) =>
      prepareRecords(context, ({ records }) => {
        for (const setting of settings) records.push({ kind: 'putSetting', setting });
      });
    await this.#write(() => this.#committer.write(principal.name, prepare));
  }

  /** Does what writes, and takes note of what becomes of writes. */
  async #write<T>(write: () => Promise<T>): Promise<T> {
    try {
      this.#checkOpen();
      const written = await write();
      if (this.#toldWriteState !== 'accepted') this.#tellWriteState();
      return written;
    } catch (error) {
      if (isRefusal(error)) this.#tellWriteState();
      throw error;
    }
  }

  /** The table after it was made or changed. @throws {TableNotFoundError} when it was dropped again. */
  async #tableNow(name: string): Promise<Table> {
    const table = await this.#tableReader.table(name);
    if (table === null) throw new TableNotFoundError(name);
    return table;
  }

  async status(_principal: Principal): Promise<DatabaseStatus> {
    return this.#status();
  }

  metrics(): DatabaseMetrics {
    const { log, queue } = this.#storage;
    return {
      ...this.#status(),
      pendingBytes: queue.pendingBytes,
      pendingBytesMax: this.#limits.pendingBytesMax,
      openViews: this.#views.size,
      columnBytes: this.#state.columnMemory.bytes,
      openSubscriptions: this.#feed.subscriptions,
      commitBatch: queue.batches,
      syncSeconds: log.syncMeter.seconds.values(),
      appendedBytes: log.appendedBytes,
      slowQueries: this.#slowQueries.count,
    };
  }

  #status(): DatabaseStatus {
    const { log, snapshot, history } = this.#storage;
    return {
      engine: 'embedded',
      epoch: log.epoch,
      sequence: this.#state.sequence,
      documents: this.#state.documentCount,
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
      indexBuilds: this.#tableReader.indexBuilds(),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.close();
    try {
      this.#closing.abort(stopping());
      this.#feed.close();
      await this.#builder.close();
      await this.#committer.idle();
      await this.#storage.close();
    } finally {
      this.#views.closeAll();
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
    if (this.#closed) throw stopping();
  }

  /** The commit that a view is to be as of. @throws {DatabaseError} `INVALID_ARGUMENT` when it is still to come, `HISTORY_GONE`. */
  async #sequenceOf(at: AsOf): Promise<number> {
    if ('sequence' in at) return at.sequence;
    const { sequence, committedAt } = this.#state;
    if (at.time >= committedAt) return sequence;
    return this.#storage.past.read(sequence, (files) => sequenceAt(files, at.time));
  }

  #checkKept(sequence: number): void {
    const newest = this.#state.sequence;
    if (sequence > newest) {
      throw new InvalidArgumentError(`asOf: there is no commit ${sequence} yet, the newest is ${newest}`, {
        path: 'asOf.sequence',
        expected: `a sequence up to ${newest}`,
      });
    }
    const { oldest } = this.#storage.history;
    if (sequence < oldest)
      throw new HistoryGoneError(`The state after commit ${sequence} is not kept any more`, oldest);
  }
}

function stopping(): DatabaseError {
  return new DatabaseError('OVERLOADED', 'The server is stopping', { retryAfterSeconds: 1 });
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.code === 'MEMORY_FULL' || error.code === 'STORAGE_FULL' || error.code === 'OVERLOADED';
}
