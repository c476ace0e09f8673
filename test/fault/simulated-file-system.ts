import { basename, dirname } from 'node:path';
import type { File, FileSystem, OpenMode } from '../../src/embedded/ports/file-system.ts';
import type { SeededRandom } from './seeded-random.ts';
import { copyOfVisible, cutPowerUnder, Directory, Inode } from './simulated-disk.ts';

/** The operations that change something, or make a change durable. */
export type OperationKind =
  | 'open'
  | 'makeDirectory'
  | 'removeDirectory'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'write'
  | 'truncate'
  | 'datasync'
  | 'sync';

/** What an operation meets instead of success. */
export type Fault =
  /** It fails with this code; a write may have written some bytes before. A sync that fails has made nothing durable. */
  | { readonly kind: 'error'; readonly code: string; readonly writtenBytes?: number }
  /** A write takes only so many bytes, and says so. */
  | { readonly kind: 'short'; readonly writtenBytes: number }
  /** The machine stops under the operation, which does not take effect, but for some bytes of a write. Nothing works any more. */
  | { readonly kind: 'stop'; readonly writtenBytes?: number };

/** Called before every operation; returns what is to happen to it, if not success. `size` is that of a write. */
export type FaultInjector = (kind: OperationKind, path: string, size: number) => Fault | undefined;

/**
 * A file system in memory that forgets like a real one. What was not synced is visible until the power is cut, and then any
 * part of it survives: any sectors of the writes, any of the sizes, any of the directory entries. After a sync that failed, the
 * pages count as clean: another sync succeeds and does nothing.
 */
export class SimulatedFileSystem implements FileSystem {
  readonly #root: Directory;
  #stopped = false;
  /** Operations so far. */
  operations = 0;
  /** Syncs of directories that have failed: what they forgot is there until the power is cut, and no later sync brings it to the disk. */
  failedDirectorySyncs = 0;
  inject: FaultInjector | null = null;
  /** Called before every operation, which begins when this has resolved: a disk that stalls, or lets others go first. */
  delay: ((kind: OperationKind, path: string) => Promise<void>) | null = null;
  /** Bytes that fit on the disk; a write beyond writes what fits, then fails with `ENOSPC`. */
  capacity = Number.POSITIVE_INFINITY;

  constructor(root: Directory = new Directory()) {
    this.#root = root;
  }

  /** Whether the machine has stopped; nothing works any more then. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The process is gone, its locks with it, and the system lives on: everything that was visible stays. */
  killProcess(): SimulatedFileSystem {
    this.#stopped = true;
    this.#root.unlock();
    return new SimulatedFileSystem(this.#root);
  }

  /** The power is cut: of what was not synced, what `random` chooses survives. */
  cutPower(random: SeededRandom): SimulatedFileSystem {
    this.#stopped = true;
    return this.copyAfterPowerCut(random);
  }

  /** What would be left if the power was cut now. */
  copyAfterPowerCut(random: SeededRandom): SimulatedFileSystem {
    return new SimulatedFileSystem(cutPowerUnder(this.#root, random));
  }

  /** Another disk with the same files, all of them durable. */
  copy(): SimulatedFileSystem {
    return new SimulatedFileSystem(copyOfVisible(this.#root));
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    await this.delay?.('open', path);
    const directory = this.#directory(dirname(path));
    const existing = directory.visible.get(basename(path));
    if (existing instanceof Directory) throw systemError('EISDIR', path);
    if (existing !== undefined) {
      if (mode === 'replace') {
        this.#perform('open', path);
        existing.change({ kind: 'truncate', size: 0 });
      }
      return new SimulatedFile(this, path, existing);
    }
    if (mode === 'read' || mode === 'write') throw systemError('ENOENT', path);
    this.#perform('open', path);
    const inode = new Inode();
    directory.change({ name: basename(path), entry: inode });
    return new SimulatedFile(this, path, inode);
  }

  async list(path: string): Promise<string[]> {
    return this.names(path);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.delay?.('makeDirectory', path);
    if (path === dirname(path)) throw systemError('EEXIST', path);
    const parent = this.#directory(dirname(path));
    if (parent.visible.has(basename(path))) throw systemError('EEXIST', path);
    this.#perform('makeDirectory', path);
    parent.change({ name: basename(path), entry: new Directory() });
  }

  async removeDirectory(path: string): Promise<void> {
    await this.delay?.('removeDirectory', path);
    if (this.#directory(path).visible.size > 0) throw systemError('ENOTEMPTY', path);
    this.#perform('removeDirectory', path);
    this.#directory(dirname(path)).change({ name: basename(path), entry: null });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.delay?.('rename', to);
    const directory = this.#directory(dirname(from));
    const entry = directory.visible.get(basename(from));
    if (entry === undefined) throw systemError('ENOENT', from);
    const target = this.#directory(dirname(to));
    this.#perform('rename', to);
    if (target === directory) {
      directory.change({ name: basename(to), entry, from: basename(from) });
      return;
    }
    // Each directory forgets by itself.
    target.change({ name: basename(to), entry });
    directory.change({ name: basename(from), entry: null });
  }

  async remove(path: string): Promise<void> {
    await this.delay?.('remove', path);
    const directory = this.#directory(dirname(path));
    if (!directory.visible.has(basename(path))) throw systemError('ENOENT', path);
    this.#perform('remove', path);
    directory.change({ name: basename(path), entry: null });
  }

  async syncDirectory(path: string): Promise<void> {
    await this.delay?.('syncDirectory', path);
    const directory = this.#directory(path);
    this.#sync('syncDirectory', path, directory);
  }

  /** For open files. @throws when the machine has stopped. */
  checkRunning(): void {
    if (this.#stopped) throw systemError('EIO', 'the machine has stopped');
  }

  write(inode: Inode, path: string, source: Uint8Array, position: number): number {
    const fault = this.#meet('write', path, source.length);
    const wanted = fault === undefined ? source.length : Math.min(source.length, fault.writtenBytes ?? 0);
    const room = this.capacity - this.#root.visibleBytes() + Math.max(0, inode.visible.length - position);
    const written = Math.min(wanted, Math.max(0, room));
    // A copy, which `slice` of a Buffer is not: the caller may use its bytes again before they are synced.
    if (written > 0)
      inode.change({ kind: 'write', offset: position, bytes: Uint8Array.from(source.subarray(0, written)) });
    if (fault !== undefined) this.#fail(fault, path);
    if (written === 0 && source.length > 0) throw systemError('ENOSPC', path);
    return written;
  }

  truncate(inode: Inode, path: string, size: number): void {
    this.#perform('truncate', path);
    inode.change({ kind: 'truncate', size });
  }

  hasName(inode: Inode): boolean {
    this.checkRunning();
    return this.#root.holds(inode);
  }

  syncFile(inode: Inode, path: string, kind: 'sync' | 'datasync'): void {
    this.#sync(kind, path, inode);
  }

  /** The visible bytes of a file, to be looked at or, by `replaceBytes`, damaged. */
  readBytes(path: string): Buffer {
    const entry = this.#directory(dirname(path)).visible.get(basename(path));
    if (!(entry instanceof Inode)) throw systemError('ENOENT', path);
    return Buffer.from(entry.visible);
  }

  /** Puts a file there, durably, like a hand from outside. */
  replaceBytes(path: string, bytes: Uint8Array): void {
    this.#directory(dirname(path)).place(basename(path), new Inode(bytes.slice()));
  }

  /** Takes a file away, durably, like a hand from outside. */
  deleteBytes(path: string): void {
    this.#directory(dirname(path)).place(basename(path), null);
  }

  /** Bytes in all files. */
  size(): number {
    return this.#root.visibleBytes();
  }

  /** Whether there is such a directory. */
  exists(directory: string): boolean {
    return this.#root.find(directory.split('/').filter((name) => name !== '')) !== undefined;
  }

  names(path: string): string[] {
    return [...this.#directory(path).visible.keys()].sort();
  }

  /** Every file that is visible and its bytes, to compare: a refusal changes nothing. */
  contents(): Record<string, string> {
    const files: Record<string, string> = {};
    const walk = (directory: Directory, prefix: string): void => {
      for (const [name, entry] of directory.visible) {
        if (entry instanceof Directory) walk(entry, `${prefix}/${name}`);
        else files[`${prefix}/${name}`] = Buffer.from(entry.visible).toString('hex');
      }
    };
    walk(this.#root, '');
    return files;
  }

  #sync(kind: OperationKind, path: string, target: Inode | Directory): void {
    const fault = this.#meet(kind, path, 0);
    if (fault?.kind === 'error') target.forgetUnsynced();
    if (fault?.kind === 'error' && target instanceof Directory) this.failedDirectorySyncs += 1;
    if (fault !== undefined) this.#fail(fault, path);
    target.sync();
  }

  #perform(kind: OperationKind, path: string): void {
    const fault = this.#meet(kind, path, 0);
    if (fault !== undefined) this.#fail(fault, path);
  }

  #meet(kind: OperationKind, path: string, size: number): Fault | undefined {
    this.checkRunning();
    this.operations += 1;
    return this.inject?.(kind, path, size);
  }

  #fail(fault: Fault, path: string): void {
    if (fault.kind === 'short') return;
    if (fault.kind === 'stop') this.#stopped = true;
    throw systemError(fault.kind === 'stop' ? 'EIO' : fault.code, path);
  }

  #directory(path: string): Directory {
    this.checkRunning();
    if (dirname(path) === path) return this.#root;
    const entry = this.#directory(dirname(path)).visible.get(basename(path));
    if (!(entry instanceof Directory)) throw systemError(entry === undefined ? 'ENOENT' : 'ENOTDIR', path);
    return entry;
  }
}

class SimulatedFile implements File {
  readonly #fileSystem: SimulatedFileSystem;
  readonly #path: string;
  readonly #inode: Inode;
  #holdsLock = false;

  constructor(fileSystem: SimulatedFileSystem, path: string, inode: Inode) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#inode = inode;
  }

  async size(): Promise<number> {
    this.#fileSystem.checkRunning();
    return this.#inode.visible.length;
  }

  async hasName(): Promise<boolean> {
    return this.#fileSystem.hasName(this.#inode);
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.#fileSystem.checkRunning();
    const bytes = this.#inode.visible.subarray(position, position + target.length);
    target.set(bytes);
    return bytes.length;
  }

  async write(source: Uint8Array, position: number): Promise<number> {
    await this.#fileSystem.delay?.('write', this.#path);
    return this.#fileSystem.write(this.#inode, this.#path, source, position);
  }

  async truncate(size: number): Promise<void> {
    await this.#fileSystem.delay?.('truncate', this.#path);
    this.#fileSystem.truncate(this.#inode, this.#path, size);
  }

  async datasync(): Promise<void> {
    await this.#fileSystem.delay?.('datasync', this.#path);
    this.#fileSystem.syncFile(this.#inode, this.#path, 'datasync');
  }

  async sync(): Promise<void> {
    await this.#fileSystem.delay?.('sync', this.#path);
    this.#fileSystem.syncFile(this.#inode, this.#path, 'sync');
  }

  tryLock(): boolean {
    if (this.#inode.locked) return false;
    this.#inode.locked = true;
    this.#holdsLock = true;
    return true;
  }

  async close(): Promise<void> {
    if (this.#holdsLock) this.#inode.locked = false;
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
