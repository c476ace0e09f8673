import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type File, type FileSystem, ifThere, readFully } from '../ports/file-system.ts';
import { type IndexEntry, indexEntryBytes, indexKeyBytes, readIndexEntry, writeIndexKey } from './index-entry.ts';
import { decodeIndexFooter, type IndexFooter, indexFooterBytes } from './index-footer.ts';
import type { SealedSegment } from './sealed-segment.ts';

/** FORMAT.md, "Index of a segment": a block is as large as a page of memory, so a lookup reads as little as it can. */
export const blockBytes = 4096;
export const blockChecksumAt = blockBytes - 4;
export const entriesPerBlock = Math.floor(blockChecksumAt / indexEntryBytes);

/** Read at once by whoever reads all entries. */
const blocksInRead = 4;

const indexName = /^(\d{20})\.index$/;

export function indexFileName(firstSequence: number): string {
  return `${String(firstSequence).padStart(20, '0')}.index`;
}

/** The first sequence of the segment that an index of this name is of; null when it is no name of an index. */
export function firstSequenceOfIndex(name: string): number | null {
  const digits = indexName.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** An index is not what was written, or not there any more. It is to be made again; the segment may be good. */
export class IndexDamagedError extends Error {
  override readonly name = 'IndexDamagedError';
  readonly firstSequence: number;

  /** @param firstSequence of the segment. */
  constructor(path: string, firstSequence: number, reason: string) {
    super(`The index ${path} is damaged: ${reason}`);
    this.firstSequence = firstSequence;
  }
}

/** The index of a sealed segment, open for reading. Holds one block in memory. Close it; the segment is the caller's. */
export class SegmentIndex {
  readonly path: string;
  readonly segment: SealedSegment;
  readonly footer: IndexFooter;
  readonly #file: File;
  readonly #blocks: number;
  readonly #block = Buffer.allocUnsafeSlow(blockBytes);
  #blockNumber = -1;

  /** @returns null when there is none that was made from these very bytes of the segment. */
  static async open(fileSystem: FileSystem, directory: string, segment: SealedSegment): Promise<SegmentIndex | null> {
    const path = join(directory, indexFileName(segment.header.firstSequence));
    const file = await ifThere(fileSystem.open(path, 'read'));
    if (file === null) return null;
    try {
      const footer = await readFooter(file, segment);
      if (footer !== null) return new SegmentIndex(path, file, segment, footer);
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return null;
  }

  private constructor(path: string, file: File, segment: SealedSegment, footer: IndexFooter) {
    this.path = path;
    this.#file = file;
    this.segment = segment;
    this.footer = footer;
    this.#blocks = blocksOf(footer.entries);
  }

  /** All versions of a table or document in this segment, newest first. @throws {IndexDamagedError} */
  async versions(subject: number, id: string): Promise<IndexEntry[]> {
    const versions: IndexEntry[] = [];
    for await (const entry of this.#entriesOf(subject, id)) versions.push(entry);
    return versions;
  }

  /** The newest version that is not newer than `sequence`; null when there is none in this segment. @throws {IndexDamagedError} */
  async newest(subject: number, id: string, sequence: number): Promise<IndexEntry | null> {
    for await (const entry of this.#entriesOf(subject, id)) if (entry.sequence <= sequence) return entry;
    return null;
  }

  /** All entries in the order of the index, some blocks' worth at a time. @throws {IndexDamagedError} */
  async *entries(): AsyncGenerator<IndexEntry[]> {
    const buffer = Buffer.allocUnsafeSlow(blocksInRead * blockBytes);
    for (let first = 0; first < this.#blocks; first += blocksInRead) {
      const count = Math.min(blocksInRead, this.#blocks - first);
      const entries: IndexEntry[] = [];
      await readFully(this.#file, buffer.subarray(0, count * blockBytes), first * blockBytes);
      for (let index = 0; index < count; index += 1) {
        const block = buffer.subarray(index * blockBytes, (index + 1) * blockBytes);
        this.#check(block, first + index);
        const length = this.#entriesIn(first + index);
        for (let at = 0; at < length; at += 1) entries.push(readIndexEntry(block, at * indexEntryBytes));
      }
      yield entries;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async *#entriesOf(subject: number, id: string): AsyncGenerator<IndexEntry> {
    const key = Buffer.alloc(indexKeyBytes);
    writeIndexKey(key, subject, id);
    for (let block = await this.#firstBlockOf(key); block < this.#blocks; block += 1) {
      await this.#load(block);
      const length = this.#entriesIn(block);
      for (let index = 0; index < length; index += 1) {
        // Loaded anew: whoever took the last entry may have looked another one up since.
        await this.#load(block);
        const at = index * indexEntryBytes;
        const order = this.#block.compare(key, 0, indexKeyBytes, at, at + indexKeyBytes);
        if (order > 0) return;
        if (order === 0) yield readIndexEntry(this.#block, at);
      }
    }
  }

  /** The first block whose last entry is not before the key. */
  async #firstBlockOf(key: Buffer): Promise<number> {
    let low = 0;
    let high = this.#blocks;
    while (low < high) {
      const middle = (low + high) >>> 1;
      await this.#load(middle);
      const at = (this.#entriesIn(middle) - 1) * indexEntryBytes;
      if (this.#block.compare(key, 0, indexKeyBytes, at, at + indexKeyBytes) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #load(block: number): Promise<void> {
    if (block === this.#blockNumber) return;
    this.#blockNumber = -1;
    await readFully(this.#file, this.#block, block * blockBytes);
    this.#check(this.#block, block);
    this.#blockNumber = block;
  }

  #entriesIn(block: number): number {
    return Math.min(entriesPerBlock, this.footer.entries - block * entriesPerBlock);
  }

  #check(block: Buffer, number: number): void {
    const checksum = crc32(block.subarray(0, blockChecksumAt), this.segment.salt.seedAt(number * blockBytes));
    if (checksum === block.readUInt32LE(blockChecksumAt)) return;
    throw new IndexDamagedError(this.path, this.segment.header.firstSequence, `the checksum of block ${number}`);
  }
}

function blocksOf(entries: number): number {
  return Math.ceil(entries / entriesPerBlock);
}

async function readFooter(file: File, segment: SealedSegment): Promise<IndexFooter | null> {
  const size = await file.size();
  if (size < indexFooterBytes) return null;
  const bytes = Buffer.alloc(indexFooterBytes);
  await readFully(file, bytes, size - indexFooterBytes);
  const footer = decodeIndexFooter(bytes);
  if (footer === null || size !== blocksOf(footer.entries) * blockBytes + indexFooterBytes) return null;
  const isOfSegment =
    footer.databaseId === segment.header.databaseId &&
    footer.firstSequence === segment.header.firstSequence &&
    footer.lastSequence === segment.lastSequence &&
    footer.segmentBytes === segment.bytes &&
    segment.seal.equals(footer.seal);
  return isOfSegment ? footer : null;
}
