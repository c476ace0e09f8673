import type { ChangesRequest, Progress } from '../../database/changes.ts';
import type { Document } from '../../document/document.ts';
import { DatabaseError } from '../../errors.ts';
import type { HistoryReader } from '../history/history-reader.ts';
import { TimeSlice } from '../history/time-slice.ts';
import type { Clock } from '../ports/clock.ts';
import type { State } from '../state.ts';
import { ChangeSelection } from './change-selection.ts';
import { ChangeSubscription } from './change-subscription.ts';
import { CommitCapture } from './commit-capture.ts';
import { CommitRing } from './commit-ring.ts';
import type { FeedCommit } from './feed-commit.ts';
import { LogReplay } from './log-replay.ts';

export interface ChangeFeedOptions {
  readonly state: State;
  readonly history: HistoryReader;
  readonly clock: Clock;
  readonly epoch: () => string;
  /** The oldest commit behind which everything is kept. */
  readonly oldest: () => number;
  readonly subscriptionsMax: number;
  /** Bytes of the newest commits that are kept in memory for all subscribers, and half as many again of what was read for those who are behind. */
  readonly feedBytesMax: number;
  /** Documents of one dropped table that are told one by one. */
  readonly erasuresMax: number;
  /** How long a subscriber for whom there is nothing is told nothing, in milliseconds, while others commit. */
  readonly progressMs: number;
}

/** What was erased stays in the memory of the feed for so long, for those who are not behind to be told by their filters. */
const erasureMs = 100;

/**
 * Tells subscribers of commits. It keeps the newest in one ring for all of them, and nothing for any: each has a place in the sequence of commits, asks
 * for what is behind it when it is ready for more, and is given that from the ring, or from the log once it has left the ring. So there is no seam
 * between replay and live, and who is slow holds up nobody.
 *
 * Life cycle: `subscribe` at any time, of which the first begins the ring; `close` ends all subscriptions.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #replay: LogReplay;
  /** Null before the first subscription: who has none pays nothing. */
  #ring: CommitRing | null = null;
  readonly #subscriptions = new Set<ChangeSubscription>();
  /** Those that have been told all there is for them. */
  readonly #waiting = new Set<ChangeSubscription>();
  #passing = false;
  /** Ids of what was erased since the last redaction. */
  #erased = new Set<string>();
  #cancelRedaction: (() => void) | null = null;
  #cancelProgress: (() => void) | null = null;
  #progress: Progress | null = null;
  #closed = false;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
    const { state, history, clock, feedBytesMax } = options;
    this.#replay = new LogReplay({ state, history, clock, bytesMax: feedBytesMax / 2 });
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  get bytes(): number {
    return this.#ring?.bytes ?? 0;
  }

  /** @throws {DatabaseError} `OVERLOADED` when there are too many. */
  subscribe({ table, filter, after, epoch }: ChangesRequest): ChangeSubscription {
    const { state, subscriptionsMax } = this.#options;
    if (this.#subscriptions.size >= subscriptionsMax) throw tooMany(subscriptionsMax);
    const selection = new ChangeSelection({
      table,
      filter,
      isThere: (document) => this.#isThere(document),
    });
    const ring = this.#beginRing();
    const subscription = new ChangeSubscription({
      selection,
      ring,
      replay: this.#replay,
      clock: this.#options.clock,
      after: after ?? state.sequence,
      isKnown: (epoch === undefined || epoch === this.#options.epoch()) && (after ?? 0) <= state.sequence,
      epoch: this.#options.epoch(),
      oldest: this.#options.oldest,
      progressMs: this.#options.progressMs,
      progressAt: (sequence) => this.#progressAt(sequence),
      onWaiting: (waiting) => this.#wait(waiting),
      onClose: (closed) => this.#forget(closed),
    });
    this.#subscriptions.add(subscription);
    this.#scheduleProgress();
    return subscription;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRedaction?.();
    this.#cancelProgress?.();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #isThere({ id, createdSequence }: Document): boolean {
    return this.#options.state.document(id)?.createdSequence === createdSequence;
  }

  #beginRing(): CommitRing {
    if (this.#ring !== null) return this.#ring;
    const { state, feedBytesMax, erasuresMax } = this.#options;
    const ring = new CommitRing(feedBytesMax, state.sequence);
    this.#ring = ring;
    state.setCommitListener(
      new CommitCapture(erasuresMax, (commit) => {
        ring.push(commit);
        this.#noteErasures(commit);
        if (!this.#passing && this.#waiting.size > 0) void this.#pass(ring);
      }),
    );
    return ring;
  }

  #wait(subscription: ChangeSubscription): void {
    this.#waiting.add(subscription);
  }

  #forget(subscription: ChangeSubscription): void {
    this.#subscriptions.delete(subscription);
    this.#waiting.delete(subscription);
    if (this.#subscriptions.size > 0) return;
    this.#cancelProgress?.();
    this.#cancelProgress = null;
  }

  /** Looks for each who waits whether there is something for it, in slices that hold up nobody. What is committed meanwhile is looked at with the rest. */
  async #pass(ring: CommitRing): Promise<void> {
    this.#passing = true;
    // Commits that share a frame are applied in one go.
    await this.#options.clock.yield();
    const slice = new TimeSlice(this.#options.clock);
    let isBehind = true;
    while (isBehind && !this.#closed) {
      isBehind = false;
      for (const subscription of this.#waiting) {
        if (subscription.sequence >= ring.newest) continue;
        isBehind = true;
        if (subscription.look()) this.#waiting.delete(subscription);
        if (slice.due) await slice.pause();
      }
    }
    this.#passing = false;
  }

  #scheduleProgress(): void {
    this.#cancelProgress ??= this.#options.clock.schedule(this.#options.progressMs, () => {
      this.#cancelProgress = null;
      for (const subscription of this.#waiting) {
        if (subscription.tellProgress()) this.#waiting.delete(subscription);
      }
      if (this.#subscriptions.size > 0) this.#scheduleProgress();
    });
  }

  #progressAt(sequence: number): Progress {
    if (this.#progress?.sequence === sequence) return this.#progress;
    this.#progress = { kind: 'progress', sequence, epoch: this.#options.epoch() };
    return this.#progress;
  }

  #noteErasures({ changes }: FeedCommit): void {
    for (const { tombstone } of changes) if (tombstone !== null) this.#erased.add(tombstone.id);
    if (this.#erased.size === 0) return;
    this.#cancelRedaction ??= this.#options.clock.schedule(erasureMs, () => this.#redact());
  }

  /** What was erased leaves the memory: who is behind is told by then that it is gone, and no more. */
  #redact(): void {
    this.#cancelRedaction = null;
    const ids = this.#erased;
    this.#erased = new Set();
    // Others may have been made under their ids since.
    const isErased = (document: Document) => ids.has(document.id) && !this.#isThere(document);
    for (const commit of this.#ring?.commits() ?? []) {
      let changed = false;
      for (const change of commit.changes) if (change.redact(isErased)) changed = true;
      if (changed) commit.forgetSets();
    }
    this.#replay.clear();
  }
}

function tooMany(limit: number): DatabaseError {
  return new DatabaseError('OVERLOADED', `${limit} subscriptions are open already: try again later`, {
    limit,
    retryAfterSeconds: 1,
  });
}
