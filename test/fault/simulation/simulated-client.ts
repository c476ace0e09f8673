import type { Commit } from '../../../src/database/operation.ts';
import { anonymous, type Principal } from '../../../src/database/principal.ts';
import { parsePath } from '../../../src/document/path.ts';
import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { uuidOfRandom } from '../../../src/embedded/log/uuid-bytes.ts';
import { AlreadyArchivedError, DatabaseError, VersionConflictError } from '../../../src/errors.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { allDocuments } from './all-documents.ts';
import { isDiskTrouble } from './disk-trouble.ts';
import type { KeyedRequest } from './key-ledger.ts';
import type { Attempt, Ledger } from './ledger.ts';
import { RandomRequest } from './random-request.ts';
import { type CatalogRequest, type CommitRequest, type SimulatedSettings, schemaOf } from './request.ts';
import { type SimulatedClock, someTurns } from './simulated-clock.ts';

/** Decided before anything was written: the commit is not there, and never will be. */
const refusals = new Set([
  'NOT_FOUND',
  'VERSION_CONFLICT',
  'ALREADY_ARCHIVED',
  'NOT_ARCHIVED',
  'ALREADY_EXISTS',
  'SCHEMA_VIOLATION',
  'UNIQUE_VIOLATION',
  'TABLE_READ_ONLY',
  'STORAGE_FULL',
  'OVERLOADED',
  'IDEMPOTENCY_KEY_REUSED',
]);

export interface SimulatedClientOptions {
  readonly database: EmbeddedDatabase;
  readonly ledger: Ledger;
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
  /** Whether an earlier process may have left the machine with a directory that is not what is on disk: erasures then prove nothing. */
  readonly directoryInDoubt: boolean;
  /** Whether the machine has. */
  readonly isStopped: () => boolean;
}

/** A client that reads and writes at random, often what others are writing, and enters all it learns in the ledger. */
export class SimulatedClient {
  readonly #options: SimulatedClientOptions;
  readonly #requests: RandomRequest;

  constructor(options: SimulatedClientOptions) {
    this.#options = options;
    this.#requests = new RandomRequest(options.random);
  }

  /** @returns when it has done so many things, or the database takes no more writes. */
  async work(steps: number): Promise<void> {
    const { random, clock } = this.#options;
    for (let step = 0; step < steps; step += 1) {
      clock.pass();
      await someTurns(random.below(12));
      const dice = random.below(100);
      if (dice < 64) {
        if (!(await this.#commit())) return;
      } else if (dice < 72) {
        if (!(await this.#changeCatalog())) return;
      } else if (dice < 84) {
        this.#read();
      } else if (dice < 90) {
        await this.#readEverything();
      } else if (dice < 95) {
        await this.#readPast();
      } else {
        await this.#maintain();
      }
    }
  }

  /** @returns false when there is no use in trying again. */
  async #commit(): Promise<boolean> {
    const { database, ledger } = this.#options;
    const request = this.#commitRequest();
    const { operations, key } = request;
    const attempt = ledger.begin(request);
    try {
      const idempotency = key === null ? undefined : { key };
      this.#acknowledge(attempt, request, await database.commit(attempt.principal, operations, { idempotency }));
      return true;
    } catch (error) {
      if (!isRefusal(error)) return isOver(error);
      ledger.refuse(attempt);
      if (error.code === 'IDEMPOTENCY_KEY_REUSED' && key !== null) ledger.keys.refuse({ key, operations });
      else if (operations.length === 1) this.#learn(error);
      return true;
    }
  }

  #acknowledge(attempt: Attempt, { operations, key }: CommitRequest, commit: Commit): void {
    const { ledger, isStopped } = this.#options;
    if (!commit.replayed) ledger.acknowledge(attempt, commit);
    // Nobody hears what is said after the machine has stopped.
    else if (key !== null && !isStopped()) ledger.replay(attempt, { key, operations }, commit);
    else ledger.refuse(attempt);
  }

  /** Often one that was made before, in this life of the server or an earlier one, and now and then another one under its key. */
  #commitRequest(): CommitRequest {
    const { ledger, random } = this.#options;
    const { requests } = ledger.keys;
    if (requests.length > 0 && random.chance(0.2)) {
      const request = random.pick(requests);
      return { kind: 'commit', ...request, ...(random.chance(0.9) ? {} : { operations: this.#operations() }) };
    }
    const operations = this.#operations();
    if (random.chance(0.6)) return { kind: 'commit', operations, key: null };
    const request: KeyedRequest = { operations, key: uuidOfRandom(random.bytes(16)) };
    ledger.keys.add(request);
    return { kind: 'commit', ...request };
  }

  #operations(): CommitRequest['operations'] {
    return this.#requests.operations([...this.#options.ledger.current.values()]);
  }

  /** @returns as `#commit`. */
  async #changeCatalog(): Promise<boolean> {
    const { database, ledger } = this.#options;
    const request = this.#requests.catalog();
    const attempt = ledger.begin(request);
    try {
      ledger.acknowledgeChange(attempt, await changeCatalog(database, attempt.principal, request));
      return true;
    } catch (error) {
      if (!isRefusal(error)) return isOver(error);
      // An index is more than one commit, and a table may have been dropped again before it could be told of.
      const isSure = request.kind !== 'createIndex' && error.code !== 'NOT_FOUND';
      if (isSure || error.code === 'ALREADY_EXISTS') ledger.refuse(attempt);
      return true;
    }
  }

  /** A refusal tells what decided it, and from now on that is known. In a batch it may be the batch itself. */
  #learn(error: DatabaseError): void {
    const { ledger } = this.#options;
    if (error instanceof VersionConflictError) ledger.seeDocument(error.current);
    const { id } = error.evidence;
    const tellsId = error.code === 'ALREADY_EXISTS' || error instanceof AlreadyArchivedError;
    if (tellsId && typeof id === 'string') ledger.seeId(id);
  }

  #read(): void {
    const { database, ledger, random } = this.#options;
    const known = [...ledger.current.values()];
    if (known.length === 0) return;
    const before = random.pick(known);
    ledger.checkRead(before, database.getDocument(anonymous, before.id, 'INCLUDE'));
  }

  async #readEverything(): Promise<void> {
    const { database, ledger, random } = this.#options;
    const view = await database.view(anonymous);
    await someTurns(random.below(100));
    ledger.seeState(view.sequence, await allDocuments(view));
    view.close();
  }

  /** The past is read from files that are being written, merged and removed meanwhile. */
  async #readPast(): Promise<void> {
    const { database, ledger, random } = this.#options;
    const { sequence } = await database.status(anonymous);
    const asked = random.below(sequence + 1);
    try {
      const view = await database.view(anonymous, { sequence: asked });
      await someTurns(random.below(100));
      const documents = await allDocuments(view).finally(() => view.close());
      ledger.seePast(asked, documents);
    } catch (error) {
      if (!isDiskTrouble(error) && !(error instanceof DatabaseError && error.code === 'HISTORY_GONE')) throw error;
    }
  }

  async #maintain(): Promise<void> {
    const { database, ledger, random, directoryInDoubt } = this.#options;
    try {
      if (random.chance(0.6)) {
        await database.takeSnapshot();
        return;
      }
      const { erasedOnDiskUpTo } = await database.eraseOnDisk();
      if (!directoryInDoubt) ledger.seeErasedOnDisk(erasedOnDiskUpTo);
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
    }
  }
}

/** @returns the id of the index that was made, if one was. */
async function changeCatalog(
  database: EmbeddedDatabase,
  principal: Principal,
  request: CatalogRequest,
): Promise<string | null> {
  const { table } = request;
  switch (request.kind) {
    case 'createTable': {
      const { settings, uniquePath } = request;
      const uniquePaths = uniquePath === null ? [] : [uniquePath];
      await database.createTable(principal, table, { ...settingsOf(settings), uniquePaths });
      return null;
    }
    case 'updateTable':
      await database.updateTable(principal, table, settingsOf(request.settings), false);
      return null;
    case 'dropTable':
      await database.dropTable(principal, table);
      return null;
    case 'createIndex': {
      const { path, ...traits } = request.index;
      return (await database.createIndex(principal, { table, paths: [parsePath(path, 'path')], ...traits })).id;
    }
    case 'dropIndex':
      await database.dropIndex(principal, table, [parsePath(request.path, 'path')]);
      return null;
  }
}

function settingsOf({ slotMax, readOnly }: SimulatedSettings) {
  return { schema: slotMax === null ? null : schemaOf(slotMax), readOnly };
}

function isRefusal(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && refusals.has(error.code);
}

/** @returns false: nothing more can be written. @throws what is no answer. */
function isOver(error: unknown): boolean {
  if (error instanceof DatabaseError && error.code === 'OUTCOME_UNKNOWN') return false;
  throw error;
}
