import { writeFileSync } from 'node:fs';
import { type Ending, type ServerProcess, startServer } from '../../process/server-process.ts';
import { send } from '../../support/http-client.ts';
import { TemporaryFolder, yaradb } from '../data-fixture.ts';

export interface ImportSummary {
  readonly created: number;
  readonly updated: number;
  readonly present: number;
  readonly refused: number;
  readonly refusals: readonly {
    readonly line: number;
    readonly code: string;
    readonly path: string | null;
    readonly reason: string;
  }[];
}

export interface RestDocument {
  readonly _id: string;
  readonly name: string;
  readonly body: unknown;
  readonly version: number;
  readonly archived_at: string | null;
  readonly table_data?: { readonly name: string };
}

/** A server, and a folder for files. */
export class ImportFixture {
  readonly folder: TemporaryFolder;
  readonly url: string;
  readonly #server: ServerProcess;

  private constructor(url: string, server: ServerProcess, folder: TemporaryFolder) {
    this.url = url;
    this.#server = server;
    this.folder = folder;
  }

  static async start(...flags: readonly string[]): Promise<ImportFixture> {
    const folder = new TemporaryFolder();
    const { server, url } = await startServer(folder.join('data'), flags);
    return new ImportFixture(url, server, folder);
  }

  /** Writes a file. @returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = this.folder.join(name);
    writeFileSync(path, content);
    return path;
  }

  run(...args: readonly string[]): Promise<Ending> {
    return yaradb(...args, '--url', this.url);
  }

  /** Imports, whatever comes of it. */
  async import(
    path: string,
    ...flags: readonly string[]
  ): Promise<{ readonly ending: Ending; readonly summary: ImportSummary }> {
    const ending = await this.run('import', path, '--json', ...flags);
    if (ending.stdout === '') throw new Error(`no summary: ${ending.stderr}`);
    return { ending, summary: JSON.parse(ending.stdout) };
  }

  /** The documents of a table, archived ones too, in the order in which they are listed. */
  async documents(table: string): Promise<readonly RestDocument[]> {
    const answer = await this.#find(table);
    return answer.json as readonly RestDocument[];
  }

  /** The same as text, where `JSON.parse` would lose something. */
  async text(table: string): Promise<string> {
    return (await this.#find(table)).text;
  }

  async bodies(table: string): Promise<readonly unknown[]> {
    return (await this.documents(table)).map(({ body }) => body);
  }

  async post(path: string, body: unknown): Promise<unknown> {
    const answer = await send(`${this.url}${path}`, { method: 'POST', body });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.json;
  }

  kill(signal: NodeJS.Signals): void {
    this.#server.kill(signal);
  }

  get ended(): Promise<Ending> {
    return this.#server.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }

  #find(table: string): ReturnType<typeof send> {
    const query = new URLSearchParams({ include_archived: 'true', table_name: table });
    return send(`${this.url}/document/find?${query}`, { method: 'POST', body: {} });
  }
}

/** NDJSON of as many items. */
export function manyItems(count: number, itemOf: (number: number) => object = (number) => ({ number })): string {
  return Array.from({ length: count }, (_, number) => `${JSON.stringify(itemOf(number))}\n`).join('');
}
