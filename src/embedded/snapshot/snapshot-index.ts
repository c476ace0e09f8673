import { Buffer } from 'node:buffer';
import type { Document } from '../../document/document.ts';
import { readInt64 } from '../log/byte-reader.ts';
import { MalformedError } from '../log/log-error.ts';
import { PayloadDecoder } from '../log/payload-decoder.ts';
import { uuidBytes, writeUuid } from '../log/uuid-bytes.ts';
import type { Block, BlockStream } from './block-stream.ts';
import { blockKinds, entryKinds, indexEntryBytes } from './snapshot-block.ts';
import { EntryOrder, readEntries, type SnapshotEntry } from './snapshot-entry.ts';

/** Opens a stream of blocks that begins at an offset of the file. */
export type StreamFrom = (offset: number) => BlockStream;

/**
 * Finds one document of a snapshot without reading the others. Holds the id of one document in 64 KiB of them, which are 24 bytes.
 * Checks the blocks that it reads, not the rest.
 */
export class SnapshotIndex {
  readonly #index: Buffer;
  readonly #streamFrom: StreamFrom;
  readonly #decoder: PayloadDecoder;

  /** @param contentAt where the first block begins. @param indexAt where the first block of the index does. */
  static async read(streamFrom: StreamFrom, contentAt: number, indexAt: number): Promise<SnapshotIndex> {
    const stream = streamFrom(indexAt);
    const parts: Buffer[] = [];
    for (let block = await stream.next(); block !== null; block = await stream.next()) {
      if (block.kind !== blockKinds.index) throw new MalformedError('content behind the index');
      parts.push(Buffer.from(block.payload));
    }
    const index = Buffer.concat(parts);
    if (index.length % indexEntryBytes !== 0) throw new MalformedError(`an index of ${index.length} bytes`);
    const documentsAt = index.length === 0 ? indexAt : readInt64(index, uuidBytes);
    return new SnapshotIndex(index, streamFrom, await readTables(streamFrom(contentAt), documentsAt));
  }

  constructor(index: Buffer, streamFrom: StreamFrom, decoder: PayloadDecoder) {
    this.#index = index;
    this.#streamFrom = streamFrom;
    this.#decoder = decoder;
  }

  /** @throws {MalformedError} @throws {UnknownKindError} */
  async document(id: string): Promise<Document | null> {
    const key = Buffer.alloc(uuidBytes);
    writeUuid(key, 0, id);
    const offset = this.#blockOf(key);
    if (offset === null) return null;
    const entry = entriesOf(await this.#streamFrom(offset).next()).find(
      ({ payload, recordStart }) => key.compare(payload, recordStart, recordStart + uuidBytes) === 0,
    );
    return entry === undefined ? null : this.#decoder.document(entry.recordReader(), entry.sequence);
  }

  /** Where the last block begins whose first document is not behind `key`; null when all are. */
  #blockOf(key: Buffer): number | null {
    let low = 0;
    let high = this.#index.length / indexEntryBytes;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * indexEntryBytes;
      if (key.compare(this.#index, at, at + uuidBytes) >= 0) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : readInt64(this.#index, (low - 1) * indexEntryBytes + uuidBytes);
  }
}

function entriesOf(block: Block | null): SnapshotEntry[] {
  if (block?.kind !== blockKinds.content) throw new MalformedError('an index that tells of a block where none is');
  return readEntries(block.payload, block.entryCount, new EntryOrder());
}

/** A decoder that knows the tables, all of which are before the documents. */
async function readTables(stream: BlockStream, documentsAt: number): Promise<PayloadDecoder> {
  const decoder = new PayloadDecoder();
  while (stream.offset < documentsAt) {
    for (const entry of entriesOf(await stream.next())) {
      if (entry.isDocument) throw new MalformedError('a document before those that the index tells of');
      if (entry.kind === entryKinds.table) decoder.table(entry.recordReader());
    }
  }
  return decoder;
}
