import type { TableSettings, TableSettingsChange } from '../database/table.ts';
import { defaultTable } from '../document/document.ts';
import { formatPath, parsePath } from '../document/path.ts';
import { AlreadyExistsError, TableNotFoundError, TableReadOnlyError } from '../errors.ts';
import { BodySchema } from './body-schema.ts';
import { type CommitDraft, makeTable, type PreparationContext, prepareRecords } from './commit-preparation.ts';
import type { Committer } from './committer.ts';
import { TimeSlice } from './history/time-slice.ts';
import { dropIndex } from './index-builder.ts';
import { findIndex, type IndexCatalog, type IndexTraits, indexExists } from './index-catalog.ts';
import type { TableRecord } from './log/record.ts';
import type { Clock } from './ports/clock.ts';
import { SchemaCheck } from './schema-check.ts';
import type { Staging, TableDefinition } from './staging.ts';
import type { State } from './state.ts';
import { isUniquePath } from './table-reader.ts';
import { encodeSettings, isReadOnly, storedSettingsOf } from './table-settings.ts';
import { checkUniquePath } from './uniqueness-check.ts';

export interface TableCatalogOptions {
  readonly state: State;
  readonly committer: Committer;
  readonly indexes: IndexCatalog;
  readonly clock: Clock;
  /** Stops what looks at all documents of a table. */
  readonly signal: AbortSignal;
}

/** Makes, changes and drops tables, by commits, each decided like all others against what is in flight. */
export class TableCatalog {
  readonly #options: TableCatalogOptions;

  constructor(options: TableCatalogOptions) {
    this.#options = options;
  }

  /** As `Database.createTable`. Nothing is in it yet, so its indexes are ready at once. @param principal its name. */
  async create(principal: string, name: string, settings: TableSettingsChange): Promise<void> {
    const { schema = null, readOnly = false, uniquePaths = [] } = settings;
    if (schema !== null) new BodySchema(schema);
    const unique = this.#uniqueIndexes(uniquePaths);
    await this.#options.committer.write(principal, (context) =>
      prepareRecords(context, (draft) => {
        if (context.staging.table(name) !== undefined) {
          throw new AlreadyExistsError(`Table '${name}' already exists`, { table: name });
        }
        const { reference } = makeTable(context, draft.records, name, encodeSettings({ schema, readOnly }));
        for (const traits of unique) this.#options.indexes.add(context, draft, reference.id, traits, true);
      }),
    );
  }

  /** As `Database.updateTable`. */
  async update(principal: string, name: string, change: TableSettingsChange, dryRun: boolean): Promise<void> {
    const { state, committer, indexes, clock, signal } = this.#options;
    const schema = change.schema === undefined || change.schema === null ? null : new BodySchema(change.schema);
    const unique = change.uniquePaths === undefined ? null : this.#uniqueIndexes(change.uniquePaths);
    const slice = new TimeSlice(clock, signal);
    const { id, added } = await committer.look((staging) => {
      const { reference } = tableNamed(staging, name);
      return { id: reference.id, added: unique?.filter((traits) => isMissing(staging, reference.id, traits)) ?? [] };
    });
    const table = state.table(name);
    const check = schema === null || table === undefined ? null : new SchemaCheck(state, table, schema);
    const made: IndexTraits[] = [];
    try {
      await check?.run(slice);
      if (dryRun) {
        for (const { paths } of added) await checkUniquePath(state, name, paths, slice);
        return;
      }
      for (const traits of added) {
        await indexes.create(principal, {
          ...traits,
          table: name,
          paths: traits.paths.map((text) => parsePath(text, 'uniquePaths')),
        });
        made.push(traits);
      }
      await committer.write(principal, (context) =>
        prepareRecords(context, (draft) => {
          const definition = tableNamed(context.staging, name);
          // The default table has the same id when it was dropped and began anew, but none of the documents that were looked at.
          const isSame = definition.reference.id === id && (check === null || state.table(name) === table);
          if (!isSame) throw new TableNotFoundError(name);
          check?.checkLast(context.staging.documentsInFlightOf(id));
          putSettings(context, draft, definition, change);
          if (unique !== null) dropOtherUniqueIndexes(context, draft, id, unique);
        }),
      );
    } catch (error) {
      await this.#dropAgain(principal, name, made);
      throw error;
    } finally {
      check?.close();
    }
  }

  /** As `Database.dropTable`. */
  async drop(principal: string, name: string): Promise<void> {
    await this.#options.committer.write(principal, (context) =>
      prepareRecords(context, ({ records }) => {
        const { reference, record } = tableNamed(context.staging, name);
        if (isReadOnly(record)) throw new TableReadOnlyError(name);
        const isDefault = reference.id === defaultTable.id;
        context.staging.dropTable(reference, isDefault ? { reference, record: null } : undefined);
        records.push({ kind: 'dropTable', id: reference.id });
      }),
    );
  }

  #uniqueIndexes(paths: TableSettings['uniquePaths']): readonly IndexTraits[] {
    const texts = new Set(paths.map((text, index) => formatPath(parsePath(text, `uniquePaths.${index}`))));
    return Array.from(texts, (text) =>
      this.#options.indexes.traitsOf({
        paths: [parsePath(text, 'uniquePaths')],
        kind: 'HASH',
        unique: true,
        archived: 'EXCLUDE',
      }),
    );
  }

  /** Takes back what a change that failed has made. Why it failed is what the caller has to know. */
  async #dropAgain(principal: string, name: string, made: readonly IndexTraits[]): Promise<void> {
    await Promise.allSettled(made.map(({ paths }) => this.#options.indexes.drop(principal, name, paths)));
  }
}

function tableNamed(staging: Staging, name: string): TableDefinition {
  const definition = staging.table(name);
  if (definition === undefined) throw new TableNotFoundError(name);
  return definition;
}

/** @throws {AlreadyExistsError} when there is one of the same path that is not unique. */
function isMissing(staging: Staging, tableId: string, { paths }: IndexTraits): boolean {
  const existing = findIndex(staging, tableId, paths);
  if (existing?.record.unique === false) throw indexExists(paths);
  return existing === undefined;
}

function putSettings(
  { staging, now }: PreparationContext,
  { records }: CommitDraft,
  { reference, record }: TableDefinition,
  { schema, readOnly }: TableSettingsChange,
): void {
  if (schema === undefined && readOnly === undefined) return;
  const before = storedSettingsOf(record);
  const settings = encodeSettings({
    schema: schema === undefined ? before.schema : schema,
    readOnly: readOnly ?? before.readOnly,
  });
  const table: TableRecord = { ...reference, createdAt: record?.createdAt ?? now, settings };
  staging.putTable(table);
  records.push({ kind: 'putTable', table });
}

function dropOtherUniqueIndexes(
  context: PreparationContext,
  draft: CommitDraft,
  tableId: string,
  kept: readonly IndexTraits[],
): void {
  const keptPaths = new Set(kept.map(({ paths }) => paths[0]));
  for (const { record } of context.staging.indexesOf(tableId)) {
    if (isUniquePath(record) && !keptPaths.has(record.paths[0])) dropIndex(context, draft, record);
  }
}
