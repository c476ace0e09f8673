import { Buffer } from 'node:buffer';
import { formatTime } from '../../document/timestamp.ts';
import { HistoryGoneError } from '../../errors.ts';
import { ByteReader, readInt64 } from '../log/byte-reader.ts';
import { frameHeaderBytes } from '../log/frame.ts';
import { refusalOf } from '../log/log-error.ts';
import { firstFrame, type ScannedFrame, scanFrames } from './frame-scan.ts';
import type { PastFiles, PastSegment } from './history-reader.ts';
import type { RecordSource } from './segment-lookup.ts';

/**
 * The last commit at or before a time; 0 before the first of all. Sequences decide order and clocks do not: where the clock was set back it is
 * one of the commits at or before that time which a later one follows.
 * @param time milliseconds since the Unix epoch.
 * @throws {HistoryGoneError} when that is below the floor. @throws {CorruptionError}
 */
export async function sequenceAt(files: PastFiles, time: number): Promise<number> {
  const segment = await lastBegunBy(files, time);
  if (segment !== null) return lastCommittedBy(files, segment, time);
  const base = await files.base();
  if (base === null) return 0;
  if (base.header.committedAt <= time) return files.floor;
  throw new HistoryGoneError(`The state at ${formatTime(time)} is not kept any more`, files.floor);
}

/** The last segment whose first commit is not later; null when there is none. */
async function lastBegunBy(files: PastFiles, time: number): Promise<PastSegment | null> {
  let low = 0;
  let high = files.segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const segment = files.segments[middle];
    if (segment === undefined) break;
    if ((await firstCommittedAt(files, segment)) <= time) low = middle + 1;
    else high = middle;
  }
  return files.segments[low - 1] ?? null;
}

const committedAtAt = 4 + 8;

async function firstCommittedAt(files: PastFiles, segment: PastSegment): Promise<number> {
  const source = await files.openSource(segment);
  const { offset } = firstFrame(segment.firstSequence);
  const start = Buffer.alloc(committedAtAt + 8);
  await source.read(start, offset + frameHeaderBytes);
  return refusing(source, segment, () => readInt64(start, committedAtAt));
}

/** At least the first commit of the segment is not later than the time. */
async function lastCommittedBy(files: PastFiles, segment: PastSegment, time: number): Promise<number> {
  const { firstSequence, lastSequence } = segment;
  const source = await files.openSource(segment);
  let found = firstSequence;
  try {
    for await (const frame of scanFrames(source, firstFrame(firstSequence), lastSequence)) {
      for (const { sequence, committedAt } of commitsOf(frame)) if (committedAt <= time) found = sequence;
      if (files.slice.due) await files.slice.pause();
    }
  } catch (error) {
    throw refusalOf(error, { file: source.path, offset: 0, sequence: found });
  }
  return Math.min(found, lastSequence);
}

function* commitsOf({ bytes, commitCount }: ScannedFrame): Generator<{ sequence: number; committedAt: number }> {
  const reader = new ByteReader(bytes, frameHeaderBytes, bytes.length);
  for (let index = 0; index < commitCount; index += 1) {
    const end = reader.limit(reader.uint32());
    yield { sequence: reader.int64(), committedAt: reader.int64() };
    reader.skip(reader.remaining);
    reader.restore(end);
  }
}

function refusing<T>({ path }: RecordSource, { firstSequence }: PastSegment, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error, { file: path, offset: 0, sequence: firstSequence });
  }
}
