import type { Commit } from '../../database/operation.ts';
import { AnswerGoneError, DatabaseError, IdempotencyKeyReusedError } from '../../errors.ts';
import type { KeyRecord } from '../log/record.ts';
import type { Clock } from '../ports/clock.ts';
import { type ReplaySources, replayedDocuments } from './replayed-documents.ts';
import type { RequestKey } from './request-key.ts';

export interface IdempotentCommitsOptions extends ReplaySources {
  readonly clock: Clock;
  /** How long a key is remembered, in milliseconds of the times of commits. */
  readonly windowMs: number;
  /** Keys that are remembered at once. */
  readonly keysMax: number;
}

/** A key that a commit is to remember. */
export interface CommitKey extends RequestKey {
  /** As `KeyRecord` says. */
  readonly forgottenBefore: number;
}

/** Of keys whose time is over no more are forgotten with one commit, so that none takes long. */
const forgottenMax = 1000;

/**
 * Carries a request out once, however often it is made: the key is remembered by the commit itself, so it is there if and only if what it did is.
 * What was refused, or has written nothing, leaves no key, and may be tried again.
 */
export class IdempotentCommits {
  readonly #options: IdempotentCommitsOptions;
  /** By id: settled when the outcome of the request is known. */
  readonly #inFlight = new Map<string, Promise<void>>();
  /** Never falls, whatever the clock does: what a commit in flight is to forget stays forgotten. */
  #forgottenBefore = 0;

  constructor(options: IdempotentCommitsOptions) {
    this.#options = options;
  }

  /**
   * What came of the request when it was made before; null when it was not. One that is being carried out is waited for.
   * @throws {IdempotencyKeyReusedError}
   */
  async find(key: RequestKey): Promise<Commit | null> {
    while (this.#inFlight.has(key.id)) await this.#inFlight.get(key.id);
    const known = this.#known(key);
    return known === undefined ? null : this.#replay(key, known);
  }

  /**
   * Has `write` carry the request out, unless it was.
   * @param write makes its decisions before it returns, so that nothing comes between.
   * @throws {DatabaseError} `OVERLOADED` when no more keys can be remembered, `IDEMPOTENCY_KEY_REUSED`, and what `write` rejects with.
   */
  async once(key: RequestKey, write: (key: CommitKey) => Promise<Commit>): Promise<Commit> {
    while (this.#inFlight.has(key.id)) await this.#inFlight.get(key.id);
    // From here to `write` in one tick: of those that have waited one goes on, the others find it.
    const known = this.#known(key);
    if (known !== undefined) return this.#replay(key, known);
    const forgottenBefore = this.#makeRoom();
    const writing = write({ ...key, forgottenBefore });
    const settle = () => {
      this.#inFlight.delete(key.id);
    };
    this.#inFlight.set(key.id, writing.then(settle, settle));
    return writing;
  }

  #known({ id }: RequestKey): KeyRecord | undefined {
    const known = this.#options.state.keys.get(id);
    return known === undefined || this.#isOver(known, this.#options.clock.now()) ? undefined : known;
  }

  /** Also when the clock was set back by as much: a key of the future would be remembered for ever. */
  #isOver({ committedAt }: KeyRecord, now: number): boolean {
    return Math.abs(now - committedAt) >= this.#options.windowMs;
  }

  async #replay(key: RequestKey, known: KeyRecord): Promise<Commit> {
    if (known.digest !== key.digest) throw new IdempotencyKeyReusedError(key.text);
    const documents = await replayedDocuments(known, this.#options);
    const commit = { sequence: known.sequence, committedAt: known.committedAt, replayed: true };
    return documents instanceof AnswerGoneError
      ? { ...commit, documents: [], documentsGone: documents }
      : { ...commit, documents };
  }

  /** @returns which keys the commit is to forget. @throws {DatabaseError} `OVERLOADED` */
  #makeRoom(): number {
    const { state, clock, keysMax, windowMs } = this.#options;
    const now = clock.now();
    const { count, forgottenBefore } = state.keys.forgettable((key) => this.#isOver(key, now), forgottenMax);
    const size = state.keys.size + this.#inFlight.size;
    if (size - count >= keysMax) {
      const oldest = state.keys.oldest?.committedAt ?? now;
      throw new DatabaseError('OVERLOADED', `${size} idempotency keys are remembered already: try again later`, {
        limit: keysMax,
        retryAfterSeconds: Math.max(1, Math.ceil((oldest + windowMs - now) / 1000)),
      });
    }
    this.#forgottenBefore = Math.max(this.#forgottenBefore, forgottenBefore);
    return this.#forgottenBefore;
  }
}
