import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { ByteReader } from '../log/byte-reader.ts';
import { frameHeaderBytes } from '../log/frame.ts';
import { recordSaltBytes } from '../log/record.ts';
import { readUuid } from '../log/uuid-bytes.ts';
import { ShardedMap } from '../sharded-map.ts';
import { type FramePlace, firstFrame, type ReadableBytes, type ScannedFrame, scanFrames } from './frame-scan.ts';
import { type IndexEntry, indexEntryBytes, readIndexEntry } from './index-entry.ts';
import { IndexSorter } from './index-sorter.ts';
import { subjectOf } from './segment-index-writer.ts';
import type { TimeSlice } from './time-slice.ts';

/**
 * The index of a segment that has none on disk: the one that is being written to, or one that was sealed just now. It is made when somebody
 * asks for it first, from the frames of the segment, and goes on from there. Holds about 60 bytes for each record, and an id for each document.
 */
export class GrowingIndex {
  readonly #entries = new IndexSorter();
  /** The number of the newest entry, by subject and id. */
  readonly #newest = new ShardedMap<string, number>();
  /** Of each entry, the number of the one before it with the same subject and id; -1 for none. */
  readonly #previous: number[] = [];
  readonly #entry = Buffer.alloc(indexEntryBytes);
  /** Where the first frame stands that was not read. */
  #next: FramePlace;
  #reading: Promise<void> = Promise.resolve();

  /** @param firstSequence of the segment. */
  constructor(firstSequence: number) {
    this.#next = firstFrame(firstSequence);
  }

  /** How many entries there are. They are numbered from 0, in the order in which their records stand. */
  get count(): number {
    return this.#entries.count;
  }

  /**
   * Reads on until commit `sequence`, which must be in the segment on disk.
   * @throws {MalformedError} when the file is not the one that was read so far.
   */
  async catchUp(segment: ReadableBytes, sequence: number, slice: TimeSlice): Promise<void> {
    // One at a time; whoever comes later may find that all is read.
    const before = this.#reading;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reading = promise;
    try {
      await before;
      if (this.#next.sequence <= sequence) await this.#read(segment, sequence, slice);
    } finally {
      resolve();
    }
  }

  /** Newest first. */
  versions(subject: number, id: string): readonly IndexEntry[] {
    const found: IndexEntry[] = [];
    let number = this.#newest.get(keyOf(subject, id)) ?? -1;
    for (; number >= 0; number = this.#previous[number] ?? -1) found.push(this.at(number));
    return found;
  }

  /** The numbers of the entries there are now, in the order in which an index on disk has them. */
  sorted(slice: TimeSlice): Promise<Uint32Array> {
    return this.#entries.sort(slice);
  }

  at(number: number): IndexEntry {
    this.#entries.copy(number, this.#entry, 0);
    return readIndexEntry(this.#entry, 0);
  }

  async #read(segment: ReadableBytes, sequence: number, slice: TimeSlice): Promise<void> {
    for await (const frame of scanFrames(segment, this.#next, sequence)) {
      await this.#readCommits(frame, slice);
      const { offset, bytes, firstSequence, commitCount } = frame;
      this.#next = { offset: offset + bytes.length, sequence: firstSequence + commitCount };
    }
  }

  async #readCommits({ bytes, offset, commitCount }: ScannedFrame, slice: TimeSlice): Promise<void> {
    const reader = new ByteReader(bytes, frameHeaderBytes, bytes.length);
    for (let index = 0; index < commitCount; index += 1) {
      const end = reader.limit(reader.uint32());
      const sequence = reader.int64();
      reader.skip(8);
      reader.skip(reader.uint8());
      for (let records = reader.uint32(); records > 0; records -= 1) {
        this.#addRecord(reader, offset, sequence);
        if (slice.due) await slice.pause();
      }
      reader.restore(end);
    }
  }

  #addRecord(reader: ByteReader, frameOffset: number, sequence: number): void {
    const { buffer, position: start } = reader;
    const payloadLength = reader.uint32();
    reader.skip(recordSaltBytes);
    const kind = reader.uint8();
    const payloadAt = reader.skip(payloadLength);
    const subject = subjectOf(kind);
    if (subject === null) return;
    const { position: end } = reader;
    const id = readUuid(buffer, payloadAt);
    const checksum = crc32(buffer.subarray(start, end));
    const key = keyOf(subject, id);
    const number = this.#entries.count;
    this.#entries.add({ subject, id, sequence, offset: frameOffset + start, length: end - start, kind, checksum });
    this.#previous.push(this.#newest.get(key) ?? -1);
    this.#newest.set(key, number);
  }
}

function keyOf(subject: number, id: string): string {
  return `${subject}${id}`;
}
