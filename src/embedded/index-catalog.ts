import type { IndexDefinition, TableIndex } from '../database/table.ts';
import { formatPath } from '../document/path.ts';
import {
  AlreadyExistsError,
  DatabaseError,
  InvalidArgumentError,
  LimitExceededError,
  TableNotFoundError,
} from '../errors.ts';
import { type CommitDraft, makeTable, type PreparationContext, prepareRecords } from './commit-preparation.ts';
import type { Committer } from './committer.ts';
import { pathsText } from './constraints.ts';
import { dropIndex, type IndexBuilder, putIndex } from './index-builder.ts';
import type { IndexRecord } from './log/record.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { StagedIndex, Staging } from './staging.ts';
import type { State } from './state.ts';
import { toTableIndex } from './table-reader.ts';

export interface IndexLimits {
  /** Indexes of one table. */
  readonly indexesMax: number;
  /** Paths of one index. */
  readonly indexPathsMax: number;
}

export interface IndexCatalogOptions {
  readonly state: State;
  readonly committer: Committer;
  readonly builder: IndexBuilder;
  readonly memory: MemoryLimit;
  readonly limits: IndexLimits;
}

/** What an index is to be, whichever table it is of. */
export type IndexTraits = Pick<IndexRecord, 'paths' | 'kind' | 'unique' | 'archived'>;

/** Makes and drops indexes, by commits, each decided like all others against what is in flight. */
export class IndexCatalog {
  readonly #options: IndexCatalogOptions;

  constructor(options: IndexCatalogOptions) {
    this.#options = options;
  }

  /** As `Database.createIndex`. @param principal its name. */
  async create(principal: string, definition: IndexDefinition): Promise<TableIndex> {
    const { committer, builder, memory, state } = this.#options;
    const traits = this.traitsOf(definition);
    memory.checkRoom();
    let record: IndexRecord | null = null;
    await committer.write(principal, (context) =>
      prepareRecords(context, (draft) => {
        const table =
          context.staging.table(definition.table) ?? makeTable(context, draft.records, definition.table, {});
        record = this.add(context, draft, table.reference.id, traits, false);
      }),
    );
    if (record === null) throw new Error('an index was committed that was not prepared');
    await builder.build(principal, record);
    await state.whole();
    return this.#described(state, record);
  }

  /** As `Database.dropIndex`. @param paths as `formatPath` writes them. */
  async drop(principal: string, table: string, paths: readonly string[]): Promise<void> {
    await this.#options.committer.write(principal, (context) =>
      prepareRecords(context, (draft) => {
        const definition = context.staging.table(table);
        if (definition === undefined) throw new TableNotFoundError(table);
        const index = findIndex(context.staging, definition.reference.id, paths);
        if (index === undefined) {
          const message = `Table '${table}' has no index of ${pathsText(paths)}`;
          throw new DatabaseError('NOT_FOUND', message, { table, paths });
        }
        dropIndex(context, draft, index.record);
      }),
    );
  }

  /**
   * Puts a new index into a commit.
   * @throws {AlreadyExistsError} for one of the same paths. @throws {LimitExceededError}
   */
  add(
    context: PreparationContext,
    draft: CommitDraft,
    tableId: string,
    traits: IndexTraits,
    ready: boolean,
  ): IndexRecord {
    const { staging, createDocumentId, now } = context;
    const { paths } = traits;
    if (findIndex(staging, tableId, paths) !== undefined) throw indexExists(paths);
    const limit = this.#options.limits.indexesMax;
    if (staging.indexesOf(tableId).length >= limit) {
      throw new LimitExceededError(`A table may have ${limit} indexes, and this one has them already`, { limit });
    }
    const record: IndexRecord = { ...traits, id: createDocumentId(), tableId, ready, createdAt: now };
    putIndex(context, draft, record);
    return record;
  }

  /** @throws {InvalidArgumentError} @throws {LimitExceededError} */
  traitsOf({ paths, kind, unique, archived }: Omit<IndexDefinition, 'table'>): IndexTraits {
    const texts = paths.map(formatPath);
    const limit = this.#options.limits.indexPathsMax;
    if (texts.length === 0 || new Set(texts).size !== texts.length) {
      throw new InvalidArgumentError('An index is of one path or several, none of them twice', {
        path: 'paths',
        expected: 'different paths, one at least',
      });
    }
    if (texts.length > limit) {
      const message = `An index may have ${limit} paths, and this one has ${texts.length}`;
      throw new LimitExceededError(message, { limit, actual: texts.length, path: 'paths' });
    }
    if (unique && archived === 'ONLY') {
      throw new InvalidArgumentError(
        'What is unique concerns live documents, and an index of archived ones holds none',
        {
          path: 'archived',
          expected: 'EXCLUDE or INCLUDE for a unique index',
        },
      );
    }
    return { paths: texts, kind, unique, archived };
  }

  #described(state: State, { id, tableId, paths }: IndexRecord): TableIndex {
    const table = state.tableById(tableId);
    const index = table?.indexes.get(id);
    if (table !== undefined && index !== undefined) return toTableIndex(table, index);
    throw new DatabaseError('NOT_FOUND', `The index of ${pathsText(paths)} was dropped again`, { paths });
  }
}

export function findIndex(staging: Staging, tableId: string, paths: readonly string[]): StagedIndex | undefined {
  const key = JSON.stringify(paths);
  return staging.indexesOf(tableId).find(({ record }) => JSON.stringify(record.paths) === key);
}

export function indexExists(paths: readonly string[]): AlreadyExistsError {
  const message = `There is an index of ${pathsText(paths)} already: drop it first, if it is to be another`;
  return new AlreadyExistsError(message, { paths });
}
