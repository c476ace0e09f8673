import type { Document } from '../document/document.ts';
import { CommitGate } from './commit-gate.ts';
import type { PreparationContext, PreparationSteps, PreparedCommit } from './commit-preparation.ts';
import type { CommitQueue } from './commit-queue.ts';
import { commitSlice } from './history/time-slice.ts';
import type { CommitRecord } from './log/record.ts';
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
  /** A commit of more operations is decided and applied in slices. */
  readonly operationsAtOnceMax: number;
}

type Prepare = (context: PreparationContext) => PreparedCommit | PreparationSteps;

/** What a commit has come to. It may be told once `settled` resolves, if that is there. */
type Decision = { readonly settled: Promise<void> | undefined } & (
  | { readonly prepared: PreparedCommit }
  | { readonly error: unknown }
);

/**
 * The one way in which anything is written: prepare against staging, enqueue, apply. Commits are decided one after the other, in the order in which they
 * come; a large one in slices, during which those behind it wait. It is applied in slices, too, in which readers see nothing of it.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #gate: CommitGate;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#gate = new CommitGate(options.clock);
  }

  /**
   * Resolves once what was prepared is durable and applied; at once when there is nothing to write.
   * @param principal its name. @param prepare decides, in this very tick unless a large commit is being decided; what it throws is told when that which decided it is
   *   durable.
   * @throws {DatabaseError} what `prepare` throws; `OVERLOADED`, `STORAGE_FULL`, `OUTCOME_UNKNOWN`.
   */
  async write(principal: string, prepare: Prepare): Promise<PreparedCommit> {
    const gate = this.#gate;
    const turn = gate.enter();
    if (turn !== undefined) await turn;
    let decision = this.#decide(principal, prepare);
    const takesSlices = decision instanceof Promise;
    if (decision instanceof Promise) {
      gate.close();
      decision = await decision;
    }
    if (takesSlices || turn !== undefined) gate.leave();
    if (decision.settled !== undefined) await decision.settled;
    if ('error' in decision) throw decision.error;
    return decision.prepared;
  }

  /** Looks at what there will be when all that is in flight is durable. What decided the answer is durable when this settles. */
  async look<T>(look: (staging: Staging) => T): Promise<T> {
    const { staging, queue } = this.#options;
    let settled: Promise<void> | undefined;
    try {
      return await this.between(() => {
        staging.begin();
        try {
          return look(staging);
        } finally {
          if (staging.readInFlight) settled = queue.settled();
        }
      });
    } finally {
      await settled;
    }
  }

  /** Runs what looks at the staging: now, or when the commit is decided that is being decided in slices. */
  between<T>(run: () => T): T | Promise<T> {
    const turn = this.#gate.enter();
    return turn === undefined ? run() : this.#runInTurn(turn, run);
  }

  /** Resolves when no commit is being decided, or waits for that. */
  idle(): Promise<void> {
    return this.#gate.idle();
  }

  async #runInTurn<T>(turn: Promise<void>, run: () => T): Promise<T> {
    await turn;
    try {
      return run();
    } finally {
      this.#gate.leave();
    }
  }

  /** Throws nothing and rejects with nothing. */
  #decide(principal: string, prepare: Prepare): Decision | Promise<Decision> {
    const { staging, queue, clock, random, createId, operationsAtOnceMax } = this.#options;
    try {
      queue.checkRoom();
    } catch (error) {
      return { error, settled: undefined };
    }
    try {
      const prepared = prepare({
        staging,
        random,
        principal,
        now: clock.now(),
        createDocumentId: createId,
        operationsAtOnceMax,
      });
      return 'documents' in prepared ? this.#enqueue(prepared) : this.#decideInSlices(prepared);
    } catch (error) {
      return this.#refused(error);
    }
  }

  /** Commits ahead may become durable in a pause, or be lost, and then this one, which was decided on what they held, is lost with them. */
  async #decideInSlices(steps: PreparationSteps): Promise<Decision> {
    const { staging, queue, clock } = this.#options;
    const { losses } = staging;
    const slice = commitSlice(clock);
    try {
      for (;;) {
        const { done, value } = steps.next();
        if (done === true) return this.#enqueue(value);
        if (!slice.due) continue;
        await slice.pause();
        if (staging.losses !== losses) return { error: await lossOf(queue), settled: undefined };
      }
    } catch (error) {
      staging.rollBack();
      return this.#refused(error);
    }
  }

  #refused(error: unknown): Decision {
    return { error, settled: this.#whatWasRead };
  }

  #enqueue(prepared: PreparedCommit): Decision {
    const { written, documents } = prepared;
    if (written === null) return { prepared, settled: this.#whatWasRead };
    const { record, encoded } = written;
    return { prepared, settled: this.#options.queue.enqueue(encoded, () => this.#apply(record, documents)) };
  }

  /** What decided a commit may still be on its way to the disk. */
  get #whatWasRead(): Promise<void> | undefined {
    const { staging, queue } = this.#options;
    return staging.readInFlight ? queue.settled() : undefined;
  }

  /** Undefined when it is done. */
  #apply(record: CommitRecord, documents: readonly Document[]): Promise<void> | undefined {
    const { state, staging, operationsAtOnceMax } = this.#options;
    if (state.takesLong(record, operationsAtOnceMax)) return this.#applyInSlices(record, documents);
    state.apply(record);
    for (const document of documents) staging.settleDocument(record.sequence, document);
    staging.settleDefinitions(record.sequence);
    return undefined;
  }

  async #applyInSlices(record: CommitRecord, documents: readonly Document[]): Promise<void> {
    const { state, staging, clock } = this.#options;
    const slice = commitSlice(clock);
    await state.applyInSlices(record, slice);
    for (const document of documents) {
      staging.settleDocument(record.sequence, document);
      if (slice.due) await slice.pause();
    }
    staging.settleDefinitions(record.sequence);
  }
}

/** What the newest commit failed with that was lost. */
async function lossOf(queue: CommitQueue): Promise<unknown> {
  try {
    await queue.settled();
  } catch (error) {
    return error;
  }
  return new Error('commits in flight were lost, but the newest of them was not');
}
