import type { Document } from '../../document/document.ts';
import { documentBytes } from '../document-bytes.ts';
import { readVersion } from '../history/document-history.ts';
import { scanFrames } from '../history/frame-scan.ts';
import type { PastFiles, PastSegment } from '../history/history-reader.ts';
import { MalformedError, refusalOf } from '../log/log-error.ts';
import type { State } from '../state.ts';
import { changeBytes, commitBytes } from './commit-capture.ts';
import { FeedChange, FeedCommit } from './feed-commit.ts';
import { FrameCommitDecoder, type LoggedCommit, type LoggedRecord } from './frame-commits.ts';
import type { FramePlaces } from './frame-places.ts';
import type { LogBlock } from './log-replay.ts';
import { nameOfDroppedTable, readErased } from './past-subjects.ts';
import { tombstoneOf, unknownTombstone } from './tombstone.ts';

export interface LogBlockRequest {
  /** The first commit of the block. */
  readonly sequence: number;
  /** The newest commit that was applied. */
  readonly newest: number;
  readonly state: State;
  readonly places: FramePlaces;
  /** It ends when it has reached so many bytes. */
  readonly blockBytes: number;
}

/** Places of frames are remembered so far apart. */
const placeBytes = 1024 * 1024;

/** Null when the first commit is not kept any more. @throws {CorruptionError} */
export async function readLogBlock(files: PastFiles, request: LogBlockRequest): Promise<LogBlock | null> {
  const { sequence, places } = request;
  if (sequence <= files.floor) return null;
  const segment = files.segmentOf(sequence);
  try {
    return await new BlockReader(files, segment, request).read();
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  // An erasure may have written the segment anew since its places were found.
  places.forget(segment.firstSequence);
  try {
    return await new BlockReader(files, segment, request).read();
  } catch (error) {
    const { path } = await files.openSource(segment);
    throw refusalOf(error, { file: path, offset: 0, sequence });
  }
}

class BlockReader {
  readonly #files: PastFiles;
  readonly #segment: PastSegment;
  readonly #request: LogBlockRequest;
  readonly #commits: FeedCommit[] = [];
  /** The last version of each document in the block. */
  readonly #versions = new Map<string, Document>();
  #bytes = 0;

  constructor(files: PastFiles, segment: PastSegment, request: LogBlockRequest) {
    this.#files = files;
    this.#segment = segment;
    this.#request = request;
  }

  async read(): Promise<LogBlock> {
    const { sequence, newest, state, places, blockBytes } = this.#request;
    const { firstSequence, lastSequence } = this.#segment;
    const source = await this.#files.openSource(this.#segment);
    const place = places.before(firstSequence, sequence);
    const decoder = new FrameCommitDecoder(tablesOf(state));
    let placed = place.offset;
    for await (const frame of scanFrames(source, place, Math.min(lastSequence, newest))) {
      const isFirst = frame.firstSequence <= sequence && sequence < frame.firstSequence + frame.commitCount;
      if (isFirst || frame.offset - placed >= placeBytes) {
        places.add(firstSequence, { offset: frame.offset, sequence: frame.firstSequence });
        placed = frame.offset;
      }
      if (frame.firstSequence + frame.commitCount <= sequence) {
        await this.#pause();
        continue;
      }
      for (const commit of decoder.commits(frame, sequence)) {
        this.#commits.push(await this.#feedCommit(commit));
        if (this.#bytes >= blockBytes || commit.sequence === newest) return this.#block();
        await this.#pause();
      }
    }
    return this.#block();
  }

  #block(): LogBlock {
    if (this.#commits.length === 0) throw new MalformedError(`commit ${this.#request.sequence} is not there`);
    const { sequence, state } = this.#request;
    return { first: sequence, commits: this.#commits, bytes: this.#bytes, hiddenUpTo: state.sequence };
  }

  async #feedCommit(commit: LoggedCommit): Promise<FeedCommit> {
    const changes: FeedChange[] = [];
    const dropped: (string | null)[] = [];
    const bytesBefore = this.#bytes;
    this.#bytes += commitBytes;
    for (const record of commit.records) {
      if (record.kind === 'drop')
        dropped.push(await nameOfDroppedTable(this.#files, this.#request.state, record.tableId));
      else changes.push(...(await this.#changesOf(commit, record)));
      await this.#pause();
    }
    return new FeedCommit(commit, changes, dropped, this.#bytes - bytesBefore);
  }

  async #changesOf(
    { sequence, committedAt }: LoggedCommit,
    record: Exclude<LoggedRecord, { kind: 'drop' }>,
  ): Promise<readonly FeedChange[]> {
    this.#bytes += changeBytes;
    if (record.kind === 'erase') {
      const erased = this.#versions.get(record.id) ?? (await readErased(this.#files, this.#request.state, record));
      this.#versions.delete(record.id);
      const tombstone = erased === null ? unknownTombstone(record.id, sequence, committedAt) : tombstoneOf(erased);
      return [FeedChange.erasure(tombstone, null)];
    }
    const { document } = record;
    const before = await this.#before(document);
    this.#versions.set(document.id, document);
    // It is gone since, and with it its past: that it is not held says so, too, should it come to be again under its id.
    if (!this.#isThere(document)) return [];
    this.#bytes += documentBytes(document) + (before === null ? 0 : documentBytes(before));
    return [FeedChange.put(document, before)];
  }

  async #before(document: Document): Promise<Document | null> {
    if (document.version === 1 || !this.#isThere(document)) return null;
    const known = this.#versions.get(document.id);
    if (known?.createdSequence === document.createdSequence && known.version === document.version - 1) return known;
    try {
      return await readVersion(this.#files, document, document.version - 1);
    } catch (error) {
      // It may have been erased while this was read.
      if (!this.#isThere(document)) return null;
      throw error;
    }
  }

  #isThere({ id, createdSequence }: Document): boolean {
    return this.#request.state.document(id)?.createdSequence === createdSequence;
  }

  #pause(): Promise<void> | undefined {
    return this.#files.slice.due ? this.#files.slice.pause() : undefined;
  }
}

function* tablesOf(state: State) {
  for (const { reference } of state.tables()) yield reference;
}
