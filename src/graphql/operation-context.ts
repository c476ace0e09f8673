import type { Database, ReadView } from '../database/database.ts';
import type { Principal } from '../database/principal.ts';
import type { DatabaseStatus } from '../database/status.ts';
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
}

/** One execution of one operation: who asks, and the one read view that all root fields of a query see. */
export class OperationContext {
  readonly services: GraphqlServices;
  readonly principal: Principal;
  #view: Promise<ReadView> | undefined;

  constructor(services: GraphqlServices, principal: Principal) {
    this.services = services;
    this.principal = principal;
  }

  get database(): Database {
    return this.services.database;
  }

  /** The operation's read view, opened for the first field that asks. Fields of mutations never ask: each commits by itself. */
  view(): Promise<ReadView> {
    this.#view ??= this.database.view(this.principal);
    return this.#view;
  }

  status(): Promise<DatabaseStatus> {
    return this.database.status(this.principal);
  }

  /** How the queries so far were answered. */
  async explanations(): Promise<readonly QueryExplanation[]> {
    return (await this.#view)?.explanations ?? [];
  }

  /** To be called once, when the execution has ended, however it ended. */
  async close(): Promise<void> {
    // A view that could not be opened has told every field that asked for it, and there is nothing to close.
    const view = await this.#view?.catch(() => undefined);
    view?.close();
  }
}
