import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { readInt64 } from './byte-reader.ts';
import { writeInt64 } from './byte-writer.ts';
import { linkBytes } from './link.ts';
import { MalformedError, UnknownKindError } from './log-error.ts';

/** FORMAT.md, "Frame". */
export const frameKinds = { commits: 1, seal: 2 } as const;

export interface FrameHeader {
  readonly kind: number;
  readonly payloadLength: number;
  readonly firstSequence: number;
  readonly commitCount: number;
  /** How many bytes of the segment before the frame were not known to be on disk when it was written. */
  readonly unsyncedBytes: number;
  readonly payloadChecksum: number;
  readonly link: Buffer;
}

const markBytes = 8;
const kindAt = markBytes;
const zerosAt = kindAt + 1;
const payloadLengthAt = zerosAt + 3;
const firstSequenceAt = payloadLengthAt + 4;
const commitCountAt = firstSequenceAt + 8;
const unsyncedBytesAt = commitCountAt + 4;
const payloadChecksumAt = unsyncedBytesAt + 4;
const linkAt = payloadChecksumAt + 4;
const checksumAt = linkAt + linkBytes;
export const frameHeaderBytes = checksumAt + 4;

/** Lengths are 32 bits; half of that keeps them clear of every signed limit on the way to the disk. */
export const framePayloadBytesMax = 2 ** 31 - 1 - frameHeaderBytes;

/** What makes the frames of one segment its own: the mark they begin with, and the seed of their checksums. */
export class FrameSalt {
  readonly mark: Buffer;
  readonly #seed: number;
  readonly #offset = Buffer.alloc(8);

  constructor(salt: Uint8Array) {
    this.mark = Buffer.from(salt.subarray(0, markBytes));
    this.#seed = crc32(salt);
  }

  /** The seed of both checksums of a frame at this offset of the segment. */
  seedAt(offset: number): number {
    writeInt64(this.#offset, offset, 0);
    return crc32(this.#offset, this.#seed);
  }
}

/**
 * Fills in the header, in front of a payload that stands at `frameHeaderBytes` of `frame` already.
 * @param offset where in the segment the frame will be.
 */
export function writeFrameHeader(
  frame: Buffer,
  offset: number,
  salt: FrameSalt,
  fields: Pick<FrameHeader, 'kind' | 'firstSequence' | 'commitCount' | 'unsyncedBytes' | 'link'>,
): void {
  const seed = salt.seedAt(offset);
  const payload = frame.subarray(frameHeaderBytes);
  frame.set(salt.mark, 0);
  frame[kindAt] = fields.kind;
  frame.fill(0, zerosAt, payloadLengthAt);
  frame.writeUInt32LE(payload.length, payloadLengthAt);
  writeInt64(frame, fields.firstSequence, firstSequenceAt);
  frame.writeUInt32LE(fields.commitCount, commitCountAt);
  frame.writeUInt32LE(fields.unsyncedBytes, unsyncedBytesAt);
  frame.writeUInt32LE(crc32(payload, seed), payloadChecksumAt);
  frame.set(fields.link, linkAt);
  frame.writeUInt32LE(crc32(frame.subarray(0, checksumAt), seed), checksumAt);
}

/**
 * Whether a frame header of this segment stands at `offset`: its own checksum holds, whatever the payload is.
 * @param segmentOffset where in the segment that is, when the buffer holds only a part of it.
 */
export function isFrameHeader(segment: Buffer, offset: number, salt: FrameSalt, segmentOffset = offset): boolean {
  if (offset + frameHeaderBytes > segment.length) return false;
  if (salt.mark.compare(segment, offset, offset + markBytes) !== 0) return false;
  const checksum = crc32(segment.subarray(offset, offset + checksumAt), salt.seedAt(segmentOffset));
  return checksum === segment.readUInt32LE(offset + checksumAt);
}

/**
 * Reads a header that `isFrameHeader` found good.
 * @throws {UnknownKindError} for what a newer version may have written. @throws {MalformedError} for impossible fields.
 */
export function readFrameHeader(segment: Buffer, offset: number): FrameHeader {
  const kind = segment.readUInt8(offset + kindAt);
  if (kind !== frameKinds.commits && kind !== frameKinds.seal) throw new UnknownKindError(`a frame of kind ${kind}`);
  for (let at = offset + zerosAt; at < offset + payloadLengthAt; at += 1) {
    if (segment[at] !== 0) throw new UnknownKindError('a frame with flags');
  }
  const commitCount = segment.readUInt32LE(offset + commitCountAt);
  if ((commitCount === 0) !== (kind === frameKinds.seal)) {
    throw new MalformedError(`a frame of kind ${kind} with ${commitCount} commits`);
  }
  return {
    kind,
    payloadLength: segment.readUInt32LE(offset + payloadLengthAt),
    firstSequence: readInt64(segment, offset + firstSequenceAt),
    commitCount,
    unsyncedBytes: segment.readUInt32LE(offset + unsyncedBytesAt),
    payloadChecksum: segment.readUInt32LE(offset + payloadChecksumAt),
    link: Buffer.from(segment.subarray(offset + linkAt, offset + linkAt + linkBytes)),
  };
}

/**
 * Whether the payload of the frame at `offset`, all of which is in `segment`, is what its header says.
 * @param segmentOffset where in the segment that is, when the buffer holds only a part of it.
 */
export function isPayloadIntact(
  segment: Buffer,
  offset: number,
  header: FrameHeader,
  salt: FrameSalt,
  segmentOffset = offset,
): boolean {
  const start = offset + frameHeaderBytes;
  const checksum = crc32(segment.subarray(start, start + header.payloadLength), salt.seedAt(segmentOffset));
  return checksum === header.payloadChecksum;
}

/** Up to which offset of the segment everything was on disk before the frame at `offset`, whose header is valid, was written. */
export function syncedBefore(segment: Buffer, offset: number): number {
  return offset - segment.readUInt32LE(offset + unsyncedBytesAt);
}

/** The first offset from `from` on at which a frame header of this segment stands, valid by its checksum; -1 when there is none. */
export function findFrameHeader(segment: Buffer, from: number, salt: FrameSalt): number {
  let at = segment.indexOf(salt.mark, from);
  while (at !== -1 && !isFrameHeader(segment, at, salt)) at = segment.indexOf(salt.mark, at + 1);
  return at;
}
