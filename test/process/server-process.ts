import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `yaradb` process, as its users run it, with no settings in its environment but those given. */
export class ServerProcess {
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stdout = '';
  #stderr = '';

  /** `wrapper` is a command that becomes the server in the end: its process id must be the server's. */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    main = program,
    wrapper: readonly string[] = [],
  ) {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(YARADB_|DATA_DIR$|NODE_OPTIONS$|VITEST)/.test(name),
    );
    const [command = process.execPath, ...rest] = [...wrapper, process.execPath, main, ...args];
    this.#child = spawn(command, rest, {
      env: { ...Object.fromEntries(inherited), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      // `close` and not `exit`: by then both streams have been read to their ends.
      this.#child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The URL in the line that says the server is ready. Rejects when the process ends without one, the ending as the cause. */
  async ready(): Promise<string> {
    const url = () => /^YaraDB .* is ready at (https?:\S+)$/m.exec(this.#stdout)?.[1];
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = url();
        if (found !== undefined) resolve(found);
      };
      look();
      this.#child.stdout.on('data', look);
      void this.ended.then((ending) => {
        const message = `ended with ${ending.code ?? ending.signal} before it was ready: ${ending.stderr}`;
        reject(new Error(message, { cause: ending }));
      }, reject);
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** For clean-up: whatever the process is doing, it is gone after this. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** Starts a server on a free port and waits until it is ready. */
export async function startServer(
  directory: string,
  flags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  wrapper: readonly string[] = [],
): Promise<{ readonly server: ServerProcess; readonly url: string }> {
  const args = ['serve', '--port', '0', '--data-dir', directory, ...flags];
  const server = new ServerProcess(args, environment, program, wrapper);
  try {
    return { server, url: await server.ready() };
  } catch (error) {
    server.kill('SIGKILL');
    throw error;
  }
}
