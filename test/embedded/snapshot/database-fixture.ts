import { dirname } from 'node:path';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { CorruptionError, NewerFormatError } from '../../../src/embedded/log/log-error.ts';
import type { Clock } from '../../../src/embedded/ports/clock.ts';
import type { Random } from '../../../src/embedded/ports/random.ts';
import type { StorageEvent } from '../../../src/embedded/storage-event.ts';
import type { DatabaseError } from '../../../src/errors.ts';
import { everything } from '../../../src/query/filter.ts';
import { SeededRandom } from '../../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../../fault/simulated-file-system.ts';
import { dataDirectory, documentId, logDirectory, stillClock } from '../log/log-fixture.ts';
import { snapshotDirectory } from './snapshot-fixture.ts';

export interface OpenedDatabase {
  readonly database: EmbeddedDatabase;
  readonly events: StorageEvent[];
  readonly failures: DatabaseError[];
}

export async function openDatabase(
  fileSystem: SimulatedFileSystem,
  options: { readonly snapshotLogBytes?: number; readonly clock?: Clock; readonly random?: Random } = {},
): Promise<OpenedDatabase> {
  const { snapshotLogBytes = 1024 ** 3, clock = stillClock, random = new SeededRandom(1) } = options;
  const events: StorageEvent[] = [];
  const failures: DatabaseError[] = [];
  const database = await openEmbeddedDatabase({
    directory: dataDirectory,
    fileSystem,
    clock,
    random,
    limits: { snapshotLogBytes },
    onStorageEvent: (event) => events.push(event),
    onFailure: (error) => failures.push(error),
  });
  return { database, events, failures };
}

/** A commit that creates document `number`; even ones in a table of their own. */
export function create(database: EmbeddedDatabase, number: number, text = 'x'): Promise<unknown> {
  const table = number % 2 === 0 ? { table: `table ${number}` } : {};
  return database.commit(anonymous, [{ kind: 'create', id: documentId(number), body: { number, text }, ...table }]);
}

/** A commit that changes document `number`, which is at `version`. */
export function update(database: EmbeddedDatabase, number: number, text: string, version = 1): Promise<unknown> {
  return database.commit(anonymous, [{ kind: 'update', id: documentId(number), body: { number, text }, version }]);
}

/** Every document as readers see it, archived ones included, in the order of creation. */
export async function documentsOf(database: EmbeddedDatabase): Promise<Document[]> {
  const view = await database.view(anonymous);
  const documents: Document[] = [];
  const query = { filter: everything, archived: 'INCLUDE', orderBy: [] } as const;
  for await (const slice of view.scanDocuments(query)) documents.push(...slice);
  view.close();
  return documents;
}

/** Opens; a refusal must not have touched anything. */
export async function tryOpenDatabase(fileSystem: SimulatedFileSystem): Promise<OpenedDatabase | Error> {
  const before = contentsOf(fileSystem);
  try {
    return await openDatabase(fileSystem);
  } catch (error) {
    if (!(error instanceof CorruptionError || error instanceof NewerFormatError)) throw error;
    if (JSON.stringify(contentsOf(fileSystem)) !== JSON.stringify(before)) throw new Error('a refusal changed a file');
    return error;
  }
}

/** All files but the lock. */
export function contentsOf(fileSystem: SimulatedFileSystem): Record<string, string> {
  const { '/data/lock': _, ...contents } = fileSystem.contents();
  return contents;
}

/** A disk that holds just these files, durably. */
export async function diskOf(contents: Record<string, string>): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  for (const directory of [dataDirectory, logDirectory, snapshotDirectory]) {
    await fileSystem.makeDirectory(directory);
    await fileSystem.syncDirectory(dirname(directory));
  }
  for (const [path, bytes] of Object.entries(contents)) fileSystem.replaceBytes(path, Buffer.from(bytes, 'hex'));
  return fileSystem;
}

export function snapshotPath(sequence: number, role = 'snapshot'): string {
  return `${snapshotDirectory}/${String(sequence).padStart(20, '0')}.${role}`;
}

export function segmentPath(firstSequence: number): string {
  return `${logDirectory}/${String(firstSequence).padStart(20, '0')}.log`;
}

/** The files that are half made. */
export function temporaryNames(fileSystem: SimulatedFileSystem): string[] {
  const directories = fileSystem.names(dataDirectory).includes('snapshots')
    ? [logDirectory, snapshotDirectory]
    : [logDirectory];
  return directories.flatMap((directory) => fileSystem.names(directory)).filter((name) => name.endsWith('.tmp'));
}
