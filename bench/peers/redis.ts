import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Measurement } from '../load.ts';
import { Unavailable } from '../unavailable.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

/** A Redis server of its own that syncs its append-only file before it answers. */
export class Redis {
  readonly #port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(port: number, child: ChildProcess, directory: string) {
    this.#port = port;
    this.#child = child;
    this.#directory = directory;
  }

  /** @param parent a directory on the disk that is to be measured. @throws {Unavailable} when it is not installed, or does not start. */
  static async start(parent: string): Promise<Redis> {
    await run('redis-server', ['--version']).catch(() => {
      throw new Unavailable('Redis is not installed (Debian: apt-get install redis-server)');
    });
    const directory = await mkdtemp(join(parent, 'redis-'));
    const port = await freePort();
    const settings = { port, dir: directory, bind: '127.0.0.1', appendonly: 'yes', appendfsync: 'always', save: '' };
    const child = spawn(
      'redis-server',
      Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes('Ready to accept connections')) continue;
      child.stdout.resume();
      return new Redis(port, child, directory);
    }
    await rm(directory, { recursive: true });
    throw new Unavailable('Redis is installed but does not start');
  }

  /** SETs of the value under keys at random, by `redis-benchmark`, which ships with it and is what its users measure it with. */
  async measureSets(value: string, sets: number, connections: number): Promise<Measurement> {
    const { stdout } = await run('redis-benchmark', [
      ...['-h', '127.0.0.1', '-p', String(this.#port), '-c', String(connections), '-n', String(sets)],
      ...['-r', '1000000', '--csv', 'SET', 'document:__rand_int__', value],
    ]);
    return parseReport(stdout);
  }

  /** Leaves nothing on disk. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
    await rm(this.#directory, { recursive: true });
  }
}

/** Two lines: the names of the columns, and their values. */
function parseReport(csv: string): Measurement {
  const [names = [], values = []] = csv
    .trim()
    .split('\n')
    .slice(-2)
    .map((line) => line.slice(1, -1).split('","'));
  const column = (name: string): number => {
    // The command itself comes first, unescaped, so columns are counted from the end.
    const value = Number(values.at(names.indexOf(name) - names.length));
    if (!Number.isFinite(value)) throw new Error(`redis-benchmark printed no ${name}:\n${csv}`);
    return value;
  };
  return { requestsPerSecond: column('rps'), p50: column('p50_latency_ms'), p99: column('p99_latency_ms') };
}
