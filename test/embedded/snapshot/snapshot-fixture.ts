import { Buffer } from 'node:buffer';
import type { Document } from '../../../src/document/document.ts';
import { TimeSlice } from '../../../src/embedded/history/time-slice.ts';
import { type Definitions, type KeyRecord, noDefinitions } from '../../../src/embedded/log/record.ts';
import type { Random } from '../../../src/embedded/ports/random.ts';
import { DefinitionList } from '../../../src/embedded/snapshot/definition-list.ts';
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

export interface SnapshotContent extends Definitions {
  readonly documents: readonly Document[];
  readonly keys: readonly KeyRecord[];
}

export const emptyContent: SnapshotContent = Object.freeze({ ...noDefinitions, documents: [], keys: [] });

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

/** Writes definitions, documents and keys, which the caller has sorted. */
export function writeContent(
  fileSystem: SimulatedFileSystem,
  { documents, keys, ...definitions }: SnapshotContent,
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
      writer.definitions(definitions);
      for (const document of documents) {
        writer.document(document);
        if (writer.due) await writer.pause();
      }
      for (const key of keys) writer.key(key);
    },
  });
}

/** Reads everything, to the end and its checks. */
export async function readContent(fileSystem: SimulatedFileSystem, path: string): Promise<SnapshotContent> {
  const reader = await SnapshotReader.open(fileSystem, path);
  try {
    const definitions = new DefinitionList();
    const documents: Document[] = [];
    const keys: KeyRecord[] = [];
    for await (const slice of reader.contents(new TimeSlice(stillClock))) {
      definitions.add(slice);
      documents.push(...slice.documents);
      keys.push(...slice.keys);
    }
    const { tables, indexes, settings } = definitions;
    return { tables, indexes, settings, documents, keys };
  } finally {
    await reader.close();
  }
}
