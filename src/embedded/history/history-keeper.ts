import { basename, dirname, join } from 'node:path';
import type { Compaction } from '../../database/maintenance.ts';
import type { HistoryStatus } from '../../database/status.ts';
import { DatabaseError } from '../../errors.ts';
import { CorruptionError } from '../log/log-error.ts';
import { segmentFileName } from '../log/log-files.ts';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, systemErrorCode } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import { type SnapshotName, snapshotFileName } from '../snapshot/snapshot-files.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { BackgroundSlice } from './background-slice.ts';
import { mergeBase } from './base-merge.ts';
import { eraseOnDisk, hasErasures } from './disk-erasure.ts';
import { readErasureMark, writeErasureMark } from './erasure-mark.ts';
import { FileGate } from './file-gate.ts';
import { FileRemoval } from './file-removal.ts';
import type { HistoryEvent, HistoryTask } from './history-event.ts';
import { type HistoryFiles, listHistory } from './history-files.ts';
import { type PruningPlan, planPruning } from './pruning-plan.ts';
import { SealedSegment, segmentPath } from './sealed-segment.ts';
import { SegmentCatalog } from './segment-catalog.ts';
import type { TimeSlice } from './time-slice.ts';

export interface HistoryKeeperOptions {
  /** Whose syncs of the log's directory the log knows of (`withLogDirectorySync`). */
  readonly fileSystem: FileSystem;
  /** The data directory, whose lock the caller holds and whose log it has recovered. */
  readonly directory: string;
  readonly databaseId: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes that the sealed segments behind the base may take before the oldest are pruned. Infinity: all are kept. */
  readonly bytesMax: number;
  /**
   * Called before an erasure on disk: seals the segment that is written to, then waits for a snapshot that was begun before to be done. Without it
   * a snapshot that still holds an erased document could appear once that was said to be gone.
   */
  readonly settle: () => Promise<void>;
  /** Whether a sync of a directory in which files are replaced or removed has failed, whoever asked for it. */
  readonly directoryInDoubt: () => boolean;
  /** Resolves when the reads of history that are under way have ended. */
  readonly readsEnded: () => Promise<void>;
  readonly onEvent?: (event: HistoryEvent) => void;
}

interface EraseRequest {
  readonly resolve: (compaction: Compaction) => void;
  readonly reject: (error: unknown) => void;
}

/** The reason with which background work is stopped. */
class KeeperClosedError extends DatabaseError {
  constructor() {
    super('OVERLOADED', 'The database is being closed', { retryAfterSeconds: 1 });
  }
}

/**
 * Keeps the history on disk in order while the database runs: makes the indexes of sealed segments, prunes what is beyond the bound, carries erasures
 * out, and removes what an interrupted pruning has left. One thing at a time, in slices between which other work is done.
 *
 * Life cycle: `open`, after recovery and before the first commit; `segmentSealed` and `snapshotTaken` whenever that happened; `close`.
 */
export class HistoryKeeper {
  readonly #options: HistoryKeeperOptions;
  readonly #logDirectory: string;
  readonly #catalog: SegmentCatalog;
  readonly #gate = new FileGate();
  readonly #stop = new AbortController();
  readonly #removal: FileRemoval;
  /** A snapshot is being read, which whoever takes snapshots may remove meanwhile. */
  #readingSnapshot: Promise<void> | null = null;
  /** Names of snapshots that were found damaged: they count for nothing. */
  readonly #damaged = new Set<string>();
  #oldest = 0;
  #erasedUpTo = 0;
  #eraseRequests: EraseRequest[] = [];
  /** Whether the last stop may have come between a pruning and the erasure that goes with it. */
  #mayHaveStopped = false;
  #running: Promise<void> | null = null;
  #again = false;

  /** Finds out what there is; begins its work. @throws {CorruptionError} The system's own error when a file cannot be read. */
  static async open(options: HistoryKeeperOptions): Promise<HistoryKeeper> {
    const keeper = new HistoryKeeper(options);
    const files = await keeper.#files();
    keeper.#mayHaveStopped = files.base !== undefined;
    await keeper.#catalog.begin(files.segments);
    await keeper.#catalog.refresh(files.segments);
    const { fileSystem, databaseId } = options;
    keeper.#erasedUpTo = await readErasureMark(fileSystem, keeper.#logDirectory, databaseId);
    keeper.#wake();
    return keeper;
  }

  private constructor(options: HistoryKeeperOptions) {
    this.#options = options;
    this.#logDirectory = join(options.directory, 'log');
    this.#catalog = new SegmentCatalog(options.fileSystem, this.#logDirectory);
    const { fileSystem, clock, readsEnded } = options;
    this.#removal = new FileRemoval({
      fileSystem,
      clock,
      signal: this.#stop.signal,
      change: (remove) => this.change(remove),
      readsEnded: async () => {
        await Promise.allSettled([readsEnded(), this.#readingSnapshot]);
      },
    });
  }

  /** The floor; bytes of the sealed segments behind the base, which is what the bound is for; erasures carried out on disk. */
  get status(): HistoryStatus {
    return { oldest: this.#oldest, bytes: this.#catalog.bytes, erasedOnDiskUpTo: this.#erasedUpTo };
  }

  /** @param lastSequence of the segment. */
  segmentSealed(lastSequence: number): void {
    this.#catalog.sealed(lastSequence);
    this.#wake();
  }

  snapshotTaken(): void {
    this.#wake();
  }

  /**
   * Carries out on disk every erasure that was applied by now.
   * @throws {DatabaseError} `OVERLOADED` when the keeper is being closed, what sealing the segment throws, `OUTCOME_UNKNOWN` when a directory could not
   *   be synced since the start. @throws {NoSpaceError}
   * @throws {CorruptionError} It is tried again with the next pruning.
   */
  eraseOnDisk(): Promise<Compaction> {
    const done = new Promise<Compaction>((resolve, reject) => {
      this.#eraseRequests.push({ resolve, reject });
    });
    this.#wake();
    return done;
  }

  /**
   * Keeps every file as it is for whoever copies them: none is removed or replaced until the returned function was called. Files may still be
   * added.
   */
  pin(): Promise<() => void> {
    return this.#gate.pin();
  }

  /**
   * Removes files of one directory when nobody has them pinned, and gives their room back so that no commit waits for it.
   * @throws {DatabaseError} `OVERLOADED` when the keeper is being closed. The system's own error.
   */
  remove(directory: string, names: readonly string[]): Promise<void> {
    return this.#removal.remove(directory, names);
  }

  /** Runs a change of files that others may have pinned, when they have not. */
  change<T>(change: () => Promise<T>): Promise<T> {
    return this.#gate.change(change, this.#stop.signal);
  }

  /** Runs what gives a new file its name in a directory where this one changes files. */
  add<T>(add: () => Promise<T>): Promise<T> {
    return this.#gate.add(add);
  }

  /** Resolves when there is nothing left to do. For tests and orderly stops; never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Stops what is being done: it is done again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort(new KeeperClosedError());
    await this.idle();
    this.#rejectRequests(this.#eraseRequests, this.#stop.signal.reason);
  }

  #wake(): void {
    this.#again = true;
    if (this.#stop.signal.aborted) {
      this.#rejectRequests(this.#eraseRequests, this.#stop.signal.reason);
      this.#eraseRequests = [];
    } else {
      this.#running ??= this.#work();
    }
  }

  async #work(): Promise<void> {
    // Whoever woke it goes first.
    await this.#options.clock.yield();
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      await this.#attempt('remove', () => this.#removeLeftovers());
      await this.#attempt('index', () => this.#makeIndexes());
      const pruned = await this.#attempt('prune', () => this.#prune());
      const requests = this.#eraseRequests;
      this.#eraseRequests = [];
      const erases = requests.length > 0 || ((this.#mayHaveStopped || pruned === true) && this.#hasErasures());
      this.#mayHaveStopped = false;
      if (erases) await this.#eraseFor(requests);
    }
    this.#running = null;
  }

  /** @returns undefined when it failed, which was reported. */
  async #attempt<T>(task: HistoryTask, run: () => Promise<T>): Promise<T | undefined> {
    if (this.#stop.signal.aborted) return undefined;
    try {
      return await run();
    } catch (error) {
      this.#failed(task, error);
      return undefined;
    }
  }

  #failed(task: HistoryTask, cause: unknown): void {
    if (cause === this.#stop.signal.reason && this.#stop.signal.aborted) return;
    this.#options.onEvent?.({ kind: 'historyFailed', task, cause });
  }

  #files(): Promise<HistoryFiles> {
    const { fileSystem, directory } = this.#options;
    return listHistory(fileSystem, directory).then((files) => {
      this.#oldest = files.base?.sequence ?? 0;
      return files;
    });
  }

  #slice(): TimeSlice {
    return new BackgroundSlice(this.#options.clock, this.#stop.signal);
  }

  async #makeIndexes(): Promise<void> {
    const files = await this.#files();
    await this.#catalog.refresh(files.segments);
    await this.#catalog.makeIndexes(this.#slice());
    this.#noteErasures();
  }

  /** What is behind the last erasure that was carried out holds none. */
  #noteErasures(): void {
    if (this.#hasErasures() || this.#options.directoryInDoubt()) return;
    this.#erasedUpTo = Math.max(this.#erasedUpTo, this.#catalog.lastSequence);
  }

  /** Whether there is an erasure in a sealed segment that was not carried out. */
  #hasErasures(): boolean {
    return this.#catalog.segments.some((segment) => hasErasures(segment, this.#erasedUpTo));
  }

  /** What is below the floor is no part of the database any more, so it may go in any order. */
  async #removeLeftovers(): Promise<void> {
    const files = await this.#files();
    await this.#renewBase(files);
    await this.remove(files.snapshotDirectory, files.leftInSnapshots);
    await this.remove(files.logDirectory, files.leftInLog);
    await this.#catalog.refresh(files.segments);
  }

  /**
   * Gives the base its name once more, durably, before anything is removed on its authority: the sync after which it would have been on disk may
   * have failed, in an earlier process even, and another one then does nothing and succeeds. Only while the database is whole without it: what is
   * below it goes after it was durable, so where something of that is gone the name is on disk.
   */
  async #renewBase({ base, baseBefore, snapshotDirectory, leftInLog, leftInSnapshots }: HistoryFiles): Promise<void> {
    if (base === undefined || (leftInLog.length === 0 && leftInSnapshots.length === 0)) return;
    if (!(await this.#reaches(baseBefore?.sequence ?? 0, base.sequence))) return;
    const { fileSystem } = this.#options;
    const path = join(snapshotDirectory, base.name);
    const other = join(snapshotDirectory, snapshotFileName(base.sequence, 'snapshot'));
    await this.change(async () => {
      await fileSystem.rename(path, other);
      await fileSystem.rename(other, path);
      await fileSystem.syncDirectory(snapshotDirectory);
    });
  }

  /** Whether there is every segment behind one sequence up to another. */
  async #reaches(from: number, to: number): Promise<boolean> {
    const { fileSystem } = this.#options;
    const names = await fileSystem.list(this.#logDirectory);
    let sequence = from;
    while (sequence < to) {
      const firstSequence = sequence + 1;
      if (!names.includes(segmentFileName(firstSequence))) return false;
      const segment = await SealedSegment.open(
        fileSystem,
        segmentPath(this.#logDirectory, firstSequence),
        firstSequence,
      );
      if (segment === null) return false;
      sequence = segment.lastSequence;
      await segment.close();
    }
    return true;
  }

  /** Raises the floor until history is within its bound, as far as the snapshots allow. @returns whether it was raised. */
  async #prune(): Promise<boolean> {
    let pruned = false;
    let baseDamaged = false;
    for (;;) {
      const files = await this.#files();
      const plan = await this.#plan(files, baseDamaged);
      if (plan === null) return pruned;
      try {
        await this.#raiseFloor(files, plan);
        pruned = true;
      } catch (error) {
        // A newer snapshot was taken meanwhile, and this one removed: what is there now decides.
        if (plan.kind === 'promote' && systemErrorCode(error) === 'ENOENT') continue;
        // Another snapshot may do.
        if (!(error instanceof CorruptionError)) throw error;
        this.#failed('prune', error);
        if (plan.kind === 'promote') this.#damaged.add(plan.snapshot.name);
        else if (!baseDamaged && isOf(error, files.base)) baseDamaged = true;
        else return pruned;
      }
    }
  }

  async #plan(files: HistoryFiles, baseDamaged: boolean): Promise<PruningPlan | null> {
    const { base } = files;
    return planPruning({
      bytesMax: this.#options.bytesMax,
      base,
      baseBytes: base === undefined ? 0 : await this.#sizeOf(join(files.snapshotDirectory, base.name)),
      snapshots: files.snapshots.filter((snapshot) => snapshot === base || !this.#damaged.has(snapshot.name)),
      segments: this.#catalog.segments,
      baseDamaged,
    });
  }

  async #raiseFloor(files: HistoryFiles, plan: PruningPlan): Promise<void> {
    const floor = plan.kind === 'promote' ? plan.snapshot.sequence : plan.sequence;
    const pruned = this.#catalog.segments.filter(({ lastSequence }) => lastSequence <= floor);
    const erases = pruned.some((segment) => hasErasures(segment, this.#erasedUpTo));
    // With these segments goes the knowledge that something was erased: what may hold it without their help goes first.
    if (erases) await this.remove(files.logDirectory, files.torn);
    if (plan.kind === 'promote') await this.#promote(files, plan.snapshot);
    else await this.#merge(files, plan.sequence);
    await this.#removeLeftovers();
    const bytes = pruned.reduce((sum, segment) => sum + segment.bytes, 0);
    this.#options.onEvent?.({ kind: 'historyPruned', oldest: floor, segments: pruned.length, bytes });
    this.#noteErasures();
  }

  /** A snapshot that stands where the floor is to be becomes the base by its name, once it was read and found good. */
  async #promote({ snapshotDirectory }: HistoryFiles, { name, sequence }: SnapshotName): Promise<void> {
    const { fileSystem } = this.#options;
    const path = join(snapshotDirectory, name);
    await this.#readSnapshot(() => this.#verify(path));
    await this.change(async () => {
      await fileSystem.rename(path, join(snapshotDirectory, snapshotFileName(sequence, 'base')));
      await fileSystem.syncDirectory(snapshotDirectory);
    });
  }

  /** Runs what reads a snapshot that others may remove: it stays whole until this has ended. One at a time. */
  async #readSnapshot(read: () => Promise<void>): Promise<void> {
    this.#readingSnapshot = read();
    try {
      await this.#readingSnapshot;
    } finally {
      this.#readingSnapshot = null;
    }
  }

  async #verify(path: string): Promise<void> {
    const reader = await SnapshotReader.open(this.#options.fileSystem, path);
    try {
      await reader.verify(this.#slice());
    } finally {
      await reader.close();
    }
  }

  async #merge({ base, snapshotDirectory }: HistoryFiles, sequence: number): Promise<void> {
    const { fileSystem, clock, random } = this.#options;
    const segments = this.#catalog.segments.filter(({ lastSequence }) => lastSequence <= sequence);
    await this.#catalog.withIndexes(segments, this.#slice(), async (indexes) => {
      const reader =
        base === undefined ? null : await SnapshotReader.open(fileSystem, join(snapshotDirectory, base.name));
      try {
        const { signal } = this.#stop;
        const exchange = (rename: () => Promise<void>) => this.add(rename);
        const directory = snapshotDirectory;
        await mergeBase({ fileSystem, clock, random, signal, directory, base: reader, indexes, exchange });
      } finally {
        await reader?.close();
      }
    });
  }

  async #eraseFor(requests: readonly EraseRequest[]): Promise<void> {
    try {
      this.#stop.signal.throwIfAborted();
      const files = await this.#erase();
      for (const { resolve } of requests) resolve({ erasedOnDiskUpTo: this.#erasedUpTo, files });
    } catch (error) {
      this.#failed('erase', error);
      this.#rejectRequests(requests, error);
    }
  }

  /** @returns how many files were written again. */
  async #erase(): Promise<number> {
    const { fileSystem, clock, random, databaseId, settle } = this.#options;
    await settle();
    await this.#makeIndexes();
    this.#checkDirectories();
    if (!this.#hasErasures()) return 0;
    const upTo = this.#catalog.lastSequence;
    const files = await this.#files();
    const rewritten = await eraseOnDisk({
      fileSystem,
      clock,
      random,
      files,
      catalog: this.#catalog,
      afterSequence: this.#erasedUpTo,
      slice: this.#slice(),
      signal: this.#stop.signal,
      readSnapshot: (read) => this.#readSnapshot(read),
      exchange: (rename) => this.change(rename),
    });
    await this.remove(files.logDirectory, files.torn);
    // A snapshot that others have removed must not be there again after a power cut.
    if (await isThere(fileSystem, files.snapshotDirectory)) await fileSystem.syncDirectory(files.snapshotDirectory);
    await fileSystem.syncDirectory(files.logDirectory);
    this.#checkDirectories();
    await writeErasureMark(fileSystem, files.logDirectory, databaseId, upTo);
    this.#erasedUpTo = upTo;
    this.#options.onEvent?.({ kind: 'erasedOnDisk', upTo, files: rewritten });
    return rewritten;
  }

  /** After a sync that failed the next one succeeds and proves nothing: what was replaced and removed could be there again after a power cut. */
  #checkDirectories(): void {
    if (!this.#options.directoryInDoubt()) return;
    throw new DatabaseError(
      'OUTCOME_UNKNOWN',
      'The disk failed when files were removed: whether what was erased is gone from it is not known. Look after the disk, restart the machine, and ask again.',
    );
  }

  #rejectRequests(requests: readonly EraseRequest[], error: unknown): void {
    for (const { reject } of requests) reject(error);
  }

  async #sizeOf(path: string): Promise<number> {
    const file = await this.#options.fileSystem.open(path, 'read');
    try {
      return await file.size();
    } finally {
      await file.close();
    }
  }
}

async function isThere(fileSystem: FileSystem, path: string): Promise<boolean> {
  return (await fileSystem.list(dirname(path))).includes(basename(path));
}

function isOf(error: CorruptionError, base: SnapshotName | undefined): boolean {
  return base !== undefined && error.position.file.endsWith(base.name);
}
