import type { BackupProvider, OpenBackup } from '../database/backup.ts';
import type { ChangeStream, ChangesRequest } from '../database/changes.ts';
import type { AsOf, Database, ReadView } from '../database/database.ts';
import type { IdempotentRequest } from '../database/idempotent-request.ts';
import type { Compaction, MaintenanceProvider } from '../database/maintenance.ts';
import type { Commit, CommitOptions, Operation } from '../database/operation.ts';
import type { Principal } from '../database/principal.ts';
import { hasEverywhere, hasOnTable } from '../database/rights.ts';
import type { DatabaseStatus, SnapshotStatus } from '../database/status.ts';
import type { IndexDefinition, Table, TableIndex, TableSettingsChange } from '../database/table.ts';
import type { Document } from '../document/document.ts';
import type { Path } from '../document/path.ts';
import type { Archived } from '../query/find-query.ts';
import { AuthorizedChangeStream } from './authorized-change-stream.ts';
import { AuthorizedReadView } from './authorized-read-view.ts';
import { admissionOf, isAdmittedAnyway } from './commit-admission.ts';
import { narrowedToReadable } from './readable-query.ts';
import { requireAnything, requireEverywhere, requireOnTable } from './requirements.ts';
import { statusFor } from './status-filter.ts';

/** What stands behind the doors. */
export type GuardedDatabase = Database & BackupProvider & MaintenanceProvider;

/**
 * The one place that decides who may do what, between every door and the engine. Three rules:
 *
 * - A table that is named is refused with `FORBIDDEN` when the rights do not reach it, whether it is there or not.
 * - What is searched without naming a table, and every list, holds what the rights reach and is silent about the rest.
 * - A document that is asked for by its id and lies in a table that may not be read is not found.
 *
 * Who may read everything pays nothing for it: the engine's own answers are handed on.
 */
export class AuthorizedDatabase implements Database, BackupProvider, MaintenanceProvider {
  readonly #engine: GuardedDatabase;

  constructor(engine: GuardedDatabase) {
    this.#engine = engine;
  }

  getDocument(principal: Principal, id: string, archived?: Archived): Document | null | Promise<Document | null> {
    const found = this.#engine.getDocument(principal, id, archived);
    if (principal.rights.everywhere !== null) return found;
    requireAnything(principal);
    return found instanceof Promise
      ? found.then((document) => readableOrNull(principal, document))
      : readableOrNull(principal, found);
  }

  view(principal: Principal, at?: AsOf): ReadView | Promise<ReadView> {
    requireAnything(principal);
    const view = this.#engine.view(principal, at);
    if (hasEverywhere(principal.rights, 'read')) return view;
    return view instanceof Promise
      ? view.then((opened) => new AuthorizedReadView(opened, principal))
      : new AuthorizedReadView(view, principal);
  }

  async commit(principal: Principal, operations: readonly Operation[], options: CommitOptions = {}): Promise<Commit> {
    requireAnything(principal);
    if (isAdmittedAnyway(principal.rights, operations)) return this.#engine.commit(principal, operations, options);
    const commit = await this.#engine.commit(principal, operations, { ...options, admission: admissionOf(principal) });
    return commit.replayed ? readableReplay(principal, commit) : commit;
  }

  async replay(principal: Principal, request: IdempotentRequest): Promise<Commit | null> {
    requireAnything(principal);
    const commit = await this.#engine.replay(principal, request);
    return commit === null ? null : readableReplay(principal, commit);
  }

  async createTable(principal: Principal, name: string, settings: TableSettingsChange): Promise<Table> {
    requireOnTable(principal, 'admin', name);
    return this.#engine.createTable(principal, name, settings);
  }

  async updateTable(principal: Principal, name: string, change: TableSettingsChange, dryRun: boolean): Promise<Table> {
    requireOnTable(principal, 'admin', name);
    return this.#engine.updateTable(principal, name, change, dryRun);
  }

  async dropTable(principal: Principal, name: string): Promise<void> {
    requireOnTable(principal, 'admin', name);
    await this.#engine.dropTable(principal, name);
  }

  async createIndex(principal: Principal, definition: IndexDefinition): Promise<TableIndex> {
    requireOnTable(principal, 'admin', definition.table);
    return this.#engine.createIndex(principal, definition);
  }

  async dropIndex(principal: Principal, table: string, paths: readonly Path[]): Promise<void> {
    requireOnTable(principal, 'admin', table);
    await this.#engine.dropIndex(principal, table, paths);
  }

  async status(principal: Principal): Promise<DatabaseStatus> {
    requireAnything(principal);
    if (hasEverywhere(principal.rights, 'read')) return this.#engine.status(principal);
    const view = await this.view(principal);
    const tables = await view.tables().finally(() => view.close());
    return statusFor(principal, await this.#engine.status(principal), tables);
  }

  async openBackup(principal: Principal): Promise<OpenBackup> {
    requireEverywhere(principal, 'admin');
    return this.#engine.openBackup(principal);
  }

  async snapshot(principal: Principal): Promise<SnapshotStatus> {
    requireEverywhere(principal, 'admin');
    return this.#engine.snapshot(principal);
  }

  async compact(principal: Principal): Promise<Compaction> {
    requireEverywhere(principal, 'admin');
    return this.#engine.compact(principal);
  }

  async changes(principal: Principal, request: ChangesRequest): Promise<ChangeStream> {
    requireAnything(principal);
    const mayReadAll = hasEverywhere(principal.rights, 'read');
    const stream = await this.#engine.changes(principal, mayReadAll ? request : narrowedToReadable(principal, request));
    return new AuthorizedChangeStream(stream, principal);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** What a request came to when it was made before was decided by the rights of that time. @throws {ForbiddenError} */
function readableReplay(principal: Principal, commit: Commit): Commit {
  for (const { table } of commit.documents) requireOnTable(principal, 'read', table.name);
  return commit;
}

function readableOrNull({ rights }: Principal, document: Document | null): Document | null {
  return document !== null && hasOnTable(rights, 'read', document.table.name) ? document : null;
}
