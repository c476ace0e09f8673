import { Histogram, type HistogramValues } from '../database/histogram.ts';
import { DatabaseError } from '../errors.ts';
import { commitSlice } from './history/time-slice.ts';
import { framePayloadBytesMax } from './log/frame.ts';
import type { EncodedCommit } from './log/record.ts';
import type { Clock } from './ports/clock.ts';

/** Where frames go. `Log` is the one there is; the queue needs no more of it than this. */
export interface FrameWriter {
  append(commits: readonly EncodedCommit[]): Promise<void>;
}

export interface CommitQueueOptions {
  readonly writer: FrameWriter;
  readonly clock: Clock;
  /** Bytes that may wait for the disk before commits are refused with `OVERLOADED`. */
  readonly pendingBytesMax: number;
  /** Called when a frame could not be written: every commit in flight is gone, and staging must forget them. */
  readonly onFailure: (error: unknown) => void;
}

interface Waiting {
  readonly commit: EncodedCommit;
  readonly apply: () => Promise<void> | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/**
 * Group commit: while one frame is being written and synced, commits gather here, and the next frame takes all of them.
 * A commit that finds the disk idle leaves at once, so a lone writer waits for no timer; 64 writers share one sync.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: Waiting[] = [];
  #barriers: (() => Promise<void>)[] = [];
  #pendingBytes = 0;
  readonly #batches = new Histogram(batchBounds);
  #writing: Promise<void> | null = null;
  /** Settles with the newest commit in flight. */
  #newest: Promise<void> = Promise.resolve();

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** Bytes that are not durable yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Commits in each frame that was written. */
  get batches(): HistogramValues {
    return this.#batches.values();
  }

  /** @throws {DatabaseError} `OVERLOADED` when the disk is too far behind to take another commit. */
  checkRoom(): void {
    const limit = this.#options.pendingBytesMax;
    if (this.#pendingBytes < limit) return;
    throw new DatabaseError('OVERLOADED', `${this.#pendingBytes} bytes wait for the disk already: try again later`, {
      limit,
      actual: this.#pendingBytes,
      retryAfterSeconds: 1,
    });
  }

  /**
   * Resolves once the commit is durable and `apply` is done. Commits are applied one after the other, in the order in which they were
   * enqueued. Rejects, without `apply`, when its frame or one ahead of it could not be written.
   */
  enqueue(commit: EncodedCommit, apply: () => Promise<void> | undefined): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ commit, apply, resolve, reject });
    });
    this.#pendingBytes += commit.bytes.length;
    this.#newest = settled;
    this.#writing ??= this.#drain();
    return settled;
  }

  /**
   * Calls `run` between two frames, when every commit enqueued so far has been applied or refused: what is applied then is all that
   * is in the log. Commits gather while it runs. Resolves or rejects with what it does.
   */
  barrier<T>(run: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#barriers.push(() => run().then(resolve, reject));
    this.#writing ??= this.#drain();
    return promise;
  }

  /** Resolves when every commit enqueued so far is durable; rejects with what the newest of them failed with. */
  settled(): Promise<void> {
    return this.#newest;
  }

  /** Resolves when nothing is waiting or being written any more. Never rejects: the writers were told. */
  async idle(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #drain(): Promise<void> {
    // Commits that are prepared in the same tick share the first frame.
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#barriers.length > 0) {
      const group = this.#nextGroup();
      // A barrier is for all that was enqueued before it.
      const barriers = this.#waiting.length === 0 ? this.#barriers.splice(0) : [];
      if (group.length > 0) await this.#write(group);
      for (const run of barriers) await run();
    }
    this.#writing = null;
  }

  /** All that wait, or as many of the first of them as a frame holds. */
  #nextGroup(): Waiting[] {
    let bytes = 0;
    const tooMany = this.#waiting.findIndex(({ commit }) => {
      bytes += commit.bytes.length;
      return bytes > framePayloadBytesMax;
    });
    return this.#waiting.splice(0, tooMany === -1 ? this.#waiting.length : Math.max(1, tooMany));
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#options.writer.append(group.map(({ commit }) => commit));
    } catch (error) {
      this.#fail(group, error);
      return;
    }
    this.#batches.add(group.length);
    const slice = commitSlice(this.#options.clock);
    for (const { commit, apply, resolve } of group) {
      // A frame may hold thousands of small ones.
      if (slice.due) await slice.pause();
      this.#pendingBytes -= commit.bytes.length;
      const applying = apply();
      if (applying !== undefined) await applying;
      resolve();
    }
  }

  /** Commits that gathered behind a failed frame were decided on what it held, so they fail with it. */
  #fail(group: readonly Waiting[], error: unknown): void {
    const behind = this.#waiting;
    this.#waiting = [];
    this.#pendingBytes = 0;
    this.#options.onFailure(error);
    for (const { reject } of [...group, ...behind]) reject(error);
  }
}
