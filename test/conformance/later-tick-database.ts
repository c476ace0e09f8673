import { setImmediate as nextTick } from 'node:timers/promises';
import type { AsOf, Database, DocumentPage, ReadView } from '../../src/database/database.ts';
import type { Commit, Operation } from '../../src/database/operation.ts';
import type { Principal } from '../../src/database/principal.ts';
import type { DatabaseStatus } from '../../src/database/status.ts';
import type { Document } from '../../src/document/document.ts';
import type { Archived, FindQuery, PageRequest } from '../../src/query/find-query.ts';

/**
 * The same database, but every answer comes in a later tick, as it would from an engine on another machine. What works
 * on the embedded engine alone, because it happens to answer at once, fails behind this.
 */
export class LaterTickDatabase implements Database {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async getDocument(principal: Principal, id: string, archived?: Archived): Promise<Document | null> {
    await nextTick();
    const document = await this.#database.getDocument(principal, id, archived);
    await nextTick();
    return document;
  }

  async view(principal: Principal, at?: AsOf): Promise<ReadView> {
    await nextTick();
    return new LaterTickReadView(await this.#database.view(principal, at));
  }

  async commit(principal: Principal, operations: readonly Operation[]): Promise<Commit> {
    await nextTick();
    const commit = await this.#database.commit(principal, operations);
    await nextTick();
    return commit;
  }

  async status(principal: Principal): Promise<DatabaseStatus> {
    await nextTick();
    return this.#database.status(principal);
  }

  async close(): Promise<void> {
    await nextTick();
    await this.#database.close();
  }
}

class LaterTickReadView implements ReadView {
  readonly #view: ReadView;

  constructor(view: ReadView) {
    this.#view = view;
  }

  get sequence(): number {
    return this.#view.sequence;
  }

  async getDocument(id: string, archived?: Archived): Promise<Document | null> {
    await nextTick();
    return this.#view.getDocument(id, archived);
  }

  async findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage> {
    await nextTick();
    return this.#view.findDocuments(query, page);
  }

  async *scanDocuments(query: FindQuery): AsyncGenerator<readonly Document[]> {
    await nextTick();
    for await (const documents of this.#view.scanDocuments(query)) {
      yield documents;
      await nextTick();
    }
  }

  async countDocuments(query: FindQuery): Promise<number> {
    await nextTick();
    return this.#view.countDocuments(query);
  }

  close(): void {
    this.#view.close();
  }
}
