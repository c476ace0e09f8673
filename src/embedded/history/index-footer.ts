import { Buffer } from 'node:buffer';
import { readInt64 } from '../log/byte-reader.ts';
import { writeInt64 } from '../log/byte-writer.ts';
import { beginHeader, checkHeader, checkZeros, databaseIdAt, endHeader } from '../log/file-header.ts';
import { unlessUnreadable } from '../log/log-error.ts';
import { sealBytes } from '../log/segment-header.ts';
import { readUuid } from '../log/uuid-bytes.ts';

/** What the index of a segment says of itself and of the segment that it was made from. */
export interface IndexFooter {
  readonly databaseId: string;
  /** Of the segment. */
  readonly seal: Uint8Array;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** When the last commit of the segment was made, in milliseconds since the Unix epoch. */
  readonly lastCommittedAt: number;
  /** Of the segment. */
  readonly segmentBytes: number;
  readonly entries: number;
  /** `eraseDocument` records. */
  readonly erasures: number;
}

const magic = Buffer.from('\x89YARAIDX', 'latin1');
const sealAt = databaseIdAt + 16;
const firstSequenceAt = sealAt + sealBytes;
const lastSequenceAt = firstSequenceAt + 8;
const lastCommittedAtAt = lastSequenceAt + 8;
const segmentBytesAt = lastCommittedAtAt + 8;
const entriesAt = segmentBytesAt + 8;
const erasuresAt = entriesAt + 8;
const zerosAt = erasuresAt + 8;
const checksumAt = zerosAt + 12;
export const indexFooterBytes = checksumAt + 4;

export function encodeIndexFooter(footer: IndexFooter): Buffer {
  const bytes = beginHeader(magic, indexFooterBytes, footer.databaseId);
  bytes.set(footer.seal, sealAt);
  writeInt64(bytes, footer.firstSequence, firstSequenceAt);
  writeInt64(bytes, footer.lastSequence, lastSequenceAt);
  writeInt64(bytes, footer.lastCommittedAt, lastCommittedAtAt);
  writeInt64(bytes, footer.segmentBytes, segmentBytesAt);
  writeInt64(bytes, footer.entries, entriesAt);
  writeInt64(bytes, footer.erasures, erasuresAt);
  return endHeader(bytes);
}

/** @returns null when these are not the bytes of a footer of this version: the index is made again then, whatever the reason. */
export function decodeIndexFooter(bytes: Buffer): IndexFooter | null {
  return unlessUnreadable(() => {
    checkHeader(bytes, magic, indexFooterBytes);
    checkZeros(bytes, zerosAt, checksumAt);
    return readFields(bytes);
  });
}

function readFields(bytes: Buffer): IndexFooter {
  return {
    databaseId: readUuid(bytes, databaseIdAt),
    seal: Uint8Array.from(bytes.subarray(sealAt, sealAt + sealBytes)),
    firstSequence: readInt64(bytes, firstSequenceAt),
    lastSequence: readInt64(bytes, lastSequenceAt),
    lastCommittedAt: readInt64(bytes, lastCommittedAtAt),
    segmentBytes: readInt64(bytes, segmentBytesAt),
    entries: readInt64(bytes, entriesAt),
    erasures: readInt64(bytes, erasuresAt),
  };
}
