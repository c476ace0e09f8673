import type { WriteState } from '../database/status.ts';
import { type BodyLimits, defaultBodyLimits } from '../document/body-limits.ts';
import { changeWorkMaxDefault } from '../document/change-budget.ts';
import type { DatabaseError } from '../errors.ts';
import type { SlowQuery } from '../query/slow-query.ts';
import { columnBytesMaxDefault } from './columns/column-memory.ts';
import type { Clock } from './ports/clock.ts';
import type { FileSystem } from './ports/file-system.ts';
import type { HeapMeter } from './ports/heap-meter.ts';
import type { Random } from './ports/random.ts';
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
  /** Told of queries that take `slowQueryMs` or longer, of some of them when they are many; `omitted` were not told since the last. */
  readonly onSlowQuery?: (query: SlowQuery, omitted: number) => void;
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
  /** So many operations of a commit are carried out at once; more, or the drop of a table of more documents, in slices. */
  readonly operationsAtOnceMax: number;
  /** How long an idempotency key is remembered, in milliseconds from its commit on. */
  readonly idempotencyWindowMs: number;
  /** Idempotency keys that are remembered at once; more are refused with `OVERLOADED`. */
  readonly idempotencyKeysMax: number;
  /** What a body that a patch results in may be like. */
  readonly body: BodyLimits;
  /** Characters of JSON that the patches of one commit may copy and write, about. */
  readonly changeWorkMax: number;
  /** Paths that a conflict tells of; where more have changed, what holds them is told. */
  readonly changedPathsMax: number;
  /** Bytes of superseded versions that are kept in memory, for conflicts to tell what has changed. */
  readonly recentVersionsBytesMax: number;
  /** Bytes of commits that wait for the disk before more are refused with `OVERLOADED`. */
  readonly pendingBytesMax: number;
  /** How long a query may take, in milliseconds, before it counts as slow. */
  readonly slowQueryMs: number;
  /** Subscriptions to changes open at once. */
  readonly subscriptionsMax: number;
  /** Bytes of the newest commits that are kept in memory for subscribers; half as many again may be read from the log for those who are behind. */
  readonly feedBytesMax: number;
  /** How long a subscriber for whom there is nothing is told nothing while others commit, in milliseconds. */
  readonly progressMs: number;
  /** Read views open at once. */
  readonly viewsMax: number;
  /** Groups, and distinct values of all of them together, that one aggregate keeps at once. */
  readonly groupsMax: number;
  /** What views of the past may hold in memory of documents that were changed since, all of them together. */
  readonly pastBytesMax: number;
  /** What columns of values, which scans make of what they are asked for again, may take in memory, all of them together; 0 for none. */
  readonly columnBytesMax: number;
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
  /** Indexes of one table. */
  readonly indexesMax: number;
  /** Paths of one index. */
  readonly indexPathsMax: number;
}

export const defaultLimits: EmbeddedDatabaseLimits = Object.freeze({
  operationsMax: 10_000,
  operationsAtOnceMax: 256,
  idempotencyWindowMs: 24 * 60 * 60 * 1000,
  idempotencyKeysMax: 1_000_000,
  body: defaultBodyLimits,
  changeWorkMax: changeWorkMaxDefault,
  changedPathsMax: 100,
  recentVersionsBytesMax: 16 * 1024 * 1024,
  pendingBytesMax: 256 * 1024 * 1024,
  slowQueryMs: Number.POSITIVE_INFINITY,
  subscriptionsMax: 10_000,
  feedBytesMax: 32 * 1024 * 1024,
  progressMs: 10_000,
  viewsMax: 10_000,
  groupsMax: 100_000,
  pastBytesMax: 64 * 1024 * 1024,
  columnBytesMax: columnBytesMaxDefault,
  viewMsMax: 60_000,
  memoryBytesMax: Number.POSITIVE_INFINITY,
  stallMsMax: 5_000,
  segmentBytesMax: 64 * 1024 * 1024,
  snapshotLogBytes: 64 * 1024 * 1024,
  historyBytesMax: 4 * 1024 ** 3,
  indexesMax: 64,
  indexPathsMax: 8,
});
