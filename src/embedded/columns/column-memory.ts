import type { MemoryLimitOptions } from '../memory-limit.ts';
import type { ListColumn } from './list-column.ts';

export const columnBytesMaxDefault = 64 * 1024 * 1024;

type Cache = MemoryLimitOptions['cache'];

/**
 * What all columns of a database take in memory together, and may. Where there is no room for another one, those that were used least lately go; but
 * none goes for one that was asked for less lately than it: paths that take turns, and are more than there is room for, would each be made anew
 * for every scan and help none.
 */
export class ColumnMemory implements Cache {
  readonly bytesMax: number;
  /** In the order of their use. */
  readonly #columns = new Set<ListColumn>();
  #bytes = 0;
  #uses = 0;
  #hasRoom: (bytes: number) => boolean = () => true;

  /** @param bytesMax 0 for no columns. */
  constructor(bytesMax = columnBytesMaxDefault) {
    this.bytesMax = bytesMax;
  }

  /** @param hasRoom whether there is room in memory for so much more, whatever columns may take. */
  limitBy(hasRoom: (bytes: number) => boolean): void {
    this.#hasRoom = hasRoom;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts the uses of all columns: the greater, the later. */
  nextUse(): number {
    this.#uses += 1;
    return this.#uses;
  }

  /** Puts a column behind all others. */
  use(column: ListColumn): number {
    this.#columns.delete(column);
    this.#columns.add(column);
    return this.nextUse();
  }

  /** Takes room for more of a column, of others when need be. @returns whether there is any. */
  take(bytes: number, column: ListColumn): boolean {
    if (bytes > this.bytesMax) return false;
    while (this.#bytes + bytes > this.bytesMax || !this.#hasRoom(bytes)) {
      const [oldest] = this.#columns;
      if (oldest === undefined || oldest.usedAt >= column.usedBefore) return false;
      oldest.drop();
    }
    this.#bytes += bytes;
    return true;
  }

  /** Corrects what was taken, and gives back what is not needed any more. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** To be called when a column is dropped. */
  remove(column: ListColumn): void {
    if (this.#columns.delete(column)) this.#bytes -= column.bytes;
  }

  /** Drops all columns, for the sake of what is not there for speed alone. */
  clear(): void {
    for (const column of this.#columns) column.drop();
  }
}
