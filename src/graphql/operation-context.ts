import type { AsOf, Database, ReadView } from '../database/database.ts';
import type { Principal } from '../database/principal.ts';
import type { SharedTurns } from '../database/shared-turns.ts';
import type { DatabaseStatus } from '../database/status.ts';
import type { Document } from '../document/document.ts';
import type { Archived } from '../query/find-query.ts';
import type { QueryLimits } from '../query/limits.ts';
import type { QueryExplanation } from '../query/query-explanation.ts';

/** What resolvers need that is the same for every operation. */
export interface GraphqlServices {
  readonly database: Database;
  /** The version of the server. */
  readonly version: string;
  /** Whole seconds since the server started. */
  readonly uptimeSeconds: () => number;
  readonly queryLimits: QueryLimits;
  /** Of all large answers of the server. */
  readonly turns: SharedTurns;
}

/** One execution of one operation: who asks, and the one read view that all root fields of a query see which ask for the same state. */
export class OperationContext {
  readonly services: GraphqlServices;
  readonly principal: Principal;
  /** By what they are as of. */
  readonly #asOf = new Map<string, Promise<ReadView>>();
  /** Those that were opened, for whatever field. */
  readonly #views: ReadView[] = [];
  readonly #isSingleField: boolean;
  #lookup: Promise<unknown> | undefined;
  /** Resolves when the last of those that are completed in turns has ended. */
  #line: Promise<void> | undefined;

  /** @param isSingleField whether the operation has one root field, so that there is nothing for which it would have to hold a state. */
  constructor(services: GraphqlServices, principal: Principal, isSingleField = false) {
    this.services = services;
    this.principal = principal;
    this.#isSingleField = isSingleField;
  }

  get database(): Database {
    return this.services.database;
  }

  /**
   * The operation's read view of a state, opened for the first field that asks; of the newest one when `at` is absent. Fields of mutations never
   * ask: each commits by itself.
   */
  view(at?: AsOf): Promise<ReadView> {
    const key = at === undefined ? '' : 'sequence' in at ? `sequence ${at.sequence}` : `time ${at.time}`;
    let view = this.#asOf.get(key);
    if (view === undefined) {
      view = this.#open(at);
      this.#asOf.set(key, view);
    }
    return view;
  }

  /** The document in the newest state that the operation sees: at once, where the engine can tell it at once and no other field will read. */
  getDocument(id: string, archived: Archived): Document | null | Promise<Document | null> {
    if (this.#isSingleField) return this.database.getDocument(this.principal, id, archived);
    return this.view().then((view) => view.getDocument(id, archived));
  }

  /**
   * What is completed in turns is completed one after the other, so that errors come in the order in which they would without. Resolves when all that asked before have
   * left; to what is to be called when this one has, whatever has become of it.
   */
  async enterLine(): Promise<() => void> {
    const before = this.#line;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#line = promise;
    await before;
    return resolve;
  }

  /**
   * A view that has this document, in this version or a later one: the one that it was read from, or, when a mutation gave it, one of after that.
   * Null when it was erased since.
   */
  viewWith(document: Document): Promise<ReadView | null> {
    // One after the other, so that all documents of one commit share the view that the first of them opens.
    const found = (this.#lookup ?? Promise.resolve()).then(() => this.#findViewWith(document));
    this.#lookup = found.catch(() => undefined);
    return found;
  }

  async #findViewWith(document: Document): Promise<ReadView | null> {
    let isLate = false;
    for (const view of this.#views) {
      if (view.sequence < document.sequence) continue;
      if (await hasDocument(view, document)) return view;
      isLate = true;
    }
    if (isLate) return null;
    const view = await this.#open();
    return (await hasDocument(view, document)) ? view : null;
  }

  async #open(at?: AsOf): Promise<ReadView> {
    const view = await this.database.view(this.principal, at);
    this.#views.push(view);
    return view;
  }

  status(): Promise<DatabaseStatus> {
    return this.database.status(this.principal);
  }

  /** How the queries so far were answered. */
  async explanations(): Promise<readonly QueryExplanation[]> {
    await Promise.allSettled(this.#asOf.values());
    return this.#views.flatMap(({ explanations }) => explanations);
  }

  /** Whether there is something to close: a field asked for a state, whatever has become of the field. */
  get isOpen(): boolean {
    return this.#asOf.size > 0 || this.#lookup !== undefined;
  }

  /** To be called once, when the execution has ended, however it ended. */
  async close(): Promise<void> {
    // A view that could not be opened has told every field that asked for it, and there is nothing to close.
    await Promise.allSettled(this.#asOf.values());
    await this.#lookup;
    for (const view of this.#views) view.close();
  }
}

async function hasDocument(view: ReadView, { id, createdSequence, version }: Document): Promise<boolean> {
  const found = await view.getDocument(id, 'INCLUDE');
  return found !== null && found.createdSequence === createdSequence && found.version >= version;
}
