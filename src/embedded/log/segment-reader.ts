import type { Buffer } from 'node:buffer';
import type { Clock } from '../ports/clock.ts';
import { ByteReader } from './byte-reader.ts';
import type { CommitDecoder } from './commit-decoder.ts';
import {
  type FrameHeader,
  FrameSalt,
  findFrameHeader,
  frameHeaderBytes,
  frameKinds,
  isFrameHeader,
  isPayloadIntact,
  readFrameHeader,
  syncedBefore,
} from './frame.ts';
import { initialLink, LinkBuilder } from './link.ts';
import { MalformedError, refusalOf, UnknownKindError } from './log-error.ts';
import type { CommitRecord } from './record.ts';
import { type SegmentHeader, segmentHeaderBytes } from './segment-header.ts';

/** What reading a segment found: all of it valid, but for a tail. */
export interface SegmentContent {
  readonly header: SegmentHeader;
  /** Behind the last valid frame. */
  readonly end: number;
  /** Where the last valid frame begins; 0, where the header does, when there is no frame. */
  readonly lastFrameAt: number;
  /** Up to where everything was on disk before the last valid frame was written: where that begins, or before. 0 when there is no frame. */
  readonly syncedTo: number;
  /** Of the last frame: when the segment is sealed, its seal. */
  readonly link: Buffer;
  readonly sealed: boolean;
  /** Whether the seal says that the epoch ends with this segment. */
  readonly epochEnds: boolean;
  readonly nextSequence: number;
  /** Without the seal. */
  readonly frames: number;
  readonly commits: number;
  readonly records: number;
  /** Why the bytes from `end` on are no frame, where a torn write would explain it; null when there are none. */
  readonly tail: string | null;
}

export interface SegmentReaderOptions {
  readonly path: string;
  readonly decoder: CommitDecoder;
  readonly clock: Clock;
  readonly onCommit: (commit: CommitRecord) => void;
  /** Called after every slice with how many bytes it had. */
  readonly onProgress?: (bytes: number) => void;
}

/** How much is decoded before others get a turn of the event loop. */
const sliceBytes = 1024 * 1024;

/**
 * Reads a segment from its bytes and hands over every commit in order. Whether a tail may be there is for the caller to decide,
 * who knows if this is the newest segment.
 * @throws {CorruptionError} for damage that no torn write explains. @throws {NewerFormatError}
 */
export async function readSegment(
  bytes: Buffer,
  header: SegmentHeader,
  options: SegmentReaderOptions,
): Promise<SegmentContent> {
  const reader = new SegmentReader(bytes, header, options);
  let sliceStart = 0;
  while (reader.readFrame()) {
    if (reader.end < sliceStart + sliceBytes) continue;
    options.onProgress?.(reader.end - sliceStart);
    sliceStart = reader.end;
    await options.clock.yield();
  }
  return reader.content();
}

class SegmentReader {
  readonly #bytes: Buffer;
  readonly #header: SegmentHeader;
  readonly #options: SegmentReaderOptions;
  readonly #salt: FrameSalt;
  readonly #linkBuilder = new LinkBuilder();
  readonly #recordsBefore: number;
  #link: Buffer;
  #end = segmentHeaderBytes;
  #lastFrameAt = 0;
  #syncedTo = 0;
  #nextSequence: number;
  #frames = 0;
  #commits = 0;
  #sealed = false;
  #epochEnds = false;
  #tail: string | null = null;

  constructor(bytes: Buffer, header: SegmentHeader, options: SegmentReaderOptions) {
    this.#bytes = bytes;
    this.#header = header;
    this.#options = options;
    this.#salt = new FrameSalt(header.salt);
    this.#link = initialLink(bytes.subarray(0, segmentHeaderBytes));
    this.#nextSequence = header.firstSequence;
    this.#recordsBefore = options.decoder.recordCount;
  }

  get end(): number {
    return this.#end;
  }

  content(): SegmentContent {
    return {
      header: this.#header,
      end: this.#end,
      lastFrameAt: this.#lastFrameAt,
      syncedTo: this.#syncedTo,
      link: this.#link,
      sealed: this.#sealed,
      epochEnds: this.#epochEnds,
      nextSequence: this.#nextSequence,
      frames: this.#frames,
      commits: this.#commits,
      records: this.#records,
      tail: this.#tail,
    };
  }

  /** @returns false when there is no further frame. */
  readFrame(): boolean {
    if (this.#end === this.#bytes.length) return false;
    try {
      if (this.#sealed) throw new MalformedError('something follows the seal of the segment');
      const frame = this.#findFrame();
      if (frame === null) return false;
      this.#checkUnsyncedBytes(frame);
      if (frame.kind === frameKinds.seal) this.#readSeal(frame);
      else this.#readCommits(frame);
      this.#lastFrameAt = this.#end;
      this.#syncedTo = this.#end - frame.unsyncedBytes;
      this.#end += frameHeaderBytes + frame.payloadLength;
      return true;
    } catch (error) {
      throw refusalOf(error, { file: this.#options.path, offset: this.#end, sequence: this.#nextSequence });
    }
  }

  /** The frame that begins at `end`; null, with `tail` set, when what is there may be a torn write. */
  #findFrame(): FrameHeader | null {
    const at = this.#end;
    if (!isFrameHeader(this.#bytes, at, this.#salt)) return this.#mayBeTorn('no valid frame header');
    const frame = readFrameHeader(this.#bytes, at);
    const end = at + frameHeaderBytes + frame.payloadLength;
    if (end > this.#bytes.length)
      return this.#mayBeTorn(`a frame whose last ${end - this.#bytes.length} bytes are missing`);
    if (isPayloadIntact(this.#bytes, at, frame, this.#salt)) return frame;
    const reason = "a frame whose payload's checksum does not hold";
    // At durability `sync` nothing is written behind a frame before that is on disk whole.
    if (end < this.#bytes.length && this.#header.durability === 'sync')
      throw new MalformedError(`${reason}, and which is not the last`);
    return this.#mayBeTorn(reason);
  }

  #mayBeTorn(reason: string): null {
    let later = findFrameHeader(this.#bytes, this.#end + 1, this.#salt);
    while (later !== -1) {
      if (this.#header.durability === 'sync' || syncedBefore(this.#bytes, later) > this.#end) {
        throw new MalformedError(`${reason}, and a valid frame at ${later} was written after it was on disk`);
      }
      later = findFrameHeader(this.#bytes, later + 1, this.#salt);
    }
    this.#tail = reason;
    return null;
  }

  #checkUnsyncedBytes({ unsyncedBytes }: FrameHeader): void {
    const most = this.#header.durability === 'sync' ? 0 : this.#end - segmentHeaderBytes;
    if (unsyncedBytes > most) throw new MalformedError(`a frame with ${unsyncedBytes} unsynced bytes before it`);
  }

  #readCommits(frame: FrameHeader): void {
    if (frame.firstSequence !== this.#nextSequence) {
      throw new MalformedError(
        `a frame that begins with commit ${frame.firstSequence} instead of ${this.#nextSequence}`,
      );
    }
    const start = this.#end + frameHeaderBytes;
    const reader = new ByteReader(this.#bytes, start, start + frame.payloadLength);
    const commits: CommitRecord[] = [];
    this.#linkBuilder.begin(this.#link, frame.kind, frame.firstSequence, frame.commitCount);
    for (let index = 0; index < frame.commitCount; index += 1) {
      const commit = this.#options.decoder.decode(reader, this.#linkBuilder);
      const expected = frame.firstSequence + index;
      if (commit.sequence !== expected)
        throw new MalformedError(`commit ${commit.sequence} in the place of ${expected}`);
      commits.push(commit);
    }
    if (reader.remaining > 0) throw new MalformedError(`${reader.remaining} bytes are left over behind the commits`);
    this.#checkLink(frame);
    for (const commit of commits) this.#options.onCommit(commit);
    this.#nextSequence += commits.length;
    this.#commits += commits.length;
    this.#frames += 1;
  }

  #readSeal(frame: FrameHeader): void {
    const start = this.#end + frameHeaderBytes;
    const reader = new ByteReader(this.#bytes, start, start + frame.payloadLength);
    const counted = [this.#frames, this.#commits, this.#records];
    const sealed = [reader.int64(), reader.int64(), reader.int64()];
    const epochEnds = reader.uint8();
    if (epochEnds > 1) throw new UnknownKindError(`a seal with flags ${epochEnds}`);
    if (reader.remaining > 0) throw new MalformedError('a seal that is too long');
    if (frame.firstSequence !== this.#nextSequence || counted.some((count, index) => count !== sealed[index])) {
      throw new MalformedError(
        `the seal counts ${sealed.join(', ')} frames, commits and records before commit ${frame.firstSequence}, ` +
          `but there are ${counted.join(', ')} before commit ${this.#nextSequence}`,
      );
    }
    this.#linkBuilder.begin(this.#link, frame.kind, frame.firstSequence, 0);
    this.#linkBuilder.add(this.#bytes, start, start + frame.payloadLength);
    this.#checkLink(frame);
    this.#epochEnds = epochEnds === 1;
    this.#sealed = true;
  }

  get #records(): number {
    return this.#options.decoder.recordCount - this.#recordsBefore;
  }

  #checkLink(frame: FrameHeader): void {
    const link = this.#linkBuilder.finish();
    if (!link.equals(frame.link)) throw new MalformedError('the link to the frame before does not hold');
    this.#link = link;
  }
}
