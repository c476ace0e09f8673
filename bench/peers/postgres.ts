import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Unavailable } from '../unavailable.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
/** Where Debian puts the programs of each major version. */
const debianDirectory = '/usr/lib/postgresql';
/** Before the server counts as one that does not start. */
const startTriesMax = 100;

/** A PostgreSQL server of its own with an empty database, as installed, synced before it answers. */
export class Postgres {
  readonly databaseUrl: string;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(databaseUrl: string, child: ChildProcess, directory: string) {
    this.databaseUrl = databaseUrl;
    this.#child = child;
    this.#directory = directory;
  }

  /** @param parent a directory on the disk that is to be measured. @throws {Unavailable} when it is not installed, or does not start. */
  static async start(parent: string): Promise<Postgres> {
    const programs = await programDirectory();
    const user = await unprivilegedUser();
    const directory = await mkdtemp(join(parent, 'postgres-'));
    if (user.uid !== undefined && user.gid !== undefined) {
      await chown(directory, user.uid, user.gid);
      await chmod(parent, 0o711); // so that it reaches its own
    }
    const data = join(directory, 'data');
    await run(join(programs, 'initdb'), ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C'], user);
    const port = await freePort();
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
    const child = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
      ...user,
      stdio: 'ignore',
    });
    const postgres = new Postgres(`postgres://bench@127.0.0.1:${port}/postgres`, child, directory);
    for (let tries = 1; !(await postgres.#answers()); tries += 1) {
      if (child.exitCode !== null || tries === startTriesMax) {
        await postgres.stop();
        throw new Unavailable('PostgreSQL is installed but does not start');
      }
      await sleep(100);
    }
    return postgres;
  }

  /** @throws what psql says is wrong with the SQL. */
  async run(...args: readonly string[]): Promise<void> {
    await run('psql', ['--quiet', '--no-psqlrc', '-v', 'ON_ERROR_STOP=1', '-d', this.databaseUrl, ...args]);
  }

  /** Leaves nothing on disk. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGINT'); // "fast shutdown"
      await once(this.#child, 'exit');
    }
    await rm(this.#directory, { recursive: true });
  }

  async #answers(): Promise<boolean> {
    return this.run('-c', 'select 1').then(
      () => true,
      () => false,
    );
  }
}

async function programDirectory(): Promise<string> {
  const versions = await readdir(debianDirectory).catch((): string[] => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a)).at(0);
  if (newest === undefined) throw new Unavailable('PostgreSQL is not installed (Debian: apt-get install postgresql)');
  return join(debianDirectory, newest, 'bin');
}

/** PostgreSQL refuses to run as root, so then it runs as the user that Debian's package makes. */
async function unprivilegedUser(): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (which) => Number((await run('id', [which, 'postgres'])).stdout)),
  );
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}
