import { basename, join } from 'node:path';
import type { OpenBackup } from '../../database/backup.ts';
import { DatabaseError } from '../../errors.ts';
import { listHistory } from '../history/history-files.ts';
import { segmentFileName } from '../log/log-files.ts';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, systemErrorCode } from '../ports/file-system.ts';
import { snapshotDirectoryName } from '../snapshot/snapshot-files.ts';
import type { SnapshotHeader } from '../snapshot/snapshot-header.ts';
import type { SnapshotInfo } from '../snapshot/snapshot-info.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { type BackupSource, backupArchive, type SourceFile } from './backup-stream.ts';

export interface DatabaseBackupsOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** The data directory. */
  readonly directory: string;
  /** Of the database, at the moment. */
  readonly epoch: () => string;
  /** Takes a snapshot that holds every commit acknowledged so far; the segment that ends with it is sealed. */
  readonly takeSnapshot: () => Promise<SnapshotInfo>;
  /** Keeps every file from being removed or replaced, until the function that it resolves to is called. */
  readonly pin: () => Promise<() => void>;
}

/**
 * Backs a database up while it runs: takes a snapshot, then hands out the base, that snapshot and every segment between them, none of
 * which changes any more. One backup at a time, since each keeps files from being removed.
 */
export class DatabaseBackups {
  readonly #options: DatabaseBackupsOptions;
  #busy = false;

  constructor(options: DatabaseBackupsOptions) {
    this.#options = options;
  }

  /** @throws {DatabaseError} as `BackupProvider` says, and what taking a snapshot throws. */
  async open(): Promise<OpenBackup> {
    if (this.#busy) {
      throw new DatabaseError('OVERLOADED', 'Another backup is under way: try again when it is done', {
        retryAfterSeconds: 1,
      });
    }
    this.#busy = true;
    const held: (() => Promise<void> | void)[] = [
      () => {
        this.#busy = false;
      },
    ];
    let closed: Promise<void> | null = null;
    const close = (): Promise<void> => {
      closed ??= release(held);
      return closed;
    };
    try {
      const source = await this.#source(held);
      return { sequence: source.sequence, archive: backupArchive(this.#options.fileSystem, source), close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  async #source(held: (() => Promise<void> | void)[]): Promise<BackupSource> {
    const { fileSystem, clock, directory, epoch } = this.#options;
    const { path, sequence, digest } = await this.#pinSnapshot(held);
    const { databaseId, committedAt } = await headerOf(fileSystem, path);
    const { base, segments, logDirectory, snapshotDirectory } = await listHistory(fileSystem, directory);
    const snapshots = new Set([...(base === undefined ? [] : [base.name]), basename(path)]);
    const paths = [
      ...Array.from(snapshots, (name) => [snapshotDirectoryName, join(snapshotDirectory, name)] as const),
      ...segments
        .filter((firstSequence) => firstSequence <= sequence)
        .map((firstSequence) => ['log', join(logDirectory, segmentFileName(firstSequence))] as const),
    ];
    const files: SourceFile[] = [];
    for (const [folder, file] of paths) {
      files.push({ name: `${folder}/${basename(file)}`, path: file, bytes: await sizeOf(fileSystem, file) });
    }
    return {
      databaseId,
      epoch: epoch(),
      sequence,
      committedAt: sequence === 0 ? null : committedAt,
      createdAt: clock.now(),
      stateDigest: digest,
      files,
    };
  }

  /**
   * Takes a snapshot, then the pin: the other way round, the snapshot would wait for the pin to remove older ones. In between it may have been
   * removed or replaced already, so it is looked at, and taken again if need be.
   */
  async #pinSnapshot(held: (() => Promise<void> | void)[]): Promise<SnapshotInfo> {
    const { fileSystem, takeSnapshot, pin } = this.#options;
    for (;;) {
      const snapshot = await takeSnapshot();
      const unpin = await pin();
      if (await isStill(fileSystem, snapshot)) {
        held.push(unpin);
        return snapshot;
      }
      unpin();
    }
  }
}

async function isStill(fileSystem: FileSystem, { path, digest }: SnapshotInfo): Promise<boolean> {
  let reader: SnapshotReader;
  try {
    reader = await SnapshotReader.open(fileSystem, path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
  await reader.close();
  return reader.footer.digest === digest;
}

async function headerOf(fileSystem: FileSystem, path: string): Promise<SnapshotHeader> {
  const reader = await SnapshotReader.open(fileSystem, path);
  await reader.close();
  return reader.header;
}

/** All of them, in the opposite order, whatever becomes of each. */
async function release(held: readonly (() => Promise<void> | void)[]): Promise<void> {
  const results = await Promise.allSettled(held.toReversed().map(async (letGo) => letGo()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function sizeOf(fileSystem: FileSystem, path: string): Promise<number> {
  const file = await fileSystem.open(path, 'read');
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}
