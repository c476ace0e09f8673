import { isDeepStrictEqual } from 'node:util';
import type { Operation } from '../../../src/database/operation.ts';
import { hashBody } from '../../../src/document/body-hash.ts';
import { type Document, defaultTable } from '../../../src/document/document.ts';
import type { CommitRecord, KeyRecord, LogRecord, TableRecord } from '../../../src/embedded/log/record.ts';
import { CatalogModel } from './catalog-model.ts';
import { inOrderOfCreation } from './documents-of.ts';
import { patchedBody } from './patched-body.ts';
import type { CommitRequest, Request } from './request.ts';

/** What a commit leaves. */
interface Outcome {
  readonly answered: readonly Document[];
  /** By id; null where the commit has taken a document away. */
  readonly written: ReadonlyMap<string, Document | null>;
  readonly versions: ReadonlyMap<string, Document>;
  /** By name: those that it made on first use. */
  readonly tables: ReadonlyMap<string, TableRecord>;
}

/**
 * What a database is, in the simplest words there are: it says what a commit must have done, from the operations that a client
 * sent. Written from the contract and not from the engine, so that the two can disagree.
 */
export class Model {
  readonly documents = new Map<string, Document>();
  readonly catalog = new CatalogModel();
  /** Every version of every document that there was. */
  readonly #versions = new Map<string, Document>();
  sequence = 0;

  /**
   * Takes the commit as what came of `request`, or, without one, as what the engine did of its own accord.
   * @returns the documents that it must have been answered with, when it is exactly what it had to be; else what is wrong with it.
   */
  apply(commit: CommitRecord, request?: Request): readonly Document[] | string {
    if (commit.sequence !== this.sequence + 1) return `commit ${commit.sequence} follows commit ${this.sequence}`;
    const answer = this.#answer(commit, request);
    if (typeof answer === 'string') return answer;
    this.sequence = commit.sequence;
    return this.catalog.problemWith(this.documents.values()) ?? answer;
  }

  #answer(commit: CommitRecord, request: Request | undefined): readonly Document[] | string {
    if (request === undefined) return this.catalog.applyEngines(commit) ? [] : 'nobody has asked for it';
    if (request.kind === 'commit') return this.#applyCommit(commit, request);
    const dropped = this.catalog.apply(commit, request);
    if (typeof dropped === 'string') return dropped;
    for (const { id, table } of this.documents.values()) if (dropped.includes(table.id)) this.documents.delete(id);
    return [];
  }

  /** Whether the commit is what the request asks for, as things stand. Changes nothing. */
  accepts(commit: CommitRecord, request: Request): boolean {
    return request.kind === 'commit' && typeof this.#outcomeOf(commit, request) !== 'string';
  }

  #applyCommit(commit: CommitRecord, request: CommitRequest): readonly Document[] | string {
    const outcome = this.#outcomeOf(commit, request);
    if (typeof outcome === 'string') return outcome;
    const { answered, written, versions, tables } = outcome;
    for (const [id, document] of written) {
      if (document === null) this.documents.delete(id);
      else this.documents.set(id, document);
    }
    for (const [version, document] of versions) this.#versions.set(version, document);
    for (const table of tables.values()) this.catalog.putTable(table);
    return answered;
  }

  /** What the commit leaves, when it is exactly what it had to be; else what is wrong with it. */
  #outcomeOf(commit: CommitRecord, { operations, key }: CommitRequest): Outcome | string {
    const answered: Document[] = [];
    const written = new Map<string, Document | null>();
    const versions = new Map<string, Document>();
    const tables = new Map<string, TableRecord>();
    const records = [...commit.records];
    for (const operation of operations) {
      if (operation.kind === 'create' && operation.table !== undefined) {
        const known = this.catalog.tables.get(operation.table) ?? tables.get(operation.table);
        if (known === undefined) {
          const record = records.shift();
          const table = record?.kind === 'putTable' ? record.table : undefined;
          const expected = { id: table?.id, name: operation.table, createdAt: commit.committedAt, settings: {} };
          if (table === undefined || !isDeepStrictEqual(table, expected)) return `no table ${operation.table} was made`;
          tables.set(table.name, table);
        }
      }
      const expected = this.#expected(operation, commit, records[0], { written, versions, tables });
      if (typeof expected === 'string') return expected;
      if (expected === null) continue;
      const record = records.shift();
      if (this.catalog.tables.get(expected.table.name)?.settings.readOnly === true)
        return `a ${operation.kind} in a table that is read-only`;
      answered.push(expected);
      if (operation.kind === 'erase') {
        const erasure = { kind: 'eraseDocument', id: expected.id, previousSequence: expected.sequence };
        if (!isDeepStrictEqual(record, erasure)) return `an erase left ${JSON.stringify(record)}`;
        written.set(expected.id, null);
        continue;
      }
      if (record?.kind !== 'putDocument') return `a ${operation.kind} left no document`;
      if (!isDeepStrictEqual(record.document, expected)) {
        return `a ${operation.kind} left ${JSON.stringify(record.document)} instead of ${JSON.stringify(expected)}`;
      }
      written.set(expected.id, expected);
      versions.set(versionOf(expected), expected);
    }
    const problem = keyProblem(commit, key, records, {
      committedAt: commit.committedAt,
      documentIds: answered.map(({ id }) => id),
      erases: operations.some(({ kind }) => kind === 'erase'),
      sequence: commit.sequence,
    });
    if (problem !== null) return problem;
    if (records.length > 0) return `${records.length} records more than there were operations`;
    return { answered, written, versions, tables };
  }

  /** The document that the operation must leave, or take away; null for none; a text when it could not have succeeded. */
  #expected(
    operation: Operation,
    { sequence, committedAt }: CommitRecord,
    record: CommitRecord['records'][number] | undefined,
    { written, versions, tables }: Omit<Outcome, 'answered'>,
  ): Document | string | null {
    const chosenId = record?.kind === 'putDocument' ? record.document.id : '';
    const id = operation.id ?? chosenId;
    const known = written.get(id);
    const current = known === undefined ? this.documents.get(id) : (known ?? undefined);
    if (operation.kind === 'create') {
      if (current !== undefined) return `document ${id} was created twice`;
      const table = tables.get(operation.table ?? '') ?? this.catalog.tables.get(operation.table ?? '') ?? defaultTable;
      return {
        id,
        table: { id: table.id, name: table.name },
        tableNamed: operation.table !== undefined,
        name: operation.name ?? table.name,
        body: operation.body,
        bodyHash: hashBody(operation.body),
        version: 1,
        createdAt: committedAt,
        updatedAt: null,
        archivedAt: null,
        sequence,
        createdSequence: sequence,
        previousSequence: 0,
      };
    }
    if (operation.kind === 'assert' && 'exists' in operation) {
      const holds = operation.exists ? current?.archivedAt === null : current === undefined;
      return holds ? null : `document ${id} was not as asserted`;
    }
    if (current === undefined) return `document ${id} was not there for ${operation.kind}`;
    const wanted = this.#isRebased(operation, current, versions) ? current.version : operation.version;
    if (wanted !== undefined && wanted !== current.version) {
      return `${operation.kind} of ${id} at version ${wanted} succeeded at version ${current.version}`;
    }
    if (operation.kind === 'erase') return current;
    if ((current.archivedAt !== null) !== (operation.kind === 'restore')) {
      return `${operation.kind} of ${id} succeeded, which was ${current.archivedAt === null ? 'live' : 'archived'}`;
    }
    if (operation.kind === 'assert') return null;
    const next = {
      ...current,
      version: current.version + 1,
      updatedAt: committedAt,
      sequence,
      previousSequence: current.sequence,
    };
    if (operation.kind === 'update') return { ...next, body: operation.body, bodyHash: hashBody(operation.body) };
    if (operation.kind === 'patch') {
      const body = patchedBody(current.body, operation.change);
      return { ...next, body, bodyHash: hashBody(body) };
    }
    return { ...next, archivedAt: operation.kind === 'archive' ? committedAt : null };
  }

  /** Whether a merge patch for an older version may be applied: where it writes nothing has changed since. */
  #isRebased(operation: Operation, current: Document, versions: Outcome['versions']): boolean {
    if (operation.kind !== 'patch' || operation.rebase !== true || !('merge' in operation.change)) return false;
    const version = versionOf({ ...current, version: operation.version ?? 0 });
    const base = versions.get(version) ?? this.#versions.get(version);
    return (
      base !== undefined &&
      Object.keys(operation.change.merge).every((key) => isDeepStrictEqual(base.body[key], current.body[key]))
    );
  }

  /** Every document, in the order of creation. */
  inOrder(): Document[] {
    return inOrderOfCreation(this.documents.values());
  }
}

/** What tells a version from all others, but for those of two documents that have the id within one commit. */
function versionOf({ id, createdSequence, version }: Document): string {
  return `${id} ${createdSequence} ${version}`;
}

/** What is wrong with the key that a commit remembers; takes its record away. No key is ever forgotten here. */
function keyProblem(
  { sequence, idempotencyKey }: CommitRecord,
  key: string | null,
  records: LogRecord[],
  expected: Partial<KeyRecord>,
): string | null {
  if (idempotencyKey !== key) return `commit ${sequence} has key ${idempotencyKey} instead of ${key}`;
  if (key === null) return null;
  const record = records.shift();
  if (record?.kind !== 'putKey') return `commit ${sequence} remembers no key`;
  const { id: _id, digest: _digest, ...told } = record.key;
  return isDeepStrictEqual(told, { ...expected, forgottenBefore: 0 })
    ? null
    : `commit ${sequence} remembers ${JSON.stringify(told)} instead of ${JSON.stringify(expected)}`;
}
