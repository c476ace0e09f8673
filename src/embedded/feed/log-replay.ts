import type { HistoryReader } from '../history/history-reader.ts';
import type { Clock } from '../ports/clock.ts';
import type { State } from '../state.ts';
import { BlockBounds } from './block-bounds.ts';
import type { FeedCommit } from './feed-commit.ts';
import { FramePlaces } from './frame-places.ts';
import { readLogBlock } from './log-block.ts';

/** Consecutive commits that were read from the log. */
export interface LogBlock {
  readonly first: number;
  readonly commits: readonly FeedCommit[];
  readonly bytes: number;
  /** Documents that were erased up to this commit are left out. */
  readonly hiddenUpTo: number;
}

export interface LogReplayOptions {
  readonly state: State;
  readonly history: HistoryReader;
  readonly clock: Clock;
  /** What blocks that were read may take in memory, all together, before the one that was used longest ago goes. */
  readonly bytesMax: number;
}

/** A block is of about so many bytes, and one commit at least. */
const blockBytes = 512 * 1024;
/** Fewer blocks would be read over and over by those who are behind by more or less. */
const bytesMin = 8 * blockBytes;

/**
 * Commits that are not in memory any more, for those who are behind. They share what is read: after a restart a thousand of them come back for
 * nearly the same commits. One block is read at a time, so that they never take more than one of the places of those who read the past.
 */
export class LogReplay {
  readonly #options: LogReplayOptions;
  readonly #places = new FramePlaces();
  readonly #bounds = new BlockBounds();
  /** The one that was used last is the last. */
  #blocks: LogBlock[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LogReplayOptions) {
    this.#options = options;
  }

  /**
   * A block that holds this commit, which has been applied. Null when it is not kept any more.
   * @throws {CorruptionError} The system's own error when a file cannot be read.
   */
  async block(sequence: number): Promise<LogBlock | null> {
    const known = this.#find(sequence);
    if (known !== null) return known;
    const found = this.#turn.then(async () => this.#find(sequence) ?? (await this.#read(sequence)));
    this.#turn = found.catch(() => undefined);
    return found;
  }

  /** Forgets what was read: documents may be in it that were erased. */
  clear(): void {
    this.#blocks = [];
  }

  #find(sequence: number): LogBlock | null {
    const index = this.#blocks.findLastIndex(
      ({ first, commits }) => first <= sequence && sequence < first + commits.length,
    );
    const block = this.#blocks[index];
    if (block === undefined) return null;
    this.#blocks.splice(index, 1);
    this.#blocks.push(block);
    return block;
  }

  async #read(sequence: number): Promise<LogBlock | null> {
    const { state } = this.#options;
    const known = this.#bounds.around(sequence);
    const again = known === undefined ? null : await this.#readBlock(known.first, known.last, Number.POSITIVE_INFINITY);
    if (again !== null) return again;
    const newest = Math.min(state.sequence, this.#bounds.endBehind(sequence));
    const block = await this.#readBlock(sequence, newest, blockBytes);
    if (block === null || known !== undefined) return block;
    const last = sequence + block.commits.length - 1;
    // One that ends with the newest commit would end elsewhere by now.
    if (last < state.sequence) this.#bounds.add({ first: sequence, last });
    return block;
  }

  async #readBlock(sequence: number, newest: number, bytesMax: number): Promise<LogBlock | null> {
    const { state, history } = this.#options;
    const request = { sequence, newest, state, places: this.#places, blockBytes: bytesMax };
    const block = await history.read(state.sequence, (files) => readLogBlock(files, request));
    if (block !== null) this.#keep(block);
    return block;
  }

  #keep(block: LogBlock): void {
    this.#blocks.push(block);
    const bytesMax = Math.max(bytesMin, this.#options.bytesMax);
    let bytes = this.#blocks.reduce((sum, { bytes }) => sum + bytes, 0);
    while (bytes > bytesMax && this.#blocks.length > 1) bytes -= this.#blocks.shift()?.bytes ?? 0;
  }
}
