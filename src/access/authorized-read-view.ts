import type { DocumentPage, HistoryPage, ReadView } from '../database/database.ts';
import type { DocumentScan } from '../database/document-scan.ts';
import type { Principal } from '../database/principal.ts';
import { hasOnTable } from '../database/rights.ts';
import type { Table } from '../database/table.ts';
import type { Document } from '../document/document.ts';
import type { AggregateQuery, DocumentGroup } from '../query/aggregate-query.ts';
import type { Archived, FindQuery, PageRequest } from '../query/find-query.ts';
import type { QueryAccess, QueryExplanation } from '../query/query-explanation.ts';
import { narrowedToReadable } from './readable-query.ts';
import { requireOnTable } from './requirements.ts';

/** A view as somebody sees it who may read some tables and not all. */
export class AuthorizedReadView implements ReadView {
  readonly #view: ReadView;
  readonly #principal: Principal;

  constructor(view: ReadView, principal: Principal) {
    this.#view = view;
    this.#principal = principal;
  }

  get sequence(): number {
    return this.#view.sequence;
  }

  async getDocument(id: string, archived?: Archived): Promise<Document | null> {
    const document = await this.#view.getDocument(id, archived);
    return document !== null && this.#mayRead(document.table.name) ? document : null;
  }

  async documentVersion(id: string, version: number, archived?: Archived): Promise<Document | null> {
    return (await this.#knows(id)) ? this.#view.documentVersion(id, version, archived) : null;
  }

  async documentHistory(id: string, page: HistoryPage): Promise<readonly Document[]> {
    return (await this.#knows(id)) ? this.#view.documentHistory(id, page) : [];
  }

  async oldestDocumentVersion(id: string): Promise<number | null> {
    return (await this.#knows(id)) ? this.#view.oldestDocumentVersion(id) : null;
  }

  async findDocuments(query: FindQuery, page: PageRequest): Promise<DocumentPage> {
    return this.#view.findDocuments(this.#narrowed(query), page);
  }

  scanDocuments(query: FindQuery): DocumentScan {
    return this.#view.scanDocuments(this.#narrowed(query));
  }

  async countDocuments(query: FindQuery): Promise<number> {
    return this.#view.countDocuments(this.#narrowed(query));
  }

  async aggregateDocuments(query: AggregateQuery): Promise<readonly DocumentGroup[]> {
    return this.#view.aggregateDocuments(this.#narrowed(query));
  }

  async table(name: string): Promise<Table | null> {
    requireOnTable(this.#principal, 'read', name);
    return this.#view.table(name);
  }

  async tables(): Promise<readonly Table[]> {
    const tables = await this.#view.tables();
    return tables.filter(({ name }) => this.#mayRead(name));
  }

  /** Those that are about tables which may be read: a plan for all tables tells how many documents are in the others. */
  get explanations(): readonly QueryExplanation[] {
    return this.#view.explanations.filter(
      ({ plan, suggestedIndex }) =>
        tablesOf(plan.access).every((table) => table !== null && this.#mayRead(table)) &&
        (suggestedIndex === null || this.#mayRead(suggestedIndex.table)),
    );
  }

  close(): void {
    this.#view.close();
  }

  #mayRead(table: string): boolean {
    return hasOnTable(this.#principal.rights, 'read', table);
  }

  /** Whether there is a document of this id that may be read. A document stays in its table for as long as it is. */
  async #knows(id: string): Promise<boolean> {
    return (await this.getDocument(id, 'INCLUDE')) !== null;
  }

  /** @throws {ForbiddenError} when it names a table that may not be read. */
  #narrowed<Query extends FindQuery | AggregateQuery>(query: Query): Query {
    return narrowedToReadable(this.#principal, query);
  }
}

function tablesOf(access: QueryAccess): readonly (string | null)[] {
  if (access.kind === 'union') return access.parts.flatMap(tablesOf);
  return access.kind === 'nothing' ? [] : [access.table];
}
