import { Buffer } from 'node:buffer';
import type { Document } from '../../../src/document/document.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import type { TableRecord } from '../../../src/embedded/log/record.ts';
import type { Random } from '../../../src/embedded/ports/random.ts';
import { SnapshotReader } from '../../../src/embedded/snapshot/snapshot-reader.ts';
import {
  type SnapshotWriteOptions,
  type WrittenSnapshot,
  writeSnapshot,
} from '../../../src/embedded/snapshot/snapshot-writer.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import type { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, stillClock } from '../log/log-fixture.ts';

export const snapshotDirectory = `${dataDirectory}/snapshots`;

export interface SnapshotContent {
  readonly tables: readonly TableRecord[];
  readonly documents: readonly Document[];
}

export const identity = {
  databaseId: '00010203-0405-4607-8809-0a0b0c0d0e0f',
  epoch: '10111213-1415-4617-9819-1a1b1c1d1e1f',
  seal: new Uint8Array(Buffer.alloc(32, 7)),
  sequence: 12,
  committedAt: 1_700_000_000_012,
};

export interface SnapshotFixtureOptions extends Partial<Omit<SnapshotWriteOptions, 'content'>> {
  readonly random?: Random;
}

/** Writes tables and documents, which the caller has sorted by id. */
export function writeContent(
  fileSystem: SimulatedFileSystem,
  { tables, documents }: SnapshotContent,
  options: SnapshotFixtureOptions = {},
): Promise<WrittenSnapshot> {
  return writeSnapshot({
    fileSystem,
    directory: snapshotDirectory,
    role: 'snapshot',
    header: identity,
    clock: stillClock,
    random: new SeededRandom(1),
    ...options,
    content: async (writer) => {
      for (const table of tables) writer.table(table);
      for (const document of documents) {
        writer.document(document);
        if (writer.due) await writer.pause();
      }
    },
  });
}

/** Reads everything, to the end and its checks. */
export async function readContent(fileSystem: SimulatedFileSystem, path: string): Promise<SnapshotContent> {
  const reader = await SnapshotReader.open(fileSystem, path);
  try {
    const tables: TableRecord[] = [];
    const documents: Document[] = [];
    for await (const slice of reader.contents(new TimeSlice(stillClock))) {
      tables.push(...slice.tables);
      documents.push(...slice.documents);
    }
    return { tables, documents };
  } finally {
    await reader.close();
  }
}
