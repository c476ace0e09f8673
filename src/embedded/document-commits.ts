import { type IdempotentRequest, requestOf } from '../database/idempotent-request.ts';
import type { Admission, Commit, CommitOptions, Operation } from '../database/operation.ts';
import { ChangeBudget } from '../document/change-budget.ts';
import { changedPaths } from '../document/changed-paths.ts';
import { LimitExceededError, VersionConflictError } from '../errors.ts';
import { commitOf, type PreparationContext, prepareCommit } from './commit-preparation.ts';
import type { Committer } from './committer.ts';
import type { EmbeddedDatabaseLimits } from './embedded-database-options.ts';
import { commitSlice } from './history/time-slice.ts';
import type { CommitKey, IdempotentCommits } from './idempotency/idempotent-commits.ts';
import { type RequestKey, requestKey, requestKeyInSteps } from './idempotency/request-key.ts';
import type { MemoryLimit } from './memory-limit.ts';
import { PatchBases, type ReadVersion } from './patch-bases.ts';
import type { Clock } from './ports/clock.ts';
import type { Staging } from './staging.ts';

export interface DocumentCommitsOptions {
  readonly staging: Staging;
  readonly committer: Committer;
  readonly memory: MemoryLimit;
  readonly clock: Clock;
  readonly limits: EmbeddedDatabaseLimits;
  readonly readVersion: ReadVersion;
  readonly idempotent: IdempotentCommits;
}

/** Commits of operations on documents: everything that a client writes but tables and indexes. */
export class DocumentCommits {
  readonly #options: DocumentCommitsOptions;

  constructor(options: DocumentCommitsOptions) {
    this.#options = options;
  }

  /** As `Database.commit` says. */
  async commit(principal: string, operations: readonly Operation[], options: CommitOptions): Promise<Commit> {
    const { staging, committer, memory, limits, readVersion, idempotent } = this.#options;
    checkCount(operations, limits.operationsMax);
    const digesting = this.#keyOf(principal, operations, options);
    const key = digesting instanceof Promise ? await digesting : digesting;
    const earlier = key === null ? null : await idempotent.find(key);
    if (earlier !== null) return earlier;
    if (operations.some(takesMemory)) memory.checkRoom();
    const { dryRun = false, namesOperation = operations.length > 1, admission = admitAll } = options;
    const budget = new ChangeBudget(limits.changeWorkMax);
    const look = <T>(run: () => T) => committer.between(run);
    const bases = new PatchBases({ operations, staging, look, readVersion, budget });
    const reading = bases.read();
    if (reading !== undefined) await reading;
    const request = { operations, dryRun, namesOperation, admission, bodyLimits: limits.body, budget, bases };
    const write = async (remembered: CommitKey | null): Promise<Commit> => {
      const prepare = (context: PreparationContext) => prepareCommit(context, { ...request, key: remembered });
      return commitOf(await committer.write(principal, prepare));
    };
    try {
      return await (key === null || dryRun ? write(null) : idempotent.once(key, write));
    } catch (error) {
      throw error instanceof VersionConflictError ? await this.#explained(error) : error;
    }
  }

  /** As `Database.replay` says. */
  async replay(principal: string, request: IdempotentRequest): Promise<Commit | null> {
    return this.#options.idempotent.find(requestKey(principal, request));
  }

  /** Without a promise when it takes no time, so that commits are decided in the order in which they come. */
  #keyOf(
    principal: string,
    operations: readonly Operation[],
    { idempotency }: CommitOptions,
  ): RequestKey | null | Promise<RequestKey> {
    if (idempotency === undefined) return null;
    const { key, request } = idempotency;
    if (request === undefined && operations.length > this.#options.limits.operationsAtOnceMax) {
      return commitSlice(this.#options.clock).takeAll(requestKeyInSteps(principal, key, operations));
    }
    return requestKey(principal, { key, request: request ?? requestOf(operations) });
  }

  /** The conflict with what has changed since the version that was sent, if that is still known. */
  async #explained(conflict: VersionConflictError): Promise<VersionConflictError> {
    const { readVersion, limits } = this.#options;
    const { current, expectedVersion } = conflict;
    if (expectedVersion > current.version) return conflict;
    const base = await readVersion(current.id, expectedVersion);
    // One that was erased meanwhile and made again under its id has other versions.
    if (base === null || base.createdSequence !== current.createdSequence) return conflict;
    return conflict.withEvidence({ changedPaths: changedPaths(base, current, limits.changedPathsMax) });
  }
}

const admitAll: Admission = () => true;

function checkCount({ length }: readonly Operation[], limit: number): void {
  if (length <= limit) return;
  throw new LimitExceededError(`A commit holds at most ${limit} operations, this one has ${length}`, {
    limit,
    actual: length,
  });
}

/** Archiving and restoring share the body with the version before, and erasing gives room. */
function takesMemory({ kind }: Operation): boolean {
  return kind === 'create' || kind === 'update' || kind === 'patch';
}
