import { Buffer } from 'node:buffer';
import { itemBytesMax, type SourceItem, tooLong } from './source-item.ts';

/** How much is kept of an item that is too long. */
const keptBytes = 1024;

/** Gathers the bytes of one item, which may come in several chunks. */
export class ItemBytes {
  #parts: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(part: Buffer): void {
    if (part.length === 0) return;
    // Beyond the limit only the length matters.
    if (this.#length <= itemBytesMax) this.#parts.push(part);
    this.#length += part.length;
  }

  /** The item that the bytes are; begins anew. */
  take(line: number): SourceItem {
    const [first = Buffer.alloc(0)] = this.#parts;
    const isTooLong = this.#length > itemBytesMax;
    const text = this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return isTooLong
      ? { line, text: text.subarray(0, keptBytes), value: null, problem: tooLong }
      : { line, text, value: null, problem: null };
  }
}
