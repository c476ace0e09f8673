export interface DatabaseStatus {
  /** The kind of engine: `embedded`. */
  readonly engine: string;
  /** A UUID. A sequence means something within one epoch only. */
  readonly epoch: string;
  /** The newest commit that readers see; 0 before the first. */
  readonly sequence: number;
  /** Documents that are not erased, archived ones included. */
  readonly documents: number;
  readonly durability: Durability;
  /** At durability `interval`, the milliseconds whose acknowledged commits a power cut may lose; null at `sync`. */
  readonly syncIntervalMs: number | null;
  readonly writes: WriteState;
  readonly memory: MemoryUse;
  readonly recovery: RecoveryReport;
  /** The newest; null before the first. */
  readonly snapshot: SnapshotStatus | null;
  readonly history: HistoryStatus;
  /** Indexes that are being filled. */
  readonly indexBuilds: readonly IndexBuild[];
}

/** How far the filling of an index is. */
export interface IndexBuild {
  readonly table: string;
  /** As `formatPath` writes them. */
  readonly paths: readonly string[];
  /** Documents that are in it so far, of `documents` that it will have. */
  readonly filled: number;
  readonly documents: number;
}

/**
 * What becomes of writes now. `accepted`; `stalled`: they wait for a disk that has not answered for long; `storageFull`: the last one found
 * no room on the disk; `memoryFull`: creates and updates are refused; `failed`: the disk failed, and nothing is written any more.
 */
export type WriteState = 'accepted' | 'stalled' | 'storageFull' | 'memoryFull' | 'failed';

export interface MemoryUse {
  /** What the documents take, about, those included that are kept for whoever is reading. */
  readonly bytes: number;
  /** Beyond it, creates and updates are refused; null when there is no limit. */
  readonly bytesMax: number | null;
}

/**
 * When a commit is acknowledged. `sync`: it is on disk by then. `interval`: it is written but not synced. It survives the end of the
 * process, however it comes; a power cut or a crash of the machine may lose those of the last `syncIntervalMs`.
 */
export type Durability = 'sync' | 'interval';

/** What is kept of the past. */
export interface HistoryStatus {
  /** The lowest sequence whose state is still kept. */
  readonly oldest: number;
  /** Of the log that holds it. */
  readonly bytes: number;
  /** What was erased by commits up to this one is in no file any more. */
  readonly erasedOnDiskUpTo: number;
}

/** A file that holds the whole state as of one commit, and makes a start short. */
export interface SnapshotStatus {
  /** The newest commit in it. */
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly documents: number;
  readonly bytes: number;
}

/** What the engine did to bring the database back when it opened it. */
export interface RecoveryReport {
  /** What it began with; null when every commit was read. */
  readonly snapshot: SnapshotStatus | null;
  /** Names of snapshot files that were found damaged and left as they are; others served in their place. */
  readonly damagedSnapshots: readonly string[];
  /** What was read of the log behind the snapshot. */
  readonly segments: number;
  readonly frames: number;
  readonly commits: number;
  readonly bytes: number;
  /**
   * Bytes of a torn end of the log that were set aside and cut off. No acknowledged commit is among them, unless `epochBegun` tells
   * otherwise.
   */
  readonly truncatedBytes: number;
  readonly milliseconds: number;
  /** Whether the log ended with the mark of a clean stop, or was empty. */
  readonly clean: boolean;
  /**
   * Whether a new epoch began, because the database had not been stopped cleanly at durability `interval`: acknowledged commits may
   * be lost, and their sequences be given again.
   */
  readonly epochBegun: boolean;
}
