import { Buffer } from 'node:buffer';
import type { Clock } from '../ports/clock.ts';
import type { FileSystem } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import type { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { type WrittenSnapshot, writeSnapshot } from '../snapshot/snapshot-writer.ts';
import { BackgroundSlice } from './background-slice.ts';
import { writePastState } from './past-state.ts';
import type { SegmentIndex } from './segment-index.ts';

export interface BaseMergeOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** `snapshots/` of the data directory. */
  readonly directory: string;
  /** Null when the log goes back to the first commit. */
  readonly base: SnapshotReader | null;
  /** Of all segments from the base to the new one, in order. */
  readonly indexes: readonly SegmentIndex[];
  /** Called to give the new base its name. */
  readonly exchange: (rename: () => Promise<void>) => Promise<void>;
}

/**
 * Merges a base and the segments behind it into a new base, where the last of them ends. It has its name, durably, once it was read back and found
 * good; the old files are left.
 * @throws {CorruptionError} when one of the files is damaged or does not follow the one before. @throws {IndexDamagedError} @throws {NoSpaceError}
 */
export async function mergeBase(options: BaseMergeOptions): Promise<WrittenSnapshot> {
  const { fileSystem, clock, random, signal, directory, base, indexes, exchange } = options;
  const last = checkChain(base, indexes);
  const sequence = last.footer.lastSequence;
  const { databaseId, epoch } = last.segment.header;
  return writeSnapshot({
    fileSystem,
    directory,
    role: 'base',
    header: { databaseId, epoch, seal: last.segment.seal, sequence, committedAt: last.footer.lastCommittedAt },
    clock,
    random,
    signal,
    exchange,
    content: (writer) => writePastState({ base, indexes, sequence }, writer, new BackgroundSlice(clock, signal)),
  });
}

/** Each must hold the seal of the one before it: nothing that is merged is removed before it was seen to belong. @returns the last. */
function checkChain(base: SnapshotReader | null, indexes: readonly SegmentIndex[]): SegmentIndex {
  let before = { sequence: base?.header.sequence ?? 0, seal: base?.header.seal };
  for (const { segment } of indexes) {
    const { firstSequence, previousSeal } = segment.header;
    if (firstSequence !== before.sequence + 1) {
      throw segment.corruption(0, before.sequence + 1, `it begins with commit ${firstSequence}`);
    }
    if (before.seal !== undefined && Buffer.compare(before.seal, previousSeal) !== 0) {
      throw segment.corruption(0, firstSequence, 'it does not hold the seal of what is before it');
    }
    before = { sequence: segment.lastSequence, seal: segment.seal };
  }
  const last = indexes.at(-1);
  if (last === undefined) throw new RangeError('there is nothing to merge');
  return last;
}
