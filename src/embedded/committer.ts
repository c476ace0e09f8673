import type { PreparationContext, PreparedCommit } from './commit-preparation.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { Clock } from './ports/clock.ts';
import type { Random } from './ports/random.ts';
import type { Staging } from './staging.ts';
import type { State } from './state.ts';

export interface CommitterOptions {
  readonly state: State;
  readonly staging: Staging;
  readonly queue: CommitQueue;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes ids of documents, tables and indexes. */
  readonly createId: () => string;
}

/** The one way in which anything is written: prepare against staging, enqueue, apply. */
export class Committer {
  readonly #options: CommitterOptions;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /**
   * Resolves once what was prepared is durable and applied; at once when there is nothing to write.
   * @param principal its name. @param prepare decides, in this very tick; what it throws is told when that which decided it is durable.
   * @throws {DatabaseError} what `prepare` throws; `OVERLOADED`, `STORAGE_FULL`, `OUTCOME_UNKNOWN`.
   */
  async write(principal: string, prepare: (context: PreparationContext) => PreparedCommit): Promise<PreparedCommit> {
    const { state, staging, queue, clock, random, createId } = this.#options;
    queue.checkRoom();
    let prepared: PreparedCommit;
    try {
      prepared = prepare({ staging, random, principal, now: clock.now(), createDocumentId: createId });
    } catch (error) {
      // What decided the rejection may still be on its way to the disk.
      if (staging.readInFlight) await queue.settled();
      throw error;
    }
    const { written, documents } = prepared;
    if (written === null) {
      if (staging.readInFlight) await queue.settled();
      return prepared;
    }
    const { record, encoded } = written;
    await queue.enqueue(encoded, () => {
      state.apply(record);
      staging.settle(record.sequence, documents);
    });
    return prepared;
  }

  /** Looks at what there will be when all that is in flight is durable. What decided the answer is durable when this settles. */
  async look<T>(look: (staging: Staging) => T): Promise<T> {
    const { staging, queue } = this.#options;
    staging.begin();
    try {
      return look(staging);
    } finally {
      if (staging.readInFlight) await queue.settled();
    }
  }
}
