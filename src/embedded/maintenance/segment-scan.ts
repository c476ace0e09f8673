import type { Buffer } from 'node:buffer';
import type { Durability } from '../../database/status.ts';
import { ByteReader } from '../log/byte-reader.ts';
import type { CommitDecoder } from '../log/commit-decoder.ts';
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
} from '../log/frame.ts';
import { initialLink, LinkBuilder } from '../log/link.ts';
import { MalformedError, NewerFormatError, UnknownKindError } from '../log/log-error.ts';
import type { CommitRecord } from '../log/record.ts';
import { type SegmentHeader, segmentHeaderBytes } from '../log/segment-header.ts';
import type { SegmentPosition } from '../log/segment-writer.ts';

/** What stands at one place of a segment. Parts come without gaps: each begins where the one before it ends. */
export type SegmentPart = FramePart | DamagePart | TailPart;

/** A frame that is whole: checksums, sequences, content and, where the frame before it could be read, the link hold. */
export interface FramePart {
  readonly kind: 'frame';
  readonly offset: number;
  readonly end: number;
  readonly header: FrameHeader;
  /** Empty in a seal. */
  readonly commits: readonly CommitRecord[];
  /** Where writing would go on behind it. Its counts are right as long as no damage came before it. */
  readonly position: SegmentPosition;
}

/** Bytes that no torn write explains. */
export interface DamagePart {
  readonly kind: 'damage';
  readonly offset: number;
  readonly end: number;
  /** The first commit in doubt; null behind other damage. */
  readonly sequence: number | null;
  readonly reason: string;
}

/** Bytes at the end of the file that may be a torn write, if this is the newest segment. */
export interface TailPart {
  readonly kind: 'tail';
  readonly offset: number;
  readonly end: number;
  readonly reason: string;
}

/**
 * Reads a segment from its bytes as recovery does, by the same rules, but goes on behind damage: at the next place where a frame
 * header of this segment stands. Up to the first damage it finds what recovery would.
 */
export class SegmentScan {
  readonly #path: string;
  readonly #bytes: Buffer;
  readonly #salt: FrameSalt;
  readonly #durability: Durability;
  readonly #decoder: CommitDecoder;
  readonly #linkBuilder = new LinkBuilder();
  /** Of the frame before; null where that could not be read. */
  #link: Buffer | null;
  #at = segmentHeaderBytes;
  #nextSequence: number | null;
  #frames = 0;
  #commits = 0;
  #records = 0;
  #sealed = false;
  #damaged = false;

  constructor(path: string, bytes: Buffer, header: SegmentHeader, decoder: CommitDecoder) {
    this.#path = path;
    this.#bytes = bytes;
    this.#salt = new FrameSalt(header.salt);
    this.#durability = header.durability;
    this.#decoder = decoder;
    this.#link = initialLink(bytes.subarray(0, segmentHeaderBytes));
    this.#nextSequence = header.firstSequence;
  }

  /** Whether the last frame read is a seal. */
  get sealed(): boolean {
    return this.#sealed;
  }

  /** Of the last frame; null when that could not be read. */
  get link(): Buffer | null {
    return this.#link;
  }

  /** The commit that comes next; null where damage hides it. */
  get nextSequence(): number | null {
    return this.#nextSequence;
  }

  /** Behind the last part read. */
  get end(): number {
    return this.#at;
  }

  /**
   * The next part; null at the end.
   * @throws {NewerFormatError} for what a newer version has written.
   */
  next(): SegmentPart | null {
    const at = this.#at;
    if (at === this.#bytes.length) return null;
    if (this.#sealed) return this.#damage(this.#bytes.length, 'something follows the seal of the segment');
    try {
      return this.#read(at);
    } catch (error) {
      if (error instanceof UnknownKindError) {
        throw new NewerFormatError({ file: this.#path, offset: at, sequence: this.#nextSequence ?? 0 }, error.message);
      }
      if (!(error instanceof MalformedError)) throw error;
      return this.#skipTo(findFrameHeader(this.#bytes, at + 1, this.#salt), error.message);
    }
  }

  #read(at: number): SegmentPart {
    if (!isFrameHeader(this.#bytes, at, this.#salt)) return this.#tailOrDamage('no valid frame header');
    const header = readFrameHeader(this.#bytes, at);
    const end = at + frameHeaderBytes + header.payloadLength;
    if (end > this.#bytes.length) {
      return this.#tailOrDamage(`a frame whose last ${end - this.#bytes.length} bytes are missing`);
    }
    if (isPayloadIntact(this.#bytes, at, header, this.#salt)) return this.#readFrame(at, end, header);
    const reason = "a frame whose payload's checksum does not hold";
    // At durability `sync` nothing is written behind a frame before that is on disk whole.
    return end < this.#bytes.length && (this.#durability === 'sync' || this.#laterProof() !== -1)
      ? this.#damagedFrame(end, header, `${reason}, and which is not the last`)
      : this.#tailOrDamage(reason);
  }

  #readFrame(at: number, end: number, header: FrameHeader): SegmentPart {
    const expected = this.#nextSequence ?? header.firstSequence;
    if (header.firstSequence !== expected && header.kind === frameKinds.commits) {
      const reason = `a frame that begins with commit ${header.firstSequence} instead of ${expected}`;
      return this.#damagedFrame(end, header, reason);
    }
    const mostUnsynced = this.#durability === 'sync' ? 0 : at - segmentHeaderBytes;
    if (header.unsyncedBytes > mostUnsynced) {
      return this.#damagedFrame(end, header, `a frame with ${header.unsyncedBytes} unsynced bytes before it`);
    }
    const recordsBefore = this.#decoder.recordCount;
    let commits: readonly CommitRecord[] = [];
    try {
      if (header.kind === frameKinds.seal) this.#readSeal(at, header);
      else commits = this.#readCommits(at, header);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      return this.#damagedFrame(end, header, error.message);
    }
    this.#sealed = header.kind === frameKinds.seal;
    this.#link = header.link;
    this.#nextSequence = header.firstSequence + commits.length;
    this.#at = end;
    if (!this.#sealed) {
      this.#frames += 1;
      this.#commits += commits.length;
      this.#records += this.#decoder.recordCount - recordsBefore;
    }
    const position: SegmentPosition = {
      end,
      link: header.link,
      nextSequence: this.#nextSequence,
      frames: this.#frames,
      commits: this.#commits,
      records: this.#records,
    };
    return { kind: 'frame', offset: at, end, header, commits, position };
  }

  #readCommits(at: number, header: FrameHeader): readonly CommitRecord[] {
    const start = at + frameHeaderBytes;
    const reader = new ByteReader(this.#bytes, start, start + header.payloadLength);
    const commits: CommitRecord[] = [];
    this.#linkBuilder.begin(this.#link ?? header.link, header.kind, header.firstSequence, header.commitCount);
    for (let index = 0; index < header.commitCount; index += 1) {
      const commit = this.#decoder.decode(reader, this.#linkBuilder);
      const expected = header.firstSequence + index;
      if (commit.sequence !== expected)
        throw new MalformedError(`commit ${commit.sequence} in the place of ${expected}`);
      commits.push(commit);
    }
    if (reader.remaining > 0) throw new MalformedError(`${reader.remaining} bytes are left over behind the commits`);
    this.#checkLink(header);
    return commits;
  }

  #readSeal(at: number, header: FrameHeader): void {
    const start = at + frameHeaderBytes;
    const reader = new ByteReader(this.#bytes, start, start + header.payloadLength);
    const counted = [this.#frames, this.#commits, this.#records];
    const sealed = [reader.int64(), reader.int64(), reader.int64()];
    const epochEnds = reader.uint8();
    if (epochEnds > 1) throw new UnknownKindError(`a seal with flags ${epochEnds}`);
    if (reader.remaining > 0) throw new MalformedError('a seal that is too long');
    const expected = this.#nextSequence ?? header.firstSequence;
    const countsHold = this.#damaged || counted.every((count, index) => count === sealed[index]);
    if (header.firstSequence !== expected || !countsHold) {
      throw new MalformedError(
        `the seal counts ${sealed.join(', ')} frames, commits and records before commit ${header.firstSequence}, ` +
          `but there are ${counted.join(', ')} before commit ${expected}`,
      );
    }
    this.#linkBuilder.begin(this.#link ?? header.link, header.kind, header.firstSequence, 0);
    this.#linkBuilder.add(this.#bytes, start, start + header.payloadLength);
    this.#checkLink(header);
  }

  #checkLink(header: FrameHeader): void {
    const link = this.#linkBuilder.finish();
    // Behind a frame that could not be read there is nothing to hold it against.
    if (this.#link !== null && !link.equals(header.link)) {
      throw new MalformedError('the link to the frame before does not hold');
    }
  }

  #tailOrDamage(reason: string): SegmentPart {
    const proof = this.#laterProof();
    if (proof !== -1) {
      const next = findFrameHeader(this.#bytes, this.#at + 1, this.#salt);
      return this.#skipTo(next, `${reason}, and a valid frame at ${proof} was written after it was on disk`);
    }
    const offset = this.#at;
    this.#at = this.#bytes.length;
    return { kind: 'tail', offset, end: this.#bytes.length, reason };
  }

  /** Where a frame begins that was written only when what stands here was on disk, so that this is no torn write; -1 when none does. */
  #laterProof(): number {
    const isProof = (at: number) => this.#durability === 'sync' || syncedBefore(this.#bytes, at) > this.#at;
    let later = findFrameHeader(this.#bytes, this.#at + 1, this.#salt);
    while (later !== -1 && !isProof(later)) later = findFrameHeader(this.#bytes, later + 1, this.#salt);
    return later;
  }

  /** Damage whose extent only the next frame header can tell; -1 when there is none. */
  #skipTo(offset: number, reason: string): DamagePart {
    const part = this.#damage(offset === -1 ? this.#bytes.length : offset, reason);
    this.#link = null;
    this.#nextSequence = null;
    return part;
  }

  /** Damage within a frame whose header holds: that tells where the next one begins, and what its link goes back to. */
  #damagedFrame(end: number, header: FrameHeader, reason: string): DamagePart {
    const part = this.#damage(end, reason);
    this.#link = header.link;
    this.#nextSequence = header.firstSequence + header.commitCount;
    this.#sealed = header.kind === frameKinds.seal;
    return part;
  }

  #damage(end: number, reason: string): DamagePart {
    const offset = this.#at;
    this.#at = end;
    this.#damaged = true;
    // What made a table may be among what is lost.
    this.#decoder.admitUnknownTables();
    return { kind: 'damage', offset, end, sequence: this.#nextSequence, reason };
  }
}
