import { recordKinds } from '../log/record.ts';
import type { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { type IndexEntry, subjects } from './index-entry.ts';
import type { SegmentIndex } from './segment-index.ts';
import type { TimeSlice } from './time-slice.ts';

/** A document that was erased, and where in the log: whatever stands before that must leave the disk. */
export type ErasedDocument = Pick<IndexEntry, 'id' | 'sequence' | 'offset'>;

/**
 * The next documents that a segment erases: the last erasure of each, by id.
 * @param afterSequence those up to there have been carried out. @param afterId those up to there have been dealt with; '' for none.
 */
export async function findErasedDocuments(
  index: SegmentIndex,
  { afterSequence, afterId, countMax }: { afterSequence: number; afterId: string; countMax: number },
  slice: TimeSlice,
): Promise<ErasedDocument[]> {
  const found: ErasedDocument[] = [];
  for await (const entries of index.entries()) {
    for (const entry of entries) {
      if (entry.kind !== recordKinds.eraseDocument || entry.sequence <= afterSequence || entry.id <= afterId) continue;
      // The newest comes first.
      if (found.at(-1)?.id !== entry.id) found.push(entry);
      if (found.length === countMax) return found;
    }
    if (slice.due) await slice.pause();
  }
  return found;
}

/** The offsets of the records in a segment that put a version of one of these documents before it was erased. */
export async function findErasedRecords(
  index: SegmentIndex,
  erased: readonly ErasedDocument[],
  slice: TimeSlice,
): Promise<Set<number>> {
  const offsets = new Set<number>();
  for (const erasure of erased) {
    for (const { kind, sequence, offset } of await index.versions(subjects.document, erasure.id)) {
      // Of one sequence they are in one commit, so in one segment.
      const isBefore = sequence === erasure.sequence ? offset < erasure.offset : sequence < erasure.sequence;
      if (kind === recordKinds.putDocument && isBefore) offsets.add(offset);
    }
    if (slice.due) await slice.pause();
  }
  return offsets;
}

/** Which of these documents a snapshot holds as they were before they were erased. */
export async function findInSnapshot(
  reader: SnapshotReader,
  erased: readonly ErasedDocument[],
  slice: TimeSlice,
): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const { id, sequence } of erased) {
    if (reader.header.sequence < sequence && (await reader.document(id)) !== null) ids.add(id);
    if (slice.due) await slice.pause();
  }
  return ids;
}
