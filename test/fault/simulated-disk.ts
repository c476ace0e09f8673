import type { SeededRandom } from './seeded-random.ts';

/** Disks write sectors whole; which of several unsynced ones arrive first is anybody's guess. */
const sectorBytes = 512;

export type FileChange =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/**
 * A change on its way to the disk. A size is one number: whatever sets it, sets it for good, even where an earlier truncation never
 * arrived because its sync failed. Null leaves it.
 */
type UnsyncedChange = FileChange & { readonly newSize: number | null };

/** A file's bytes as the system shows them and as they are on disk, and the changes on the way from one to the other. */
export class Inode {
  visible: Uint8Array;
  durable: Uint8Array;
  unsynced: UnsyncedChange[] = [];
  locked = false;

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.visible = bytes;
    this.durable = bytes;
  }

  change(change: FileChange): void {
    const before = this.visible.length;
    const end = change.kind === 'write' ? Math.max(before, change.offset + change.bytes.length) : change.size;
    const unsynced = { ...change, newSize: end === before ? null : end };
    this.visible = changedBytes(this.visible, unsynced);
    this.unsynced.push(unsynced);
  }

  sync(): void {
    this.durable = this.unsynced.reduce(changedBytes, this.durable);
    this.unsynced = [];
  }

  /** A sync has failed: what was to be synced counts as clean, and never reaches the disk unless it is written again. */
  forgetUnsynced(): void {
    this.unsynced = [];
  }
}

export interface DirectoryChange {
  readonly name: string;
  /** Null removes the name. */
  readonly entry: Inode | Directory | null;
  /** The name that a rename takes away in the same step. */
  readonly from?: string;
}

type Entries = Map<string, Inode | Directory>;

export class Directory {
  readonly visible: Entries;
  readonly durable: Entries;
  unsynced: DirectoryChange[] = [];

  constructor(entries: Entries = new Map()) {
    this.visible = entries;
    this.durable = new Map(entries);
  }

  change(change: DirectoryChange): void {
    changeEntry(this.visible, change);
    this.unsynced.push(change);
  }

  /** Changes what is visible and what is on disk at once. */
  place(name: string, entry: Inode | null): void {
    changeEntry(this.visible, { name, entry });
    changeEntry(this.durable, { name, entry });
  }

  sync(): void {
    for (const change of this.unsynced) changeEntry(this.durable, change);
    this.unsynced = [];
  }

  forgetUnsynced(): void {
    this.unsynced = [];
  }

  /** The directory at the end of these names; undefined when there is none. */
  find([name, ...rest]: readonly string[]): Directory | undefined {
    if (name === undefined) return this;
    const entry = this.visible.get(name);
    return entry instanceof Directory ? entry.find(rest) : undefined;
  }

  /** Whether a file has a name in it or below. */
  holds(inode: Inode): boolean {
    return [...this.visible.values()].some((entry) =>
      entry instanceof Directory ? entry.holds(inode) : entry === inode,
    );
  }

  visibleBytes(): number {
    let total = 0;
    for (const entry of this.visible.values()) {
      total += entry instanceof Directory ? entry.visibleBytes() : entry.visible.length;
    }
    return total;
  }

  unlock(): void {
    for (const entry of this.visible.values()) {
      if (entry instanceof Directory) entry.unlock();
      else entry.locked = false;
    }
  }
}

/** What is on disk after the power was cut: of every change that was not synced, `random` decides how much of it there is. */
export function cutPowerUnder(directory: Directory, random: SeededRandom): Directory {
  const entries: Entries = new Map(directory.durable);
  for (const change of directory.unsynced) if (random.chance(0.5)) changeEntry(entries, change);
  const survivors: Entries = new Map();
  for (const [name, entry] of entries) {
    survivors.set(
      name,
      entry instanceof Directory ? cutPowerUnder(entry, random) : new Inode(survivingBytes(entry, random)),
    );
  }
  return new Directory(survivors);
}

/** A directory with the same files, all of them durable and none of them locked. */
export function copyOfVisible(directory: Directory): Directory {
  const copies: Entries = new Map();
  for (const [name, entry] of directory.visible) {
    copies.set(name, entry instanceof Directory ? copyOfVisible(entry) : new Inode(entry.visible));
  }
  return new Directory(copies);
}

/** Any of the sizes that the file has had since its last sync, and of each sector any of the contents. */
function survivingBytes({ durable, unsynced }: Inode, random: SeededRandom): Uint8Array {
  const versions = [durable];
  for (const change of unsynced) versions.push(changedBytes(versions.at(-1) ?? durable, change));
  const size = survivingSize(versions, random);
  const survivor = new Uint8Array(size);
  for (let at = 0; at < size; at += sectorBytes) {
    const version = versions[random.below(versions.length)] ?? durable;
    survivor.set(version.subarray(at, Math.min(at + sectorBytes, size)), at);
  }
  return survivor;
}

/** A growing file may also be found at any sector boundary on its way. */
function survivingSize(versions: readonly Uint8Array[], random: SeededRandom): number {
  const size = versions[random.below(versions.length)]?.length ?? 0;
  const before = versions[0]?.length ?? 0;
  if (size <= before || random.chance(0.5)) return size;
  return Math.min(size, before + random.below(Math.ceil((size - before) / sectorBytes) + 1) * sectorBytes);
}

function changedBytes(bytes: Uint8Array, change: UnsyncedChange): Uint8Array {
  const end = change.kind === 'write' ? Math.max(bytes.length, change.offset + change.bytes.length) : bytes.length;
  const size = change.newSize ?? end;
  const changed = new Uint8Array(size);
  changed.set(bytes.subarray(0, size));
  if (change.kind === 'write') changed.set(change.bytes, change.offset);
  return changed;
}

function changeEntry(entries: Entries, { name, entry, from }: DirectoryChange): void {
  if (from !== undefined) entries.delete(from);
  if (entry === null) entries.delete(name);
  else entries.set(name, entry);
}
