import type { Principal } from './principal.ts';

/** What an engine can do that can be backed up while it runs. */
export interface BackupProvider {
  /**
   * Begins a backup of the database as it is after one commit, which is among the newest. Writes go on meanwhile.
   * @throws {DatabaseError} `OVERLOADED` when one is under way already, `STORAGE_FULL` when the disk has no room for what it takes.
   */
  openBackup(principal: Principal): Promise<OpenBackup>;
}

/** The backup keeps files from being removed, so it is to be closed. */
export interface OpenBackup {
  /** The commit as of which it is. */
  readonly sequence: number;
  /** The backup as an archive in pieces, read once. Nothing is read ahead of whoever takes them. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Idempotent. */
  close(): Promise<void>;
}
