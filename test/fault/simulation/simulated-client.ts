import type { Operation } from '../../../src/database/operation.ts';
import { anonymous } from '../../../src/database/principal.ts';
import type { Document } from '../../../src/document/document.ts';
import type { JsonObject } from '../../../src/document/json.ts';
import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { uuidOfRandom } from '../../../src/embedded/log/uuid-bytes.ts';
import { AlreadyArchivedError, DatabaseError, VersionConflictError } from '../../../src/errors.ts';
import { everything } from '../../../src/query/filter.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Ledger } from './ledger.ts';
import { type SimulatedClock, someTurns } from './simulated-clock.ts';

const tables = ['people', 'orders', '𝄞 notes', '__proto__'];
/** Decided before anything was written: the commit is not there, and never will be. */
const refusals = new Set(['NOT_FOUND', 'VERSION_CONFLICT', 'ALREADY_ARCHIVED', 'NOT_ARCHIVED', 'ALREADY_EXISTS']);

export interface SimulatedClientOptions {
  readonly database: EmbeddedDatabase;
  readonly ledger: Ledger;
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
}

/** A client that reads and writes at random, often what others are writing, and enters all it learns in the ledger. */
export class SimulatedClient {
  readonly #options: SimulatedClientOptions;
  #made = 0;

  constructor(options: SimulatedClientOptions) {
    this.#options = options;
  }

  /** @returns when it has done so many things, or the database takes no more writes. */
  async work(steps: number): Promise<void> {
    const { random, clock } = this.#options;
    for (let step = 0; step < steps; step += 1) {
      clock.pass();
      await someTurns(random.below(12));
      const dice = random.below(100);
      if (dice < 78) {
        if (!(await this.#commit())) return;
      } else if (dice < 92) {
        this.#read();
      } else {
        await this.#readEverything();
      }
    }
  }

  /** @returns false when there is no use in trying again. */
  async #commit(): Promise<boolean> {
    const { database, ledger, random } = this.#options;
    const operations = Array.from({ length: random.chance(0.7) ? 1 : 2 + random.below(4) }, () => this.#operation());
    const attempt = ledger.begin(operations);
    try {
      ledger.acknowledge(attempt, await database.commit(anonymous, operations));
      return true;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (error.code === 'OUTCOME_UNKNOWN') return false;
      ledger.refuse(attempt);
      if (error.code === 'STORAGE_FULL' || error.code === 'OVERLOADED') return true;
      if (!refusals.has(error.code)) throw error;
      if (operations.length === 1) this.#learn(error);
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
    const documents: Document[] = [];
    const query = { filter: everything, orderBy: [], archived: 'INCLUDE' } as const;
    for await (const slice of view.scanDocuments(query)) documents.push(...slice);
    ledger.seeState(view.sequence, documents);
    view.close();
  }

  #operation(): Operation {
    const { ledger, random } = this.#options;
    const known = [...ledger.current.values()];
    const dice = random.below(100);
    if (known.length === 0 || dice < 35) return this.#create(known);
    const { id, version } = random.pick(known);
    // Some clients send a version that was never there or is no more.
    const sent = random.chance(0.1) ? Math.max(1, version + random.below(3) - 1) : version;
    if (dice < 70) return { kind: 'update', id, version: sent, body: this.#body() };
    if (dice < 79) return { kind: 'archive', id, ...(random.chance(0.5) ? { version: sent } : {}) };
    if (dice < 86) return { kind: 'erase', id, version: sent };
    if (dice < 94) return { kind: 'restore', id, ...(random.chance(0.5) ? { version: sent } : {}) };
    return random.chance(0.7) ? { kind: 'assert', id, version: sent } : { kind: 'assert', id, exists: false };
  }

  #create(known: readonly Document[]): Operation {
    const { random } = this.#options;
    const chosenId = random.chance(0.1) && known.length > 0 ? random.pick(known).id : uuidOfRandom(random.bytes(16));
    return {
      kind: 'create',
      body: this.#body(),
      ...(random.chance(0.3) ? { id: chosenId } : {}),
      ...(random.chance(0.4) ? { table: random.pick(tables) } : {}),
      ...(random.chance(0.4) ? { name: `name ${random.below(5)}` } : {}),
    };
  }

  /** Different from every other one. */
  #body(): JsonObject {
    const { random } = this.#options;
    this.#made += 1;
    const size = random.chance(0.1) ? random.below(3000) : random.below(60);
    return { made: this.#made, by: random.below(2 ** 31), text: 'ä'.repeat(size), toString: [null, -1.5, size] };
  }
}
