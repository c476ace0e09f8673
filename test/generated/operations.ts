/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type ArchiveOperation = {
  id: string | number;
  version?: number | null | undefined;
};

/** Which documents are seen: live ones, all, or archived ones. */
export type Archived =
  | 'EXCLUDE'
  | 'INCLUDE'
  | 'ONLY';

/** Writes nothing. Either `version` or `exists`. */
export type AssertOperation = {
  /** Whether there is a live document; with false there is none, archived ones included. */
  exists?: boolean | null | undefined;
  id: string | number;
  /** The live document is at this version. */
  version?: number | null | undefined;
};

export type CreateOperation = {
  body: unknown;
  id?: string | number | null | undefined;
  name: string;
  table?: string | null | undefined;
};

export type Direction =
  | 'ASC'
  | 'DESC';

/** What is to become of a part of a body. */
export type DocumentChange =
  {   /** Numbers that are added at paths: {"stats.views": 1}. It commutes, so `version` may be left out. */
  increment: unknown; merge?: never; patch?: never; }
  |  { increment?: never;   /** A merge patch (RFC 7396): {"city": "Kyiv", "gone": null}. Needs `version`. */
  merge: unknown; patch?: never; }
  |  { increment?: never; merge?: never;   /** A JSON Patch (RFC 6902), `test` included: [{"op": "remove", "path": "/gone"}]. Needs `version`. */
  patch: unknown; };

/** All parts of one filter are ANDed. Operators mean what the MongoDB operators of the same names mean, lists on the path included. A path needs an operator, and an operator a path (but not inside `some`). */
export type DocumentFilter = {
  all?: Array<unknown> | null | undefined;
  /** An empty list fits every document. */
  and?: Array<DocumentFilter> | null | undefined;
  /** A string's part, or a list's element. */
  contains?: unknown;
  endsWith?: string | null | undefined;
  eq?: unknown;
  exists?: boolean | null | undefined;
  gt?: unknown;
  gte?: unknown;
  in?: Array<unknown> | null | undefined;
  lt?: unknown;
  lte?: unknown;
  /** An object such as {"username": "alice"}: each field's whole value is equal. It never holds operators. */
  match?: unknown;
  /** A divisor and the remainder that a number leaves, which has its sign: [4, 0], [4, -1]. Fractions are cut off first. */
  mod?: Array<unknown> | null | undefined;
  ne?: unknown;
  not?: DocumentFilter | null | undefined;
  notIn?: Array<unknown> | null | undefined;
  /** An empty list fits none. */
  or?: Array<DocumentFilter> | null | undefined;
  /** Keys joined by dots, such as "address.city". "$id", "$name", "$table", "$version", "$createdAt", "$updatedAt" and "$archivedAt" name the document's own fields. A backslash escapes a dot, a leading $ and itself. */
  path?: string | null | undefined;
  /** Answers in linear time, whatever the pattern. */
  regex?: string | null | undefined;
  size?: number | null | undefined;
  /** An element of the list at `path` fits; inside, paths start at the element. */
  some?: DocumentFilter | null | undefined;
  startsWith?: string | null | undefined;
  type?: JsonType | null | undefined;
};

export type DocumentOrder = {
  direction?: Direction | null | undefined;
  path: string;
};

/** When a commit is acknowledged. */
export type Durability =
  /** Bounded loss: it is written, but not yet synced to the disk. A power cut or a crash of the machine may lose what was acknowledged in the last `syncIntervalMs` milliseconds; the end of the process loses nothing. */
  | 'INTERVAL'
  /** It is on disk by then. */
  | 'SYNC';

export type EraseOperation = {
  id: string | number;
  version: number;
};

export type GroupOrder = {
  /** A path of `groupBy`, or the name of a measure. */
  by: string;
  direction?: Direction | null | undefined;
};

export type IndexKind =
  /** Serves equality. */
  | 'HASH'
  /** Serves equality, ranges, prefixes and orders. */
  | 'ORDERED';

export type IndexState =
  /** It is being filled: new writes obey it already, no query uses it yet. */
  | 'BUILDING'
  | 'READY';

export type JsonType =
  | 'ARRAY'
  | 'BOOLEAN'
  | 'NULL'
  | 'NUMBER'
  | 'OBJECT'
  | 'STRING';

/** One of the measures, of the values at its path, and a name for the result. A list is one value. `sum` and `avg` pass over what is no number, `min` and `max` over null. */
export type Measure = {
  as: string;
  avg?: string | null | undefined;
  /** How many documents: `true`. */
  count?: boolean | null | undefined;
  /** The values, each once, in their order. */
  distinct?: string | null | undefined;
  max?: string | null | undefined;
  min?: string | null | undefined;
  /** Exact for integers of any size. */
  sum?: string | null | undefined;
};

/** Inputs hold the arguments of the mutation of the same name. */
export type Operation =
  {   archive: ArchiveOperation; assert?: never; create?: never; erase?: never; patch?: never; restore?: never; update?: never; }
  |  { archive?: never;   /** A precondition: when it does not hold, nothing is written. */
  assert: AssertOperation; create?: never; erase?: never; patch?: never; restore?: never; update?: never; }
  |  { archive?: never; assert?: never;   create: CreateOperation; erase?: never; patch?: never; restore?: never; update?: never; }
  |  { archive?: never; assert?: never; create?: never;   erase: EraseOperation; patch?: never; restore?: never; update?: never; }
  |  { archive?: never; assert?: never; create?: never; erase?: never;   patch: PatchOperation; restore?: never; update?: never; }
  |  { archive?: never; assert?: never; create?: never; erase?: never; patch?: never;   restore: RestoreOperation; update?: never; }
  |  { archive?: never; assert?: never; create?: never; erase?: never; patch?: never; restore?: never;   update: UpdateOperation; };

export type PatchOperation = {
  change: DocumentChange;
  id: string | number;
  rebase?: boolean | null | undefined;
  version?: number | null | undefined;
};

export type RestoreOperation = {
  id: string | number;
  version?: number | null | undefined;
};

export type UpdateOperation = {
  body: unknown;
  id: string | number;
  version: number;
};

/** What becomes of writes now. */
export type WriteState =
  | 'ACCEPTED'
  /** The disk failed: nothing is written any more, and the server stops. */
  | 'FAILED'
  /** Creates and updates are refused until there is room. */
  | 'MEMORY_FULL'
  /** They wait for a disk that has not answered for long. */
  | 'STALLED'
  /** The last one found no room on the disk. */
  | 'STORAGE_FULL';

export type AggregateDocumentsQueryVariables = Exact<{
  table?: string | null | undefined;
  filter?: DocumentFilter | null | undefined;
  archived?: Archived | null | undefined;
  groupBy?: Array<string> | string | null | undefined;
  measures: Array<Measure> | Measure;
  orderBy?: Array<GroupOrder> | GroupOrder | null | undefined;
  first?: number | null | undefined;
}>;


export type AggregateDocumentsQuery = { aggregateDocuments: Array<{ key: unknown, values: unknown }> };

export type ArchiveDocumentMutationVariables = Exact<{
  id: string | number;
  version?: number | null | undefined;
}>;


export type ArchiveDocumentMutation = { archiveDocument: { id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number } | null };

export type CreateDocumentMutationVariables = Exact<{
  name: string;
  body: unknown;
  table?: string | null | undefined;
  id?: string | number | null | undefined;
}>;


export type CreateDocumentMutation = { createDocument: { id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number } | null };

export type DocumentFieldsFragment = { id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number };

export type EraseDocumentMutationVariables = Exact<{
  id: string | number;
  version: number;
}>;


export type EraseDocumentMutation = { eraseDocument: boolean | null };

export type FindDocumentsQueryVariables = Exact<{
  table?: string | null | undefined;
  filter?: DocumentFilter | null | undefined;
  orderBy?: Array<DocumentOrder> | DocumentOrder | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
  offset?: number | null | undefined;
  archived?: Archived | null | undefined;
}>;


export type FindDocumentsQuery = { findDocuments: { totalCount: number, sequence: number, edges: Array<{ cursor: string }>, nodes: Array<{ id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } };

export type GetDocumentQueryVariables = Exact<{
  id: string | number;
  archived?: Archived | null | undefined;
}>;


export type GetDocumentQuery = { getDocument: { id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number } | null };

export type GetStatusQueryVariables = Exact<{ [key: string]: never; }>;


export type GetStatusQuery = { status: { version: string, engine: string, epoch: string, sequence: number, documents: number, uptimeSeconds: number, durability: Durability, syncIntervalMs: number | null, writes: WriteState, memoryBytes: number, memoryBytesMax: number | null, snapshot: { sequence: number, createdAt: string, documents: number, bytes: number } | null, history: { oldest: number, bytes: number, erasedOnDiskUpTo: number }, indexBuilds: Array<{ table: string, paths: Array<string>, filled: number, documents: number }>, recovery: { damagedSnapshots: Array<string>, segments: number, frames: number, commits: number, bytes: number, truncatedBytes: number, milliseconds: number, clean: boolean, epochBegun: boolean, snapshot: { sequence: number } | null } } };

export type GetTablesQueryVariables = Exact<{ [key: string]: never; }>;


export type GetTablesQuery = { tables: Array<{ name: string, documentCount: number, archivedCount: number, bodyBytes: number, createdAt: string | null, settings: { schema: unknown, uniquePaths: Array<string>, readOnly: boolean }, indexes: Array<{ table: string, paths: Array<string>, kind: IndexKind, unique: boolean, archived: Archived, state: IndexState, filled: number, entries: number, createdAt: string }> }> };

export type GetValueQueryVariables = Exact<{
  id: string | number;
  path: string;
}>;


export type GetValueQuery = { getDocument: { value: unknown } | null };

export type PatchDocumentMutationVariables = Exact<{
  id: string | number;
  version?: number | null | undefined;
  change: DocumentChange;
  rebase?: boolean | null | undefined;
}>;


export type PatchDocumentMutation = { patchDocument: { id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number } | null };

export type RestoreDocumentMutationVariables = Exact<{
  id: string | number;
  version?: number | null | undefined;
}>;


export type RestoreDocumentMutation = { restoreDocument: { id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number } | null };

export type TransactMutationVariables = Exact<{
  operations: Array<Operation> | Operation;
  idempotencyKey?: string | null | undefined;
  dryRun?: boolean | null | undefined;
}>;


export type TransactMutation = { transact: { sequence: number | null, committedAt: string | null, replayed: boolean, documents: Array<{ id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number }> } | null };

export type UpdateDocumentMutationVariables = Exact<{
  id: string | number;
  version: number;
  body: unknown;
}>;


export type UpdateDocumentMutation = { updateDocument: { id: string, table: string, name: string, body: unknown, bodyHash: string, version: number, createdAt: string, updatedAt: string | null, archivedAt: string | null, sequence: number } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const DocumentFieldsFragmentDoc = new TypedDocumentString(`
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}
    `, {"fragmentName":"DocumentFields"}) as unknown as TypedDocumentString<DocumentFieldsFragment, unknown>;
export const AggregateDocumentsDocument = new TypedDocumentString(`
    query AggregateDocuments($table: String, $filter: DocumentFilter, $archived: Archived, $groupBy: [String!], $measures: [Measure!]!, $orderBy: [GroupOrder!], $first: Int) {
  aggregateDocuments(
    table: $table
    filter: $filter
    archived: $archived
    groupBy: $groupBy
    measures: $measures
    orderBy: $orderBy
    first: $first
  ) {
    key
    values
  }
}
    `) as unknown as TypedDocumentString<AggregateDocumentsQuery, AggregateDocumentsQueryVariables>;
export const ArchiveDocumentDocument = new TypedDocumentString(`
    mutation ArchiveDocument($id: ID!, $version: Int) {
  archiveDocument(id: $id, version: $version) {
    ...DocumentFields
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<ArchiveDocumentMutation, ArchiveDocumentMutationVariables>;
export const CreateDocumentDocument = new TypedDocumentString(`
    mutation CreateDocument($name: String!, $body: JSON!, $table: String, $id: ID) {
  createDocument(name: $name, body: $body, table: $table, id: $id) {
    ...DocumentFields
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<CreateDocumentMutation, CreateDocumentMutationVariables>;
export const EraseDocumentDocument = new TypedDocumentString(`
    mutation EraseDocument($id: ID!, $version: Int!) {
  eraseDocument(id: $id, version: $version)
}
    `) as unknown as TypedDocumentString<EraseDocumentMutation, EraseDocumentMutationVariables>;
export const FindDocumentsDocument = new TypedDocumentString(`
    query FindDocuments($table: String, $filter: DocumentFilter, $orderBy: [DocumentOrder!], $first: Int, $after: String, $last: Int, $before: String, $offset: Int, $archived: Archived) {
  findDocuments(
    table: $table
    filter: $filter
    orderBy: $orderBy
    first: $first
    after: $after
    last: $last
    before: $before
    offset: $offset
    archived: $archived
  ) {
    edges {
      cursor
    }
    nodes {
      ...DocumentFields
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
    totalCount
    sequence
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<FindDocumentsQuery, FindDocumentsQueryVariables>;
export const GetDocumentDocument = new TypedDocumentString(`
    query GetDocument($id: ID!, $archived: Archived) {
  getDocument(id: $id, archived: $archived) {
    ...DocumentFields
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<GetDocumentQuery, GetDocumentQueryVariables>;
export const GetStatusDocument = new TypedDocumentString(`
    query GetStatus {
  status {
    version
    engine
    epoch
    sequence
    documents
    uptimeSeconds
    durability
    syncIntervalMs
    writes
    memoryBytes
    memoryBytesMax
    snapshot {
      sequence
      createdAt
      documents
      bytes
    }
    history {
      oldest
      bytes
      erasedOnDiskUpTo
    }
    indexBuilds {
      table
      paths
      filled
      documents
    }
    recovery {
      snapshot {
        sequence
      }
      damagedSnapshots
      segments
      frames
      commits
      bytes
      truncatedBytes
      milliseconds
      clean
      epochBegun
    }
  }
}
    `) as unknown as TypedDocumentString<GetStatusQuery, GetStatusQueryVariables>;
export const GetTablesDocument = new TypedDocumentString(`
    query GetTables {
  tables {
    name
    settings {
      schema
      uniquePaths
      readOnly
    }
    documentCount
    archivedCount
    bodyBytes
    createdAt
    indexes {
      table
      paths
      kind
      unique
      archived
      state
      filled
      entries
      createdAt
    }
  }
}
    `) as unknown as TypedDocumentString<GetTablesQuery, GetTablesQueryVariables>;
export const GetValueDocument = new TypedDocumentString(`
    query GetValue($id: ID!, $path: String!) {
  getDocument(id: $id) {
    value(path: $path)
  }
}
    `) as unknown as TypedDocumentString<GetValueQuery, GetValueQueryVariables>;
export const PatchDocumentDocument = new TypedDocumentString(`
    mutation PatchDocument($id: ID!, $version: Int, $change: DocumentChange!, $rebase: Boolean) {
  patchDocument(id: $id, version: $version, change: $change, rebase: $rebase) {
    ...DocumentFields
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<PatchDocumentMutation, PatchDocumentMutationVariables>;
export const RestoreDocumentDocument = new TypedDocumentString(`
    mutation RestoreDocument($id: ID!, $version: Int) {
  restoreDocument(id: $id, version: $version) {
    ...DocumentFields
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<RestoreDocumentMutation, RestoreDocumentMutationVariables>;
export const TransactDocument = new TypedDocumentString(`
    mutation Transact($operations: [Operation!]!, $idempotencyKey: String, $dryRun: Boolean) {
  transact(
    operations: $operations
    idempotencyKey: $idempotencyKey
    dryRun: $dryRun
  ) {
    sequence
    committedAt
    documents {
      ...DocumentFields
    }
    replayed
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<TransactMutation, TransactMutationVariables>;
export const UpdateDocumentDocument = new TypedDocumentString(`
    mutation UpdateDocument($id: ID!, $version: Int!, $body: JSON!) {
  updateDocument(id: $id, version: $version, body: $body) {
    ...DocumentFields
  }
}
    fragment DocumentFields on Document {
  id
  table
  name
  body
  bodyHash
  version
  createdAt
  updatedAt
  archivedAt
  sequence
}`) as unknown as TypedDocumentString<UpdateDocumentMutation, UpdateDocumentMutationVariables>;