import { CorruptionError } from '../log/log-error.ts';
import type { FileSystem } from '../ports/file-system.ts';
import { SealedSegment, segmentPath } from './sealed-segment.ts';
import { IndexDamagedError, SegmentIndex } from './segment-index.ts';
import { writeSegmentIndex } from './segment-index-writer.ts';
import type { TimeSlice } from './time-slice.ts';

/** A sealed segment behind the base. */
export interface CatalogSegment {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly bytes: number;
  /** `eraseDocument` records in it; null while it has no index. */
  readonly erasures: number | null;
}

/** What is known of the sealed segments behind the base: some numbers of each, none of their content. */
export class SegmentCatalog {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #segments = new Map<number, CatalogSegment>();
  #sealedUpTo = 0;

  /** @param directory `log/` of the data directory. */
  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  /** Oldest first. */
  get segments(): CatalogSegment[] {
    return [...this.#segments.values()].sort((a, b) => a.firstSequence - b.firstSequence);
  }

  get bytes(): number {
    let total = 0;
    for (const { bytes } of this.#segments.values()) total += bytes;
    return total;
  }

  /** The last sequence of the segments that are known; 0 when none is. */
  get lastSequence(): number {
    return this.segments.at(-1)?.lastSequence ?? 0;
  }

  /** @param lastSequence of a segment that was sealed. */
  sealed(lastSequence: number): void {
    this.#sealedUpTo = Math.max(this.#sealedUpTo, lastSequence);
  }

  /** At the beginning nobody writes yet, so that the newest segment can be looked at to see whether it is sealed. */
  async begin(firstSequences: readonly number[]): Promise<void> {
    const newest = firstSequences.at(-1);
    if (newest === undefined) return;
    this.#sealedUpTo = newest - 1;
    const segment = await SealedSegment.open(this.#fileSystem, segmentPath(this.#directory, newest), newest);
    if (segment === null) return;
    this.#sealedUpTo = segment.lastSequence;
    await segment.close();
  }

  /**
   * Learns of segments that are new or were rewritten, and forgets those that are gone.
   * @param firstSequences of all segments behind the base.
   */
  async refresh(firstSequences: readonly number[]): Promise<void> {
    for (const known of this.#segments.keys()) if (!firstSequences.includes(known)) this.#segments.delete(known);
    for (const firstSequence of firstSequences) {
      if (firstSequence > this.#sealedUpTo || this.#segments.has(firstSequence)) continue;
      const segment = await this.#open(firstSequence);
      try {
        await this.#learn(segment);
      } finally {
        await segment.close();
      }
    }
  }

  /** To be looked at anew. */
  forget(firstSequence: number): void {
    this.#segments.delete(firstSequence);
  }

  /** Makes the indexes that are missing. @throws {CorruptionError} when a segment is damaged. @throws {NoSpaceError} */
  async makeIndexes(slice: TimeSlice): Promise<void> {
    for (const { firstSequence, erasures } of this.segments)
      if (erasures === null) await this.#makeIndex(firstSequence, slice);
  }

  /**
   * Runs `use` with the indexes of these segments, which are open until it ends. When one turns out to be damaged it is made again, and `use`
   * is run again.
   */
  withIndexes<T>(
    segments: readonly CatalogSegment[],
    slice: TimeSlice,
    use: (indexes: readonly SegmentIndex[]) => Promise<T>,
  ): Promise<T> {
    return this.#remaking(slice, () => this.#withOpenIndexes(segments, [], use));
  }

  /** The same with the index of one segment. */
  withIndex<T>(firstSequence: number, slice: TimeSlice, use: (index: SegmentIndex) => Promise<T>): Promise<T> {
    return this.#remaking(slice, () => this.#withOpenIndex(firstSequence, use));
  }

  async #remaking<T>(slice: TimeSlice, run: () => Promise<T>): Promise<T> {
    const made = new Set<number>();
    for (;;) {
      try {
        return await run();
      } catch (error) {
        // One that is damaged again at once is no accident.
        if (!(error instanceof IndexDamagedError) || made.has(error.firstSequence)) throw error;
        made.add(error.firstSequence);
        await this.#makeIndex(error.firstSequence, slice);
      }
    }
  }

  #withOpenIndexes<T>(
    [next, ...others]: readonly CatalogSegment[],
    opened: readonly SegmentIndex[],
    use: (indexes: readonly SegmentIndex[]) => Promise<T>,
  ): Promise<T> {
    if (next === undefined) return use(opened);
    return this.#withOpenIndex(next.firstSequence, (index) => this.#withOpenIndexes(others, [...opened, index], use));
  }

  async #withOpenIndex<T>(firstSequence: number, use: (index: SegmentIndex) => Promise<T>): Promise<T> {
    const segment = await this.#open(firstSequence);
    try {
      const index = await SegmentIndex.open(this.#fileSystem, this.#directory, segment);
      if (index === null) throw new IndexDamagedError(segment.path, firstSequence, 'it is not of the segment');
      try {
        return await use(index);
      } finally {
        await index.close();
      }
    } finally {
      await segment.close();
    }
  }

  async #makeIndex(firstSequence: number, slice: TimeSlice): Promise<void> {
    const segment = await this.#open(firstSequence);
    try {
      await writeSegmentIndex(segment, { fileSystem: this.#fileSystem, directory: this.#directory, slice });
      await this.#learn(segment);
    } finally {
      await segment.close();
    }
  }

  async #learn(segment: SealedSegment): Promise<void> {
    const index = await SegmentIndex.open(this.#fileSystem, this.#directory, segment);
    const { header, lastSequence, bytes } = segment;
    const { firstSequence } = header;
    const erasures = index?.footer.erasures ?? null;
    await index?.close();
    this.#segments.set(firstSequence, { firstSequence, lastSequence, bytes, erasures });
  }

  async #open(firstSequence: number): Promise<SealedSegment> {
    const path = segmentPath(this.#directory, firstSequence);
    const segment = await SealedSegment.open(this.#fileSystem, path, firstSequence);
    if (segment === null) {
      const position = { file: path, offset: 0, sequence: firstSequence };
      throw new CorruptionError(position, 'it does not end in a whole seal any more');
    }
    return segment;
  }
}
