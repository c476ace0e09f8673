import { createHash } from 'node:crypto';
import { ByteWriter } from '../log/byte-writer.ts';
import { MalformedError } from '../log/log-error.ts';
import { uuidBytes } from '../log/uuid-bytes.ts';
import type { Block, BlockStream } from './block-stream.ts';
import { blockKinds, indexEntriesInBlock, indexEntryBytes } from './snapshot-block.ts';
import { EntryOrder, readEntries, type SnapshotEntry } from './snapshot-entry.ts';
import type { SnapshotFooter } from './snapshot-header.ts';

/** Goes through all blocks of a snapshot and checks all that there is to check but what is in the records. */
export class SnapshotWalk {
  readonly #stream: BlockStream;
  readonly #footer: SnapshotFooter;
  readonly #digest = createHash('sha256');
  readonly #order = new EntryOrder();
  /** The index as it must be. */
  readonly #index = new ByteWriter();
  #indexAt: number | null = null;
  #indexChecked = 0;
  #blocks = 0;

  constructor(stream: BlockStream, footer: SnapshotFooter) {
    this.#stream = stream;
    this.#footer = footer;
  }

  /**
   * The entries of the next content block; null behind the last of them, when everything was found good.
   * @throws {MalformedError} @throws {UnknownKindError}
   */
  async next(): Promise<readonly SnapshotEntry[] | null> {
    for (;;) {
      const block = await this.#stream.next();
      if (block === null) break;
      this.#blocks += 1;
      if (block.kind === blockKinds.content) return this.#readContent(block);
      this.#checkIndexBlock(block);
    }
    this.#checkFooter();
    return null;
  }

  #readContent({ payload, entryCount, offset }: Block): readonly SnapshotEntry[] {
    if (this.#indexAt !== null) throw new MalformedError('content behind the index');
    const entries = readEntries(payload, entryCount, this.#order);
    const first = entries[0];
    if (first === undefined) throw new MalformedError('a block without entries');
    if (first.kind !== entries.at(-1)?.kind) throw new MalformedError('a block of entries of several kinds');
    if (first.isDocument) {
      this.#index.copy(payload, first.recordStart, first.recordStart + uuidBytes);
      this.#index.int64(offset);
    }
    this.#digest.update(payload);
    return entries;
  }

  #checkIndexBlock({ payload, entryCount, offset }: Block): void {
    this.#indexAt ??= offset;
    const from = this.#indexChecked;
    const expected = this.#index.written().subarray(from, from + indexEntriesInBlock * indexEntryBytes);
    if (!expected.equals(payload) || entryCount !== expected.length / indexEntryBytes) {
      throw new MalformedError('an index that is not that of the documents');
    }
    this.#indexChecked += payload.length;
  }

  #checkFooter(): void {
    const found: SnapshotFooter = {
      indexAt: this.#indexAt ?? this.#stream.offset,
      ...this.#order.counts,
      blocks: this.#blocks,
      digest: this.#digest.digest('hex'),
    };
    if (this.#indexChecked !== this.#index.position) throw new MalformedError('an index that does not go to its end');
    for (const field of footerFields) {
      if (found[field] === this.#footer[field]) continue;
      throw new MalformedError(`the footer tells ${field} ${this.#footer[field]}, but it is ${found[field]}`);
    }
  }
}

const footerFields = ['indexAt', 'tables', 'indexes', 'settings', 'documents', 'keys', 'blocks', 'digest'] as const;
