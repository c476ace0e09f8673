import type { Buffer } from 'node:buffer';
import { MalformedError } from './log-error.ts';
import { readUuid } from './uuid-bytes.ts';

const twoToThe32 = 2 ** 32;

/** Reads what `ByteWriter` writes, and never past `end`. Every method throws `MalformedError` where bytes are missing. */
export class ByteReader {
  readonly buffer: Buffer;
  #position: number;
  #end: number;

  constructor(buffer: Buffer, position: number, end: number) {
    this.buffer = buffer;
    this.#position = position;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  uint8(): number {
    return this.buffer.readUInt8(this.skip(1));
  }

  uint16(): number {
    return this.buffer.readUInt16LE(this.skip(2));
  }

  uint32(): number {
    return this.buffer.readUInt32LE(this.skip(4));
  }

  int64(): number {
    return readInt64(this.buffer, this.skip(8));
  }

  uuid(): string {
    return readUuid(this.buffer, this.skip(16));
  }

  hex(size: number): string {
    const at = this.skip(size);
    return this.buffer.toString('hex', at, at + size);
  }

  text(size: number): string {
    const at = this.skip(size);
    return this.buffer.toString('utf8', at, at + size);
  }

  lengthAndText(): string {
    return this.text(this.uint32());
  }

  /** A copy, because the buffer is used again. */
  copy(size: number): Uint8Array {
    const at = this.skip(size);
    return new Uint8Array(this.buffer.subarray(at, at + size));
  }

  /** Where the next `size` bytes begin; passes over them. */
  skip(size: number): number {
    const at = this.#position;
    if (size > this.#end - at) throw new MalformedError(`${size} bytes are expected where ${this.#end - at} are left`);
    this.#position = at + size;
    return at;
  }

  /** Ends reading `size` bytes from here; `restore` takes the limit back. Spares an object for every record. */
  limit(size: number): number {
    if (size > this.remaining) throw new MalformedError(`a length of ${size} where ${this.remaining} bytes are left`);
    const end = this.#end;
    this.#end = this.#position + size;
    return end;
  }

  /** @throws {MalformedError} when not everything within the limit was read. */
  restore(end: number): void {
    if (this.remaining !== 0) throw new MalformedError(`${this.remaining} bytes are left over`);
    this.#end = end;
  }
}

/** @throws {MalformedError} when a double does not hold it exactly. */
export function readInt64(source: Buffer, at: number): number {
  const value = source.readInt32LE(at + 4) * twoToThe32 + source.readUInt32LE(at);
  if (!Number.isSafeInteger(value)) throw new MalformedError(`${value} is not an integer that a double holds exactly`);
  return value;
}
