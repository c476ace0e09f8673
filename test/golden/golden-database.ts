import type { Operation } from '../../src/database/operation.ts';
import { anonymous } from '../../src/database/principal.ts';
import type { RecoveryReport } from '../../src/database/status.ts';
import type { Table } from '../../src/database/table.ts';
import type { Document } from '../../src/document/document.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import type { EmbeddedDatabaseLimits } from '../../src/embedded/embedded-database-options.ts';
import { openBackup } from '../../src/embedded/maintenance/backup-reader.ts';
import { restoreBackup } from '../../src/embedded/maintenance/restoration.ts';
import { everything } from '../../src/query/filter.ts';
import { stillClock } from '../embedded/log/log-fixture.ts';
import { SeededRandom } from '../fault/seeded-random.ts';
import { SimulatedFileSystem } from '../fault/simulated-file-system.ts';

/** A data directory as a version of the format left it, as text, and what is in it. */
export interface GoldenDatabase {
  readonly formatVersion: number;
  readonly how: string;
  /** By path in the data directory: base64, in lines. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  readonly sequence: number;
  readonly truncatedBytes: number;
  readonly clean: boolean;
  readonly documents: readonly GoldenDocument[];
  /** With their settings and indexes. */
  readonly tables: readonly Table[];
  /** Those that had idempotency keys, in the order of their commits. */
  readonly requests?: readonly GoldenRequest[];
}

/** A request that was made with a key, and the commit that it has made. */
export interface GoldenRequest {
  readonly key: string;
  readonly operations: readonly Operation[];
  readonly sequence: number;
  readonly committedAt: number;
  /** Of the documents that it was answered with; null when some of them are gone. */
  readonly versions: readonly (readonly [id: string, version: number])[] | null;
}

/** A backup as a version of the format made it, as one archive, and what it restores to. */
export interface GoldenBackup {
  /** Base64, in lines. */
  readonly archive: readonly string[];
  readonly stateDigest: string;
  /** In the order of commits; the last is all of it. */
  readonly states: readonly { readonly sequence: number; readonly documents: readonly GoldenDocument[] }[];
}

/** All fields of a document; the body as JSON text, because JSON in a file would not keep its numbers. */
export type GoldenDocument = Omit<Document, 'body'> & { readonly body: string };

export const directory = '/data';
const lineLength = 100;

export function openGolden(
  fileSystem: SimulatedFileSystem,
  seed = 1,
  { at = directory, ...limits }: Partial<EmbeddedDatabaseLimits> & { readonly at?: string } = {},
): Promise<EmbeddedDatabase> {
  const [clock, random] = [stillClock, new SeededRandom(seed)];
  return openEmbeddedDatabase({
    directory: at,
    fileSystem,
    clock,
    random,
    limits: { segmentBytesMax: 900, ...limits },
  });
}

export async function diskOf({ files }: GoldenDatabase): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(directory);
  for (const name of new Set(Object.keys(files).map((path) => path.split('/').slice(0, -1).join('/')))) {
    if (name !== '') await fileSystem.makeDirectory(`${directory}/${name}`);
  }
  for (const [path, lines] of Object.entries(files)) {
    fileSystem.replaceBytes(`${directory}/${path}`, bytesOf(lines));
  }
  return fileSystem;
}

export function filesOf(fileSystem: SimulatedFileSystem): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(fileSystem.contents()).map(([path, hex]) => {
      return [path.slice(directory.length + 1), linesOf(Buffer.from(hex, 'hex'))];
    }),
  );
}

export function linesOf(bytes: Buffer): string[] {
  return bytes.toString('base64').match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];
}

export function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join(''), 'base64');
}

/** What a database shows, in the form of the golden files. */
export async function shownBy(
  database: EmbeddedDatabase,
): Promise<Pick<GoldenDatabase, 'sequence' | 'documents' | 'tables'> & { readonly recovery: RecoveryReport }> {
  const { sequence, recovery } = await database.status(anonymous);
  const view = await database.view(anonymous);
  const tables = await view.tables();
  view.close();
  return { sequence, documents: await documentsOf(database), tables, recovery };
}

async function documentsOf(database: EmbeddedDatabase): Promise<GoldenDocument[]> {
  const view = await database.view(anonymous);
  const documents: GoldenDocument[] = [];
  for await (const slice of view.scanDocuments({ filter: everything, orderBy: [], archived: 'INCLUDE' })) {
    for (const document of slice) documents.push({ ...document, body: stringifyJson(document.body) });
  }
  view.close();
  return documents;
}

/** Restores `/data/backup.tar` of the disk as of this commit. @returns where to. */
export async function restoreGolden(
  fileSystem: SimulatedFileSystem,
  to: { readonly sequence: number },
): Promise<string> {
  const restored = `/restored-${to.sequence}`;
  const backup = await openBackup(fileSystem, `${directory}/backup.tar`);
  await restoreBackup({ fileSystem, clock: stillClock, random: new SeededRandom(5), backup, directory: restored, to });
  return restored;
}

/** The body of a JSON text, exactly. */
export function bodyOf(text: string): Document['body'] {
  const limits = { nestingMax: 512, integerDigitsMax: 1024 };
  return parseJson(text, limits) as Document['body'];
}
