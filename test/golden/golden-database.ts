import { anonymous } from '../../src/database/principal.ts';
import type { RecoveryReport } from '../../src/database/status.ts';
import type { Document } from '../../src/document/document.ts';
import { parseJson } from '../../src/document/json-parser.ts';
import { stringifyJson } from '../../src/document/json-serializer.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
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
}

/** All fields of a document; the body as JSON text, because JSON in a file would not keep its numbers. */
export type GoldenDocument = Omit<Document, 'body'> & { readonly body: string };

const directory = '/data';
const lineLength = 100;

export function openGolden(fileSystem: SimulatedFileSystem, seed = 1): Promise<EmbeddedDatabase> {
  const [clock, random, limits] = [stillClock, new SeededRandom(seed), { segmentBytesMax: 900 }];
  return openEmbeddedDatabase({ directory, fileSystem, clock, random, limits });
}

export async function diskOf({ files }: GoldenDatabase): Promise<SimulatedFileSystem> {
  const fileSystem = new SimulatedFileSystem();
  await fileSystem.makeDirectory(directory);
  for (const name of new Set(Object.keys(files).map((path) => path.split('/').slice(0, -1).join('/')))) {
    if (name !== '') await fileSystem.makeDirectory(`${directory}/${name}`);
  }
  for (const [path, lines] of Object.entries(files)) {
    fileSystem.replaceBytes(`${directory}/${path}`, Buffer.from(lines.join(''), 'base64'));
  }
  return fileSystem;
}

export function filesOf(fileSystem: SimulatedFileSystem): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(fileSystem.contents()).map(([path, hex]) => {
      const text = Buffer.from(hex, 'hex').toString('base64');
      return [path.slice(directory.length + 1), text.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? []];
    }),
  );
}

/** What a database shows, in the form of the golden files. */
export async function shownBy(
  database: EmbeddedDatabase,
): Promise<Pick<GoldenDatabase, 'sequence' | 'documents'> & { readonly recovery: RecoveryReport }> {
  const { sequence, recovery } = await database.status(anonymous);
  const view = await database.view(anonymous);
  const documents: GoldenDocument[] = [];
  for await (const slice of view.scanDocuments({ filter: everything, orderBy: [], archived: 'INCLUDE' })) {
    for (const document of slice) documents.push({ ...document, body: stringifyJson(document.body) });
  }
  view.close();
  return { sequence, documents, recovery };
}

/** The body of a JSON text, exactly. */
export function bodyOf(text: string): Document['body'] {
  const limits = { nestingMax: 512, integerDigitsMax: 1024 };
  return parseJson(text, limits) as Document['body'];
}
