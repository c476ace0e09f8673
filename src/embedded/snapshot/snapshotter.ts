import { join } from 'node:path';
import type { Document } from '../../document/document.ts';
import { DatabaseError } from '../../errors.ts';
import { BackgroundSlice } from '../history/background-slice.ts';
import type { TimeSlice } from '../history/time-slice.ts';
import { NoSpaceError } from '../log/log-error.ts';
import type { Definitions, KeyRecord } from '../log/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { FileSystem } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import type { SnapshotEvent } from './snapshot-event.ts';
import { snapshotNames } from './snapshot-files.ts';
import type { SnapshotHeader } from './snapshot-header.ts';
import { infoOf, type SnapshotInfo } from './snapshot-info.ts';
import { type SnapshotContentWriter, writeSnapshot } from './snapshot-writer.ts';
import { runLengthMax, SortedRuns } from './sorted-runs.ts';

/** The state as of one commit, which is the last of a sealed segment. */
export interface SnapshotCapture {
  readonly header: Omit<SnapshotHeader, 'salt' | 'createdAt'>;
  /** How much the log had grown by then, as `logGrew` counts. */
  readonly logBytes: number;
  readonly definitions: Definitions;
  /** In any order, in slices between which others run. */
  readonly documents: AsyncIterable<readonly Document[]>;
  /** In the order of their commits, in pieces; of one id the last counts. */
  readonly keys: readonly (readonly KeyRecord[])[];
  /** Lets go of what keeps `documents` as they were. */
  release(): void;
}

export interface SnapshotterOptions {
  readonly fileSystem: FileSystem;
  /** `snapshots/` of the data directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes that the log grows by between two snapshots; half the size of the last one when that is more. */
  readonly logBytesMax: number;
  /** The newest that is whole; null when there is none. */
  readonly newest: SnapshotInfo | null;
  /** Names of those known to be damaged; a base among them is left to others. */
  readonly damaged: readonly string[];
  readonly capture: () => Promise<SnapshotCapture>;
  /** Removes the file of this name from `directory`, durably, when nobody needs it to stay. */
  readonly remove: (name: string) => Promise<void>;
  /** Runs what gives a file its name, when nobody else does so. */
  readonly add: (rename: () => Promise<void>) => Promise<void>;
  readonly onEvent: (event: SnapshotEvent) => void;
}

/** How many are kept besides the base. */
const keptSnapshots = 2;

/**
 * Takes snapshots, one at a time: on command, and in the background when the log has grown. The database does not depend on any of
 * them: one that fails leaves nothing behind and is tried again when the log has grown further.
 *
 * Life cycle: told of the log by `logGrew`; `take` at any time; then `close`.
 */
export class Snapshotter {
  readonly #options: SnapshotterOptions;
  readonly #abort = new AbortController();
  readonly #damaged: Set<string>;
  #newest: SnapshotInfo | null;
  /** What `logGrew` must reach for the next one. */
  #dueAt: number;
  #running: Promise<SnapshotInfo> | null = null;
  /** The one to be taken when the running one is done. */
  #following: Promise<SnapshotInfo> | null = null;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#newest = options.newest;
    const { snapshots } = snapshotNames(options.damaged);
    this.#damaged = new Set(snapshots.filter(({ role }) => role === 'snapshot').map(({ name }) => name));
    // One that was lost is replaced at once.
    this.#dueAt = this.#damaged.size > 0 ? 0 : this.#growthMax;
  }

  /** The newest that is whole; null before the first. */
  get newest(): SnapshotInfo | null {
    return this.#newest;
  }

  /** @param logBytes how much log there is behind the newest snapshot that there was at the beginning. */
  logGrew(logBytes: number): void {
    const isUnderWay = this.#running !== null || this.#following !== null;
    if (logBytes < this.#dueAt || isUnderWay || this.#abort.signal.aborted) return;
    // Until it has succeeded: if it fails, the next one is tried after as much again.
    this.#dueAt = logBytes + this.#growthMax;
    // What it rejects with was told as an event.
    this.take().catch(() => undefined);
  }

  /**
   * Takes a snapshot that holds every commit acknowledged so far. When there is one already, it is that.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room, `OVERLOADED` when the database is being closed, `OUTCOME_UNKNOWN`
   *   when the disk failed under the log. The system's own error when it failed under the snapshot.
   */
  take(): Promise<SnapshotInfo> {
    // The one that follows is waited for even in the moment when none is running: two at once would write one file.
    if (this.#following !== null) return this.#following;
    if (this.#running === null) return this.#start();
    // The one that is running may have begun before the caller's last commit.
    this.#following = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#following = null;
        return this.#start();
      });
    return this.#following;
  }

  /** Resolves when none is being taken. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== null) await Promise.allSettled([this.#running]);
  }

  /** Gives up the one that is running, which leaves nothing behind, and resolves when that is done. */
  async close(): Promise<void> {
    this.#abort.abort(new DatabaseError('OVERLOADED', 'The server is stopping', { retryAfterSeconds: 1 }));
    await Promise.allSettled([this.#following, this.#running]);
  }

  get #growthMax(): number {
    return Math.max(this.#options.logBytesMax, (this.#newest?.bytes ?? 0) / 2);
  }

  #start(): Promise<SnapshotInfo> {
    const running = this.#take().finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #take(): Promise<SnapshotInfo> {
    const { signal } = this.#abort;
    const startedAt = this.#options.clock.monotonic();
    try {
      signal.throwIfAborted();
      const capture = await this.#options.capture();
      let sorted: SortedRuns<Document>;
      try {
        const existing = this.#existing(capture);
        if (existing !== null) return existing;
        sorted = await sortDocuments(capture.documents, new BackgroundSlice(this.#options.clock, signal));
      } finally {
        capture.release();
      }
      const taken = await this.#write(capture, sorted, startedAt);
      await this.#removeOlder();
      return taken;
    } catch (error) {
      if (!signal.aborted) this.#options.onEvent({ kind: 'snapshotFailed', cause: error });
      throw error instanceof NoSpaceError ? error.refusal('no snapshot was taken. Free some space') : error;
    }
  }

  #existing({ header }: SnapshotCapture): SnapshotInfo | null {
    return this.#newest !== null && this.#newest.sequence === header.sequence && this.#damaged.size === 0
      ? this.#newest
      : null;
  }

  async #write(
    { header, logBytes, definitions, keys }: SnapshotCapture,
    sorted: SortedRuns<Document>,
    startedAt: number,
  ): Promise<SnapshotInfo> {
    const { fileSystem, directory, clock, random, add, onEvent } = this.#options;
    const { signal } = this.#abort;
    const content = async (writer: SnapshotContentWriter): Promise<void> => {
      writer.definitions(definitions);
      for (const document of sorted.merged()) {
        writer.document(document);
        if (writer.due) await writer.pause();
      }
      for (const key of newestOfEach(await sortKeys(keys, new BackgroundSlice(clock, signal)))) {
        writer.key(key);
        if (writer.due) await writer.pause();
      }
    };
    const written = await writeSnapshot({
      fileSystem,
      directory,
      role: 'snapshot',
      header,
      clock,
      random,
      signal,
      exchange: add,
      content,
    });
    const info = infoOf(written);
    this.#newest = info;
    this.#damaged.delete(written.name);
    this.#dueAt = logBytes + this.#growthMax;
    const { path: file, sequence, documents: count, bytes } = info;
    const milliseconds = clock.monotonic() - startedAt;
    onEvent({ kind: 'snapshotTaken', file, sequence, documents: count, bytes, milliseconds });
    return info;
  }

  /** Two are kept that are not known to be damaged; the base is not ours. */
  async #removeOlder(): Promise<void> {
    const { fileSystem, directory, remove, onEvent } = this.#options;
    const { snapshots } = snapshotNames(await fileSystem.list(directory));
    const own = snapshots.filter(({ role }) => role === 'snapshot').map(({ name }) => name);
    const kept = own.filter((name) => !this.#damaged.has(name)).slice(-keptSnapshots);
    for (const name of own.filter((candidate) => !kept.includes(candidate))) {
      try {
        await remove(name);
        this.#damaged.delete(name);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        onEvent({ kind: 'snapshotNotRemoved', file: join(directory, name), cause: error });
      }
    }
  }
}

/** Chunks that are sorted one at a time, to be merged later. The documents are held, whatever later commits do to them. */
async function sortDocuments(
  slices: AsyncIterable<readonly Document[]>,
  slice: TimeSlice,
): Promise<SortedRuns<Document>> {
  const runs = new SortedRuns<Document>();
  for await (const documents of slices) {
    for (let start = 0; start < documents.length; start += runLengthMax) {
      runs.add(documents.slice(start, start + runLengthMax));
      if (slice.due) await slice.pause();
    }
  }
  return runs;
}

async function sortKeys(pieces: readonly (readonly KeyRecord[])[], slice: TimeSlice): Promise<SortedRuns<KeyRecord>> {
  const runs = new SortedRuns<KeyRecord>();
  for (const keys of pieces) {
    for (let start = 0; start < keys.length; start += runLengthMax) runs.add(keys.slice(start, start + runLengthMax));
    if (slice.due) await slice.pause();
  }
  return runs;
}

/** A key may have been used again, by a later commit, before the first use was forgotten. */
function* newestOfEach(sorted: SortedRuns<KeyRecord>): Generator<KeyRecord> {
  let newest: KeyRecord | undefined;
  for (const key of sorted.merged()) {
    if (newest !== undefined && newest.id !== key.id) yield newest;
    if (newest?.id !== key.id || newest.sequence < key.sequence) newest = key;
  }
  if (newest !== undefined) yield newest;
}
