import type { Document } from './document/document.ts';
import { formatTime } from './document/timestamp.ts';

/**
 * Every way in which a request can fail, and what it means. The codes are a public contract: they do not change between
 * major versions, while messages may. Each door (REST, GraphQL, the command line) keeps its own mapping from a code to
 * a status; nothing below the doors knows any.
 */
export const errorMeanings = {
  INVALID_ARGUMENT: "the request's shape is wrong: not JSON, a missing field, a bad UUID, an unknown operator",
  NOT_FOUND: 'no such document or table, or the document is archived',
  IDEMPOTENCY_KEY_REUSED: 'the same idempotency key with another request',
  HISTORY_GONE: 'older than the history that is kept',
  VERSION_CONFLICT: 'the document has changed since the version that was sent (optimistic concurrency)',
  ALREADY_ARCHIVED: 'archive of a document that is archived',
  NOT_ARCHIVED: 'restore of a document that is not archived',
  ALREADY_EXISTS: 'an id, table or index that exists',
  SCHEMA_VIOLATION: "the body does not fit the table's JSON Schema",
  UNIQUE_VIOLATION: "a unique field's value is taken",
  TABLE_READ_ONLY: 'the table takes no writes',
  PAYLOAD_TOO_LARGE: 'the request body has more bytes than the limit',
  LIMIT_EXCEEDED: 'nesting, digits, page size or another quantity is over its limit',
  OVERLOADED: 'the server has too much to do: try again later',
  STORAGE_FULL: 'no room to write; reads go on',
  MEMORY_FULL: 'no room in memory for more; reads, archiving and erasing go on',
  OUTCOME_UNKNOWN: 'the sync failed: the write may or may not survive; the server stops',
  UNAUTHENTICATED: 'the request shows no valid token',
  FORBIDDEN: 'the request may not do this',
  RATE_LIMITED: 'too many of these: try again later',
  INTERNAL: 'a bug: masked for the client, logged whole',
} as const;

export type ErrorCode = keyof typeof errorMeanings;

/** What a client may know about a failure besides its code: versions, a path in the body, a limit. JSON values only, but for `current`. */
export type Evidence = Readonly<Record<string, unknown>>;

/** An expected failure with a stable code. Its message is for people and teaches; its evidence is for programs. */
export class DatabaseError extends Error {
  readonly code: ErrorCode;
  #evidence: Evidence;

  constructor(code: ErrorCode, message: string, evidence: Evidence = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.#evidence = evidence;
  }

  get evidence(): Evidence {
    return this.#evidence;
  }

  /** The same error, telling more: a layer that knows where it happened adds that as the error passes. */
  withEvidence(more: Evidence): this {
    this.#evidence = { ...this.#evidence, ...more };
    return this;
  }
}

/** `path` is in the one path grammar of the project and starts at the argument's name: `body.tags.3`. */
export class InvalidArgumentError extends DatabaseError {
  constructor(
    message: string,
    evidence: { readonly path?: string; readonly expected?: string } = {},
    options?: ErrorOptions,
  ) {
    super('INVALID_ARGUMENT', message, evidence, options);
  }
}

export class LimitExceededError extends DatabaseError {
  constructor(message: string, evidence: { readonly limit: number; readonly actual?: number; readonly path?: string }) {
    super('LIMIT_EXCEEDED', message, evidence);
  }
}

export class DocumentNotFoundError extends DatabaseError {
  constructor(id: string) {
    super('NOT_FOUND', 'Document not found', { id });
  }
}

export class TableNotFoundError extends DatabaseError {
  constructor(table: string) {
    super('NOT_FOUND', `Table '${table}' not found`, { table });
  }
}

/** `oldest` is the sequence of the oldest state that is kept. */
export class HistoryGoneError extends DatabaseError {
  constructor(what: string, oldest: number) {
    super('HISTORY_GONE', `${what}: history is kept from sequence ${oldest} on`, { oldest });
  }
}

/** A request that is repeated was carried out, but its answer cannot be given again: not all of the documents in it are kept. */
export class AnswerGoneError extends DatabaseError {
  constructor(request: AnsweredRequest, why: string, oldest: number) {
    const { sequence, committedAt, documentIds } = request;
    const time = formatTime(committedAt);
    super(
      'HISTORY_GONE',
      `This request was carried out already, as commit ${sequence} at ${time}, ${why}. Do not repeat it: read its documents instead`,
      { replayed: true, sequence, committedAt: time, documentIds, oldest },
    );
  }
}

interface AnsweredRequest {
  readonly sequence: number;
  readonly committedAt: number;
  readonly documentIds: readonly string[];
}

export class IdempotencyKeyReusedError extends DatabaseError {
  constructor(key: string) {
    super(
      'IDEMPOTENCY_KEY_REUSED',
      `The idempotency key ${JSON.stringify(key)} belongs to another request: a repetition must be the same request, and another one needs a key of its own`,
    );
  }
}

/** `current` is the document as it is now, so that a client can merge and try again without another request. */
export class VersionConflictError extends DatabaseError {
  readonly expectedVersion: number;
  readonly current: Document;

  constructor(expectedVersion: number, current: Document) {
    super(
      'VERSION_CONFLICT',
      `Conflict: Document version mismatch. DB is at ${current.version}, you sent ${expectedVersion}`,
      {
        id: current.id,
        expectedVersion,
        actualVersion: current.version,
      },
    );
    this.expectedVersion = expectedVersion;
    this.current = current;
  }
}

export class AlreadyArchivedError extends DatabaseError {
  constructor(current: Document) {
    const archivedAt = current.archivedAt === null ? null : formatTime(current.archivedAt);
    super('ALREADY_ARCHIVED', 'Document already archived', { id: current.id, archivedAt });
  }
}

export class NotArchivedError extends DatabaseError {
  constructor(current: Document) {
    super('NOT_ARCHIVED', 'Document is not archived', { id: current.id });
  }
}

export class AlreadyExistsError extends DatabaseError {
  constructor(message: string, evidence: Evidence) {
    super('ALREADY_EXISTS', message, evidence);
  }
}

/** What is wrong with a body: where, in the grammar of paths ('' for the body itself), and what is expected there. */
export interface SchemaViolation {
  readonly path: string;
  readonly message: string;
}

export class SchemaViolationError extends DatabaseError {
  constructor(table: string, violations: readonly SchemaViolation[]) {
    const [first] = violations;
    const where = first === undefined ? '' : `: ${first.path === '' ? 'the body' : first.path} ${first.message}`;
    super('SCHEMA_VIOLATION', `The body does not fit the schema of table '${table}'${where}`, { table, violations });
  }
}

export class TableReadOnlyError extends DatabaseError {
  constructor(table: string) {
    super(
      'TABLE_READ_ONLY',
      `Table '${table}' is read-only: its documents cannot be changed until its setting readOnly is`,
      {
        table,
      },
    );
  }
}

/** The message says which right is missing, and nothing of what is there: it is the same whether the table is there or not. */
export class ForbiddenError extends DatabaseError {
  constructor(message: string, evidence: Evidence = {}) {
    super('FORBIDDEN', message, evidence);
  }
}
