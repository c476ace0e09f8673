import { Buffer } from 'node:buffer';
import type { Durability } from '../../database/status.ts';
import { type File, writeFully } from '../ports/file-system.ts';
import { writeInt64 } from './byte-writer.ts';
import { refusingNoSpace } from './durable-file.ts';
import { FrameSalt, frameHeaderBytes, frameKinds, framePayloadBytesMax, writeFrameHeader } from './frame.ts';
import { LinkBuilder } from './link.ts';
import type { EncodedCommit } from './record.ts';
import type { SegmentHeader } from './segment-header.ts';
import type { SyncMeter } from './sync-meter.ts';

/** Where the last frame of a segment left it. */
export interface SegmentPosition {
  readonly end: number;
  readonly link: Buffer;
  readonly nextSequence: number;
  readonly frames: number;
  readonly commits: number;
  readonly records: number;
}

type WrittenHeader = Pick<SegmentHeader, 'salt' | 'durability'>;

/** Frames up to this size are put together in one buffer that is used again. */
const keptFrameBytes = 256 * 1024;
const sealPayloadBytes = 8 + 8 + 8 + 1;

/**
 * Appends frames to one open segment. After an error other than `NoSpaceError` nobody knows what is on disk: it must not be
 * used again but for `close`. After `seal` too.
 */
export class SegmentWriter {
  readonly path: string;
  readonly durability: Durability;
  readonly #file: File;
  readonly #salt: FrameSalt;
  readonly #syncMeter: SyncMeter | undefined;
  readonly #linkBuilder = new LinkBuilder();
  readonly #frame = Buffer.allocUnsafeSlow(keptFrameBytes);
  #position: SegmentPosition;
  /** Everything before this offset is on disk. */
  #syncedTo: number;

  /** Of a segment whose bytes up to `position` are on disk. */
  constructor(
    path: string,
    file: File,
    { salt, durability }: WrittenHeader,
    position: SegmentPosition,
    syncMeter?: SyncMeter,
  ) {
    this.path = path;
    this.#syncMeter = syncMeter;
    this.durability = durability;
    this.#file = file;
    this.#salt = new FrameSalt(salt);
    this.#position = position;
    this.#syncedTo = position.end;
  }

  /** As of the last frame that was written; at durability `sync` it is on disk. */
  get position(): SegmentPosition {
    return this.#position;
  }

  /**
   * Writes the commits, which `checkCommits` found good, as one frame. At durability `sync` it is synced, and they are durable when
   * this resolves; at `interval` they are once a `sync` that was begun later has resolved.
   * @throws {NoSpaceError} when there is no room; the segment is as it was.
   */
  async append(commits: readonly EncodedCommit[]): Promise<void> {
    const { link, nextSequence, end, frames, commits: commitsBefore, records } = this.#position;
    const frame = this.#frameFor(payloadLengthOf(commits));
    let at = frameHeaderBytes;
    let recordCount = records;
    this.#linkBuilder.begin(link, frameKinds.commits, nextSequence, commits.length);
    for (const commit of commits) {
      frame.set(commit.bytes, at);
      at += commit.bytes.length;
      recordCount += commit.recordCount;
      this.#linkBuilder.add(commit.linkBytes);
    }
    const newLink = this.#linkBuilder.finish();
    writeFrameHeader(frame, end, this.#salt, {
      kind: frameKinds.commits,
      firstSequence: nextSequence,
      commitCount: commits.length,
      unsyncedBytes: end - this.#syncedTo,
      link: newLink,
    });
    await this.#write(frame);
    if (this.durability === 'sync') await this.#sync(end + frame.length);
    this.#position = {
      end: end + frame.length,
      link: newLink,
      nextSequence: nextSequence + commits.length,
      frames: frames + 1,
      commits: commitsBefore + commits.length,
      records: recordCount,
    };
  }

  /** Makes durable what was appended before the call. May run beside an `append`. */
  async sync(): Promise<void> {
    await this.#sync(this.#position.end);
  }

  /**
   * Writes the seal and syncs it; nothing can be appended any more.
   * @param epochEnds whether the next segment will have another epoch.
   * @returns the link that the next segment holds.
   * @throws {NoSpaceError} when there is no room; the segment is as it was.
   */
  async seal(epochEnds = false): Promise<Buffer> {
    const { link, nextSequence, end, frames, commits, records } = this.#position;
    const frame = this.#frameFor(sealPayloadBytes);
    let at = frameHeaderBytes;
    for (const count of [frames, commits, records]) at = writeInt64(frame, count, at);
    frame[at] = epochEnds ? 1 : 0;
    this.#linkBuilder.begin(link, frameKinds.seal, nextSequence, 0);
    this.#linkBuilder.add(frame.subarray(frameHeaderBytes));
    const newLink = this.#linkBuilder.finish();
    writeFrameHeader(frame, end, this.#salt, {
      kind: frameKinds.seal,
      firstSequence: nextSequence,
      commitCount: 0,
      unsyncedBytes: end - this.#syncedTo,
      link: newLink,
    });
    await this.#write(frame);
    await this.#sync(end + frame.length);
    return newLink;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #frameFor(payloadLength: number): Buffer {
    const length = frameHeaderBytes + payloadLength;
    return length <= keptFrameBytes ? this.#frame.subarray(0, length) : Buffer.allocUnsafeSlow(length);
  }

  async #write(frame: Buffer): Promise<void> {
    const { end } = this.#position;
    const giveBack = async (): Promise<void> => {
      await this.#file.truncate(end);
      await this.#file.sync();
      this.#syncedTo = end;
    };
    await refusingNoSpace(this.path, () => writeFully(this.#file, frame, end), giveBack);
  }

  /** @param end behind the last byte that was written before the call. */
  async #sync(end: number): Promise<void> {
    const begun = this.#syncMeter?.begin();
    await this.#file.datasync();
    if (begun !== undefined) this.#syncMeter?.end(begun);
    this.#syncedTo = Math.max(this.#syncedTo, end);
  }
}

/** @throws {RangeError} when the commits are not what can follow in one frame: the caller's mistake, before anything is written. */
export function checkCommits(commits: readonly EncodedCommit[], nextSequence: number): void {
  for (const [index, { sequence }] of commits.entries()) {
    const expected = nextSequence + index;
    if (sequence !== expected) throw new RangeError(`commit ${sequence} cannot be written in the place of ${expected}`);
  }
  const length = payloadLengthOf(commits);
  if (length > framePayloadBytesMax) {
    throw new RangeError(`a frame holds at most ${framePayloadBytesMax} bytes, this one would have ${length}`);
  }
}

function payloadLengthOf(commits: readonly EncodedCommit[]): number {
  let length = 0;
  for (const commit of commits) length += commit.bytes.length;
  return length;
}
