import type {
  Admission,
  Commit,
  CreateOperation,
  EraseOperation,
  Operation,
  PatchOperation,
} from '../database/operation.ts';
import { hashBody } from '../document/body-hash.ts';
import type { BodyLimits } from '../document/body-limits.ts';
import type { ChangeBudget } from '../document/change-budget.ts';
import { type Document, defaultTable, type TableReference } from '../document/document.ts';
import { applyChange } from '../document/document-change.ts';
import type { JsonObject } from '../document/json.ts';
import { isUntouched } from '../document/merge-patch.ts';
import {
  AlreadyArchivedError,
  AlreadyExistsError,
  DatabaseError,
  DocumentNotFoundError,
  InvalidArgumentError,
  NotArchivedError,
  VersionConflictError,
} from '../errors.ts';
import { CommitOutcome } from './constraints.ts';
import type { CommitKey } from './idempotency/idempotent-commits.ts';
import {
  type CommitRecord,
  type EncodedCommit,
  encodeCommit,
  encodeInSteps,
  type KeyRecord,
  type LogRecord,
  type TableRecord,
} from './log/record.ts';
import type { PatchBases } from './patch-bases.ts';
import type { Random } from './ports/random.ts';
import type { Staging, TableDefinition } from './staging.ts';

/** What a commit will be once it is durable: what goes into the log, and the answer. */
export interface PreparedCommit {
  /** Null when there is nothing to write. */
  readonly written: WrittenCommit | null;
  readonly documents: readonly Document[];
}

export interface WrittenCommit {
  readonly record: CommitRecord;
  readonly encoded: EncodedCommit;
}

export interface PreparationContext {
  readonly staging: Staging;
  readonly random: Random;
  readonly principal: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly createDocumentId: () => string;
  /** A commit of more operations is decided in steps. */
  readonly operationsAtOnceMax: number;
}

/** A commit that is asked for. */
export interface CommitRequest {
  readonly operations: readonly Operation[];
  /** Whether nothing is to be written. */
  readonly dryRun: boolean;
  /** Whether errors tell which operation they are about. */
  readonly namesOperation: boolean;
  /** What the commit is to remember; null for nothing. */
  readonly key: CommitKey | null;
  readonly admission: Admission;
  /** What its patches may come to, and may take together. */
  readonly bodyLimits: BodyLimits;
  readonly budget: ChangeBudget;
  readonly bases: PatchBases;
}

/** A commit while it is being decided. */
export interface CommitDraft {
  readonly sequence: number;
  readonly records: LogRecord[];
  readonly documents: Document[];
}

/**
 * Decides a commit: runs the operations in order against the state as it will be when all commits ahead are durable, looks whether
 * what they come to obeys the tables, and returns the documents that result. All or nothing: on an error the staging is as it was before.
 * @returns the steps when there are so many operations that they are not run at once: until the last is done, nobody else may look at the staging.
 * @throws {DatabaseError} as `Database.commit` says. @throws {RangeError} when the commit cannot be written down.
 */
export function prepareCommit(context: PreparationContext, request: CommitRequest): PreparedCommit | PreparationSteps {
  const steps = stepsOf(context, request);
  return request.operations.length > context.operationsAtOnceMax ? steps : atOnce(context, steps);
}

/**
 * The same, at once, for whatever a commit may hold.
 * @param decide writes to the draft and to the staging alike; what it throws takes both back.
 */
export function prepareRecords(context: PreparationContext, decide: (draft: CommitDraft) => void): PreparedCommit {
  return atOnce(context, recordsOf(context, decide));
}

/** Decides a commit, by small steps. What one throws leaves the staging as it is by then; with the last the commit is staged, and to be enqueued in the same tick. */
export type PreparationSteps = Generator<void, PreparedCommit>;

function atOnce({ staging }: PreparationContext, steps: PreparationSteps): PreparedCommit {
  try {
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  } catch (error) {
    staging.rollBack();
    throw error;
  }
}

function* stepsOf(context: PreparationContext, request: CommitRequest): PreparationSteps {
  const { operations, dryRun, namesOperation, key } = request;
  const blame = (error: unknown, index: number): unknown => (namesOperation ? withOperation(error, index) : error);
  const draft = beginDraft(context);
  const outcome = new CommitOutcome(context.staging);
  for (const [index, operation] of operations.entries()) {
    try {
      runOperation(context, request, draft, operation, (document) => outcome.add(document, index));
    } catch (error) {
      throw blame(error, index);
    }
    yield;
  }
  yield* outcome.check(blame);
  return yield* conclude(context, draft, dryRun, key);
}

function* recordsOf(context: PreparationContext, decide: (draft: CommitDraft) => void): PreparationSteps {
  const draft = beginDraft(context);
  decide(draft);
  return yield* conclude(context, draft, false, null);
}

function beginDraft({ staging }: PreparationContext): CommitDraft {
  return { sequence: staging.begin(), records: [], documents: [] };
}

/** @param dryRun whether the draft is taken back, and nothing written. @param key remembered with what is written; null for none. */
function* conclude(
  context: PreparationContext,
  draft: CommitDraft,
  dryRun: boolean,
  key: CommitKey | null,
): PreparationSteps {
  const { staging, now, principal, random, operationsAtOnceMax } = context;
  const { sequence, records, documents } = draft;
  if (dryRun || records.length === 0) {
    staging.rollBack();
    return { written: null, documents };
  }
  if (key !== null) records.push({ kind: 'putKey', key: keyRecord(key, draft, now) });
  const record: CommitRecord = {
    sequence,
    committedAt: now,
    principal,
    idempotencyKey: key?.text ?? null,
    requestDigest: null,
    records,
  };
  // Before it is staged: one that cannot be written down must not take a sequence, which the log would wait for in vain.
  const encoded =
    records.length > operationsAtOnceMax ? yield* encodeInSteps(record, random) : encodeCommit(record, random);
  staging.stage();
  return { written: { record, encoded }, documents };
}

function keyRecord(
  { id, digest, forgottenBefore }: CommitKey,
  { sequence, records, documents }: CommitDraft,
  committedAt: number,
): KeyRecord {
  const erases = records.some(({ kind }) => kind === 'eraseDocument');
  const documentIds = documents.map((document) => document.id);
  return { id, sequence, committedAt, digest, forgottenBefore, erases, documentIds };
}

/** @param onChange told of the document as the operation leaves it; of an erasure, of the version that goes. */
function runOperation(
  context: PreparationContext,
  request: CommitRequest,
  { sequence, records, documents }: CommitDraft,
  operation: Operation,
  onChange: (document: Document) => void,
): void {
  const { staging } = context;
  if (operation.kind === 'erase') {
    const erased = prepareErasure(staging, request.admission, records, operation);
    documents.push(erased);
    onChange(erased);
    return;
  }
  const document = prepareOperation(context, request, sequence, records, operation);
  if (document === null) return;
  staging.putDocument(document);
  request.bases.written(document);
  records.push({ kind: 'putDocument', document });
  documents.push(document);
  onChange(document);
}

/** The answer to the caller once the prepared commit is durable and applied. */
export function commitOf({ written, documents }: PreparedCommit): Commit {
  const record = written?.record;
  return { sequence: record?.sequence ?? null, committedAt: record?.committedAt ?? null, documents, replayed: false };
}

/** The document that the operation results in; null when it writes nothing. Records of a new table are pushed first. */
function prepareOperation(
  context: PreparationContext,
  request: CommitRequest,
  sequence: number,
  records: LogRecord[],
  operation: Exclude<Operation, EraseOperation>,
): Document | null {
  const { staging, now } = context;
  const { admission } = request;
  switch (operation.kind) {
    case 'create': {
      admission(operation, operation.table ?? defaultTable.name);
      const id = operation.id ?? context.createDocumentId();
      if (staging.document(id) !== undefined) throw new AlreadyExistsError(`Document ${id} already exists`, { id });
      const table = tableFor(context, records, operation.table);
      return {
        id,
        table,
        tableNamed: operation.table !== undefined,
        name: operation.name ?? table.name,
        body: operation.body,
        bodyHash: hashBody(operation.body),
        version: 1,
        createdAt: now,
        updatedAt: null,
        archivedAt: null,
        sequence,
        createdSequence: sequence,
        previousSequence: 0,
      };
    }
    case 'update': {
      const current = liveDocument(staging, admission, operation);
      checkVersion(current, operation.version);
      const next = nextVersion(current, sequence, now);
      return { ...next, body: operation.body, bodyHash: hashBody(operation.body) };
    }
    case 'patch': {
      const current = liveDocument(staging, admission, operation);
      const body = patchedBody(current, operation, request);
      return { ...nextVersion(current, sequence, now), body, bodyHash: hashBody(body) };
    }
    case 'archive': {
      const current = anyDocument(staging, admission, operation);
      if (current.archivedAt !== null) throw new AlreadyArchivedError(current);
      checkVersion(current, operation.version);
      return { ...nextVersion(current, sequence, now), archivedAt: now };
    }
    case 'restore': {
      const current = anyDocument(staging, admission, operation);
      if (current.archivedAt === null) throw new NotArchivedError(current);
      checkVersion(current, operation.version);
      return { ...nextVersion(current, sequence, now), archivedAt: null };
    }
    case 'assert': {
      if ('version' in operation) {
        checkVersion(liveDocument(staging, admission, operation), operation.version);
      } else if (operation.exists) {
        liveDocument(staging, admission, operation);
      } else if (admittedDocument(staging, admission, operation) !== undefined) {
        throw new AlreadyExistsError(`Document ${operation.id} exists`, { id: operation.id });
      }
      return null;
    }
  }
}

/** @throws {VersionConflictError} unless the patch is for this version, or can be rebased. */
function patchedBody(
  current: Document,
  patch: PatchOperation,
  { bodyLimits, budget, bases }: CommitRequest,
): JsonObject {
  const { version, change, rebase } = patch;
  const base = version === undefined || rebase !== true ? undefined : bases.get(current, version);
  const rebased = base !== undefined && 'merge' in change && isUntouched(change.merge, base.body, current.body);
  if (!rebased) checkVersion(current, version);
  return applyChange(current.body, change, bodyLimits, budget);
}

/** The version that goes. Staging remembers that it is gone: what comes behind must not find it. */
function prepareErasure(
  staging: Staging,
  admission: Admission,
  records: LogRecord[],
  operation: EraseOperation,
): Document {
  const { id, version } = operation;
  const current = anyDocument(staging, admission, operation);
  checkVersion(current, version);
  staging.eraseDocument(id);
  records.push({ kind: 'eraseDocument', id, previousSequence: current.sequence });
  return current;
}

function nextVersion(current: Document, sequence: number, now: number): Document {
  return { ...current, version: current.version + 1, updatedAt: now, sequence, previousSequence: current.sequence };
}

function tableFor(context: PreparationContext, records: LogRecord[], name: string | undefined): TableReference {
  if (name === undefined) return defaultTable;
  return (context.staging.table(name) ?? makeTable(context, records, name, {})).reference;
}

/** Makes a table that there is not. @throws {InvalidArgumentError} for a name that none may have. */
export function makeTable(
  { staging, createDocumentId, now }: PreparationContext,
  records: LogRecord[],
  name: string,
  settings: JsonObject,
): TableDefinition {
  checkTableName(name);
  const table: TableRecord = { id: createDocumentId(), name, createdAt: now, settings };
  records.push({ kind: 'putTable', table });
  return staging.putTable(table);
}

const tableNameCodeUnitsMax = 255;

function checkTableName(name: string): void {
  if (name === '' || name.length > tableNameCodeUnitsMax) {
    throw new InvalidArgumentError(
      `A table's name has 1 to ${tableNameCodeUnitsMax} characters, this one has ${name.length}`,
      {
        path: 'table',
        expected: `a string of 1 to ${tableNameCodeUnitsMax} characters`,
      },
    );
  }
}

type DocumentOperation = Exclude<Operation, CreateOperation>;

/** Undefined when there is none, or none that the operation may know of. */
function admittedDocument(staging: Staging, admission: Admission, operation: DocumentOperation): Document | undefined {
  const document = staging.document(operation.id);
  return document !== undefined && admission(operation, document.table.name) ? document : undefined;
}

function anyDocument(staging: Staging, admission: Admission, operation: DocumentOperation): Document {
  const document = admittedDocument(staging, admission, operation);
  if (document === undefined) throw new DocumentNotFoundError(operation.id);
  return document;
}

function liveDocument(staging: Staging, admission: Admission, operation: DocumentOperation): Document {
  const document = anyDocument(staging, admission, operation);
  if (document.archivedAt !== null) throw new DocumentNotFoundError(operation.id);
  return document;
}

function checkVersion(current: Document, version: number | undefined): void {
  if (version !== undefined && version !== current.version) throw new VersionConflictError(version, current);
}

function withOperation(error: unknown, operation: number): unknown {
  return error instanceof DatabaseError ? error.withEvidence({ operation }) : error;
}
