import { isDeepStrictEqual } from 'node:util';
import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { RecoveryReport } from '../../src/database/status.ts';
import type { Document } from '../../src/document/document.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { CorruptionError, NewerFormatError } from '../../src/embedded/log/log-error.ts';
import { everything } from '../../src/query/filter.ts';
import { dataDirectory, documentId, logDirectory, stillClock } from '../embedded/log/log-fixture.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFileSystem } from './simulated-file-system.ts';

/** Two or three commits a segment. */
const segmentBytesMax = 700;

const id = documentId;
const commits: readonly (readonly Operation[])[] = [
  [{ kind: 'create', id: id(1), body: { n: 1 } }],
  [
    { kind: 'create', id: id(2), table: 'people', name: 'Ada', body: { text: 'ä𝄞', big: 12345678901234567890n } },
    { kind: 'create', id: id(3), table: 'people', body: {} },
  ],
  [{ kind: 'update', id: id(1), version: 1, body: { n: 2 } }],
  [{ kind: 'archive', id: id(3) }],
  [
    { kind: 'restore', id: id(3) },
    { kind: 'archive', id: id(2), version: 1 },
  ],
  [{ kind: 'update', id: id(1), version: 2, body: { text: 'x'.repeat(300) } }],
  [{ kind: 'create', id: id(4), table: 'orders', body: { list: [1, -0.5, null, { a: true }] } }],
];

/** A database that was stopped or killed behind a fixed workload, and what it held after each of its commits. */
export interface DamageWorkload {
  readonly fileSystem: SimulatedFileSystem;
  /** By sequence: all documents, as a view showed them. The first is before the first commit. */
  readonly states: readonly (readonly Document[])[];
  /** Bytes of the newest segment behind each commit in it, the seal left out. */
  readonly frameEnds: readonly number[];
  readonly newestSegment: string;
}

export async function damageWorkload(end: 'stopped' | 'killed', seed = 1): Promise<DamageWorkload> {
  const fileSystem = new SimulatedFileSystem();
  const database = await openDamageable(fileSystem, new SeededRandom(seed));
  const states = [await documentsOf(database)];
  let frameEnds: number[] = [];
  let newestSegment = '';
  for (const operations of commits) {
    await database.commit(anonymous, operations);
    states.push(await documentsOf(database));
    const newest = segmentPaths(fileSystem).at(-1) ?? '';
    if (newest !== newestSegment) frameEnds = [];
    newestSegment = newest;
    frameEnds.push(fileSystem.readBytes(newest).length);
  }
  if (end === 'stopped') await database.close();
  return { fileSystem: fileSystem.killProcess(), states, frameEnds, newestSegment };
}

export function segmentPaths(fileSystem: SimulatedFileSystem): string[] {
  const names = fileSystem.names(logDirectory).filter((name) => name.endsWith('.log'));
  return names.map((name) => `${logDirectory}/${name}`);
}

/** What comes of opening a database that was damaged. */
export type Opening =
  | { readonly kind: 'refused'; readonly error: CorruptionError | NewerFormatError }
  | {
      readonly kind: 'opened';
      readonly sequence: number;
      readonly documents: readonly Document[];
      readonly recovery: RecoveryReport;
      /** As recovery left it. */
      readonly fileSystem: SimulatedFileSystem;
    };

/** Opens a copy. @throws when a refusal has changed anything, or it fails in another way than it may. */
export async function openCopy(damaged: SimulatedFileSystem): Promise<Opening> {
  const fileSystem = damaged.copy();
  const before = fileSystem.contents();
  let database: EmbeddedDatabase;
  try {
    database = await openDamageable(fileSystem, new SeededRandom(9));
  } catch (error) {
    if (!(error instanceof CorruptionError || error instanceof NewerFormatError)) throw error;
    const after = fileSystem.contents();
    // The lock is taken before anything is read, and its file made when it is not there.
    if (!isDeepStrictEqual({ ...after, [`${dataDirectory}/lock`]: '' }, { ...before, [`${dataDirectory}/lock`]: '' })) {
      throw new Error('a refusal changed the files', { cause: error });
    }
    return { kind: 'refused', error };
  }
  const { sequence, recovery } = await database.status(anonymous);
  const documents = await documentsOf(database);
  return { kind: 'opened', sequence, documents, recovery, fileSystem: fileSystem.killProcess() };
}

export function openDamageable(fileSystem: SimulatedFileSystem, random: SeededRandom): Promise<EmbeddedDatabase> {
  const limits = { segmentBytesMax };
  return openEmbeddedDatabase({ directory: dataDirectory, fileSystem, clock: stillClock, random, limits });
}

async function documentsOf(database: EmbeddedDatabase): Promise<Document[]> {
  const view = await database.view(anonymous);
  const documents: Document[] = [];
  const query = { filter: everything, orderBy: [], archived: 'INCLUDE' } as const;
  for await (const slice of view.scanDocuments(query)) documents.push(...slice);
  view.close();
  return documents;
}
