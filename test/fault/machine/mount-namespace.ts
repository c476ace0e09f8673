import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * A mount namespace of its own: what is mounted in it is seen by the processes that `wrap` starts and by no others, and is gone with
 * the last of them, whatever happens to the test. A process that reads from this one holds it open.
 */
export class MountNamespace {
  readonly #holder: ChildProcess;

  static async open(): Promise<MountNamespace> {
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'echo ready; read -r end'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close').then(() => [''])]);
    if (String(said).trim() !== 'ready') throw new Error('no mount namespace could be made');
    return new MountNamespace(holder);
  }

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** What makes a command run in here, its process id included. */
  get wrapper(): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.#holder.pid}/ns/mnt`, '--'];
  }

  /** Runs a command in here. @throws when it fails. */
  run(...command: readonly string[]): string {
    const [name = '', ...args] = [...this.wrapper, ...command];
    const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${error?.message ?? stderr.trim()}`);
    return stdout;
  }

  /** Where this process sees a path as it is in here. */
  path(path: string): string {
    return join(`/proc/${this.#holder.pid}/root`, path);
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null) return;
    const closed = once(this.#holder, 'close');
    this.#holder.stdin?.end();
    await closed;
  }
}

/** Why the commands, run in a mount namespace one after the other, do not work on this machine; null when they do. */
export async function mountingProblem(commands: readonly (readonly string[])[]): Promise<string | null> {
  if (process.platform !== 'linux') return 'this is no Linux';
  let namespace: MountNamespace;
  try {
    namespace = await MountNamespace.open();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  try {
    for (const command of commands) namespace.run(...command);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await namespace.close();
  }
}
