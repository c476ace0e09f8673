import type { ChangeEvent, ChangeStream, Progress, ResyncRequired } from '../../database/changes.ts';
import { TimeSlice } from '../history/time-slice.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChangeSelection } from './change-selection.ts';
import type { CommitRing } from './commit-ring.ts';
import type { FeedCommit } from './feed-commit.ts';
import type { LogReplay } from './log-replay.ts';

export interface SubscriptionOptions {
  readonly selection: ChangeSelection;
  readonly ring: CommitRing;
  readonly replay: LogReplay;
  readonly clock: Clock;
  /** The commit behind which it begins. */
  readonly after: number;
  /** Whether `after` is of this epoch. */
  readonly isKnown: boolean;
  readonly epoch: string;
  readonly oldest: () => number;
  readonly progressMs: number;
  readonly progressAt: (sequence: number) => Progress;
  /** Called when it has told everything up to the newest commit: `look` is then to be called when there is another. */
  readonly onWaiting: (subscription: ChangeSubscription) => void;
  readonly onClose: (subscription: ChangeSubscription) => void;
}

/** Events are handed over when they are so many, or of commits of so many bytes. */
const batchEvents = 256;
const batchBytes = 64 * 1024;
/** Commits that are looked at before others get a turn. */
const stepCommits = 256;

/** One subscriber: what it wants, and how far it has come. */
export class ChangeSubscription implements ChangeStream {
  readonly #options: SubscriptionOptions;
  /** The last commit that was looked at. */
  #sequence: number;
  /** The last commit that the subscriber knows to have been told of; -1 before the first event. */
  #toldSequence = -1;
  #toldAt: number;
  /** What was erased up to this commit may have been left out of what was told. */
  #hiddenUpTo = 0;
  #events: ChangeEvent[] = [];
  #eventBytes = 0;
  #wake: (() => void) | null = null;
  #hasCaughtUp = false;
  #resync = false;
  #ended = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#sequence = options.after;
    this.#resync = !options.isKnown;
    this.#toldAt = options.clock.monotonic();
  }

  /** The last commit that was looked at. */
  get sequence(): number {
    return this.#sequence;
  }

  async next(): Promise<readonly ChangeEvent[] | null> {
    while (!this.#ended) {
      if (this.#events.length > 0) return this.#handOver();
      if (this.#resync) return [this.#endWithResync()];
      if (this.#sequence >= this.#options.ring.newest) await this.#wait();
      else await this.#advance();
    }
    return null;
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events = [];
    this.#options.onClose(this);
    this.#wake?.();
  }

  /**
   * Looks at commits in the ring until there is something for the subscriber.
   * @returns whether `next` has something to do: else it is to be called again while there are commits that it has not looked at.
   */
  look(): boolean {
    if (this.#lookAtRing() && this.#events.length === 0 && !this.#resync) return false;
    this.#wake?.();
    return true;
  }

  /** Tells a subscriber that waits how far it has come, if that is news. @returns whether it was. */
  tellProgress(): boolean {
    if (this.#toldSequence === this.#sequence) return false;
    this.#add(this.#options.progressAt(this.#sequence));
    this.#wake?.();
    return true;
  }

  async #wait(): Promise<void> {
    // The first time it says that this is all there was, and from where the stream can be resumed.
    if (!this.#hasCaughtUp) {
      this.#hasCaughtUp = true;
      if (this.tellProgress()) return;
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#options.onWaiting(this);
    });
    this.#wake = null;
  }

  async #advance(): Promise<void> {
    const { clock, progressMs, progressAt } = this.#options;
    if (!this.#lookAtRing()) await this.#lookAtLog();
    if (this.#events.length > 0 || this.#resync) return;
    const isLate = clock.monotonic() - this.#toldAt >= progressMs;
    if (isLate && this.#toldSequence < this.#sequence) this.#add(progressAt(this.#sequence));
    else if (this.#sequence < this.#options.ring.newest) await clock.yield();
  }

  /** @returns false when the next commit is not in the ring any more. */
  #lookAtRing(): boolean {
    const { ring } = this.#options;
    for (let step = 0; step < stepCommits && this.#sequence < ring.newest && !this.#isFull; step += 1) {
      const commit = ring.at(this.#sequence + 1);
      if (commit === undefined) return false;
      this.#lookAt(commit);
      if (this.#resync) break;
    }
    return true;
  }

  async #lookAtLog(): Promise<void> {
    const { replay, oldest, clock } = this.#options;
    const first = this.#sequence + 1;
    const block = this.#sequence < oldest() ? null : await replay.block(first);
    if (block === null) {
      this.#resync = true;
      return;
    }
    this.#hiddenUpTo = Math.max(this.#hiddenUpTo, block.hiddenUpTo);
    const slice = new TimeSlice(clock);
    for (let index = first - block.first; index < block.commits.length && !this.#isFull; index += 1) {
      const commit = block.commits[index];
      if (commit === undefined || this.#resync || this.#ended) return;
      this.#lookAt(commit);
      if (slice.due) await slice.pause();
    }
  }

  #lookAt(commit: FeedCommit): void {
    const told = this.#options.selection.of(commit, this.#options.epoch, this.#hiddenUpTo);
    if (told === 'resync') {
      this.#resync = true;
      return;
    }
    this.#sequence = commit.sequence;
    if (told === null || told.changes.length === 0) return;
    this.#eventBytes += commit.bytes;
    this.#add(told);
  }

  get #isFull(): boolean {
    return this.#events.length >= batchEvents || this.#eventBytes >= batchBytes;
  }

  #add(event: ChangeEvent & { readonly sequence: number }): void {
    this.#events.push(event);
    this.#toldSequence = event.sequence;
  }

  #handOver(): readonly ChangeEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#eventBytes = 0;
    this.#toldAt = this.#options.clock.monotonic();
    return events;
  }

  #endWithResync(): ResyncRequired {
    const { epoch, oldest, ring } = this.#options;
    const event: ResyncRequired = { kind: 'resyncRequired', epoch, oldest: oldest(), newest: ring.newest };
    this.close();
    return event;
  }
}
