import { Buffer } from 'node:buffer';
import {
  FrameSalt,
  frameHeaderBytes,
  frameKinds,
  isFrameHeader,
  isPayloadIntact,
  readFrameHeader,
} from '../log/frame.ts';
import { MalformedError } from '../log/log-error.ts';
import { decodeSegmentHeader, segmentHeaderBytes } from '../log/segment-header.ts';

/** A file of which bytes can be read: resolves to how many there were. */
export interface ReadableBytes {
  read(target: Uint8Array, position: number): Promise<number>;
}

/** A frame of commits whose checksums hold. */
export interface ScannedFrame {
  /** Where in the segment it begins. */
  readonly offset: number;
  /** With its header. Good until the next is asked for. */
  readonly bytes: Buffer;
  readonly firstSequence: number;
  readonly commitCount: number;
}

/** Where a scan begins: at the first frame of a segment, or at any whose commits begin with this sequence. */
export interface FramePlace {
  readonly offset: number;
  readonly sequence: number;
}

/** Read at once where frames are smaller. */
const windowBytes = 256 * 1024;

/** The place of the first frame. */
export function firstFrame(firstSequence: number): FramePlace {
  return { offset: segmentHeaderBytes, sequence: firstSequence };
}

/**
 * The frames of commits from one on until that which holds commit `lastSequence`, whether the segment is sealed or still written to. Checks
 * what tells that these are the bytes that were written, but no links.
 * @throws {MalformedError} when they are not.
 */
export async function* scanFrames(
  segment: ReadableBytes,
  from: FramePlace,
  lastSequence: number,
): AsyncGenerator<ScannedFrame> {
  const salt = await readSalt(segment);
  const window = new Window(segment);
  let { offset, sequence } = from;
  while (sequence <= lastSequence) {
    const headerBytes = await window.bytes(offset, frameHeaderBytes);
    if (!isFrameHeader(headerBytes, 0, salt, offset)) throw new MalformedError('no valid frame header');
    const header = readFrameHeader(headerBytes, 0);
    const { kind, payloadLength, firstSequence, commitCount } = header;
    if (kind !== frameKinds.commits || firstSequence !== sequence) {
      throw new MalformedError(`no frame that begins with commit ${sequence}`);
    }
    const bytes = await window.bytes(offset, frameHeaderBytes + payloadLength);
    if (!isPayloadIntact(bytes, 0, header, salt, offset)) {
      throw new MalformedError("a frame whose payload's checksum does not hold");
    }
    yield { offset, bytes, firstSequence, commitCount };
    offset += bytes.length;
    sequence += commitCount;
  }
}

class Window {
  readonly #segment: ReadableBytes;
  #buffer: Buffer = Buffer.allocUnsafeSlow(windowBytes);
  #start = 0;
  #end = 0;

  constructor(segment: ReadableBytes) {
    this.#segment = segment;
  }

  /** Good until the next call. @throws {MalformedError} when the file ends before. */
  async bytes(offset: number, length: number): Promise<Buffer> {
    if (offset < this.#start || offset + length > this.#end) {
      if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(length);
      this.#start = offset;
      this.#end = offset + (await this.#segment.read(this.#buffer, offset));
      if (offset + length > this.#end) throw new MalformedError('a frame whose end is missing');
    }
    return this.#buffer.subarray(offset - this.#start, offset - this.#start + length);
  }
}

async function readSalt(segment: ReadableBytes): Promise<FrameSalt> {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  await segment.read(bytes, 0);
  return new FrameSalt(decodeSegmentHeader(bytes).salt);
}
