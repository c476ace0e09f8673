import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type ServerProcess, startServer } from '../process/server-process.ts';

/** What `server-watch.mjs` writes. */
interface WatchReport {
  readonly longTurns: readonly {
    /** Of the processor, those of the garbage collector not counted. */
    readonly milliseconds: number;
    readonly collecting: number;
    /** The last ones that had arrived. */
    readonly requests: readonly string[];
  }[];
  readonly changedPrototypes: readonly string[];
}

const stallMsMax = 50;

/** The real server with a watch on its event loop and its prototypes, on a directory of its own. */
export class WatchedServer implements AsyncDisposable {
  readonly url: string;
  readonly dataDirectory: string;
  readonly #directory: string;
  readonly #server: ServerProcess;

  private constructor(directory: string, server: ServerProcess, url: string) {
    this.#directory = directory;
    this.dataDirectory = join(directory, 'data');
    this.#server = server;
    this.url = url;
  }

  /**
   * @param files what else its directory holds, by name; flags that name one are to begin with `./`.
   * @param warmUpRequests after so many everything has been loaded and compiled, and turns of the event loop are measured.
   */
  static async start(
    flags: readonly string[],
    files: Readonly<Record<string, string>> = {},
    warmUpRequests = 3_000,
  ): Promise<WatchedServer> {
    const directory = mkdtempSync(join(tmpdir(), 'yaradb-fuzz-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    const { server, url } = await startServer(
      join(directory, 'data'),
      [
        ...['--log-level', 'error', '--body-bytes-max', '256KiB', '--allowed-origins', 'https://studio.example'],
        ...flags.map((flag) => (flag.startsWith('./') ? join(directory, flag) : flag)),
      ],
      {
        NODE_OPTIONS: `--import ${new URL('server-watch.mjs', import.meta.url)}`,
        FUZZ_REPORT: join(directory, 'report.json'),
        FUZZ_WARM_UP: String(warmUpRequests),
      },
    );
    return new WatchedServer(directory, server, url);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Stops it, and expects that it has come to no harm. */
  async expectUnharmed(summary: string): Promise<void> {
    this.#server.kill('SIGTERM');
    const { code, stderr } = await this.#server.ended;
    const watched: WatchReport = JSON.parse(readFileSync(join(this.#directory, 'report.json'), 'utf8'));
    const longest = Math.max(0, ...watched.longTurns.map(({ milliseconds }) => milliseconds));
    const collecting = Math.max(0, ...watched.longTurns.map((turn) => turn.collecting));
    const times = `longest turn of the event loop ${Math.round(longest)} ms, longest garbage collection ${Math.round(collecting)} ms`;
    process.stdout.write(`${summary}; ${times}\n`);
    expect.soft({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect.soft(watched.longTurns.filter(({ milliseconds }) => milliseconds > stallMsMax)).toEqual([]);
    expect.soft(watched.changedPrototypes).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true });
  }
}
