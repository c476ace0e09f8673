import { setImmediate as nextTick } from 'node:timers/promises';
import type { ChangeEvent, ChangeStream } from '../../src/database/changes.ts';
import type { AsOf, Database, DocumentPage, ReadView } from '../../src/database/database.ts';
import { type DocumentScan, scanOf } from '../../src/database/document-scan.ts';
import type { Commit } from '../../src/database/operation.ts';
import type { Principal } from '../../src/database/principal.ts';
import type { DatabaseStatus } from '../../src/database/status.ts';
import type { Table, TableIndex } from '../../src/database/table.ts';
import type { Document } from '../../src/document/document.ts';
import type { AggregateQuery, DocumentGroup } from '../../src/query/aggregate-query.ts';
import type { Archived, FindQuery, PageRequest } from '../../src/query/find-query.ts';
import type { QueryExplanation } from '../../src/query/query-explanation.ts';

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

  async commit(...args: Parameters<Database['commit']>): Promise<Commit> {
    await nextTick();
    const commit = await this.#database.commit(...args);
    await nextTick();
    return commit;
  }

  async replay(...args: Parameters<Database['replay']>): Promise<Commit | null> {
    await nextTick();
    return this.#database.replay(...args);
  }

  async createTable(...args: Parameters<Database['createTable']>): Promise<Table> {
    await nextTick();
    return this.#database.createTable(...args);
  }

  async updateTable(...args: Parameters<Database['updateTable']>): Promise<Table> {
    await nextTick();
    return this.#database.updateTable(...args);
  }

  async dropTable(...args: Parameters<Database['dropTable']>): Promise<void> {
    await nextTick();
    return this.#database.dropTable(...args);
  }

  async createIndex(...args: Parameters<Database['createIndex']>): Promise<TableIndex> {
    await nextTick();
    return this.#database.createIndex(...args);
  }

  async dropIndex(...args: Parameters<Database['dropIndex']>): Promise<void> {
    await nextTick();
    return this.#database.dropIndex(...args);
  }

  async changes(...args: Parameters<Database['changes']>): Promise<ChangeStream> {
    await nextTick();
    return new LaterTickChangeStream(await this.#database.changes(...args));
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

class LaterTickChangeStream implements ChangeStream {
  readonly #stream: ChangeStream;

  constructor(stream: ChangeStream) {
    this.#stream = stream;
  }

  async next(): Promise<readonly ChangeEvent[] | null> {
    await nextTick();
    const events = await this.#stream.next();
    await nextTick();
    return events;
  }

  close(): void {
    this.#stream.close();
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

  async documentVersion(...args: Parameters<ReadView['documentVersion']>): Promise<Document | null> {
    await nextTick();
    return this.#view.documentVersion(...args);
  }

  async documentHistory(...args: Parameters<ReadView['documentHistory']>): Promise<readonly Document[]> {
    await nextTick();
    return this.#view.documentHistory(...args);
  }

  async oldestDocumentVersion(id: string): Promise<number | null> {
    await nextTick();
    return this.#view.oldestDocumentVersion(id);
  }

  async findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage> {
    await nextTick();
    return this.#view.findDocuments(query, page);
  }

  scanDocuments(query: FindQuery): DocumentScan {
    return scanOf(this.#batches(query));
  }

  async *#batches(query: FindQuery): AsyncGenerator<readonly Document[]> {
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

  get explanations(): readonly QueryExplanation[] {
    return this.#view.explanations;
  }

  async aggregateDocuments(query: AggregateQuery): Promise<readonly DocumentGroup[]> {
    await nextTick();
    return this.#view.aggregateDocuments(query);
  }

  async table(name: string): Promise<Table | null> {
    await nextTick();
    return this.#view.table(name);
  }

  async tables(): Promise<readonly Table[]> {
    await nextTick();
    return this.#view.tables();
  }

  close(): void {
    this.#view.close();
  }
}
