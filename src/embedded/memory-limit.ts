import { DatabaseError } from '../errors.ts';
import type { HeapMeter } from './ports/heap-meter.ts';

const leastHeadroomBytes = 160 * 1024 * 1024;

/**
 * How much heap a process needs that holds so many bytes of documents: half as much again, for requests, for what read views keep,
 * and for garbage, which V8 collects the oftener the less room is left.
 */
export function heapBytesFor(memoryBytesMax: number): number {
  return memoryBytesMax + headroomBytes(memoryBytesMax);
}

/** The other way round: how many bytes of documents a heap has room for. */
export function memoryBytesFor(heapBytes: number): number {
  return Math.max(0, Math.min(Math.floor(heapBytes / 1.5), heapBytes - leastHeadroomBytes));
}

function headroomBytes(memoryBytesMax: number): number {
  return Math.max(memoryBytesMax / 2, leastHeadroomBytes);
}

export interface MemoryLimitOptions {
  /** `Infinity` for none. */
  readonly bytesMax: number;
  /** What the documents take, those included that read views keep. */
  readonly countedBytes: () => number;
  /** What is kept for speed alone: it counts, but goes before a write is refused. */
  readonly cache: { readonly bytes: number; readonly clear: () => void };
  readonly heapMeter: HeapMeter;
}

/**
 * Decides whether there is room in memory for more. What counts is what the documents take by count, which an erasure lowers at once.
 * The count is an estimate, so it is held against the heap after each full collection: where the heap holds more than the
 * limit and a quarter of the headroom, that counts instead, and writes are refused while there is still room for everything else.
 */
export class MemoryLimit {
  readonly bytesMax: number;
  readonly #options: MemoryLimitOptions;
  readonly #heapBytesBefore: number;
  readonly #stop: () => void;
  /** What the heap was found to hold beyond what was counted and what is left to other uses. */
  #uncountedBytes = 0;

  constructor(options: MemoryLimitOptions) {
    this.#options = options;
    this.bytesMax = options.bytesMax;
    this.#heapBytesBefore = options.heapMeter.usedBytes();
    this.#stop = Number.isFinite(options.bytesMax)
      ? options.heapMeter.onCollection((usedBytes) => this.#calibrate(usedBytes))
      : () => {};
  }

  get bytes(): number {
    return this.#options.countedBytes() + this.#options.cache.bytes + this.#uncountedBytes;
  }

  get isFull(): boolean {
    return this.bytes - this.#options.cache.bytes >= this.bytesMax;
  }

  /** Whether so much more may be kept for speed. */
  hasRoom(bytes: number): boolean {
    return this.bytes + bytes < this.bytesMax;
  }

  /** @throws {DatabaseError} `MEMORY_FULL` when documents take all the memory that they may. */
  checkRoom(): void {
    if (this.bytes < this.bytesMax) return;
    this.#options.cache.clear();
    if (!this.isFull) return;
    throw new DatabaseError(
      'MEMORY_FULL',
      `Documents take ${this.bytes} bytes of memory, ${this.bytesMax} are allowed (--memory-bytes-max). ` +
        'Reads, archiving and erasing go on: erase what is not needed, or give the server more memory',
      { limit: this.bytesMax, actual: this.bytes },
    );
  }

  close(): void {
    this.#stop();
  }

  #calibrate(usedBytes: number): void {
    const otherUses = this.#heapBytesBefore + headroomBytes(this.bytesMax) / 4;
    this.#uncountedBytes = Math.max(0, usedBytes - otherUses - (this.bytes - this.#uncountedBytes));
  }
}
