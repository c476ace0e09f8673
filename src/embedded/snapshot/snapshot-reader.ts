import { Buffer } from 'node:buffer';
import type { Document } from '../../document/document.ts';
import type { TimeSlice } from '../history/time-slice.ts';
import { FrameSalt } from '../log/frame.ts';
import { type LogPosition, MalformedError, refusalOf } from '../log/log-error.ts';
import { type File, type FileSystem, readFully } from '../ports/file-system.ts';
import { BlockStream } from './block-stream.ts';
import type { SnapshotEntry } from './snapshot-entry.ts';
import {
  decodeSnapshotFooter,
  decodeSnapshotHeader,
  type SnapshotFooter,
  type SnapshotHeader,
  snapshotFooterBytes,
  snapshotHeaderBytes,
} from './snapshot-header.ts';
import { SnapshotIndex } from './snapshot-index.ts';
import { SliceDecoder, type SnapshotSlice } from './snapshot-slice.ts';
import { SnapshotWalk } from './snapshot-walk.ts';

/**
 * A snapshot, open for reading. Opening checks header and footer alone; what is between them is checked by whoever reads it. Close it.
 * Every method throws `CorruptionError` for damage, `NewerFormatError` for what a newer version has written, and the system's own
 * error when the file cannot be read.
 */
export class SnapshotReader {
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly footer: SnapshotFooter;
  readonly bytes: number;
  readonly #file: File;
  readonly #salt: FrameSalt;
  #index: Promise<SnapshotIndex> | null = null;

  static async open(fileSystem: FileSystem, path: string): Promise<SnapshotReader> {
    const file = await fileSystem.open(path, 'read');
    try {
      return await refusing(
        () => ({ file: path, offset: 0, sequence: 0 }),
        () => readEnds(file, path),
      );
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  constructor(path: string, file: File, bytes: number, header: SnapshotHeader, footer: SnapshotFooter) {
    this.path = path;
    this.#file = file;
    this.bytes = bytes;
    this.header = header;
    this.footer = footer;
    this.#salt = new FrameSalt(header.salt);
  }

  /** All the content in order, one block at a time. It is what was written only once this has ended without throwing. */
  async *contents(slice: TimeSlice): AsyncGenerator<SnapshotSlice> {
    const decoder = new SliceDecoder();
    for await (const { entries, offset } of this.#blocks(slice)) {
      yield await refusing(
        () => this.#position(offset),
        () => decoder.decode(entries),
      );
    }
  }

  /**
   * The same as it stands in the file, for whoever only passes it on. The entries of a block are good until the next is asked for.
   */
  async *entries(slice: TimeSlice): AsyncGenerator<readonly SnapshotEntry[]> {
    for await (const { entries } of this.#blocks(slice)) yield entries;
  }

  /** Reads everything and checks every checksum, count, order and the digest. */
  async verify(slice: TimeSlice): Promise<void> {
    const blocks = this.#blocks(slice);
    while ((await blocks.next()).done !== true);
  }

  /** The version of a document that it holds; null when it holds none. Reads and checks the one block in which that would be. */
  document(id: string): Promise<Document | null> {
    return refusing(
      () => this.#position(0),
      async () => {
        this.#index ??= SnapshotIndex.read(
          (offset) => this.#streamFrom(offset),
          snapshotHeaderBytes,
          this.footer.indexAt,
        );
        return (await this.#index).document(id);
      },
    );
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async *#blocks(slice: TimeSlice): AsyncGenerator<BlockEntries> {
    const stream = this.#streamFrom(snapshotHeaderBytes);
    const walk = new SnapshotWalk(stream, this.footer);
    for (;;) {
      if (slice.due) await slice.pause();
      const entries = await refusing(
        () => this.#position(stream.lastOffset),
        () => walk.next(),
      );
      if (entries === null) return;
      yield { entries, offset: stream.lastOffset };
    }
  }

  #streamFrom(offset: number): BlockStream {
    return new BlockStream(this.#file, this.#salt, offset, this.bytes - snapshotFooterBytes);
  }

  #position(offset: number): LogPosition {
    return { file: this.path, offset, sequence: this.header.sequence };
  }
}

interface BlockEntries {
  readonly entries: readonly SnapshotEntry[];
  /** Where the block begins. */
  readonly offset: number;
}

async function readEnds(file: File, path: string): Promise<SnapshotReader> {
  const bytes = await file.size();
  const start = Buffer.alloc(Math.min(bytes, snapshotHeaderBytes));
  const header = decodeSnapshotHeader(start.subarray(0, await readFully(file, start, 0)));
  const footerAt = bytes - snapshotFooterBytes;
  if (footerAt < snapshotHeaderBytes) throw new MalformedError('its end is missing');
  const end = Buffer.alloc(snapshotFooterBytes);
  await readFully(file, end, footerAt);
  const footer = decodeSnapshotFooter(end, footerAt, new FrameSalt(header.salt));
  return new SnapshotReader(path, file, bytes, header, footer);
}

/** Tells where damage is. */
async function refusing<T>(position: () => LogPosition, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw refusalOf(error, position());
  }
}
