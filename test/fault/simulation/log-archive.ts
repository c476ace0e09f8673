import { Buffer } from 'node:buffer';
import { sealFrameBytes } from '../../../src/embedded/history/sealed-segment.ts';
import {
  FrameSalt,
  frameKinds,
  isFrameHeader,
  isPayloadIntact,
  readFrameHeader,
} from '../../../src/embedded/log/frame.ts';
import { firstSequenceOf, segmentNames } from '../../../src/embedded/log/log-files.ts';
import type { CommitRecord } from '../../../src/embedded/log/record.ts';
import { type RecoveredLog, readLog } from '../../../src/embedded/log/recovery.ts';
import { segmentHeaderBytes } from '../../../src/embedded/log/segment-header.ts';
import { baseOf, snapshotNames } from '../../../src/embedded/snapshot/snapshot-files.ts';
import { stillClock } from '../../embedded/log/log-fixture.ts';
import type { SimulatedFileSystem } from '../simulated-file-system.ts';
import { assertThat } from './assert-that.ts';

const logDirectory = '/data/log';
const snapshotDirectory = '/data/snapshots';

/**
 * Keeps every segment as it was when it was sealed, so that the log can be read from its first commit on when pruning has removed segments and erasures
 * have changed them: links and seals hold only if what is on disk goes on where that ended.
 */
export class LogArchive {
  /** By name. */
  readonly #segments = new Map<string, Uint8Array>();

  /** Takes note of what is there. To be called before every start, which may go on with what changes and removes it. */
  keepAll(fileSystem: SimulatedFileSystem): void {
    if (!fileSystem.exists(logDirectory)) return;
    for (const name of segmentNames(fileSystem.names(logDirectory)).segments) this.keep(fileSystem, name);
  }

  /** Takes note of one segment. To be called when it was sealed: from then on it may be changed, or removed. */
  keep(fileSystem: SimulatedFileSystem, name: string): void {
    const bytes = fileSystem.readBytes(`${logDirectory}/${name}`);
    // One that was changed has the seal that it had.
    if (sealOf(bytes) !== null && !this.#holds(name, bytes)) this.#segments.set(name, bytes);
  }

  /** Every commit from the first on, without what snapshots say. Changes nothing. */
  async read(
    fileSystem: SimulatedFileSystem,
  ): Promise<{ readonly commits: CommitRecord[]; readonly log: RecoveredLog | null }> {
    const commits: CommitRecord[] = [];
    const log = await readLog({
      fileSystem: this.#whole(fileSystem),
      directory: logDirectory,
      snapshotDirectory,
      clock: stillClock,
      onSnapshot: () => assertThat(false, 'there is a snapshot, where all were taken away'),
      onCommit: (commit) => commits.push(commit),
    });
    return { commits, log };
  }

  /** A copy with the log as if nothing had been removed or erased from it, and no snapshots. */
  #whole(fileSystem: SimulatedFileSystem): SimulatedFileSystem {
    const copy = fileSystem.copy();
    const snapshots = copy.exists(snapshotDirectory) ? copy.names(snapshotDirectory) : [];
    const floor = baseOf(snapshotNames(snapshots).snapshots)?.sequence ?? 0;
    for (const name of snapshots) copy.deleteBytes(`${snapshotDirectory}/${name}`);
    if (!copy.exists(logDirectory)) return copy;
    const names = new Set(copy.names(logDirectory));
    for (const [name, bytes] of this.#segments) {
      const path = `${logDirectory}/${name}`;
      const isAsSealed = names.has(name) && this.#holds(name, copy.readBytes(path));
      if (isAsSealed || (!names.has(name) && firstSequenceOf(name) <= floor)) copy.replaceBytes(path, bytes);
    }
    return copy;
  }

  #holds(name: string, bytes: Buffer): boolean {
    const [kept, found] = [sealOf(this.#segments.get(name)), sealOf(bytes)];
    return kept !== null && found !== null && kept.equals(found);
  }
}

/** Where the salt stands in the header of a segment: FORMAT.md. */
const saltAt = 48;
const saltBytes = 16;

/** The link in the seal, which covers all that is in the segment; null when that has no whole seal. The rest of the seal depends on where it stands. */
function sealOf(bytes: Uint8Array | undefined): Buffer | null {
  if (bytes === undefined || bytes.length < segmentHeaderBytes + sealFrameBytes) return null;
  const offset = bytes.length - sealFrameBytes;
  const seal = Buffer.from(bytes.subarray(offset));
  const salt = new FrameSalt(bytes.subarray(saltAt, saltAt + saltBytes));
  if (!isFrameHeader(seal, 0, salt, offset)) return null;
  const header = readFrameHeader(seal, 0);
  return header.kind === frameKinds.seal && isPayloadIntact(seal, 0, header, salt, offset) ? header.link : null;
}
