import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { frameHeaderBytes } from '../log/frame.ts';
import { recordKinds } from '../log/record.ts';
import { readUuid, uuidBytes } from '../log/uuid-bytes.ts';
import { type File, type FileSystem, writeFully } from '../ports/file-system.ts';
import { type IndexEntry, indexEntryBytes, subjects } from './index-entry.ts';
import { encodeIndexFooter, type IndexFooter } from './index-footer.ts';
import { IndexSorter } from './index-sorter.ts';
import type { SealedSegment } from './sealed-segment.ts';
import { blockBytes, blockChecksumAt, entriesPerBlock, indexFileName } from './segment-index.ts';
import { type WalkedFrame, type WalkedRecord, walkSegment } from './segment-walk.ts';
import { replaceFile } from './temporary-file.ts';
import type { TimeSlice } from './time-slice.ts';

export interface SegmentIndexWriterOptions {
  readonly fileSystem: FileSystem;
  /** `log/` of the data directory. */
  readonly directory: string;
  readonly slice: TimeSlice;
}

/** Blocks are written this many at a time. */
const blocksInWrite = 64;

/**
 * Makes the index of a segment, or makes it again, after checking the whole segment. It is on disk when this resolves.
 * @throws {CorruptionError} when the segment is damaged. @throws {NoSpaceError} when there is no room; nothing is left of it.
 */
export async function writeSegmentIndex(segment: SealedSegment, options: SegmentIndexWriterOptions): Promise<void> {
  const { fileSystem, directory, slice } = options;
  const sorter = new IndexSorter();
  let erasures = 0;
  let lastCommittedAt = 0;
  for await (const frame of walkSegment(segment, slice)) {
    for (const { sequence, committedAt, records } of frame.commits) {
      lastCommittedAt = committedAt;
      for (const record of records) {
        if (record.kind === recordKinds.eraseDocument) erasures += 1;
        const subject = subjectOf(record.kind);
        if (subject !== null) sorter.add(entryOf(segment, frame, record, subject, sequence));
        if (slice.due) await slice.pause();
      }
    }
  }
  const order = await sorter.sort(slice);
  const { header, seal, lastSequence, bytes } = segment;
  const footer: IndexFooter = {
    databaseId: header.databaseId,
    seal,
    firstSequence: header.firstSequence,
    lastSequence,
    lastCommittedAt,
    segmentBytes: bytes,
    entries: sorter.count,
    erasures,
  };
  const name = indexFileName(header.firstSequence);
  const write = (file: File) => writeIndex(file, segment, sorter, order, footer, slice);
  await replaceFile({ fileSystem, directory, name, write });
}

async function writeIndex(
  file: File,
  segment: SealedSegment,
  sorter: IndexSorter,
  order: Uint32Array,
  footer: IndexFooter,
  slice: TimeSlice,
): Promise<void> {
  const blocks = Math.ceil(order.length / entriesPerBlock);
  const buffer = Buffer.allocUnsafeSlow(blocksInWrite * blockBytes);
  let filled = 0;
  let position = 0;
  for (let block = 0; block < blocks; block += 1) {
    const target = buffer.subarray(filled, filled + blockBytes).fill(0);
    const numbers = order.subarray(block * entriesPerBlock, (block + 1) * entriesPerBlock);
    for (const [index, number] of numbers.entries()) sorter.copy(number, target, index * indexEntryBytes);
    const checksum = crc32(target.subarray(0, blockChecksumAt), segment.salt.seedAt(position + filled));
    target.writeUInt32LE(checksum, blockChecksumAt);
    filled += blockBytes;
    if (filled === buffer.length || block === blocks - 1) {
      await writeFully(file, buffer.subarray(0, filled), position);
      position += filled;
      filled = 0;
    }
    if (slice.due) await slice.pause();
  }
  await writeFully(file, encodeIndexFooter(footer), position);
}

/** What a record of this kind is about, one of `subjects`; null when it leaves nothing in the state. */
export function subjectOf(kind: number): number | null {
  switch (kind) {
    case recordKinds.putDocument:
    case recordKinds.eraseDocument:
      return subjects.document;
    case recordKinds.putTable:
    case recordKinds.dropTable:
      return subjects.table;
    case recordKinds.putIndex:
    case recordKinds.dropIndex:
      return subjects.index;
    case recordKinds.putSetting:
      return subjects.setting;
    case recordKinds.putKey:
      return subjects.key;
    default:
      return null;
  }
}

function entryOf(
  segment: SealedSegment,
  { offset, payload }: WalkedFrame,
  { kind, start, payloadStart, end }: WalkedRecord,
  subject: number,
  sequence: number,
): IndexEntry {
  const place = offset + frameHeaderBytes + start;
  if (end - payloadStart < uuidBytes)
    throw segment.corruption(place, sequence, `a record of kind ${kind} without an id`);
  const id = readUuid(payload, payloadStart);
  return {
    subject,
    id,
    sequence,
    offset: place,
    length: end - start,
    kind,
    checksum: crc32(payload.subarray(start, end)),
  };
}
