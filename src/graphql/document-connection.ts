import type { DocumentPage, ReadView } from '../database/database.ts';
import type { Document } from '../document/document.ts';
import { encodeCursor } from '../query/cursor.ts';
import type { FindQuery, PageRequest } from '../query/find-query.ts';
import { parseOrderBy } from '../query/order-parser.ts';
import { parsePageRequest } from '../query/page-request-parser.ts';
import { type AsOfRef, asOfOf } from './as-of.ts';
import type { DocumentRef } from './document.ts';
import { type DocumentFilterInputs, filterOf } from './document-filter.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** A list that was asked for. */
export interface DocumentConnection {
  /** The list is exact as of this commit. */
  readonly sequence: number;
  page(): Promise<DocumentPage>;
  cursor(document: Document): string;
  totalCount(): Promise<number>;
}

/** What a query finds. The page is read only for fields that need it, and once. */
class DocumentList implements DocumentConnection {
  readonly view: ReadView;
  readonly query: FindQuery;
  readonly #request: PageRequest;
  #page: Promise<DocumentPage> | undefined;

  constructor(view: ReadView, query: FindQuery, request: PageRequest) {
    this.view = view;
    this.query = query;
    this.#request = request;
  }

  get sequence(): number {
    return this.view.sequence;
  }

  page(): Promise<DocumentPage> {
    this.#page ??= this.view.findDocuments(this.query, this.#request);
    return this.#page;
  }

  cursor(document: Document): string {
    return encodeCursor(this.query.orderBy, document);
  }

  totalCount(): Promise<number> {
    return this.view.countDocuments(this.query);
  }
}

interface Edge {
  readonly list: DocumentConnection;
  readonly document: Document;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export type DocumentConnectionRef = ReturnType<typeof addDocumentConnection>;

/** Adds `DocumentConnection`, its parts and the field that lists documents. */
export function addDocumentConnection(
  builder: YaradbSchemaBuilder,
  document: DocumentRef,
  inputs: DocumentFilterInputs,
  asOfInput: AsOfRef,
) {
  const pageInfo = builder.objectRef<PageInfo>('PageInfo').implement({
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage'),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
      startCursor: t.exposeString('startCursor', { nullable: true }),
      endCursor: t.exposeString('endCursor', { nullable: true }),
    }),
  });

  const edge = builder.objectRef<Edge>('DocumentEdge').implement({
    fields: (t) => ({
      cursor: t.string({ resolve: ({ list, document }) => list.cursor(document) }),
      node: t.field({ type: document, resolve: ({ document }) => document }),
    }),
  });

  const connection = builder.objectRef<DocumentConnection>('DocumentConnection').implement({
    description: 'One page of a list: a Relay connection, plus `nodes`.',
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        resolve: async (list) => (await list.page()).documents.map((document) => ({ list, document })),
      }),
      nodes: t.field({ type: [document], resolve: async (list) => (await list.page()).documents }),
      pageInfo: t.field({ type: pageInfo, resolve: resolvePageInfo }),
      totalCount: t.field({
        type: 'SafeInt',
        description: 'All documents that fit, whatever the page. Computed only when asked for.',
        resolve: (list) => list.totalCount(),
      }),
      sequence: t.field({
        type: 'Sequence',
        description: 'The list is exact as of this commit.',
        resolve: ({ sequence }) => sequence,
      }),
    }),
  });

  builder.queryField('findDocuments', (t) =>
    t.field({
      type: connection,
      description: 'Without `table`: of all tables. Without `first` and `last`: 100 documents.',
      args: {
        table: t.arg.string(),
        filter: t.arg({ type: inputs.filter }),
        orderBy: t.arg({ type: [inputs.order], description: 'Most significant first. By creation when left out.' }),
        first: t.arg.int(),
        after: t.arg.string(),
        last: t.arg.int(),
        before: t.arg.string(),
        offset: t.arg.int(),
        archived: t.arg({ type: inputs.archived, defaultValue: 'EXCLUDE' }),
        asOf: t.arg({ type: asOfInput }),
      },
      resolve: async (_root, { table, filter, orderBy, archived, asOf, ...page }, context) => {
        const { queryLimits } = context.services;
        const query: FindQuery = {
          table: table ?? undefined,
          filter: filterOf(filter, queryLimits.filter),
          orderBy: parseOrderBy(orderBy, queryLimits.order),
          archived: archived ?? 'EXCLUDE',
        };
        const request = parsePageRequest(page, queryLimits.page);
        return new DocumentList(await context.view(asOfOf(asOf)), query, request);
      },
    }),
  );

  return connection;
}

async function resolvePageInfo(list: DocumentConnection): Promise<PageInfo> {
  const { documents, hasNextPage, hasPreviousPage } = await list.page();
  const first = documents.at(0);
  const last = documents.at(-1);
  return {
    hasNextPage,
    hasPreviousPage,
    startCursor: first === undefined ? null : list.cursor(first),
    endCursor: last === undefined ? null : list.cursor(last),
  };
}
