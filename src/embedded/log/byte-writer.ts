import { Buffer } from 'node:buffer';
import { writeUuid } from './uuid-bytes.ts';

/** More than this is not kept for the next use. */
const keptBytesMax = 1024 * 1024;
const initialBytes = 64 * 1024;
const twoToThe32 = 2 ** 32;

/**
 * Writes the format's integers, texts and UUIDs one behind the other into a buffer that grows. Reused: `reset`, write, take
 * a copy of `written`.
 */
export class ByteWriter {
  #buffer: Buffer = Buffer.allocUnsafe(initialBytes);
  #position = 0;

  get position(): number {
    return this.#position;
  }

  /** A view of what was written from `start` on, good until the next write. */
  written(start = 0): Buffer {
    return this.#buffer.subarray(start, this.#position);
  }

  reset(): void {
    this.#position = 0;
    if (this.#buffer.length > keptBytesMax) this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#position] = value;
    this.#position += 1;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#position = this.#buffer.writeUInt16LE(value, this.#position);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#position = this.#buffer.writeUInt32LE(value, this.#position);
  }

  int64(value: number): void {
    this.#reserve(8);
    this.#position = writeInt64(this.#buffer, value, this.#position);
  }

  uuid(value: string): void {
    this.#reserve(16);
    writeUuid(this.#buffer, this.#position, value);
    this.#position += 16;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#position);
    this.#position += value.length;
  }

  /** Bytes out of the middle of a buffer, without a view of them: that would cost more than they do. */
  copy(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#position += source.copy(this.#buffer, this.#position, start, end);
  }

  /** Text in UTF-8, without its length. */
  text(value: string): void {
    // A code unit takes at most three bytes: two of them, a surrogate pair, take four.
    this.#reserve(value.length * 3);
    this.#position += this.#buffer.write(value, this.#position, 'utf8');
  }

  /** Text in UTF-8 behind its length in bytes, u32. */
  lengthAndText(value: string): void {
    const start = this.#position;
    this.uint32(0);
    this.text(value);
    this.patchUint32(start, this.#position - start - 4);
  }

  /** Each character is one byte: what `crypto.hash` calls `binary`. */
  binary(value: string): void {
    this.#reserve(value.length);
    this.#position += this.#buffer.write(value, this.#position, 'latin1');
  }

  /** Hex digits as the bytes that they stand for. @throws {RangeError} when they are not `byteLength` bytes. */
  hex(value: string, byteLength: number): void {
    this.#reserve(byteLength);
    const written = this.#buffer.write(value, this.#position, byteLength, 'hex');
    if (written !== byteLength || value.length !== byteLength * 2) {
      throw new RangeError(`'${value}' is not ${byteLength} bytes in hex`);
    }
    this.#position += byteLength;
  }

  /** Fills in a length that was not known when its place was written. */
  patchUint8(at: number, value: number): void {
    this.#buffer.writeUInt8(value, at);
  }

  patchUint32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at);
  }

  #reserve(size: number): void {
    const needed = this.#position + size;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#position);
    this.#buffer = grown;
  }
}

/** Returns the offset behind it. @throws {RangeError} when a double does not hold the value exactly. */
export function writeInt64(target: Buffer, value: number, at: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer that a double holds exactly`);
  target.writeUInt32LE(value >>> 0, at);
  return target.writeInt32LE(Math.floor(value / twoToThe32), at + 4);
}
