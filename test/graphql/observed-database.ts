import type { AsOf, Database, DocumentPage, ReadView } from '../../src/database/database.ts';
import type { Commit, Operation } from '../../src/database/operation.ts';
import type { Principal } from '../../src/database/principal.ts';
import type { DatabaseStatus } from '../../src/database/status.ts';
import type { Table, TableIndex } from '../../src/database/table.ts';
import type { Document } from '../../src/document/document.ts';
import type { AggregateQuery, DocumentGroup } from '../../src/query/aggregate-query.ts';
import type { Archived, FindQuery, PageRequest } from '../../src/query/find-query.ts';
import type { QueryExplanation } from '../../src/query/query-explanation.ts';

/** What a test does while the server reads: it may commit in between, or throw. */
export interface Observer {
  readonly beforeStatus?: () => void | Promise<void>;
  readonly beforeCount?: (database: Database) => void | Promise<void>;
  readonly onView?: () => void;
  readonly onClose?: () => void;
}

/** The same database, watched. */
export class ObservedDatabase implements Database {
  readonly #database: Database;
  readonly #observer: Observer;

  constructor(database: Database, observer: Observer) {
    this.#database = database;
    this.#observer = observer;
  }

  getDocument(principal: Principal, id: string, archived?: Archived): Document | null | Promise<Document | null> {
    return this.#database.getDocument(principal, id, archived);
  }

  async view(principal: Principal, at?: AsOf): Promise<ReadView> {
    const view = await this.#database.view(principal, at);
    this.#observer.onView?.();
    return new ObservedReadView(view, this.#database, this.#observer);
  }

  commit(principal: Principal, operations: readonly Operation[]): Promise<Commit> {
    return this.#database.commit(principal, operations);
  }

  createTable(...args: Parameters<Database['createTable']>): Promise<Table> {
    return this.#database.createTable(...args);
  }

  updateTable(...args: Parameters<Database['updateTable']>): Promise<Table> {
    return this.#database.updateTable(...args);
  }

  dropTable(...args: Parameters<Database['dropTable']>): Promise<void> {
    return this.#database.dropTable(...args);
  }

  createIndex(...args: Parameters<Database['createIndex']>): Promise<TableIndex> {
    return this.#database.createIndex(...args);
  }

  dropIndex(...args: Parameters<Database['dropIndex']>): Promise<void> {
    return this.#database.dropIndex(...args);
  }

  async status(principal: Principal): Promise<DatabaseStatus> {
    await this.#observer.beforeStatus?.();
    return this.#database.status(principal);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

class ObservedReadView implements ReadView {
  readonly #view: ReadView;
  readonly #database: Database;
  readonly #observer: Observer;

  constructor(view: ReadView, database: Database, observer: Observer) {
    this.#view = view;
    this.#database = database;
    this.#observer = observer;
  }

  get sequence(): number {
    return this.#view.sequence;
  }

  getDocument(id: string, archived?: Archived): Document | null | Promise<Document | null> {
    return this.#view.getDocument(id, archived);
  }

  findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage> {
    return this.#view.findDocuments(query, page);
  }

  scanDocuments(query: FindQuery): AsyncIterable<readonly Document[]> {
    return this.#view.scanDocuments(query);
  }

  async countDocuments(query: FindQuery): Promise<number> {
    await this.#observer.beforeCount?.(this.#database);
    return this.#view.countDocuments(query);
  }

  get explanations(): readonly QueryExplanation[] {
    return this.#view.explanations;
  }

  aggregateDocuments(query: AggregateQuery): Promise<readonly DocumentGroup[]> {
    return this.#view.aggregateDocuments(query);
  }

  table(name: string): Promise<Table | null> {
    return this.#view.table(name);
  }

  tables(): Promise<readonly Table[]> {
    return this.#view.tables();
  }

  close(): void {
    this.#observer.onClose?.();
    this.#view.close();
  }
}
