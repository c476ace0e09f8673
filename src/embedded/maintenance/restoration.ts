import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { formatTime } from '../../document/timestamp.ts';
import { lockDirectory } from '../directory-lock.ts';
import { segmentFileName, segmentNames, temporarySuffix } from '../log/log-files.ts';
import { recordNewest } from '../log/repair.ts';
import { sealBytes } from '../log/segment-header.ts';
import type { Clock } from '../ports/clock.ts';
import { makeDurableDirectory } from '../ports/durable-directory.ts';
import { type FileSystem, listIfThere, systemErrorCode } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import { snapshotDirectoryName, snapshotNames } from '../snapshot/snapshot-files.ts';
import { ArchiveError } from './archive-error.ts';
import type { BackupFile, BackupManifest } from './backup-manifest.ts';
import type { Backup } from './backup-reader.ts';
import { writeDurableFile } from './file-transfer.ts';
import { beginEpoch, writeEndedSegment } from './log-ending.ts';
import { type ScanProgress, scanLog } from './log-scan.ts';
import { findLogStart } from './snapshot-scan.ts';
import { verify } from './verification.ts';

export interface RestoreOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly backup: Backup;
  /** The data directory to make: it must be empty, or not there. */
  readonly directory: string;
  /** Null for all that the backup holds. A time (in milliseconds since the Unix epoch) means the last commit at or before it. */
  readonly to: { readonly sequence: number } | { readonly time: number } | null;
  /** Called when the directory was found empty and is locked: what is in it from here on was made here. */
  readonly onBegin?: () => void;
  readonly onProgress?: (text: string) => void;
}

export interface Restored {
  readonly databaseId: string;
  /** A new one. */
  readonly epoch: string;
  readonly sequence: number;
  readonly committedAt: number | null;
  readonly documents: number;
  readonly stateDigest: string;
}

/** What was asked for cannot be had of this backup, or not there. Nothing was changed. */
export class RestoreRefusedError extends Error {
  override readonly name = 'RestoreRefusedError';
}

/**
 * @param locked whether the lock of the directory is held, so that its file is there.
 * @throws {RestoreRefusedError} when there is something in the directory.
 */
export async function checkEmpty(fileSystem: FileSystem, directory: string, locked = false): Promise<void> {
  let names: readonly string[] = [];
  try {
    names = await fileSystem.list(directory);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  // The root of a file system of its own, such as a volume, is never quite empty.
  const [first] = names.filter((name) => name !== 'lost+found' && !(locked && name === 'lock'));
  if (first === undefined) return;
  throw new RestoreRefusedError(
    `${directory} is not empty (it holds '${first}'): a backup is restored into an empty directory, or one that is not there yet`,
  );
}

/**
 * Makes a data directory of a backup: copies its files and checks each, verifies all of it, compares the digest of the state, cuts the
 * log where that is asked for, and begins a new epoch. The segment of that epoch is made last, and `log/newest` names a later one
 * or that very one from the start: a directory that was not finished never opens. What was begun is left to the caller to remove.
 * @throws {RestoreRefusedError} when the directory is not empty, or the backup does not reach back or forth so far.
 * @throws {ArchiveError} when the backup is not what its manifest says. @throws {DirectoryLockedError} @throws {NewerFormatError}
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { fileSystem, directory, backup, to } = options;
  const { manifest } = backup;
  checkReach(manifest, to);
  await checkEmpty(fileSystem, directory);
  const lock = await lockDirectory(directory, fileSystem);
  try {
    await checkEmpty(fileSystem, directory, true);
    options.onBegin?.();
    const log = join(directory, 'log');
    const { databaseId } = manifest;
    await makeDurableDirectory(fileSystem, log);
    await recordNewest(fileSystem, log, { databaseId, firstSequence: manifest.sequence + 1 });
    await copyFiles(options);
    const whole = await verifyCopy(options, manifest.sequence, false);
    if (whole.stateDigest !== manifest.stateDigest) {
      throw new ArchiveError(
        `the state at commit ${manifest.sequence} has the digest ${whole.stateDigest}, not ${manifest.stateDigest} as in the manifest`,
      );
    }
    const sequence = await targetSequence(options);
    const isCut = sequence < manifest.sequence;
    if (isCut) await cutLog(options, sequence);
    const verified = isCut ? await verifyCopy(options, sequence, true) : whole;
    const { documents, stateDigest, committedAt, previousSeal } = verified;
    const next = { databaseId, firstSequence: sequence + 1 };
    const epoch = await beginEpoch(options, log, { ...next, previousSeal });
    await recordNewest(fileSystem, log, next);
    return { databaseId, epoch, sequence, committedAt, documents, stateDigest };
  } finally {
    await lock.release();
  }
}

interface VerifiedCopy {
  readonly documents: number;
  readonly stateDigest: string;
  readonly committedAt: number | null;
  /** With which the log ends. */
  readonly previousSeal: Uint8Array;
}

/** @throws {ArchiveError} when anything is wrong with what was copied, or it does not end with the commit. */
async function verifyCopy(options: RestoreOptions, sequence: number, cut: boolean): Promise<VerifiedCopy> {
  const start = await findLogStart(options);
  let previousSeal = start.seal ?? Buffer.alloc(sealBytes);
  let sealed = true;
  const report = await verify({ ...options, checkNewest: false, cut }, (part) => {
    if (part.kind !== 'frame') return;
    sealed = part.commits.length === 0;
    previousSeal = part.position.link;
  });
  const [problem] = report.problems;
  if (problem !== undefined) throw new ArchiveError(`the backup is damaged: ${problem.file}: ${problem.reason}`);
  const { documents, stateDigest, committedAt } = report;
  if (documents === null || stateDigest === null || report.tail !== null || report.sequence !== sequence) {
    throw new ArchiveError(
      `the backup ends with commit ${report.sequence}, and not with ${sequence} as its manifest says`,
    );
  }
  if (!sealed) throw new ArchiveError('the last segment of the backup is not sealed');
  const { databaseId } = options.backup.manifest;
  if ((report.databaseId ?? start.databaseId ?? databaseId) !== databaseId) {
    throw new ArchiveError(
      `the backup is of database ${report.databaseId}, and not of ${databaseId} as its manifest says`,
    );
  }
  return { documents, stateDigest, committedAt, previousSeal };
}

async function copyFiles({ fileSystem, directory, backup, onProgress }: RestoreOptions): Promise<void> {
  const { files } = backup.manifest;
  for (const [index, file] of files.entries()) {
    onProgress?.(`copying file ${index + 1} of ${files.length}`);
    const [folder = '', name = ''] = file.name.split('/');
    await makeDurableDirectory(fileSystem, join(directory, folder));
    await writeDurableFile(fileSystem, join(directory, folder), name, backup.read(file));
  }
}

/** Of a segment its first commit, of a snapshot its last. */
function sequenceOf(name: BackupFile['name']): number {
  return Number(/\d{20}/.exec(name)?.[0]);
}

/** The commit behind which the log of the backup begins. */
function floorOf({ files }: BackupManifest): number {
  return Math.max(0, ...files.filter(({ name }) => name.endsWith('.base')).map(({ name }) => sequenceOf(name)));
}

function checkReach(manifest: BackupManifest, to: RestoreOptions['to']): void {
  if (to === null || !('sequence' in to)) return;
  const floor = floorOf(manifest);
  if (to.sequence >= floor && to.sequence <= manifest.sequence) return;
  throw new RestoreRefusedError(
    `the backup reaches from commit ${floor} to ${manifest.sequence}, so it cannot be restored to commit ${to.sequence}`,
  );
}

/** The last commit of what is to be restored. */
async function targetSequence(options: RestoreOptions): Promise<number> {
  const { to, backup, fileSystem, clock, directory, onProgress } = options;
  if (to === null) return backup.manifest.sequence;
  if ('sequence' in to) return to.sequence;
  const start = await findLogStart(options);
  let oldest = start.committedAt;
  let found = oldest !== null && oldest <= to.time ? start.sequence : null;
  const scan = {
    fileSystem,
    clock,
    directory,
    start,
    checkNewest: false,
    onProgress: ({ segment, segments }: ScanProgress) =>
      onProgress?.(`looking for the time in segment ${segment} of ${segments}`),
  };
  for await (const part of scanLog(scan)) {
    if (part.kind !== 'frame') continue;
    for (const { sequence, committedAt } of part.commits) {
      oldest ??= committedAt;
      // The clock may have been set back: the last commit is the one with the greatest sequence.
      if (committedAt <= to.time) found = sequence;
    }
  }
  if (found !== null) return found;
  const from = oldest === null ? 'holds no commit' : `begins at ${formatTime(oldest)}`;
  throw new RestoreRefusedError(`the backup ${from}, so it cannot be restored to ${formatTime(to.time)}`);
}

/** Takes out what is behind the commit, and ends the segment that holds it with it. */
async function cutLog({ fileSystem, directory }: RestoreOptions, sequence: number): Promise<void> {
  const folder = join(directory, snapshotDirectoryName);
  const { snapshots } = snapshotNames(await listIfThere(fileSystem, folder));
  for (const { name } of snapshots.filter((snapshot) => snapshot.sequence > sequence)) {
    await fileSystem.remove(join(folder, name));
  }
  if (snapshots.length > 0) await fileSystem.syncDirectory(folder);
  const log = join(directory, 'log');
  const { segments } = segmentNames(await fileSystem.list(log));
  for (const name of segments.filter((segment) => segment > segmentFileName(sequence))) {
    await fileSystem.remove(join(log, name));
  }
  const last = segments.findLast((name) => name <= segmentFileName(sequence));
  if (last !== undefined) {
    const path = join(log, last);
    const seal = await writeEndedSegment(fileSystem, path, log, sequence).catch((error: unknown) => {
      throw error instanceof RangeError ? new ArchiveError(`the backup is damaged: ${error.message}`) : error;
    });
    if (seal !== null) await fileSystem.rename(path + temporarySuffix, path);
  }
  await fileSystem.syncDirectory(log);
}
