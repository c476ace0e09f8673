import { Buffer } from 'node:buffer';
import { basename, join } from 'node:path';
import { ByteReader } from '../log/byte-reader.ts';
import { CommitDecoder } from '../log/commit-decoder.ts';
import { makeDurableFile } from '../log/durable-file.ts';
import { frameHeaderBytes } from '../log/frame.ts';
import { initialLink, LinkBuilder } from '../log/link.ts';
import { segmentFileName, temporarySuffix } from '../log/log-files.ts';
import type { EncodedCommit } from '../log/record.ts';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  type SegmentHeader,
  saltBytes,
  segmentHeaderBytes,
} from '../log/segment-header.ts';
import { type SegmentPosition, SegmentWriter } from '../log/segment-writer.ts';
import { uuidBytes, uuidOfRandom } from '../log/uuid-bytes.ts';
import type { Clock } from '../ports/clock.ts';
import { type FileSystem, readFully, writeFully } from '../ports/file-system.ts';
import type { Random } from '../ports/random.ts';
import { SegmentScan } from './segment-scan.ts';

/**
 * Writes a segment that ends with commit `sequence`, and is sealed, as the temporary file of the segment's name in `directory`, and
 * syncs it. Everything up to there is as it was, but for the frame that holds the commit, when others came behind it in that frame.
 * @returns the seal. Null when the segment ends there already, sealed: nothing was written.
 * @throws {RangeError} when the commits up to there cannot be read: the caller has not looked.
 */
export async function writeEndedSegment(
  fileSystem: FileSystem,
  path: string,
  directory: string,
  sequence: number,
): Promise<Buffer | null> {
  const bytes = await readWhole(fileSystem, path);
  const header = decodeSegmentHeader(bytes);
  const end = findEnd(path, bytes, header, sequence);
  if (end === null) return null;
  const { before, rest } = end;
  const temporary = join(directory, basename(path)) + temporarySuffix;
  const file = await fileSystem.open(temporary, 'replace');
  try {
    await writeFully(file, bytes.subarray(0, before.end), 0);
    const writer = new SegmentWriter(temporary, file, header, before);
    if (rest.length > 0) await writer.append(rest);
    // What comes behind it will be another epoch's.
    const seal = await writer.seal(true);
    await file.sync();
    return seal;
  } finally {
    await file.close();
  }
}

/**
 * Where in the segment the last frame ends that holds no later commit, and the commits to write behind it. Null when nothing but a
 * seal is behind the commit.
 */
function findEnd(
  path: string,
  bytes: Buffer,
  header: SegmentHeader,
  sequence: number,
): { readonly before: SegmentPosition; readonly rest: readonly EncodedCommit[] } | null {
  const decoder = new CommitDecoder();
  decoder.admitUnknownTables();
  const scan = new SegmentScan(path, bytes, header, decoder);
  let before: SegmentPosition = {
    end: segmentHeaderBytes,
    link: initialLink(bytes.subarray(0, segmentHeaderBytes)),
    nextSequence: header.firstSequence,
    frames: 0,
    commits: 0,
    records: 0,
  };
  while (before.nextSequence <= sequence) {
    const part = scan.next();
    if (part?.kind !== 'frame' || part.commits.length === 0) {
      throw new RangeError(
        `${path} cannot be ended with commit ${sequence}: it can be read up to ${before.nextSequence}`,
      );
    }
    if (part.position.nextSequence > sequence + 1) {
      const payload = bytes.subarray(part.offset + frameHeaderBytes, part.end);
      return { before, rest: encodedCommits(payload, sequence + 1 - before.nextSequence) };
    }
    before = part.position;
  }
  const next = scan.next();
  const ended = next?.kind === 'frame' && next.commits.length === 0 && next.end === bytes.length;
  return ended ? null : { before, rest: [] };
}

/** The first commits of a frame as they stand in it, so that nothing about them changes. */
function encodedCommits(payload: Buffer, count: number): readonly EncodedCommit[] {
  const decoder = new CommitDecoder();
  decoder.admitUnknownTables();
  const reader = new ByteReader(payload, 0, payload.length);
  return Array.from({ length: count }, () => {
    const start = reader.position;
    const recordsBefore = decoder.recordCount;
    const covered = new CoveredBytes();
    const { sequence } = decoder.decode(reader, covered);
    return {
      sequence,
      bytes: Buffer.from(payload.subarray(start, reader.position)),
      linkBytes: Buffer.concat(covered.parts),
      recordCount: decoder.recordCount - recordsBefore,
    };
  });
}

/** Keeps what a link covers instead of hashing it. */
class CoveredBytes extends LinkBuilder {
  readonly parts: Buffer[] = [];

  override add(bytes: Buffer, start = 0, end = bytes.length): void {
    this.parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  override addDigest(digest: string): void {
    this.parts.push(Buffer.from(digest, 'latin1'));
  }
}

export interface NewEpoch {
  readonly databaseId: string;
  /** Of the segment before; zeros when there is none. */
  readonly previousSeal: Uint8Array;
  readonly firstSequence: number;
}

/**
 * Begins a new epoch: makes an empty segment with it, durably. What is written next goes there.
 * @returns the epoch.
 */
export async function beginEpoch(
  ports: { readonly fileSystem: FileSystem; readonly clock: Clock; readonly random: Random },
  logDirectory: string,
  { databaseId, previousSeal, firstSequence }: NewEpoch,
): Promise<string> {
  const { fileSystem, clock, random } = ports;
  const epoch = uuidOfRandom(random.bytes(uuidBytes));
  const salt = random.bytes(saltBytes);
  const createdAt = clock.now();
  // Of `interval` it becomes when a commit is there for it: until then, a stop loses nothing.
  const durability = 'sync';
  const header = { databaseId, epoch, salt, previousSeal, firstSequence, createdAt, durability } as const;
  const bytes = encodeSegmentHeader(header);
  const file = await makeDurableFile(fileSystem, logDirectory, segmentFileName(firstSequence), bytes);
  await file.close();
  return epoch;
}

async function readWhole(fileSystem: FileSystem, path: string): Promise<Buffer> {
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = Buffer.allocUnsafe(await file.size());
    return bytes.subarray(0, await readFully(file, bytes, 0));
  } finally {
    await file.close();
  }
}
