import { join } from 'node:path';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, ifThere } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import type { SnapshotName } from '../snapshot/snapshot-files.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { writeSnapshot } from '../snapshot/snapshot-writer.ts';
import { type ErasedDocument, findErasedDocuments, findErasedRecords, findInSnapshot } from './erasure-search.ts';
import type { HistoryFiles } from './history-files.ts';
import type { CatalogSegment, SegmentCatalog } from './segment-catalog.ts';
import { eraseInSegment } from './segment-erasure.ts';
import type { TimeSlice } from './time-slice.ts';

export interface DiskErasureOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: HistoryFiles;
  readonly catalog: SegmentCatalog;
  /** Erasures up to this sequence have been carried out. */
  readonly afterSequence: number;
  readonly slice: TimeSlice;
  readonly signal: AbortSignal;
  /** Runs what opens a snapshot and reads it, which others may remove meanwhile. */
  readonly readSnapshot: (read: () => Promise<void>) => Promise<void>;
  /** Called to put a rewritten file in the place of the other. */
  readonly exchange: (rename: () => Promise<void>) => Promise<void>;
}

/** Looked for at once: what is known of them is held in memory. */
const documentsMax = 10_000;

/** Whether the segment has erasures that have not been carried out. */
export function hasErasures({ lastSequence, erasures }: CatalogSegment, afterSequence: number): boolean {
  return lastSequence > afterSequence && erasures !== 0;
}

/**
 * Carries out all erasures in the sealed segments: writes every file again in which an erased document stands as it was before (FORMAT.md, "Erasure on
 * disk"). May be stopped or crash at any point, and is then done again from the beginning.
 * @returns how many files were written again.
 */
export async function eraseOnDisk(options: DiskErasureOptions): Promise<number> {
  const run = new DiskErasure(options);
  for (const segment of options.catalog.segments) {
    if (hasErasures(segment, options.afterSequence)) await run.carryOut(segment.firstSequence);
  }
  return run.files;
}

class SnapshotGoneError extends Error {}

class DiskErasure {
  readonly #options: DiskErasureOptions;
  files = 0;

  constructor(options: DiskErasureOptions) {
    this.#options = options;
  }

  /** Carries out the erasures of one segment, some documents at a time. */
  async carryOut(firstSequence: number): Promise<void> {
    for (let afterId = ''; ; ) {
      const erased = await this.#nextOf(firstSequence, afterId);
      const last = erased.at(-1);
      if (last === undefined) return;
      await this.#erase(erased);
      afterId = last.id;
    }
  }

  #nextOf(firstSequence: number, afterId: string): Promise<ErasedDocument[]> {
    const { catalog, slice, afterSequence } = this.#options;
    return catalog.withIndex(firstSequence, slice, (index) =>
      findErasedDocuments(index, { afterSequence, afterId, countMax: documentsMax }, slice),
    );
  }

  /** From the oldest file to the newest: stopped in between, what is left of a document are its newest versions. */
  async #erase(erased: readonly ErasedDocument[]): Promise<void> {
    const { files, catalog } = this.#options;
    const newest = erased.reduce((sequence, document) => Math.max(sequence, document.sequence), 0);
    const snapshots = files.snapshots.filter(({ sequence }) => sequence < newest);
    for (const segment of catalog.segments) {
      while (snapshots[0] !== undefined && snapshots[0].sequence < segment.firstSequence) {
        await this.#eraseInSnapshot(snapshots[0], erased);
        snapshots.shift();
      }
      if (segment.firstSequence <= newest) await this.#eraseInSegment(segment, erased);
    }
    for (const snapshot of snapshots) await this.#eraseInSnapshot(snapshot, erased);
  }

  async #eraseInSegment(segment: CatalogSegment, erased: readonly ErasedDocument[]): Promise<void> {
    const { fileSystem, files, catalog, slice, exchange } = this.#options;
    const { firstSequence } = segment;
    const changed = await catalog.withIndex(firstSequence, slice, async (index) => {
      const offsets = await findErasedRecords(index, erased, slice);
      if (offsets.size === 0) return false;
      await eraseInSegment(index.segment, offsets, { fileSystem, directory: files.logDirectory, slice, exchange });
      return true;
    });
    if (!changed) return;
    this.files += 1;
    catalog.forget(firstSequence);
    await catalog.refresh(files.segments);
    await catalog.makeIndexes(slice);
  }

  #eraseInSnapshot(snapshot: SnapshotName, erased: readonly ErasedDocument[]): Promise<void> {
    return this.#options.readSnapshot(() => this.#readAndErase(snapshot, erased));
  }

  async #readAndErase(snapshot: SnapshotName, erased: readonly ErasedDocument[]): Promise<void> {
    const { fileSystem, files, slice } = this.#options;
    const path = join(files.snapshotDirectory, snapshot.name);
    // Opened once: between two openings it could go.
    const reader = await ifThere(SnapshotReader.open(fileSystem, path));
    if (reader === null) return;
    try {
      const ids = await findInSnapshot(reader, erased, slice);
      if (ids.size === 0) return;
      await this.#writeWithout(reader, snapshot, ids);
      this.files += 1;
    } catch (error) {
      if (!(error instanceof SnapshotGoneError)) throw error;
    } finally {
      await reader.close();
    }
  }

  async #writeWithout(reader: SnapshotReader, { name, role }: SnapshotName, ids: ReadonlySet<string>): Promise<void> {
    const { fileSystem, clock, random, files, slice, signal, exchange } = this.#options;
    await writeSnapshot({
      fileSystem,
      directory: files.snapshotDirectory,
      role,
      header: reader.header,
      clock,
      random,
      signal,
      exchange: (rename) =>
        exchange(async () => {
          // A newer snapshot may have been taken meanwhile, and this one removed: it is not to come back.
          if (!(await fileSystem.list(files.snapshotDirectory)).includes(name)) throw new SnapshotGoneError();
          await rename();
        }),
      content: async (writer) => {
        for await (const entries of reader.entries(slice)) {
          for (const entry of entries) {
            if (!entry.isDocument || !ids.has(entry.id)) writer.entry(entry);
            if (writer.due) await writer.pause();
          }
        }
      },
    });
  }
}
