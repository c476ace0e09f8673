import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { IndexEntry } from './index-entry.ts';
import type { RecordSource } from './segment-lookup.ts';

const windowBytes = 32 * 1024;

interface Window {
  readonly buffer: Buffer;
  start: number;
  end: number;
}

/**
 * Reads records of several segments, each with what stands behind it: ids are made in the order of time, so the record that is next by id mostly
 * is next in its segment. Holds a window of each segment.
 */
export class RecordWindow {
  readonly #windows = new Map<RecordSource, Window>();

  /**
   * The whole record of an index entry, good until the next is read.
   * @throws {CorruptionError} when it is not what it was when the index was made.
   */
  async read(segment: RecordSource, entry: IndexEntry): Promise<Buffer> {
    const { offset, length, checksum } = entry;
    const record =
      length > windowBytes ? await this.#readAlone(segment, entry) : await this.#readInWindow(segment, entry);
    if (record.length === length && crc32(record) === checksum) return record;
    throw segment.corruption(offset, entry.sequence, 'a record that is not what it was when it was indexed');
  }

  async #readAlone(segment: RecordSource, { offset, length }: IndexEntry): Promise<Buffer> {
    const record = Buffer.allocUnsafe(length);
    return record.subarray(0, await segment.read(record, offset));
  }

  async #readInWindow(segment: RecordSource, { offset, length }: IndexEntry): Promise<Buffer> {
    let window = this.#windows.get(segment);
    if (window === undefined) {
      window = { buffer: Buffer.allocUnsafeSlow(windowBytes), start: 0, end: 0 };
      this.#windows.set(segment, window);
    }
    if (offset < window.start || offset + length > window.end) {
      const read = await segment.read(window.buffer, offset);
      window.start = offset;
      window.end = offset + read;
    }
    const start = offset - window.start;
    return window.buffer.subarray(start, Math.min(start + length, window.end - window.start));
  }
}
