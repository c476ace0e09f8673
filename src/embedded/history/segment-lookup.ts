import type { Buffer } from 'node:buffer';
import type { CorruptionError } from '../log/log-error.ts';
import type { ReadableBytes } from './frame-scan.ts';
import type { IndexEntry } from './index-entry.ts';

/** A segment that records are read from. */
export interface RecordSource extends ReadableBytes {
  readonly path: string;

  /** What to throw when the record that was asked for is not there. */
  corruption(offset: number, sequence: number, reason: string): CorruptionError;
}

/** Entries of one segment, in the order of an index, and where their records are. */
export interface IndexedEntries {
  readonly segment: RecordSource;

  /** By subject, then id, the newest first; many at a time. */
  entries(): AsyncGenerator<readonly IndexEntry[]>;
}

/** Where the records of one segment are, by what they are about, whether that is told by its index on disk or by one in memory. */
export interface SegmentLookup extends IndexedEntries {
  /** All entries of a table or document in the segment, newest first. */
  versions(subject: number, id: string): Promise<readonly IndexEntry[]>;

  /** All entries in any order, many at a time. */
  unsorted(): AsyncIterable<readonly IndexEntry[]>;

  /** The whole record of an entry. @throws {CorruptionError} when it is not what it was when it was indexed. */
  record(entry: IndexEntry): Promise<Buffer>;

  /** The same, good until the next is read, for whoever reads many one after the other, in the order of their offsets. */
  nextRecord(entry: IndexEntry): Promise<Buffer>;
}
