import { dirname } from 'node:path';
import type { SeededRandom } from '../seeded-random.ts';
import type { Fault, OperationKind, SimulatedFileSystem } from '../simulated-file-system.ts';
import { someTurns } from './simulated-clock.ts';

/** What befalls the machine between one start of the server and the next. */
export type Mishap = 'none' | 'stop' | 'error' | 'full';

const syncs: readonly OperationKind[] = ['datasync', 'sync', 'syncDirectory'];
const anyKind: readonly OperationKind[] = [...syncs, 'write', 'rename', 'open', 'truncate', 'remove', 'makeDirectory'];

/** Arms the disk with the faults of one life of the server, all of them decided by `random`. */
export function planFaults(fileSystem: SimulatedFileSystem, random: SeededRandom): Mishap {
  const mishap = random.pick<Mishap>(['none', 'stop', 'stop', 'stop', 'error', 'error', 'full']);
  // A crash under recovery is as likely as one under the work that follows.
  const nth = 1 + random.below(random.chance(0.4) ? 16 : 90);
  const kinds = random.chance(0.7) ? syncs : anyKind;
  const shortWrites = random.chance(0.2);
  const bytesLeft = random.below(6000);
  const roomAgainAt = nth + 10 + random.below(60);
  // The entry of a directory that an earlier process made and did not sync can be lost by a sync of its parent that fails: what was
  // forgotten then cannot be told from what is on disk, and no directory is made twice. File systems with a journal know no such
  // thing, and a process that sees the sync of a directory that it made fail takes the directory away again.
  const inherited = ['/data', '/data/log'].filter((path) => fileSystem.exists(path)).map((path) => dirname(path));
  let count = 0;
  let ofKinds = 0;
  fileSystem.inject = (kind, path, size): Fault | undefined => {
    count += 1;
    if (mishap === 'stop' && count === nth) return { kind: 'stop', writtenBytes: random.below(size + 1) };
    if (mishap === 'full' && count === nth) fileSystem.capacity = fileSystem.size() + bytesLeft;
    if (mishap === 'full' && count === roomAgainAt) fileSystem.capacity = Number.POSITIVE_INFINITY;
    if (kinds.includes(kind)) ofKinds += 1;
    if (kind === 'syncDirectory' && inherited.includes(path)) return undefined;
    if (mishap === 'error' && kinds.includes(kind) && ofKinds === Math.ceil(nth / 4)) {
      // Out of a sync a full disk is a failed one; to any other operation it is a full one.
      const code = syncs.includes(kind) && random.chance(0.3) ? 'ENOSPC' : 'EIO';
      return { kind: 'error', code, writtenBytes: random.below(size + 1) };
    }
    return shortWrites && kind === 'write' && size > 1 && random.chance(0.5)
      ? { kind: 'short', writtenBytes: 1 + random.below(size) }
      : undefined;
  };
  const slowness = random.pick([0, 3, 10]);
  const stalls = random.chance(0.1);
  fileSystem.delay = async (kind) => {
    await someTurns(slowness === 0 ? 0 : random.below(slowness));
    if (stalls && kind === 'datasync' && random.chance(0.2)) await someTurns(500);
  };
  return mishap;
}

/** From here on nothing goes wrong. */
export function disarm(fileSystem: SimulatedFileSystem): void {
  fileSystem.inject = null;
  fileSystem.delay = null;
  fileSystem.capacity = Number.POSITIVE_INFINITY;
}
