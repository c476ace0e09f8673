import type { Buffer } from 'node:buffer';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../../document/json.ts';
import { parseJson } from '../../document/json-parser.ts';
import { DatabaseError } from '../../errors.ts';
import { readItems } from '../import/item-reader.ts';
import { LineSource } from '../import/line-source.ts';
import { SourceError, type SourceItem } from '../import/source-item.ts';
import { LegacyDatabase } from './legacy-database.ts';
import { checkHash, legacyDocument } from './legacy-document.ts';
import { HashMismatchError, LegacyError, type LegacyProblem } from './legacy-problem.ts';
import { pythonMembers } from './python-json.ts';
import { type StorageItem, StorageSource } from './storage-source.ts';

export const storageFileName = 'yaradb_storage.json';
export const logFileName = 'yaradb_wal';

export interface ReadLegacyOptions {
  readonly directory: string;
  /** Called with every document whose body is not that of its hash. */
  readonly onMismatch: (problem: LegacyProblem) => void;
  /** Called with everything that cannot be taken. */
  readonly onProblem: (problem: LegacyProblem) => void;
  readonly onProgress: (text: string) => void;
}

/** What the files of the Python server come to. */
export interface ReadLegacy {
  readonly database: LegacyDatabase;
  /** In the log. */
  readonly operations: number;
  /** Operations of the log that the storage file had already. */
  readonly known: number;
  /** Of the last line of the log, when it was not written to its end; 0 otherwise. */
  readonly tornBytes: number;
}

const chunkBytes = 256 * 1024;

/** Reads the storage file, then the log; what is wrong with them is told, and the rest read on. @throws the system's own errors. */
export async function readLegacy(options: ReadLegacyOptions): Promise<ReadLegacy> {
  const database = new LegacyDatabase();
  await new StorageReading(options, database).run();
  return { database, ...(await new LogReading(options, database).run()) };
}

class StorageReading {
  readonly #options: ReadLegacyOptions;
  readonly #database: LegacyDatabase;
  readonly #counts = { documents: 0, tables: 0 };

  constructor(options: ReadLegacyOptions, database: LegacyDatabase) {
    this.#options = options;
    this.#database = database;
  }

  async run(): Promise<void> {
    const { directory, onProgress, onProblem } = this.#options;
    const path = join(directory, storageFileName);
    if (!existsSync(path)) return;
    const source = new StorageSource();
    try {
      for await (const chunk of fileChunks(path)) {
        for (const item of source.push(chunk)) this.#take(item);
        onProgress(`reading ${storageFileName}: ${this.#counts.documents} documents`);
      }
      source.end();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      onProblem({ file: storageFileName, place: `behind document ${this.#counts.documents}`, reason: error.message });
    }
  }

  #take(item: StorageItem): void {
    const isDocument = item.list === 'documents';
    this.#counts[item.list] += 1;
    const place = `${isDocument ? 'document' : 'table'} ${this.#counts[item.list]}`;
    telling({ file: storageFileName, place }, this.#options, () => {
      const value = objectOf(item);
      if (!isDocument) {
        this.#database.addTable(value);
        return;
      }
      this.#database.addDocument(legacyDocument(value));
      checkHash(value, item.text.toString());
    });
  }
}

class LogReading {
  readonly #options: ReadLegacyOptions;
  readonly #database: LegacyDatabase;
  #operations = 0;
  #known = 0;

  constructor(options: ReadLegacyOptions, database: LegacyDatabase) {
    this.#options = options;
    this.#database = database;
  }

  async run(): Promise<Omit<ReadLegacy, 'database'>> {
    const { directory, onProgress } = this.#options;
    const path = join(directory, logFileName);
    let tornBytes = 0;
    if (existsSync(path)) {
      let lastByte: number | undefined;
      // Whether a line is the last one is known only when there is no other.
      let waiting: SourceItem | null = null;
      const onChunk = (chunk: Buffer): void => {
        lastByte = chunk.at(-1);
      };
      for await (const items of readItems(watched(fileChunks(path), onChunk), new LineSource())) {
        for (const item of items) {
          if (waiting !== null) this.#take(waiting);
          waiting = item;
        }
        onProgress(`reading ${logFileName}: ${this.#operations} operations`);
      }
      if (waiting !== null) {
        // The server wrote a line and its end at once: without the end it is one that was never acknowledged.
        if (lastByte !== lineFeed && !isJson(waiting)) tornBytes = waiting.text.length;
        else this.#take(waiting);
      }
    }
    return { operations: this.#operations, known: this.#known, tornBytes };
  }

  #take(item: SourceItem): void {
    this.#operations += 1;
    telling({ file: logFileName, place: `line ${item.line}` }, this.#options, () => {
      const operation = objectOf(item);
      const document = operation.doc;
      if (this.#database.apply(operation) === 'known') this.#known += 1;
      if (isJsonObject(document)) checkHash(document, pythonMembers(item.text.toString()).get('doc') ?? '');
    });
  }
}

const lineFeed = 0x0a;

function fileChunks(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: chunkBytes });
}

async function* watched(chunks: AsyncIterable<Buffer>, onChunk: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onChunk(chunk);
    yield chunk;
  }
}

/** Tells what is thrown as a problem of this place. */
function telling(place: Omit<LegacyProblem, 'reason'>, options: ReadLegacyOptions, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof LegacyError) && !(error instanceof DatabaseError)) throw error;
    const problem = { ...place, reason: error.message };
    if (error instanceof HashMismatchError) options.onMismatch(problem);
    else options.onProblem(problem);
  }
}

function objectOf({ text, problem }: SourceItem): JsonObject {
  if (problem !== null) throw new LegacyError(problem);
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new LegacyError('it is no JSON object');
  return value;
}

function isJson({ text }: SourceItem): boolean {
  try {
    JSON.parse(text.toString());
    return true;
  } catch {
    return false;
  }
}
