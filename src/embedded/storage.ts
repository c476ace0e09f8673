import { join } from 'node:path';
import type { Compaction } from '../database/maintenance.ts';
import type { SharedTurns } from '../database/shared-turns.ts';
import type { HistoryStatus } from '../database/status.ts';
import { everything } from '../query/filter.ts';
import { CommitQueue } from './commit-queue.ts';
import { EmbeddedReadView } from './embedded-read-view.ts';
import { HistoryKeeper } from './history/history-keeper.ts';
import { HistoryReader } from './history/history-reader.ts';
import { withDirectorySync, withLogDirectorySync } from './history/log-directory-sync.ts';
import { Log, type LogPoint } from './log/log.ts';
import { NoSpaceError } from './log/log-error.ts';
import type { EncodedCommit } from './log/record.ts';
import type { Clock } from './ports/clock.ts';
import type { FileSystem } from './ports/file-system.ts';
import type { Random } from './ports/random.ts';
import { snapshotDirectoryName } from './snapshot/snapshot-files.ts';
import type { SnapshotInfo } from './snapshot/snapshot-info.ts';
import { type SnapshotCapture, Snapshotter } from './snapshot/snapshotter.ts';
import type { State } from './state.ts';
import type { StorageEvent } from './storage-event.ts';
import { TableReader } from './table-reader.ts';

export interface StorageOptions {
  readonly fileSystem: FileSystem;
  /** The data directory, whose lock the caller holds. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Empty: opening fills it. Snapshots are taken of it. */
  readonly state: State;
  /** What the scan of a snapshot shares the event loop with. */
  readonly scanTurns: SharedTurns;
  readonly syncIntervalMs: number | null;
  readonly segmentBytesMax: number;
  readonly pendingBytesMax: number;
  readonly snapshotLogBytes: number;
  readonly historyBytesMax: number;
  /** Called when commits in flight could not be written: they are gone. */
  readonly onCommitsLost: () => void;
  /** Called with whatever failed under the log; more than once when more fails. */
  readonly onFailure: (error: unknown) => void;
  readonly onEvent: (event: StorageEvent) => void;
}

/**
 * Everything of a database that is on disk: the log with the queue in front of it, the snapshots and the history behind it.
 *
 * Life cycle: `open` brings the state back; then commits through `queue`, snapshots and erasures at any time; then `close`.
 */
export class Storage {
  readonly log: Log;
  readonly queue: CommitQueue;
  /** Reads what is kept of the past. */
  readonly past: HistoryReader;
  readonly #options: StorageOptions;
  readonly #snapshotter: Snapshotter;
  readonly #history: HistoryKeeper;

  /** @throws as `openEmbeddedDatabase` does. */
  static async open(options: StorageOptions): Promise<Storage> {
    const { fileSystem, directory, clock, random, state, onFailure, onEvent } = options;
    let storage: Storage | null = null;
    const opened = Promise.withResolvers<Storage>();
    let directoryInDoubt = false;
    const watched = withDirectorySync(fileSystem, async (path) => {
      try {
        await fileSystem.syncDirectory(path);
      } catch (error) {
        directoryInDoubt = true;
        throw error;
      }
    });
    const log = await Log.open({
      fileSystem,
      directory,
      clock,
      random,
      syncIntervalMs: options.syncIntervalMs,
      segmentBytesMax: options.segmentBytesMax,
      onFailure,
      onSnapshot: ({ header, definitions, documents, keys }) => state.load({ ...header, definitions, documents, keys }),
      onCommit: (commit) => state.apply(commit),
      onEvent: (event) => {
        onEvent(event);
        if (event.kind === 'segmentSealed' && storage !== null) storage.#history.segmentSealed(event.lastSequence);
      },
    });
    const past = new HistoryReader({ fileSystem, directory, clock });
    try {
      const history = await HistoryKeeper.open({
        fileSystem: withLogDirectorySync(watched, join(directory, 'log'), async (sync) =>
          (await opened.promise).#syncLogDirectory(sync),
        ),
        directory,
        databaseId: log.databaseId,
        clock,
        random,
        bytesMax: options.historyBytesMax,
        settle: async () => (await opened.promise).#settle(),
        directoryInDoubt: () => directoryInDoubt,
        readsEnded: () => past.ended(),
        onEvent,
      });
      storage = new Storage(options, log, past, history, watched);
      opened.resolve(storage);
      return storage;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** @param watched the file system for what is renamed and removed behind the log. */
  private constructor(
    options: StorageOptions,
    log: Log,
    past: HistoryReader,
    history: HistoryKeeper,
    watched: FileSystem,
  ) {
    this.#options = options;
    this.log = log;
    this.past = past;
    this.#history = history;
    const { directory, clock, random, pendingBytesMax, onEvent } = options;
    const snapshotDirectory = join(directory, snapshotDirectoryName);
    this.queue = new CommitQueue({
      writer: { append: (commits) => this.#append(commits) },
      clock,
      pendingBytesMax,
      onFailure: (error) => {
        options.onCommitsLost();
        options.onFailure(error);
      },
    });
    this.#snapshotter = new Snapshotter({
      fileSystem: watched,
      directory: snapshotDirectory,
      clock,
      random,
      logBytesMax: options.snapshotLogBytes,
      newest: log.snapshot,
      damaged: log.report.damagedSnapshots,
      capture: () => this.#capture(),
      remove: (name) => history.remove(snapshotDirectory, [name]),
      add: (rename) => history.add(rename),
      onEvent: (event) => {
        onEvent(event);
        if (event.kind === 'snapshotTaken') history.snapshotTaken();
      },
    });
    this.#snapshotter.logGrew(this.#logBytes);
  }

  /** The newest that is whole; null before the first. */
  get snapshot(): SnapshotInfo | null {
    return this.#snapshotter.newest;
  }

  get history(): HistoryStatus {
    return this.#history.status;
  }

  /** As `EmbeddedDatabase.takeSnapshot`. */
  takeSnapshot(): Promise<SnapshotInfo> {
    return this.#snapshotter.take();
  }

  /** As `EmbeddedDatabase.eraseOnDisk`. */
  async eraseOnDisk(): Promise<Compaction> {
    try {
      return await this.#history.eraseOnDisk();
    } catch (error) {
      if (!(error instanceof NoSpaceError)) throw error;
      throw error.refusal(
        'what was erased is still in some files, each of which takes as much room again to be written anew. Free some',
      );
    }
  }

  /** As `EmbeddedDatabase.historyIdle`. */
  historyIdle(): Promise<void> {
    return this.#history.idle();
  }

  /** As `EmbeddedDatabase.pinFiles`. */
  pinFiles(): Promise<() => void> {
    return this.#history.pin();
  }

  /** Gives up what is done in the background, waits for the commits under way and ends the log cleanly. */
  async close(): Promise<void> {
    await Promise.all([this.#history.close(), this.#snapshotter.close()]);
    await this.queue.idle();
    await this.log.close();
  }

  /** How much log there is behind the snapshot with which the database was opened. */
  get #logBytes(): number {
    return this.log.report.bytes + this.log.appendedBytes;
  }

  async #append(commits: readonly EncodedCommit[]): Promise<void> {
    await this.log.append(commits);
    this.#snapshotter.logGrew(this.#logBytes);
  }

  /** The state between two frames, at the end of a segment that is sealed for it. */
  #capture(): Promise<SnapshotCapture> {
    return this.queue.barrier(async () => {
      const { sequence, seal } = await this.#rotate();
      const { databaseId, epoch } = this.log;
      const { state, clock, scanTurns } = this.#options;
      const { committedAt } = state;
      // No deadline: it is open for as long as it takes to list the documents, which no client decides.
      const view = new EmbeddedReadView({
        state,
        clock,
        scanTurns,
        tables: new TableReader(state, clock),
        history: this.past,
        deadlineMs: Number.POSITIVE_INFINITY,
      });
      return {
        header: { databaseId, epoch, seal, sequence, committedAt },
        logBytes: this.#logBytes,
        definitions: state.definitions(),
        keys: state.keys.pieces(),
        documents: view.scanDocuments({ filter: everything, archived: 'INCLUDE', orderBy: [] }),
        release: () => view.close(),
      };
    });
  }

  /** So that everything applied by now is in sealed segments, and no snapshot is under way that was begun before. */
  async #settle(): Promise<void> {
    await this.queue.barrier(() => this.#rotate());
    await this.#snapshotter.idle();
  }

  /** Between two frames, so that the log learns that it failed before it names a file itself or acknowledges anything. */
  #syncLogDirectory(sync: () => Promise<void>): Promise<void> {
    return this.queue.barrier(async () => {
      // What is in its directory is for the next start to find out.
      if (this.log.hasFailed) throw this.log.fail(null);
      try {
        await sync();
      } catch (error) {
        this.#options.onFailure(this.log.fail(error));
        throw error;
      }
    });
  }

  async #rotate(): Promise<LogPoint> {
    try {
      return await this.log.rotate();
    } catch (error) {
      this.#options.onFailure(error);
      throw error;
    }
  }
}
