import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import {
  type FrameHeader,
  FrameSalt,
  frameHeaderBytes,
  frameKinds,
  isFrameHeader,
  isPayloadIntact,
  readFrameHeader,
} from '../log/frame.ts';
import { initialLink } from '../log/link.ts';
import { CorruptionError, MalformedError, refusalOf } from '../log/log-error.ts';
import { segmentFileName } from '../log/log-files.ts';
import { decodeSegmentHeader, type SegmentHeader, segmentHeaderBytes } from '../log/segment-header.ts';
import { type File, type FileSystem, readFully } from '../ports/file-system.ts';

/** Frames, commits and records, three i64; whether the epoch ends, u8. */
const sealPayloadBytes = 8 + 8 + 8 + 1;
export const sealFrameBytes = frameHeaderBytes + sealPayloadBytes;

/**
 * A segment that ends in a seal, open for reading. Opening reads its header and its seal alone; what is between them is checked by
 * whoever reads it. Close it.
 */
export class SealedSegment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly salt: FrameSalt;
  /** What its first frame links to. */
  readonly initialLink: Buffer;
  /** The link of its last frame. */
  readonly seal: Buffer;
  /** The sequence of its last commit. */
  readonly lastSequence: number;
  readonly bytes: number;
  readonly #file: File;

  /**
   * @returns null when the file does not end in a seal: it is being written, or damaged.
   * @throws {CorruptionError} when it does not begin as a segment of this name does. @throws {NewerFormatError}
   */
  static async open(fileSystem: FileSystem, path: string, firstSequence: number): Promise<SealedSegment | null> {
    const file = await fileSystem.open(path, 'read');
    try {
      const segment = await readEnds(file, path, firstSequence);
      if (segment === null) await file.close();
      return segment;
    } catch (error) {
      await file.close();
      throw refusalOf(error, { file: path, offset: 0, sequence: firstSequence });
    }
  }

  constructor(
    path: string,
    file: File,
    header: SegmentHeader,
    salt: FrameSalt,
    ends: { initialLink: Buffer; seal: Buffer; lastSequence: number; bytes: number },
  ) {
    this.path = path;
    this.#file = file;
    this.header = header;
    this.salt = salt;
    this.initialLink = ends.initialLink;
    this.seal = ends.seal;
    this.lastSequence = ends.lastSequence;
    this.bytes = ends.bytes;
  }

  /** Resolves to how many bytes of `target` there were. */
  read(target: Uint8Array, position: number): Promise<number> {
    return readFully(this.#file, target, position);
  }

  corruption(offset: number, sequence: number, reason: string): CorruptionError {
    return new CorruptionError({ file: this.path, offset, sequence }, reason);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

export function segmentPath(logDirectory: string, firstSequence: number): string {
  return join(logDirectory, segmentFileName(firstSequence));
}

async function readEnds(file: File, path: string, firstSequence: number): Promise<SealedSegment | null> {
  const bytes = await file.size();
  const start = Buffer.alloc(Math.min(bytes, segmentHeaderBytes));
  await readFully(file, start, 0);
  const header = decodeSegmentHeader(start);
  if (header.firstSequence !== firstSequence) {
    throw new MalformedError(`it is the segment of commit ${header.firstSequence} under another's name`);
  }
  if (bytes < segmentHeaderBytes + sealFrameBytes) return null;
  const salt = new FrameSalt(header.salt);
  const seal = await readSealFrame(file, bytes - sealFrameBytes, salt);
  if (seal === null) return null;
  const { link, firstSequence: nextSequence } = seal;
  return new SealedSegment(path, file, header, salt, {
    initialLink: initialLink(start),
    seal: link,
    lastSequence: nextSequence - 1,
    bytes,
  });
}

/** Null when no whole seal of this segment stands at `offset`. */
async function readSealFrame(file: File, offset: number, salt: FrameSalt): Promise<FrameHeader | null> {
  const frame = Buffer.alloc(sealFrameBytes);
  await readFully(file, frame, offset);
  if (!isFrameHeader(frame, 0, salt, offset)) return null;
  const header = readFrameHeader(frame, 0);
  if (header.kind !== frameKinds.seal || header.payloadLength !== sealPayloadBytes) return null;
  return isPayloadIntact(frame, 0, header, salt, offset) ? header : null;
}
