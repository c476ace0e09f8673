import { join } from 'node:path';
import { firstSequenceOf, segmentNames, tornNames } from '../log/log-files.ts';
import { type FileSystem, listIfThere } from '../ports/file-system.ts';
import { baseOf, type SnapshotName, snapshotDirectoryName, snapshotNames } from '../snapshot/snapshot-files.ts';
import { firstSequenceOfIndex } from './segment-index.ts';

/** What there is of a database's history, by the names of its files. */
export interface HistoryFiles {
  readonly logDirectory: string;
  readonly snapshotDirectory: string;
  /** The floor. Undefined when the log goes back to the first commit. */
  readonly base: SnapshotName | undefined;
  /** The newest base below it, which a pruning has left behind. */
  readonly baseBefore: SnapshotName | undefined;
  /** Bases and snapshots from the floor on, oldest first. */
  readonly snapshots: readonly SnapshotName[];
  /** The first sequences of the segments behind the base, oldest first. */
  readonly segments: readonly number[];
  /** Names in `log/` and `snapshots/` that a pruning has left behind. */
  readonly leftInLog: readonly string[];
  readonly leftInSnapshots: readonly string[];
  /** Names of the torn tails that were kept. */
  readonly torn: readonly string[];
}

/** @param directory the data directory. */
export async function listHistory(fileSystem: FileSystem, directory: string): Promise<HistoryFiles> {
  const logDirectory = join(directory, 'log');
  const snapshotDirectory = join(directory, snapshotDirectoryName);
  const logNames = await fileSystem.list(logDirectory);
  const { snapshots } = snapshotNames(await listIfThere(fileSystem, snapshotDirectory));
  const base = baseOf(snapshots);
  const floor = base?.sequence ?? 0;
  const isLeft = (snapshot: SnapshotName) => snapshot !== base && snapshot.sequence < floor;
  const all = segmentNames(logNames).segments.map((name) => ({ name, firstSequence: firstSequenceOf(name) }));
  // The newest segment is never taken away: `log/newest` names it.
  const kept = all.filter(({ firstSequence }, index) => firstSequence > floor || index === all.length - 1);
  const keptNames = new Set(kept.map(({ name }) => name));
  const keptFirst = new Set(kept.map(({ firstSequence }) => firstSequence));
  const isOrphan = (name: string) => {
    const firstSequence = firstSequenceOfIndex(name);
    return firstSequence !== null && !keptFirst.has(firstSequence);
  };
  return {
    logDirectory,
    snapshotDirectory,
    base,
    baseBefore: snapshots.findLast(({ role, sequence }) => role === 'base' && sequence < floor),
    snapshots: snapshots.filter((snapshot) => !isLeft(snapshot)),
    segments: kept.map(({ firstSequence }) => firstSequence).filter((firstSequence) => firstSequence > floor),
    leftInLog: [...all.map(({ name }) => name).filter((name) => !keptNames.has(name)), ...logNames.filter(isOrphan)],
    leftInSnapshots: snapshots.filter(isLeft).map(({ name }) => name),
    torn: tornNames(logNames),
  };
}
