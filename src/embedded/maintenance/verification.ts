import { Buffer } from 'node:buffer';
import { hashBody } from '../../document/body-hash.ts';
import type { Document } from '../../document/document.ts';
import { lockDirectoryForReading } from '../directory-lock.ts';
import type { CommitRecord } from '../log/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { FileSystem } from '../ports/file-system.ts';
import { contentDigest } from '../snapshot/content-digest.ts';
import { State } from '../state.ts';
import { keyProblems } from './key-problems.ts';
import { type LogPart, type ScanProgress, scanLog } from './log-scan.ts';
import type { Problem } from './problem.ts';
import { type GoodSnapshot, readContents, type SnapshotScan, scanSnapshots } from './snapshot-scan.ts';
import { VersionChains } from './version-chains.ts';

export interface VerificationReport {
  /** Whether there is no problem. A torn tail is none. */
  readonly clean: boolean;
  readonly databaseId: string | null;
  /** Of the newest segment. */
  readonly epoch: string | null;
  /** The lowest commit whose state can be told: that of the base, or 0. */
  readonly floor: number;
  /** The newest commit that was read; that of the base, or 0, when there is none behind it. */
  readonly sequence: number;
  /** When that was made, in milliseconds since the Unix epoch; null when there is none. */
  readonly committedAt: number | null;
  readonly snapshots: number;
  readonly segments: number;
  readonly frames: number;
  readonly commits: number;
  /** Of snapshots and segments. */
  readonly bytes: number;
  /** Null when there are problems: what the database holds is not known then, and neither is its digest. */
  readonly documents: number | null;
  readonly stateDigest: string | null;
  /** A torn write at the end of the log, which was never acknowledged; the next start sets it aside. */
  readonly tail: TornTail | null;
  /** The first `problemsMax` of them. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
}

export interface TornTail {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  readonly reason: string;
}

export interface VerificationOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** The data directory. */
  readonly directory: string;
  readonly onProgress?: (text: string) => void;
  /** Whether the newest segment must be the one that `log/newest` names. True when absent. */
  readonly checkNewest?: boolean;
  /**
   * Whether the log may have been cut behind a commit, all of it having been verified before: then an erasure that explains why
   * versions are missing may be behind the cut, and they are not missed. False when absent.
   */
  readonly cut?: boolean;
}

/** A directory full of damage must not fill the memory with descriptions of it. */
export const problemsMax = 10_000;

/**
 * Checks everything there is to check in a data directory that no server has open: every checksum, link and seal, that nothing is
 * missing, the hash of every body, the chain of versions of every document, and that every snapshot holds what the log comes to. Writes
 * nothing. Holds what the database holds in memory, as a server would.
 * @throws {DirectoryLockedError} when a server has the directory open. @throws {NewerFormatError}
 *   The system's own error when a file cannot be read.
 */
export async function verifyDirectory(options: VerificationOptions): Promise<VerificationReport> {
  const lock = await lockDirectoryForReading(options.directory, options.fileSystem);
  try {
    return await verify(options);
  } finally {
    await lock?.release();
  }
}

/** The same for whoever holds the lock, who may want the parts of the log as they come. */
export async function verify(
  options: VerificationOptions,
  onPart?: (part: LogPart) => void,
): Promise<VerificationReport> {
  const { onProgress } = options;
  const snapshots = await scanSnapshots({
    ...options,
    onProgress: (index, count) => onProgress?.(`verifying snapshot ${index} of ${count}`),
  });
  const verification = new Verification(options, snapshots);
  await verification.begin();
  const scan = {
    ...options,
    start: snapshots.start,
    onProgress: ({ segment, segments, sequence }: ScanProgress) =>
      onProgress?.(`verifying segment ${segment} of ${segments}, at commit ${sequence}`),
  };
  for await (const part of scanLog(scan)) {
    await verification.add(part);
    onPart?.(part);
  }
  return verification.report();
}

/** Takes the parts of a log one by one, and tells at the end what they come to. */
class Verification {
  readonly #options: VerificationOptions;
  readonly #snapshots: SnapshotScan;
  readonly #state = new State();
  readonly #chains = new VersionChains();
  readonly #problems: Problem[] = [];
  /** Snapshots of commits with which a segment ends, as it must be. */
  readonly #placed = new Set<GoodSnapshot>();
  /** Documents that a snapshot has otherwise than the log. */
  readonly #differences: { readonly snapshot: GoodSnapshot; readonly ids: readonly string[] }[] = [];
  #problemCount = 0;
  /** Whether the state is what the commits so far leave behind: no longer once one of them is missing or wrong. */
  #stateKnown = true;
  #epoch: string | null = null;
  #sequence: number;
  #committedAt: number | null = null;
  #segments = 0;
  #frames = 0;
  #commits = 0;
  #bytes = 0;
  #tail: TornTail | null = null;

  constructor(options: VerificationOptions, snapshots: SnapshotScan) {
    this.#options = options;
    this.#snapshots = snapshots;
    this.#sequence = snapshots.floor;
    for (const problem of snapshots.problems) this.#report(problem);
    for (const { bytes } of snapshots.good) this.#bytes += bytes;
  }

  /** Makes the state be that of the base. */
  async begin(): Promise<void> {
    const { floor, good } = this.#snapshots;
    if (floor === 0) return;
    const base = good.find(({ role }) => role === 'base');
    if (base === undefined) {
      this.#stateKnown = false;
      return;
    }
    const { sequence, committedAt } = base.header;
    this.#committedAt = committedAt;
    this.#epoch = base.header.epoch;
    this.#state.load({
      sequence,
      committedAt,
      definitions: base.definitions,
      ...(await readContents(this.#options, base.path)),
    });
  }

  async add(part: LogPart): Promise<void> {
    switch (part.kind) {
      case 'segment':
        this.#segments += 1;
        this.#bytes += part.bytes;
        this.#epoch = part.header.epoch;
        this.#checkDatabase(part.path, part.header.databaseId);
        break;
      case 'frame': {
        const sealed = part.commits.length === 0;
        if (!sealed) this.#frames += 1;
        for (const commit of part.commits) this.#addCommit(part.path, part.offset, commit);
        await this.#checkSnapshots(part.path, part.position.nextSequence - 1, sealed ? part.position.link : null);
        break;
      }
      case 'tail':
        this.#tail = { file: part.path, offset: part.offset, bytes: part.bytes, reason: part.reason };
        break;
      case 'problem':
        this.#stateKnown = false;
        this.#report(part.problem);
        break;
    }
  }

  report(): VerificationReport {
    if (this.#options.cut !== true) {
      for (const problem of this.#chains.problems()) this.#report(problem);
      for (const difference of this.#differences) this.#reportDifference(difference);
    }
    this.#checkPlaces();
    const clean = this.#problemCount === 0;
    return {
      clean,
      databaseId: this.#databaseId,
      epoch: this.#epoch,
      floor: this.#snapshots.floor,
      sequence: this.#sequence,
      committedAt: this.#committedAt,
      snapshots: this.#snapshots.good.length,
      segments: this.#segments,
      frames: this.#frames,
      commits: this.#commits,
      bytes: this.#bytes,
      documents: clean ? this.#state.documents.size : null,
      stateDigest: clean ? contentDigest(this.#state) : null,
      tail: this.#tail,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  #databaseId: string | null = null;

  /** Snapshots are all looked at with the first segment; the segments are held against each other as they are read. */
  #checkDatabase(path: string, databaseId: string): void {
    if (this.#databaseId !== null) return;
    this.#databaseId = databaseId;
    for (const { path: file, header, sequence } of this.#snapshots.good) {
      if (header.databaseId === databaseId) continue;
      const reason = `it is of database ${header.databaseId}, and ${path} of ${databaseId}`;
      this.#report({ file, offset: 0, sequence, reason });
    }
  }

  #checkPlaces(): void {
    const { good, floor } = this.#snapshots;
    for (const snapshot of good) {
      const { path: file, sequence } = snapshot;
      if (sequence <= floor || this.#placed.has(snapshot)) continue;
      if (sequence > this.#sequence) {
        const reason = `the log ends with commit ${this.#sequence}, before what this is a snapshot of`;
        this.#report({ file, offset: 0, sequence: this.#sequence + 1, reason });
      } else if (this.#stateKnown) {
        this.#report({ file, offset: 0, sequence, reason: 'no segment ends with the commit that it is a snapshot of' });
      }
    }
  }

  #addCommit(file: string, offset: number, commit: CommitRecord): void {
    const { sequence } = commit;
    // The newest segment is kept even when the base has all that is in it.
    if (sequence <= this.#snapshots.floor) return;
    this.#commits += 1;
    this.#sequence = sequence;
    this.#committedAt = commit.committedAt;
    const report = (reason: string): void => this.#report({ file, offset, sequence, reason });
    for (const record of commit.records) {
      if (record.kind !== 'putDocument') continue;
      const { document } = record;
      const hash = hashBody(document.body);
      if (hash !== document.bodyHash) {
        report(`the body of document ${document.id} has the hash ${hash}, not ${document.bodyHash} as recorded`);
      }
    }
    for (const problem of keyProblems(commit)) report(problem);
    if (!this.#stateKnown) return;
    this.#chains.add(file, offset, commit, this.#state);
    try {
      this.#state.apply(commit);
    } catch (error) {
      this.#stateKnown = false;
      report(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param seal when a seal was read: that of the segment which ends with the commit. */
  async #checkSnapshots(path: string, sequence: number, seal: Buffer | null): Promise<void> {
    for (const snapshot of this.#snapshots.good) {
      if (snapshot.sequence !== sequence || seal === null) continue;
      this.#placed.add(snapshot);
      if (!Buffer.from(snapshot.header.seal).equals(seal)) {
        const reason = `it and ${path}, which ends with the same commit, are of two histories`;
        this.#report({ file: snapshot.path, offset: 0, sequence, reason });
      }
      if (!this.#stateKnown || snapshot.footer.digest === contentDigest(this.#state)) continue;
      const { documents } = await readContents(this.#options, snapshot.path);
      this.#differences.push({ snapshot, ids: differingIds(this.#state, documents) });
    }
  }

  /**
   * An erasure on disk that was interrupted has taken a document out of some files and not yet of others. Whatever is erased later is
   * no difference.
   */
  #reportDifference({ snapshot, ids }: { readonly snapshot: GoodSnapshot; readonly ids: readonly string[] }): void {
    const { sequence, path: file } = snapshot;
    const wrong = ids.filter((id) => !this.#chains.isErasedAfter(id, sequence));
    if (ids.length > 0 && wrong.length === 0) return;
    const first = wrong[0] === undefined ? '' : `: ${wrong.length} documents differ, document ${wrong[0]} first`;
    const reason = `what it holds is not what the log comes to at commit ${sequence}${first}`;
    this.#report({ file, offset: 0, sequence, reason });
  }

  #report(problem: Problem): void {
    this.#problemCount += 1;
    if (this.#problems.length < problemsMax) this.#problems.push(problem);
  }
}

/** Ids of documents that are in one only, or in another version. */
function differingIds(state: State, documents: readonly Document[]): readonly string[] {
  const seen = new Set<string>();
  const ids: string[] = [];
  for (const { id, sequence } of documents) {
    seen.add(id);
    if (state.document(id)?.sequence !== sequence) ids.push(id);
  }
  for (let index = 0; index < state.documents.size; index += 1) {
    const id = state.documents.at(index)?.id;
    if (id !== undefined && !seen.has(id)) ids.push(id);
  }
  return ids;
}
