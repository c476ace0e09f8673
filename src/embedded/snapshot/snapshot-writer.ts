import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Document } from '../../document/document.ts';
import { BackgroundSlice } from '../history/background-slice.ts';
import { replaceFile } from '../history/temporary-file.ts';
import type { TimeSlice } from '../history/time-slice.ts';
import { ByteWriter } from '../log/byte-writer.ts';
import { FrameSalt } from '../log/frame.ts';
import type { Definitions, KeyRecord } from '../log/record.ts';
import { writeDocument, writeIndex, writeKey, writeSetting, writeTable } from '../log/record-payload.ts';
import { saltBytes } from '../log/segment-header.ts';
import { readUuid, uuidBytes } from '../log/uuid-bytes.ts';
import type { Clock } from '../ports/clock.ts';
import { makeDurableDirectory } from '../ports/durable-directory.ts';
import { type File, type FileSystem, writeFully } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import {
  blockHeaderBytes,
  blockKinds,
  blockPayloadBytes,
  entryHeaderBytes,
  entryKinds,
  indexEntriesInBlock,
  indexEntryBytes,
  writeBlockHeader,
} from './snapshot-block.ts';
import { EntryOrder, type SnapshotEntry } from './snapshot-entry.ts';
import { type SnapshotRole, snapshotFileName } from './snapshot-files.ts';
import {
  encodeSnapshotFooter,
  encodeSnapshotHeader,
  type SnapshotFooter,
  type SnapshotHeader,
} from './snapshot-header.ts';
import { SnapshotReader } from './snapshot-reader.ts';

export interface SnapshotWriteOptions {
  readonly fileSystem: FileSystem;
  /** `snapshots/` of the data directory; made when it is not there. */
  readonly directory: string;
  readonly role: SnapshotRole;
  readonly header: Omit<SnapshotHeader, 'salt' | 'createdAt'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Gives up when it is aborted: nothing of the snapshot is left. */
  readonly signal?: AbortSignal;
  /** Called to give the written snapshot its name, for whoever must choose the moment. */
  readonly exchange?: (rename: () => Promise<void>) => Promise<void>;
  /** Hands the content over: all definitions, then all documents, then all idempotency keys, each sorted by id. */
  readonly content: (writer: SnapshotContentWriter) => Promise<void>;
}

/** A snapshot that is on disk under its name. */
export interface WrittenSnapshot {
  readonly name: string;
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly footer: SnapshotFooter;
  readonly bytes: number;
}

/**
 * Writes a snapshot: it has its name, durably, once it was read back and found to be what was written. Memory is bounded by the largest
 * entry, and other work gets its turns meanwhile.
 * @throws {NoSpaceError} when there is no room. Whatever it throws, nothing is left of it and what had the name before still has it.
 */
export async function writeSnapshot(options: SnapshotWriteOptions): Promise<WrittenSnapshot> {
  const { fileSystem, directory, role, clock, random, signal, exchange, content } = options;
  const header = { ...options.header, salt: random.bytes(saltBytes), createdAt: clock.now() };
  const name = snapshotFileName(header.sequence, role);
  const slice = new BackgroundSlice(clock, signal);
  await makeDurableDirectory(fileSystem, directory);
  const written = await replaceFile({
    fileSystem,
    directory,
    name,
    ...(exchange === undefined ? {} : { exchange }),
    write: async (file) => {
      const writer = new SnapshotContentWriter(file, header, slice);
      await writer.begin();
      await content(writer);
      return writer.finish();
    },
    verify: (temporaryPath, { footer }) => readBack(fileSystem, temporaryPath, slice, footer.digest),
  });
  return { name, path: join(directory, name), header, ...written };
}

interface ContentWritten {
  readonly footer: SnapshotFooter;
  readonly bytes: number;
}

async function readBack(fileSystem: FileSystem, path: string, slice: TimeSlice, digest: string): Promise<void> {
  const reader = await SnapshotReader.open(fileSystem, path);
  try {
    await reader.verify(slice);
    if (reader.footer.digest !== digest) throw new Error(`${path} is not what was written to it`);
  } finally {
    await reader.close();
  }
}

/**
 * Handed to the system and synced at once, so that a commit's sync never finds more than this in front of it: file systems with a
 * journal write what other files have dirty, too, before the sync of the one ends.
 */
const writeBytes = 256 * 1024;

/**
 * Takes the content of a snapshot. The methods that add an entry only gather; call `pause` whenever `due` says so:
 *
 *     writer.document(document);
 *     if (writer.due) await writer.pause();
 */
export class SnapshotContentWriter {
  readonly #file: File;
  readonly #header: SnapshotHeader;
  readonly #salt: FrameSalt;
  readonly #slice: TimeSlice;
  readonly #digest = createHash('sha256');
  readonly #order = new EntryOrder();
  readonly #index = new ByteWriter();
  /** Whole blocks, then the one that is being filled. */
  readonly #out = new ByteWriter();
  /** Where in the file `#out` begins. */
  #offset = 0;
  /** Where in `#out` the block that is being filled begins. */
  #blockAt = 0;
  #blockEntries = 0;
  #blockKind: number = entryKinds.table;
  #blocks = 0;

  constructor(file: File, header: SnapshotHeader, slice: TimeSlice) {
    this.#file = file;
    this.#header = header;
    this.#salt = new FrameSalt(header.salt);
    this.#slice = slice;
  }

  async begin(): Promise<void> {
    this.#out.bytes(encodeSnapshotHeader(this.#header));
    await this.#flush();
  }

  /** @throws {RangeError} when they are not sorted. */
  definitions({ tables, indexes, settings }: Definitions): void {
    for (const table of tables) this.#definition(entryKinds.table, () => writeTable(this.#out, table));
    for (const index of indexes) this.#definition(entryKinds.index, () => writeIndex(this.#out, index));
    for (const setting of settings) this.#definition(entryKinds.setting, () => writeSetting(this.#out, setting));
  }

  /** @throws {RangeError} when it is not behind the document before it. */
  document(document: Document): void {
    const at = this.#beginEntry(entryKinds.document);
    this.#out.int64(document.sequence);
    writeDocument(this.#out, document);
    this.#endEntry(entryKinds.document, at, at + entryHeaderBytes + 8);
  }

  /** @throws {RangeError} when it is not behind the key before it. */
  key(key: KeyRecord): void {
    const at = this.#beginEntry(entryKinds.key);
    this.#out.int64(key.sequence);
    writeKey(this.#out, key);
    this.#endEntry(entryKinds.key, at, at + entryHeaderBytes + 8);
  }

  /** Takes an entry of another snapshot as it is. @throws {RangeError} when it is not behind the one before it. */
  entry(entry: SnapshotEntry): void {
    const at = this.#beginEntry(entry.kind);
    this.#out.copy(entry.payload, entry.start + entryHeaderBytes, entry.end);
    this.#endEntry(entry.kind, at, at + entry.recordStart - entry.start);
  }

  /** Takes a document as a record of the log has it: `payload` is that of its `putDocument` record in commit `sequence`. */
  documentRecord(sequence: number, payload: Buffer): void {
    this.#record(entryKinds.document, sequence, payload);
  }

  /** The same of a key and a `putKey` record. */
  keyRecord(sequence: number, payload: Buffer): void {
    this.#record(entryKinds.key, sequence, payload);
  }

  /** Whether enough was gathered, or enough time has passed, for a pause. */
  get due(): boolean {
    return this.#out.position >= writeBytes || this.#slice.due;
  }

  /** Writes what is to be written and lets others run. @throws what the file throws, or the reason for which to stop. */
  async pause(): Promise<void> {
    if (this.#out.position >= writeBytes) await this.#flush();
    if (this.#slice.due) await this.#slice.pause();
  }

  async finish(): Promise<ContentWritten> {
    this.#endBlock();
    const indexAt = this.#position;
    await this.#writeIndex();
    const footer: SnapshotFooter = {
      indexAt,
      ...this.#order.counts,
      blocks: this.#blocks,
      digest: this.#digest.digest('hex'),
    };
    this.#out.bytes(encodeSnapshotFooter(footer, this.#position, this.#salt));
    await this.#flush();
    return { footer, bytes: this.#offset };
  }

  /** Where in the file the next byte will be. */
  get #position(): number {
    return this.#offset + this.#out.position;
  }

  #record(kind: number, sequence: number, payload: Buffer): void {
    const at = this.#beginEntry(kind);
    this.#out.int64(sequence);
    this.#out.bytes(payload);
    this.#endEntry(kind, at, at + entryHeaderBytes + 8);
  }

  #definition(kind: number, write: () => void): void {
    const at = this.#beginEntry(kind);
    write();
    this.#endEntry(kind, at, at + entryHeaderBytes);
  }

  #beginEntry(kind: number): number {
    if (this.#blockKind !== kind) this.#endBlock();
    this.#blockKind = kind;
    if (this.#blockEntries === 0) this.#beginBlock();
    const at = this.#out.position;
    this.#out.uint32(0);
    this.#out.uint8(kind);
    return at;
  }

  /** @param idAt where in `#out` the id is. */
  #endEntry(kind: number, at: number, idAt: number): void {
    const written = this.#out.written();
    if (!this.#order.admits(kind, written, idAt)) {
      throw new RangeError(`entry ${readUuid(written, idAt)} is not behind the one before it`);
    }
    this.#out.patchUint32(at, this.#out.position - at - 4);
    if (kind === entryKinds.document && this.#blockEntries === 0) {
      this.#index.copy(written, idAt, idAt + uuidBytes);
      this.#index.int64(this.#offset + this.#blockAt);
    }
    this.#blockEntries += 1;
    if (this.#out.position - this.#blockAt >= blockHeaderBytes + blockPayloadBytes) this.#endBlock();
  }

  #beginBlock(): void {
    this.#blockAt = this.#out.position;
    this.#out.bytes(emptyBlockHeader);
  }

  #endBlock(): void {
    if (this.#blockEntries === 0) return;
    this.#digest.update(this.#out.written(this.#blockAt + blockHeaderBytes));
    this.#completeBlock(blockKinds.content, this.#blockEntries);
    this.#blockEntries = 0;
  }

  #completeBlock(kind: number, entryCount: number): void {
    const block = this.#out.written(this.#blockAt);
    writeBlockHeader(block, this.#offset + this.#blockAt, this.#salt, { kind, entryCount });
    this.#blocks += 1;
  }

  async #writeIndex(): Promise<void> {
    const index = this.#index.written();
    const bytesInBlock = indexEntriesInBlock * indexEntryBytes;
    for (let at = 0; at < index.length; at += bytesInBlock) {
      const entries = index.subarray(at, at + bytesInBlock);
      this.#beginBlock();
      this.#out.bytes(entries);
      this.#completeBlock(blockKinds.index, entries.length / indexEntryBytes);
      if (this.due) await this.pause();
    }
  }

  /** Writes all whole blocks; what there is of the one that is being filled stays. */
  async #flush(): Promise<void> {
    const whole = this.#blockEntries === 0 ? this.#out.position : this.#blockAt;
    const bytes = this.#out.written().subarray(0, whole);
    await writeFully(this.#file, bytes, this.#offset);
    const rest = Buffer.from(this.#out.written(whole));
    this.#out.reset();
    this.#out.bytes(rest);
    this.#offset += whole;
    this.#blockAt -= whole;
    await this.#file.datasync();
  }
}

const emptyBlockHeader = Buffer.alloc(blockHeaderBytes);
