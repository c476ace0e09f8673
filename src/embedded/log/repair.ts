import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type File, type FileSystem, listIfThere, writeFully } from '../ports/file-system.ts';
import { makeDurableFile, refusingNoSpace } from './durable-file.ts';
import { NoSpaceError } from './log-error.ts';
import type { LogEvent } from './log-event.ts';
import { newestFileName, segmentFileName, temporarySuffix, tornFileName, tornNames } from './log-files.ts';
import type { RecoveredLog } from './recovery.ts';
import { encodeNewestSegment, type NewestSegment } from './segment-header.ts';

/** How many torn tails are kept for whoever wants to look at them: a machine that crashes again and again fills no disk. */
const tornFilesMax = 8;

export interface RepairOptions {
  readonly fileSystem: FileSystem;
  /** `log/` of the data directory. */
  readonly directory: string;
  /** `snapshots/` of the data directory. */
  readonly snapshotDirectory: string;
  readonly onEvent: (event: LogEvent) => void;
}

/**
 * Makes durable what recovery read, before anything of it is served, and ready for what comes: cuts a torn tail off, writes the last
 * frame again, renews `newest`, removes what was left over. Every step may be repeated after a crash in any of them.
 *
 * The last frame is written again, with the frames before it that it did not know to be on disk, because they may be in the page
 * cache alone: a sync may have failed in the process before this one, after which the system takes the pages for clean, and another
 * sync would do nothing and succeed. The same goes for the names in the directory, which renewing `newest` dirties.
 *
 * @returns the newest segment, open for writing; the caller closes it.
 */
export async function repairLog(log: RecoveredLog, options: RepairOptions): Promise<File> {
  const { newest, newestPath, newestBytes } = log;
  const keptAs = newest.tail === null ? null : await keepTail(log, options);
  const file = newest.lastFrameAt === 0 ? await remakeSegment(log, options) : await rewriteLastFrames(log, options);
  try {
    await renewNewest(log, options);
    await removeLeftovers(options);
  } catch (error) {
    await file.close();
    throw error;
  }
  if (newest.tail !== null) {
    options.onEvent({
      kind: 'tailCut',
      file: newestPath,
      offset: newest.end,
      bytes: newestBytes.length - newest.end,
      reason: newest.tail,
      keptAs,
    });
  }
  return file;
}

/**
 * Renews `newest`. On a full disk it may stay as it is where it names the segment and that has a frame: whoever wrote that had both names on
 * disk before, and none of them has changed since. So what was read can be served, and is no less durable.
 */
async function renewNewest(
  { newest, newestRecorded }: RecoveredLog,
  { fileSystem, directory, onEvent }: RepairOptions,
): Promise<void> {
  const { databaseId, firstSequence } = newest.header;
  try {
    await recordNewest(fileSystem, directory, { databaseId, firstSequence });
  } catch (error) {
    if (!(error instanceof NoSpaceError) || !newestRecorded || newest.lastFrameAt === 0) throw error;
    onEvent({ kind: 'noSpace', file: error.file, cause: error.cause });
  }
}

/** Replaces `newest`. Until it is durable, nothing may be written to the segment that it names. */
export async function recordNewest(fileSystem: FileSystem, directory: string, newest: NewestSegment): Promise<void> {
  const file = await makeDurableFile(fileSystem, directory, newestFileName, encodeNewestSegment(newest));
  await file.close();
}

async function rewriteLastFrames(
  { newest, newestPath, newestBytes }: RecoveredLog,
  options: RepairOptions,
): Promise<File> {
  const file = await options.fileSystem.open(newestPath, 'write');
  try {
    if (newest.tail !== null) {
      await file.truncate(newest.end);
      await file.sync();
    }
    const lastFrames = newestBytes.subarray(newest.syncedTo, newest.end);
    await refusingNoSpace(newestPath, () => writeFully(file, lastFrames, newest.syncedTo));
    await file.sync();
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Of a segment without frames even the name may not be on disk: the first frame is written once it is. */
function remakeSegment({ newest, newestBytes }: RecoveredLog, { fileSystem, directory }: RepairOptions): Promise<File> {
  const name = segmentFileName(newest.header.firstSequence);
  return makeDurableFile(fileSystem, directory, name, newestBytes.subarray(0, newest.end));
}

/** @returns the path of the copy; null when the tail is all zeros, of which the report says all there is to say. */
async function keepTail({ newest, newestBytes }: RecoveredLog, options: RepairOptions): Promise<string | null> {
  const tail = newestBytes.subarray(newest.end);
  if (tail.every((byte) => byte === 0)) return null;
  const name = tornFileName(newest.header.firstSequence, newest.end, crc32(tail));
  const file = await makeDurableFile(options.fileSystem, options.directory, name, tail);
  await file.close();
  return join(options.directory, name);
}

async function removeLeftovers({ fileSystem, directory, snapshotDirectory }: RepairOptions): Promise<void> {
  const names = await fileSystem.list(directory);
  for (const name of tornNames(names).slice(0, -tornFilesMax)) await fileSystem.remove(join(directory, name));
  await removeTemporary(fileSystem, directory, names);
  await removeTemporary(fileSystem, snapshotDirectory, await listIfThere(fileSystem, snapshotDirectory));
}

async function removeTemporary(fileSystem: FileSystem, directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) if (name.endsWith(temporarySuffix)) await fileSystem.remove(join(directory, name));
}
