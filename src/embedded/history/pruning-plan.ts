import type { SnapshotName } from '../snapshot/snapshot-files.ts';

export interface PruningSituation {
  /** Bytes that the sealed segments behind the base may take. */
  readonly bytesMax: number;
  readonly base: SnapshotName | undefined;
  /** Of the base's file; 0 when there is none. */
  readonly baseBytes: number;
  /** Bases and snapshots that are not known to be damaged, oldest first. */
  readonly snapshots: readonly SnapshotName[];
  /** The sealed segments behind the base, oldest first. */
  readonly segments: readonly { readonly lastSequence: number; readonly bytes: number }[];
  /** Whether nothing can be merged, since the base is damaged. */
  readonly baseDamaged: boolean;
}

/** How the floor is to be raised: to a snapshot that is there, or to one that is merged. */
export type PruningPlan =
  | { readonly kind: 'promote'; readonly snapshot: SnapshotName }
  | { readonly kind: 'merge'; readonly sequence: number };

/** More segments than these are merged in several steps: each takes two open files and some memory. */
const segmentsInMergeMax = 64;

/**
 * Decides whether history is to be pruned, and how far; null when it need not or cannot be. A merge writes the whole base again, so the floor
 * is raised by more than it must be: by half of the base's bytes, but by an eighth of the bound at least and by half of it at most.
 */
export function planPruning(situation: PruningSituation): PruningPlan | null {
  const { bytesMax, base, baseBytes, snapshots, segments, baseDamaged } = situation;
  const floor = base?.sequence ?? 0;
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  // The older of the two newest: should the newest not serve, this one and the log behind it will.
  const highest = snapshots.at(-2)?.sequence ?? floor;
  if (total <= bytesMax || highest <= floor) return null;
  const step = Math.min(Math.max(baseBytes / 2, bytesMax / 8), bytesMax / 2);
  const least = Math.min(floorFor(segments, total, bytesMax), highest);
  const wanted = Math.min(floorFor(segments, total, bytesMax - step), highest);
  const isAtMost = (limit: number) => (snapshot: SnapshotName) =>
    snapshot.sequence >= least && snapshot.sequence > floor && snapshot.sequence <= limit;
  const standing = baseDamaged ? snapshots.find(isAtMost(highest)) : snapshots.findLast(isAtMost(wanted));
  if (standing !== undefined) return { kind: 'promote', snapshot: standing };
  const merged = segments.slice(0, segmentsInMergeMax).filter(({ lastSequence }) => lastSequence <= wanted);
  return { kind: 'merge', sequence: Math.max(...merged.map(({ lastSequence }) => lastSequence)) };
}

/** The end of the first segment behind which no more than `bytes` are left. */
function floorFor(segments: PruningSituation['segments'], total: number, bytes: number): number {
  let left = total;
  let floor = 0;
  for (const segment of segments) {
    if (left <= bytes) break;
    left -= segment.bytes;
    floor = segment.lastSequence;
  }
  return floor;
}
