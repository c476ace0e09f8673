import { Buffer } from 'node:buffer';
import type { FrameSalt } from '../log/frame.ts';
import { MalformedError } from '../log/log-error.ts';
import { type File, readFully } from '../ports/file-system.ts';
import { blockHeaderBytes, checkPayload, readBlockHeader } from './snapshot-block.ts';

export interface Block {
  readonly kind: number;
  readonly entryCount: number;
  /** A view that is good until the next block is read. */
  readonly payload: Buffer;
  /** Where in the file its header begins. */
  readonly offset: number;
}

/** Read at once where blocks are smaller. */
const windowBytes = 1024 * 1024;

/** Reads blocks one behind the other, each of them checked. Memory is bounded by the largest block. */
export class BlockStream {
  readonly #file: File;
  readonly #salt: FrameSalt;
  readonly #end: number;
  #offset: number;
  #lastOffset: number;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #windowEnd = 0;

  /** @param start where in the file the first block begins. @param end behind the last. */
  constructor(file: File, salt: FrameSalt, start: number, end: number) {
    this.#file = file;
    this.#salt = salt;
    this.#offset = start;
    this.#lastOffset = start;
    this.#end = end;
  }

  /** Where the next block begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Where the block begins that was read last, or could not be read. */
  get lastOffset(): number {
    return this.#lastOffset;
  }

  /** @returns null behind the last. @throws {MalformedError} @throws {UnknownKindError} */
  async next(): Promise<Block | null> {
    const offset = this.#offset;
    if (offset === this.#end) return null;
    this.#lastOffset = offset;
    const headerAt = await this.#load(blockHeaderBytes);
    const header = readBlockHeader(this.#window, headerAt, offset, this.#salt);
    const length = blockHeaderBytes + header.payloadLength;
    const at = await this.#load(length);
    checkPayload(this.#window, at, offset, header, this.#salt);
    this.#offset += length;
    const { kind, entryCount } = header;
    return { kind, entryCount, payload: this.#window.subarray(at + blockHeaderBytes, at + length), offset };
  }

  /** Makes the next `length` bytes be in the window. @returns where in it. @throws {MalformedError} when there are fewer. */
  async #load(length: number): Promise<number> {
    const offset = this.#offset;
    if (offset + length > this.#end) throw new MalformedError(`${length} bytes where ${this.#end - offset} are left`);
    if (offset < this.#windowStart || offset + length > this.#windowEnd) {
      const size = Math.min(Math.max(length, windowBytes), this.#end - offset);
      // A larger one is not kept for the sake of one large block.
      if (size > this.#window.length || this.#window.length > windowBytes) this.#window = Buffer.allocUnsafeSlow(size);
      this.#windowStart = offset;
      this.#windowEnd = offset + (await readFully(this.#file, this.#window.subarray(0, size), offset));
      if (offset + length > this.#windowEnd) throw new MalformedError('the file has become shorter');
    }
    return offset - this.#windowStart;
  }
}
