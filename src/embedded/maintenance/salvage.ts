import { Buffer } from 'node:buffer';
import { basename, dirname, join } from 'node:path';
import { formatTime } from '../../document/timestamp.ts';
import { erasureMarkName } from '../history/erasure-mark.ts';
import { newestFileName, segmentNames, temporarySuffix } from '../log/log-files.ts';
import { recordNewest } from '../log/repair.ts';
import { sealBytes } from '../log/segment-header.ts';
import type { Clock } from '../ports/clock.ts';
import { makeDurableDirectory } from '../ports/durable-directory.ts';
import { type FileSystem, listIfThere } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import {
  type SnapshotName,
  snapshotDirectoryName,
  snapshotFileName,
  snapshotNames,
} from '../snapshot/snapshot-files.ts';
import { readChunks, writeDurableFile } from './file-transfer.ts';
import { beginEpoch, writeEndedSegment } from './log-ending.ts';
import { LogRuns, type Run, type RunSegment } from './log-runs.ts';
import { type ScanProgress, scanLog } from './log-scan.ts';
import type { Problem } from './problem.ts';
import { type GoodSnapshot, type SnapshotScan, scanSnapshots } from './snapshot-scan.ts';

export interface SalvageOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** The data directory. */
  readonly directory: string;
  readonly onProgress?: (text: string) => void;
}

/** What can be saved of a damaged database, and what that costs. */
export interface SalvagePlan {
  readonly problems: readonly Problem[];
  /** The lowest commit whose state can still be told afterwards, and the one it was before. */
  readonly floor: number;
  readonly floorBefore: number;
  /** The database is as it was after this commit; the ones behind it are lost. */
  readonly sequence: number;
  /** The newest commit that is known to have been there; not less than `sequence`. */
  readonly lastKnown: number;
  readonly databaseId: string;
  /** Of the segment that ends with `sequence`, if it is not cut. */
  readonly seal: Uint8Array | null;
  /** The segment that is cut, behind its bytes up to `end`; null when none is. */
  readonly cut: RunSegment | null;
  /** The snapshot that becomes the base, because the log before it is not whole; null when none does. */
  readonly newBase: SnapshotName | null;
  /** Files that are taken out, by their names below the data directory. */
  readonly dropped: readonly string[];
}

export interface SalvageResult {
  readonly epoch: string;
  /** Where the files are that were changed or taken out, as they were. */
  readonly originals: string;
}

/** Nothing that could be opened is left. */
export class NothingToSalvageError extends Error {
  override readonly name = 'NothingToSalvageError';
}

/** A state to begin with, and the segments that go on from it. */
interface Candidate {
  /** Null for the beginning of the log. */
  readonly snapshot: GoodSnapshot | null;
  readonly sequence: number;
  readonly segments: readonly RunSegment[];
  /** The last commit that is reached. */
  readonly end: number;
}

/**
 * Finds out what is wrong and what can be saved: of all states to begin with, the beginning of the log and every good snapshot, the one from
 * which the log can be read furthest; of several, the oldest. Changes nothing.
 * @returns null when there is nothing to repair.
 * @throws {NothingToSalvageError} when there is no commit that could be kept. @throws {NewerFormatError}
 */
export async function planSalvage(options: SalvageOptions): Promise<SalvagePlan | null> {
  const { fileSystem, directory, onProgress } = options;
  const snapshots = await scanSnapshots({
    ...options,
    onProgress: (index, count) => onProgress?.(`reading snapshot ${index} of ${count}`),
  });
  const runs = new LogRuns();
  const problems: Problem[] = [...snapshots.problems];
  const scan = {
    ...options,
    start: snapshots.start,
    onProgress: ({ segment, segments }: ScanProgress) => onProgress?.(`reading segment ${segment} of ${segments}`),
  };
  for await (const part of scanLog(scan)) {
    runs.add(part);
    if (part.kind === 'problem') problems.push(part.problem);
  }
  if (problems.length === 0) return null;
  const best = bestOf(candidatesOf(snapshots, runs));
  if (best === null) throw nothingToSalvage(directory);
  const { snapshot, sequence, segments, end } = best;
  const last = segments.at(-1);
  const whole = last === undefined || (last.sealed && last.end === last.bytes);
  const logFiles = await listIfThere(fileSystem, join(directory, 'log'));
  const segmentFiles = segmentNames(logFiles).segments;
  const stayingSegments = new Set(segments.map(({ path }) => basename(path)));
  const stayingSnapshots = new Set(
    snapshots.good.filter((good) => good.sequence >= sequence && isOnTheWay(good, best)).map(({ name }) => name),
  );
  const snapshotFiles = snapshotNames(await listIfThere(fileSystem, join(directory, snapshotDirectoryName))).snapshots;
  return {
    problems,
    floor: sequence,
    floorBefore: snapshots.floor,
    sequence: end,
    lastKnown: Math.max(runs.lastSequence, end, ...snapshots.good.map((good) => good.sequence)),
    databaseId: last?.header.databaseId ?? snapshot?.header.databaseId ?? '',
    seal: whole ? (last?.link ?? snapshot?.header.seal ?? null) : null,
    cut: whole ? null : last,
    newBase: snapshot === null || snapshot.role === 'base' ? null : snapshot,
    dropped: [
      // It is a sequence, and some that it goes for are given again.
      ...(logFiles.includes(erasureMarkName) ? [`log/${erasureMarkName}`] : []),
      ...segmentFiles.filter((name) => !stayingSegments.has(name)).map((name) => `log/${name}`),
      ...snapshotFiles
        .filter(({ name }) => !stayingSnapshots.has(name))
        .map(({ name }) => `${snapshotDirectoryName}/${name}`),
    ],
  };
}

function candidatesOf({ good, floor }: SnapshotScan, { runs }: LogRuns): readonly Candidate[] {
  const begin: Candidate[] = floor === 0 && !good.some(({ role }) => role === 'base') ? [reach(null, runs)] : [];
  return [...begin, ...good.map((snapshot) => reach(snapshot, runs))];
}

/** How far the log can be read behind a snapshot, or from its beginning. */
function reach(snapshot: GoodSnapshot | null, runs: readonly Run[]): Candidate {
  const sequence = snapshot?.sequence ?? 0;
  const seal = Buffer.from(snapshot?.header.seal ?? Buffer.alloc(sealBytes));
  const follows = ({ header }: RunSegment): boolean =>
    header.firstSequence === sequence + 1 &&
    seal.equals(header.previousSeal) &&
    (snapshot === null || header.databaseId === snapshot.header.databaseId);
  for (const run of runs) {
    const first = run.segments.findIndex(follows);
    if (first === -1) continue;
    // One without a commit is only where the next would have been written.
    const segments = run.segments
      .slice(first)
      .filter(({ header, lastSequence }) => lastSequence >= header.firstSequence);
    return { snapshot, sequence, segments, end: segments.at(-1)?.lastSequence ?? sequence };
  }
  return { snapshot, sequence, segments: [], end: sequence };
}

function bestOf(candidates: readonly Candidate[]): Candidate | null {
  let best: Candidate | null = null;
  for (const candidate of candidates) {
    if (candidate.snapshot === null && candidate.end === 0) continue;
    if (best === null || candidate.end > best.end) best = candidate;
  }
  return best;
}

/** Whether the snapshot is of the state that the kept segments come to when they get there. */
function isOnTheWay({ sequence, header }: GoodSnapshot, best: Candidate): boolean {
  if (sequence === best.sequence) return true;
  const segment = best.segments.find(({ sealed, lastSequence }) => sealed && lastSequence === sequence);
  return segment?.link.equals(header.seal) === true;
}

function nothingToSalvage(directory: string): NothingToSalvageError {
  return new NothingToSalvageError(
    `Not one commit of ${directory} can be read from the beginning of the log, and no snapshot is whole, so there is nothing to keep. ` +
      'Nothing was changed. Restore a backup into another directory, or have a copy of this one examined.',
  );
}

/**
 * Carries the plan out: keeps the originals in a folder of their own, cuts the log, and begins a new epoch. Until it is all done the
 * directory opens no better than before; after a crash in between it can be repaired again, and no more is lost then. The caller
 * holds the lock of the directory since before the plan.
 */
export async function carryOutSalvage(plan: SalvagePlan, options: SalvageOptions): Promise<SalvageResult> {
  const { fileSystem, clock, directory } = options;
  const log = join(directory, 'log');
  const { databaseId, cut, newBase } = plan;
  const firstSequence = plan.sequence + 1;
  const originals = join(directory, `damaged-${formatTime(clock.now()).replaceAll(/[:.]/g, '-')}`);
  await makeDurableDirectory(fileSystem, originals);
  for (const folder of ['log', snapshotDirectoryName]) await makeDurableDirectory(fileSystem, join(originals, folder));
  const names = await fileSystem.list(log);
  const copied = [...(names.includes(newestFileName) ? [newestFileName] : []), ...(cut ? [basename(cut.path)] : [])];
  for (const name of copied) {
    await writeDurableFile(fileSystem, join(originals, 'log'), name, readChunks(fileSystem, join(log, name)));
  }
  const newSeal = cut === null ? null : await writeEndedSegment(fileSystem, cut.path, log, plan.sequence);
  const previousSeal = newSeal ?? cut?.link ?? plan.seal ?? Buffer.alloc(sealBytes);
  // From here on it names a segment that is made last of all: without that one nothing opens.
  await recordNewest(fileSystem, log, { databaseId, firstSequence });
  if (cut !== null && newSeal !== null) await fileSystem.rename(cut.path + temporarySuffix, cut.path);
  await fileSystem.syncDirectory(log);
  // A snapshot gets its other name before what is behind it is taken out.
  if (newBase !== null) {
    const folder = join(directory, snapshotDirectoryName);
    await fileSystem.rename(join(folder, newBase.name), join(folder, snapshotFileName(newBase.sequence, 'base')));
    await fileSystem.syncDirectory(folder);
  }
  for (const name of plan.dropped) await fileSystem.rename(join(directory, name), join(originals, name));
  for (const folder of new Set(plan.dropped.map((name) => dirname(name)))) {
    await fileSystem.syncDirectory(join(originals, folder));
    await fileSystem.syncDirectory(join(directory, folder));
  }
  const epoch = await beginEpoch(options, log, { databaseId, previousSeal, firstSequence });
  return { epoch, originals };
}
