import { Buffer } from 'node:buffer';
import { ByteWriter } from '../log/byte-writer.ts';
import { frameHeaderBytes, frameKinds, writeFrameHeader } from '../log/frame.ts';
import { segmentFileName } from '../log/log-files.ts';
import { recordKinds, recordSaltBytes } from '../log/record.ts';
import { segmentHeaderBytes } from '../log/segment-header.ts';
import { type File, type FileSystem, writeFully } from '../ports/file-system.ts';
import { SealedSegment, sealFrameBytes } from './sealed-segment.ts';
import { type WalkedCommit, type WalkedFrame, type WalkedRecord, walkSegment } from './segment-walk.ts';
import { replaceFile } from './temporary-file.ts';
import type { TimeSlice } from './time-slice.ts';

export interface SegmentErasureOptions {
  readonly fileSystem: FileSystem;
  /** `log/` of the data directory. */
  readonly directory: string;
  readonly slice: TimeSlice;
  /** Called to put the rewritten segment in the place of the other. */
  readonly exchange: (rename: () => Promise<void>) => Promise<void>;
}

/**
 * Writes a sealed segment again with these records replaced by their digests (FORMAT.md, "Erasure on disk"), and with them the requests of their
 * commits. Links and seal stay what they were, and the rewritten file must verify with them before it takes the place of the other.
 * @param offsets of the records to erase, in the segment as it is.
 * @throws {CorruptionError} when the segment is damaged. @throws {NoSpaceError} Whatever it throws, a whole segment is there.
 */
export async function eraseInSegment(
  segment: SealedSegment,
  offsets: ReadonlySet<number>,
  options: SegmentErasureOptions,
): Promise<void> {
  const { fileSystem, directory, slice, exchange } = options;
  await replaceFile({
    fileSystem,
    directory,
    name: segmentFileName(segment.header.firstSequence),
    exchange,
    write: (file) => new SegmentRewriter(segment, offsets, file, slice).write(),
    verify: async (temporaryPath, expected) => {
      const erased = await countErased(fileSystem, temporaryPath, segment, slice);
      if (erased !== expected) throw new Error(`${temporaryPath} has ${erased} erased records instead of ${expected}`);
    },
  });
}

/** Reads the rewritten segment back. @throws {CorruptionError} when it is not whole, or its seal another one. */
async function countErased(
  fileSystem: FileSystem,
  path: string,
  original: SealedSegment,
  slice: TimeSlice,
): Promise<number> {
  const { firstSequence } = original.header;
  const rewritten = await SealedSegment.open(fileSystem, path, firstSequence);
  if (rewritten === null) throw new Error(`${path} does not end in a seal`);
  try {
    if (!rewritten.seal.equals(original.seal)) throw rewritten.corruption(0, firstSequence, 'another seal than before');
    let erased = 0;
    for await (const { commits } of walkSegment(rewritten, slice)) {
      for (const { records } of commits) erased += records.filter(({ kind }) => kind === recordKinds.erased).length;
    }
    return erased;
  } finally {
    await rewritten.close();
  }
}

/** Handed to the system at once. */
const writeBytes = 512 * 1024;

class SegmentRewriter {
  readonly #segment: SealedSegment;
  readonly #offsets: ReadonlySet<number>;
  readonly #file: File;
  readonly #slice: TimeSlice;
  readonly #out = new ByteWriter();
  readonly #salt: Buffer = Buffer.alloc(recordSaltBytes);
  /** Where in the file `#out` begins. */
  #position = 0;
  #erased = 0;
  #found = 0;

  constructor(segment: SealedSegment, offsets: ReadonlySet<number>, file: File, slice: TimeSlice) {
    this.#segment = segment;
    this.#offsets = offsets;
    this.#file = file;
    this.#slice = slice;
  }

  /** @returns how many erased records the written segment has, those from before included. */
  async write(): Promise<number> {
    const header = Buffer.alloc(segmentHeaderBytes);
    await this.#segment.read(header, 0);
    this.#out.bytes(header);
    for await (const frame of walkSegment(this.#segment, this.#slice)) {
      await this.#writeFrame(frame);
      if (this.#out.position >= writeBytes) await this.#flush();
    }
    await this.#writeSeal();
    await this.#flush();
    if (this.#found !== this.#offsets.size) {
      throw new Error(
        `${this.#segment.path} has ${this.#found} of ${this.#offsets.size} records that are to be erased`,
      );
    }
    return this.#erased;
  }

  async #writeFrame(frame: WalkedFrame): Promise<void> {
    const start = this.#out.position;
    this.#out.bytes(emptyFrameHeader);
    for (const commit of frame.commits) {
      await this.#writeCommit(frame, commit);
    }
    // All of the new file is synced before it gets its name.
    const header = { ...frame.header, unsyncedBytes: 0 };
    writeFrameHeader(this.#out.written(start), this.#position + start, this.#segment.salt, header);
  }

  async #writeCommit({ offset, payload }: WalkedFrame, commit: WalkedCommit): Promise<void> {
    const start = this.#out.position;
    const isErased = ({ start: at }: WalkedRecord) => this.#offsets.has(offset + frameHeaderBytes + at);
    const erasesRequest = commit.records.some(isErased);
    this.#out.copy(payload, commit.start, commit.recordsStart);
    for (const record of commit.records) {
      const erased = isErased(record);
      if (erased || (erasesRequest && record.kind === recordKinds.request)) this.#writeErased(record);
      else this.#out.copy(payload, record.start, record.end);
      if (erased) this.#found += 1;
      if (record.kind === recordKinds.erased) this.#erased += 1;
      if (this.#slice.due) await this.#slice.pause();
    }
    this.#out.patchUint32(start, this.#out.position - start - 4);
  }

  #writeErased({ digest }: WalkedRecord): void {
    this.#out.uint32(digest.length);
    this.#out.bytes(this.#salt);
    this.#out.uint8(recordKinds.erased);
    this.#out.binary(digest);
    this.#erased += 1;
  }

  async #writeSeal(): Promise<void> {
    const { bytes, salt, lastSequence, seal } = this.#segment;
    const frame = Buffer.alloc(sealFrameBytes);
    await this.#segment.read(frame, bytes - sealFrameBytes);
    const offset = this.#position + this.#out.position;
    writeFrameHeader(frame, offset, salt, {
      kind: frameKinds.seal,
      firstSequence: lastSequence + 1,
      commitCount: 0,
      unsyncedBytes: 0,
      link: seal,
    });
    this.#out.bytes(frame);
  }

  async #flush(): Promise<void> {
    const bytes = this.#out.written();
    await writeFully(this.#file, bytes, this.#position);
    this.#position += bytes.length;
    this.#out.reset();
  }
}

const emptyFrameHeader = Buffer.alloc(frameHeaderBytes);
