import { cp, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, makeDataset } from './dataset.ts';
import { eventLoopMeterEnvironment } from './event-loop-meter.ts';
import type { Figure } from './figure.ts';
import { IndexedServer } from './indexed-server.ts';
import type { Load } from './load.ts';
import { ServerProcess } from './server-process.ts';

/** A part of the bench that is run or left out as a whole. */
export interface Row {
  readonly name: string;
  readonly run: (bench: Bench) => Promise<readonly Figure[]>;
}

export interface BenchOptions {
  /** Of each measurement; the median counts. */
  readonly rounds: number;
  readonly load: Load;
  /** Of the databases that are large. */
  readonly documents: number;
  /** Of the one database that is ten times as large again. */
  readonly documentsLarge: number;
}

export const resultsDirectory = join(import.meta.dirname, 'results');

/** What rows share. Each part is made when it is first asked for; `close` ends them all and leaves nothing on disk. */
export class Bench {
  readonly options: BenchOptions;
  /** For data files: beside the results, not in the system's temporary directory. That may be memory, where a sync costs nothing. */
  readonly directory: string;
  #server: Promise<ServerProcess> | undefined;
  #dataset: Promise<Dataset> | undefined;
  #indexedServer: Promise<IndexedServer> | undefined;

  private constructor(options: BenchOptions, directory: string) {
    this.options = options;
    this.directory = directory;
  }

  static async open(options: BenchOptions): Promise<Bench> {
    await mkdir(resultsDirectory, { recursive: true });
    return new Bench(options, await mkdtemp(join(resultsDirectory, 'data-')));
  }

  /** How large the large databases are, for the names of figures. */
  get size(): string {
    return sizeText(this.options.documents);
  }

  /** Our server, which was empty at the beginning. */
  server(): Promise<ServerProcess> {
    this.#server ??= startYaradb(join(this.directory, 'small'));
    return this.#server;
  }

  /** No server may be left on it by a row, nor an index. */
  dataset(): Promise<Dataset> {
    this.#dataset ??= makeDataset(this.directory, this.options.documents);
    return this.#dataset;
  }

  /** Our server with a copy of the dataset and indexes. */
  indexedServer(): Promise<IndexedServer> {
    this.#indexedServer ??= this.#startIndexedServer();
    return this.#indexedServer;
  }

  async close(): Promise<void> {
    await (await this.#server)?.stop();
    await (await this.#indexedServer)?.process.stop();
    await rm(this.directory, { recursive: true });
  }

  async #startIndexedServer(): Promise<IndexedServer> {
    const dataset = await this.dataset();
    const copy = join(this.directory, 'indexed');
    await copyDurably(dataset.directory, copy);
    return IndexedServer.of(await startYaradb(copy, eventLoopMeterEnvironment(this.directory)), dataset);
  }
}

/** What the system has yet to write it would write half a minute later, in front of the syncs of what is measured then. */
async function copyDurably(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await open(join(entry.parentPath, entry.name));
    await file.sync();
    await file.close();
  }
}

export function sizeText(documents: number): string {
  return `${documents.toLocaleString('en-US')} documents`;
}

/** Starts our server on a data directory and waits until it is ready. */
export function startYaradb(directory: string, environment?: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const args = ['serve', '--port=0', `--data-dir=${directory}`, '--log-level=warn'];
  return ServerProcess.start(join(import.meta.dirname, '../src/cli/main.ts'), args, environment);
}
