import { spawnSync } from 'node:child_process';
import { closeSync, openSync, truncateSync } from 'node:fs';
import { type MountNamespace, mountingProblem } from './mount-namespace.ts';

/** Small, so that making it takes no time; large enough for a journal, without which a power cut is another thing. */
const imageBytes = 24 * 1024 * 1024;

/**
 * Stops a mounted ext4 as a power cut does: nothing that is not on disk by now, its journal included, will ever be there
 * (`EXT4_IOC_SHUTDOWN`, which is `_IOR('X', 125, __u32)`, with `EXT4_GOING_FLAGS_NOLOGFLUSH`).
 */
const shutDown =
  'open my $mount, "<", $ARGV[0] or die $!; my $flags = pack("L", 2); ioctl($mount, 0x8004587D, $flags) // die $!;';

/** A file system of its own in a file, mounted in a namespace. */
export class LoopDisk {
  readonly #namespace: MountNamespace;
  readonly #image: string;
  readonly #mount: string;

  /** `image` is a file that is made, `mount` a directory that is there. */
  constructor(namespace: MountNamespace, image: string, mount: string) {
    this.#namespace = namespace;
    this.#image = image;
    this.#mount = mount;
    makeFileSystem(image);
    this.mount();
  }

  mount(): void {
    this.#namespace.run('mount', '-o', 'loop', this.#image, this.#mount);
  }

  /** No process may have a file of it open. */
  unmount(): void {
    this.#namespace.run('umount', this.#mount);
  }

  /** After it only `unmount` works. */
  cutPower(): void {
    this.#namespace.run('perl', '-e', shutDown, this.#mount);
  }

  /** Makes sure that the file system itself came through. */
  check(): void {
    this.#namespace.run('e2fsck', '-fn', this.#image);
  }
}

/** Why the power of a disk cannot be cut on this machine; null when it can. The paths are used for a try. */
export async function powerCutProblem(image: string, mount: string): Promise<string | null> {
  try {
    makeFileSystem(image);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return mountingProblem([
    ['mount', '-o', 'loop', image, mount],
    ['perl', '-e', shutDown, mount],
    ['umount', mount],
  ]);
}

function makeFileSystem(image: string): void {
  closeSync(openSync(image, 'w'));
  truncateSync(image, imageBytes);
  const made = spawnSync('mkfs.ext4', ['-q', '-F', image], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfs.ext4: ${made.error?.message ?? made.stderr.trim()}`);
}
