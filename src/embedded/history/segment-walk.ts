import { Buffer } from 'node:buffer';
import { ByteReader } from '../log/byte-reader.ts';
import {
  type FrameHeader,
  frameHeaderBytes,
  frameKinds,
  isFrameHeader,
  isPayloadIntact,
  readFrameHeader,
} from '../log/frame.ts';
import { digestOf, LinkBuilder } from '../log/link.ts';
import { MalformedError, refusalOf, UnknownKindError } from '../log/log-error.ts';
import { digestBytes, recordKinds, recordSaltBytes } from '../log/record.ts';
import { segmentHeaderBytes } from '../log/segment-header.ts';
import { type SealedSegment, sealFrameBytes } from './sealed-segment.ts';
import type { TimeSlice } from './time-slice.ts';

/** A frame of commits that was found good: checksums, sequences, link. Its buffer is used again for the next one. */
export interface WalkedFrame {
  /** In the segment. */
  readonly offset: number;
  readonly header: FrameHeader;
  readonly payload: Buffer;
  readonly commits: readonly WalkedCommit[];
}

/** Where a commit stands in the payload of its frame. */
export interface WalkedCommit {
  readonly sequence: number;
  readonly committedAt: number;
  /** Where its length stands. */
  readonly start: number;
  /** Behind the number of its records. */
  readonly recordsStart: number;
  readonly records: readonly WalkedRecord[];
}

/** Where a record stands in the payload of its frame. */
export interface WalkedRecord {
  readonly kind: number;
  /** Where its length stands. */
  readonly start: number;
  readonly payloadStart: number;
  readonly end: number;
  /** A character for each byte. */
  readonly digest: string;
}

/** Read at once where frames are smaller. */
const windowBytes = 1024 * 1024;

/**
 * Goes through a sealed segment and checks all that there is to check but what is in the documents: every checksum, sequence, digest and link,
 * the counts of the seal, and that the chain ends in the seal with which the segment was opened. Memory is bounded by the largest frame.
 * @throws {CorruptionError} @throws {NewerFormatError}
 */
export async function* walkSegment(segment: SealedSegment, slice: TimeSlice): AsyncGenerator<WalkedFrame> {
  const walk = new SegmentWalk(segment, slice);
  for (let frame = await walk.next(); frame !== null; frame = await walk.next()) yield frame;
}

class SegmentWalk {
  readonly #segment: SealedSegment;
  readonly #slice: TimeSlice;
  readonly #linkBuilder = new LinkBuilder();
  #window: Buffer = Buffer.allocUnsafeSlow(windowBytes);
  #windowStart = 0;
  #windowEnd = 0;
  #link: Buffer;
  #offset = segmentHeaderBytes;
  #nextSequence: number;
  #frames = 0;
  #commits = 0;
  #records = 0;

  constructor(segment: SealedSegment, slice: TimeSlice) {
    this.#segment = segment;
    this.#slice = slice;
    this.#link = segment.initialLink;
    this.#nextSequence = segment.header.firstSequence;
  }

  /** @returns null behind the seal. */
  async next(): Promise<WalkedFrame | null> {
    if (this.#slice.due) await this.#slice.pause();
    try {
      return await this.#readFrame();
    } catch (error) {
      throw refusalOf(error, { file: this.#segment.path, offset: this.#offset, sequence: this.#nextSequence });
    }
  }

  async #readFrame(): Promise<WalkedFrame | null> {
    const offset = this.#offset;
    const { salt } = this.#segment;
    const headerBytes = await this.#bytes(offset, frameHeaderBytes);
    if (!isFrameHeader(headerBytes, 0, salt, offset)) throw new MalformedError('no valid frame header');
    const header = readFrameHeader(headerBytes, 0);
    const frame = await this.#bytes(offset, frameHeaderBytes + header.payloadLength);
    if (!isPayloadIntact(frame, 0, header, salt, offset)) {
      throw new MalformedError("a frame whose payload's checksum does not hold");
    }
    if (header.firstSequence !== this.#nextSequence) {
      throw new MalformedError(
        `a frame that begins with commit ${header.firstSequence} instead of ${this.#nextSequence}`,
      );
    }
    const payload = frame.subarray(frameHeaderBytes);
    this.#linkBuilder.begin(this.#link, header.kind, header.firstSequence, header.commitCount);
    if (header.kind === frameKinds.seal) {
      if (offset + sealFrameBytes !== this.#segment.bytes) throw new MalformedError('a seal before the end');
      this.#checkSeal(payload);
      this.#checkLink(header);
      return null;
    }
    const commits = await this.#readCommits(payload, header);
    this.#checkLink(header);
    this.#offset += frame.length;
    this.#nextSequence += commits.length;
    this.#commits += commits.length;
    this.#frames += 1;
    return { offset, header, payload, commits };
  }

  async #readCommits(payload: Buffer, header: FrameHeader): Promise<WalkedCommit[]> {
    const reader = new ByteReader(payload, 0, payload.length);
    const commits: WalkedCommit[] = [];
    for (let index = 0; index < header.commitCount; index += 1) {
      const commit = await this.#readCommit(reader);
      const expected = header.firstSequence + index;
      if (commit.sequence !== expected)
        throw new MalformedError(`commit ${commit.sequence} in the place of ${expected}`);
      commits.push(commit);
    }
    if (reader.remaining > 0) throw new MalformedError(`${reader.remaining} bytes are left over behind the commits`);
    return commits;
  }

  async #readCommit(reader: ByteReader): Promise<WalkedCommit> {
    const start = reader.position;
    const end = reader.limit(reader.uint32());
    const headerStart = reader.position;
    const sequence = reader.int64();
    const committedAt = reader.int64();
    reader.skip(reader.uint8());
    const count = reader.uint32();
    const recordsStart = reader.position;
    this.#linkBuilder.add(reader.buffer, headerStart, recordsStart);
    const records: WalkedRecord[] = [];
    for (let index = 0; index < count; index += 1) {
      const record = readRecord(reader);
      this.#linkBuilder.addDigest(record.digest);
      records.push(record);
      if (this.#slice.due) await this.#slice.pause();
    }
    reader.restore(end);
    this.#records += count;
    return { sequence, committedAt, start, recordsStart, records };
  }

  #checkSeal(payload: Buffer): void {
    const reader = new ByteReader(payload, 0, payload.length);
    const counted = [this.#frames, this.#commits, this.#records];
    const sealed = [reader.int64(), reader.int64(), reader.int64()];
    if (reader.uint8() > 1) throw new UnknownKindError('a seal with flags');
    if (counted.some((count, index) => count !== sealed[index])) {
      throw new MalformedError(
        `the seal counts ${sealed.join(', ')} frames, commits and records, there are ${counted.join(', ')}`,
      );
    }
    this.#linkBuilder.add(payload);
  }

  #checkLink(header: FrameHeader): void {
    const link = this.#linkBuilder.finish();
    if (!link.equals(header.link)) throw new MalformedError('the link to the frame before does not hold');
    this.#link = link;
  }

  /** A view that is good until the next call. @throws {MalformedError} when the segment ends before. */
  async #bytes(offset: number, length: number): Promise<Buffer> {
    if (offset < this.#windowStart || offset + length > this.#windowEnd) {
      if (length > this.#window.length) this.#window = Buffer.allocUnsafeSlow(length);
      else if (length <= windowBytes && this.#window.length > windowBytes) {
        this.#window = Buffer.allocUnsafeSlow(windowBytes);
      }
      const size = Math.min(this.#window.length, Math.max(0, this.#segment.bytes - offset));
      const read = await this.#segment.read(this.#window.subarray(0, size), offset);
      this.#windowStart = offset;
      this.#windowEnd = offset + read;
    }
    const missing = offset + length - this.#windowEnd;
    if (missing > 0) throw new MalformedError(`a frame whose last ${missing} bytes are missing`);
    const start = offset - this.#windowStart;
    return this.#window.subarray(start, start + length);
  }
}

function readRecord(reader: ByteReader): WalkedRecord {
  const start = reader.position;
  const payloadLength = reader.uint32();
  const saltStart = reader.skip(recordSaltBytes);
  const kind = reader.uint8();
  const payloadStart = reader.skip(payloadLength);
  const end = reader.position;
  if (kind !== recordKinds.erased) {
    return { kind, start, payloadStart, end, digest: digestOf(reader.buffer.subarray(saltStart, end)) };
  }
  if (payloadLength !== digestBytes) throw new MalformedError(`an erased record of ${payloadLength} bytes`);
  return { kind, start, payloadStart, end, digest: reader.buffer.toString('latin1', payloadStart, end) };
}
