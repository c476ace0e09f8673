import type { Principal } from './principal.ts';
import type { SnapshotStatus } from './status.ts';

/** What whoever runs an engine can have it do at once that it otherwise does when it is due. Reads and writes go on meanwhile. */
export interface MaintenanceProvider {
  /**
   * Takes a snapshot that holds every commit acknowledged so far; when there is one already, it is that.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room for it, `OVERLOADED` when the database is being closed.
   */
  snapshot(principal: Principal): Promise<SnapshotStatus>;

  /**
   * Takes what was erased by now out of every file.
   * @throws {DatabaseError} `STORAGE_FULL` when there is no room to write a file again, `OVERLOADED` when the database is being closed.
   *   What was done by then stays done, and all of it can be asked for again.
   */
  compact(principal: Principal): Promise<Compaction>;
}

export interface Compaction {
  /** What was erased by commits up to this one is in no file any more. */
  readonly erasedOnDiskUpTo: number;
  /** Files that were written again; 0 when there was nothing to take out. */
  readonly files: number;
}
